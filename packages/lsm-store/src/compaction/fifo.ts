import type { Table } from '../sstable/table.ts'
import { bytesHeld, type Run } from './level-zero.ts'
import type { OwnPolicy } from './policy.ts'

/** What decides about tables to drop. */
export interface FifoMoment {
  /** The wall clock's time. */
  readonly now: number
  /** Sequences of open snapshots. */
  readonly snapshots: readonly number[]
}

type Fifo = Extract<OwnPolicy, { readonly kind: 'fifo' }>

/** The oldest runs that are one too many, or too old; those that a snapshot may see stay for now. */
export function pickOutdated(
  runs: readonly Run[],
  { maxBytes, maxAgeMs }: Fifo,
  { now, snapshots }: FifoMoment,
): Table[] {
  let bytes = bytesHeld(runs.flat())
  const gone: Table[] = []
  // Without the oldest ones nothing comes to light that a newer entry or delete had hidden.
  for (const run of runs.toReversed()) {
    const tooMany = maxBytes !== undefined && bytes > maxBytes
    const tooOld = maxAgeMs !== undefined && writtenAt(run) + maxAgeMs <= now
    const seen = run.some(({ meta }) => snapshots.some((sequence) => sequence >= meta.minSequence))
    if (!(tooMany || tooOld) || seen) break
    gone.push(...run)
    bytes -= bytesHeld(run)
  }
  return gone
}

/** When the oldest run will be too old; undefined for never. */
export function outdatedAt(runs: readonly Run[], { maxAgeMs }: Fifo): number | undefined {
  const oldest = runs.at(-1)
  return maxAgeMs === undefined || oldest === undefined ? undefined : writtenAt(oldest) + maxAgeMs
}

/** When the newest of it was written out; nobody knows of what a repair has made. */
function writtenAt(run: Run): number {
  return Math.max(...run.map(({ meta }) => meta.writtenAt ?? Number.POSITIVE_INFINITY))
}
