import { isSchedulerError } from '../errors.ts'
import { Meters } from '../observe/metrics.ts'
import type { StaleTasks } from '../observe/stale.ts'
import { LocalCopy } from '../replica/local-copy.ts'
import { readLog } from '../replica/log-reader.ts'
import { Permits } from '../run/permits.ts'
import { openReplica } from '../scheduler/scheduler.ts'
import { Layout } from '../storage/layout.ts'
import { storeLedger } from '../storage/ledger.ts'
import type { Member } from './member.ts'
import { LOG_SUBJECT } from './names.ts'
import { halvesOf, type Place } from './partition-map.ts'
import { prune } from './prune.ts'
import { readShare } from './share.ts'

/** How long an owner is waited for before its partition is looked at without it. */
const MAX_OWNER_MS = 2_000

/** Tasks of all partitions that should have run long ago. */
export interface ClusterStale extends StaleTasks {
  /** Partitions whose owner does not answer; their logs were read. */
  readonly unowned: readonly number[]
}

/** Counts over all partitions, owned or not. */
export async function countStaleTasks(
  member: Member,
  olderThanMs: number | undefined,
): Promise<ClusterStale> {
  const { caller, topology } = member
  const unowned: Place[] = []
  const timeoutMs = Math.min(MAX_OWNER_MS, member.options.leaseTtlMs)
  /** What was in the partition when the count began, wherever it is by now. */
  const countIn = async (place: Place): Promise<StaleTasks[]> => {
    try {
      const answer = await caller.at(place, 'stale', [olderThanMs], { timeoutMs })
      if (answer !== 'moved') return [answer.value]
    } catch (error) {
      if (!isSchedulerError(error, 'PARTITION_UNAVAILABLE')) throw error
      unowned.push(place)
      return []
    }
    return (await Promise.all(halvesOf(place).map(countIn))).flat()
  }
  await topology.refresh()
  const found = (await Promise.all(topology.places.map(countIn))).flat()
  // One after another: each may be large.
  for (const place of unowned) found.push(await staleInLog(member, place, olderThanMs))
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    oldestMs: Math.max(0, ...found.map(({ oldestMs }) => oldestMs)),
    unowned: unowned.map(({ partition }) => partition).sort((a, b) => a - b),
  }
}

let copies = 0

async function staleInLog(
  { host }: Member,
  { partition, modulus }: Place,
  olderThanMs: number | undefined,
): Promise<StaleTasks> {
  const { options, scheduling, store } = host
  const log = await options.transport.log(options.names.log(partition), { subjects: [LOG_SUBJECT] })
  const { lastSequence } = await log.info()
  if (lastSequence === 0) return { count: 0, oldestMs: 0 }
  const copy = new LocalCopy(store, `r${String(copies++).padStart(8, '0')}/`)
  try {
    await readLog(log, lastSequence, copy)
    const ledger = storeLedger(store, { sync: 'none' })
    // One that was split and has not been taken over since holds what has moved, too.
    const { pruned = modulus } = readShare(store, new Layout(copy.prefix)) ?? {}
    if (pruned < modulus) {
      const holds = (hash: number): boolean => hash % modulus === partition
      await prune({ store, prefix: copy.prefix, ledger, holds, holdsRest: true })
    }
    const { scheduler } = await openReplica(
      { ...scheduling, events: {}, run: false, store, prefix: copy.prefix },
      {
        ledger,
        firstSequence: 0,
        permits: new Permits(1),
        meters: new Meters(),
        onFailed: (error) => host.onError(error, `copy of partition ${partition}`),
      },
    )
    const stale = scheduler.stale(olderThanMs)
    await scheduler.close({ drainMs: 0 })
    return stale
  } finally {
    await copy.clear()
  }
}
