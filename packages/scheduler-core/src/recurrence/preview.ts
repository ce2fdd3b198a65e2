import { integer } from '../checks.ts'
import type { Recurrence } from './recurrence.ts'

const MAX_PREVIEW = 1_000

export interface PreviewOptions {
  /** How many times, 1 to 1 000. Default 10. */
  readonly count?: number
  /** Only times after this. Default: now. */
  readonly after?: number | Date
}

/** The next times of a recurrence. */
export function previewOf(recurrence: Recurrence, options: PreviewOptions, now: number): number[] {
  const count = integer('count', options.count ?? 10, 1, MAX_PREVIEW)
  const times: number[] = []
  let at: number | undefined = Number(options.after ?? now)
  if (!Number.isFinite(at)) throw new RangeError('after must be a time')
  while (times.length < count) {
    at = recurrence.next(at)
    if (at === undefined) break
    times.push(at)
  }
  return times
}
