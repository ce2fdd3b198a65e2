import type { LinkState } from '../events.ts'
import type { Progress } from './progress.ts'

/** How a subscription stands towards one publisher. */
export interface LinkStatus {
  readonly table: string
  readonly publisher: string
  readonly state: LinkState
  /** Sequence of the publisher's store up to which everything selected is applied and written. */
  readonly cursor: number
  /** Newest sequence that the publisher is known to have. */
  readonly head: number
  /** At most so many records are missing: operations of the publisher's store since the cursor. */
  readonly lagRecords: number
  /** How old the copy is: 0 when live and at the head; undefined when it never was. */
  readonly lagMs: number | undefined
  /** Rows received, in pages, pulled and pushed. */
  readonly records: number
  readonly bytes: number
  readonly snapshots: number
  /** Rows that the publisher has lost, kept here until it has as new a version of them again. */
  readonly kept: number
  /** How often something pushed was missed, and pulled. */
  readonly gaps: number
  /** Why it is stalled or refused. */
  readonly error: unknown
}

type Progressed = 'cursor' | 'head' | 'lagRecords' | 'lagMs' | 'records' | 'bytes'

/** The status of a link that is so far. */
export function linkStatus(
  progress: Progress,
  nowMs: number,
  link: Omit<LinkStatus, Progressed>,
): LinkStatus {
  const { durable, head, caughtUpMs, rows, bytes } = progress
  const atHead = link.state === 'live' && durable >= head
  const lagMs = caughtUpMs === undefined ? undefined : Math.max(0, nowMs - caughtUpMs)
  const lag = { lagRecords: head - durable, lagMs: atHead ? 0 : lagMs }
  return { ...link, cursor: durable, head, ...lag, records: rows, bytes }
}
