import { latestUntil, type Recurrence } from './recurrence.ts'

/**
 * What happens to occurrences whose time went by while nothing ran, or the machine was too busy:
 *
 * - `once`: one task, for the latest of them.
 * - `all`: a task for each.
 * - `skip`: none, except for the latest when it is no more than five seconds late.
 * - `{ windowMs }`: a task for each that is no more than this late.
 */
export type MisfirePolicy = 'once' | 'all' | 'skip' | { readonly windowMs: number }

/** An occurrence that is later than this is late. */
export const GRACE_MS = 5_000
/** Tasks made in one step; those beyond it are made in the next. */
const MAX_AT_ONCE = 500

export interface Firing {
  /** Occurrences that get a task now. */
  readonly times: readonly number[]
  /** The next to look at: not after `now` when there was too much for one step. */
  readonly nextAt: number | undefined
}

/** What to do about the occurrences from `nextAt`, which is one, up to `now`. */
export function firingOf(
  recurrence: Recurrence,
  policy: MisfirePolicy,
  nextAt: number,
  now: number,
): Firing {
  if (policy === 'all') return each(recurrence, nextAt, now)
  if (typeof policy === 'object') {
    const from = now - policy.windowMs
    const first = from <= nextAt ? nextAt : recurrence.next(from - 1)
    return first === undefined ? { times: [], nextAt: undefined } : each(recurrence, first, now)
  }
  const latest = latestUntil(recurrence, nextAt, now)
  const late = policy === 'skip' && now - latest > GRACE_MS
  return { times: late ? [] : [latest], nextAt: recurrence.next(latest) }
}

function each(recurrence: Recurrence, first: number, now: number): Firing {
  const times: number[] = []
  let at: number | undefined = first
  while (at !== undefined && at <= now && times.length < MAX_AT_ONCE) {
    times.push(at)
    at = recurrence.next(at)
  }
  return { times, nextAt: at }
}

export function checkMisfire(policy: MisfirePolicy): MisfirePolicy {
  if (policy === 'once' || policy === 'all' || policy === 'skip') return policy
  if (typeof policy === 'object' && policy !== null && policy.windowMs >= 0) {
    return { windowMs: policy.windowMs }
  }
  throw new RangeError("misfire must be 'once', 'all', 'skip' or { windowMs: 0 or more }")
}
