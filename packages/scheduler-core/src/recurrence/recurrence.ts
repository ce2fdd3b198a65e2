import { MAX_TIME } from '../storage/layout.ts'
import { cronTimes } from './cron.ts'
import { ruleTimes } from './rule.ts'
import type { StoredTiming } from './timing.ts'

/** Times that recur. Any two of them differ. */
export interface Recurrence {
  /** The first occurrence after a time; `undefined` when there is none. */
  next(after: number): number | undefined
}

/** `anchor`: where counting starts when the timing does not say. Throws RangeError for a pattern
 * that cannot be read. */
export function recurrenceOf(timing: StoredTiming, anchor: number): Recurrence {
  const { kind, text, zone, startAt, endAt = MAX_TIME } = timing
  const times = timesOf()
  const notBefore = startAt === undefined ? 0 : startAt - 1
  return {
    next(after) {
      const next = times(Math.max(after, notBefore))
      return next === undefined || next > endAt ? undefined : next
    },
  }

  function timesOf(): (after: number) => number | undefined {
    if (kind === 'cron') return cronTimes(text, zone)
    if (kind === 'rrule') return ruleTimes(text, zone, startAt ?? anchor)
    return everyTimes(Number(text), startAt ?? anchor + Number(text))
  }
}

function everyTimes(everyMs: number, firstAt: number): (after: number) => number {
  return (after) =>
    after < firstAt ? firstAt : firstAt + (Math.floor((after - firstAt) / everyMs) + 1) * everyMs
}

/** The latest occurrence up to `until`, when `known` is one: by halving, never one by one. */
export function latestUntil(recurrence: Recurrence, known: number, until: number): number {
  let latest = known
  let end = until
  while (latest < end) {
    const middle = Math.floor((latest + end) / 2)
    const next = recurrence.next(middle)
    if (next !== undefined && next <= until) latest = next
    else end = middle
  }
  return latest
}
