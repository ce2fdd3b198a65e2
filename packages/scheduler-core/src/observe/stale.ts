import type { Store } from '@ashlar/lsm-store'
import { duration } from '../checks.ts'
import { entries } from '../storage/entries.ts'
import {
  type Layout,
  MAX_SEQUENCE,
  MAX_TIME,
  type Place,
  readPlace,
  readWaitingPlace,
} from '../storage/layout.ts'
import type { Queue } from '../storage/queue.ts'

/** Stored entries that one count looks at. */
const MAX_EXAMINED = 10_000
/** Overdue by less than this is a backlog, not an accident. */
const DEFAULT_OLDER_THAN_MS = 300_000
const YEAR_MS = 366 * 24 * 3_600_000

/** Tasks that should have run long ago. */
export interface StaleTasks {
  /** How many are overdue by more than was asked for, paused queues included; 10 000 at most. */
  readonly count: number
  /** By how much the most overdue of them is; 0 when there is none. */
  readonly oldestMs: number
}

export interface StaleParts {
  readonly store: Store
  readonly layout: Layout
  readonly queues: Iterable<Queue>
  /** Whether the task with this sequence runs now. */
  readonly running: (seq: number) => boolean
  readonly now: number
}

/**
 * Counts what is overdue in the store itself, whatever memory believes: so that a queue which nobody
 * works, or which has stopped working, shows.
 */
export function countStale(
  parts: StaleParts,
  olderThanMs: number = DEFAULT_OLDER_THAN_MS,
): StaleTasks {
  duration('olderThanMs', olderThanMs, 0, YEAR_MS)
  const { running, now } = parts
  const until = Math.min(MAX_TIME, Math.floor(now - olderThanMs))
  let count = 0
  let oldest = now
  let examined = 0
  for (const { at, seq } of until < 0 ? [] : overdue(parts, until)) {
    if (examined++ === MAX_EXAMINED) break
    if (at > until || running(seq)) continue
    count += 1
    oldest = Math.min(oldest, at)
  }
  return Object.freeze({ count, oldestMs: count === 0 ? 0 : now - oldest })
}

/** The due tasks up to a time, and those set aside behind their keys: all of them were due once. */
function* overdue({ store, layout, queues }: StaleParts, until: number): Generator<Place> {
  for (const { number, low, counts } of queues) {
    if (counts.due > 0 && low <= until) {
      const gte = layout.task('due', number, low, 0)
      const lt = layout.task('due', number, until, MAX_SEQUENCE)
      for (const [key] of entries(store, { gte, lt })) yield readPlace(key, layout.headLength)
    }
    if (counts.waiting === 0) continue
    for (const [key] of entries(store, layout.bounds('waiting', number))) {
      yield readWaitingPlace(key, layout.headLength)
    }
  }
}
