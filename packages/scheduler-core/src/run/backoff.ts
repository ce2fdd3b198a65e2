import type { Random } from '@ashlar/codec'

/** How long a failed task waits before it runs again. */
export interface Backoff {
  /** The wait after the first failure. Default 1 000. */
  readonly baseMs?: number
  /** What each further failure multiplies it by. Default 2. */
  readonly factor?: number
  /** No wait is longer. Default 3 600 000 (an hour), or `baseMs` when that is more. */
  readonly maxMs?: number
  /**
   * How much of the wait is left to chance, so that tasks that failed together do not return
   * together: `none`, `half` (the wait is 50 to 100 %) or `full` (0 to 100 %). Default `half`.
   */
  readonly jitter?: 'none' | 'half' | 'full'
}

export type ResolvedBackoff = Required<Backoff>

export const DEFAULT_BACKOFF: ResolvedBackoff = Object.freeze({
  baseMs: 1_000,
  factor: 2,
  maxMs: 3_600_000,
  jitter: 'half',
})

const JITTERS: readonly unknown[] = ['none', 'half', 'full']

/** The later of several wishes wins, field by field; what none names has its default. */
export function resolveBackoff(...wishes: readonly (Backoff | undefined)[]): ResolvedBackoff {
  const { baseMs, factor, maxMs, jitter }: Backoff = Object.assign({}, ...wishes)
  const base = baseMs ?? DEFAULT_BACKOFF.baseMs
  return {
    baseMs: base,
    factor: factor ?? DEFAULT_BACKOFF.factor,
    maxMs: maxMs ?? Math.max(base, DEFAULT_BACKOFF.maxMs),
    jitter: jitter ?? DEFAULT_BACKOFF.jitter,
  }
}

export function checkBackoff(backoff: Backoff, field: string): Backoff {
  const { baseMs, factor, maxMs, jitter } = resolveBackoff(backoff)
  if (!(baseMs >= 0 && Number.isFinite(baseMs))) throw rangeError(`${field}.baseMs`, '0 or more')
  if (!(factor >= 1 && factor <= 1_000)) throw rangeError(`${field}.factor`, '1 to 1000')
  if (!(maxMs >= baseMs && Number.isFinite(maxMs))) {
    throw rangeError(`${field}.maxMs`, 'finite and at least baseMs')
  }
  if (!JITTERS.includes(jitter)) throw rangeError(`${field}.jitter`, "'none', 'half' or 'full'")
  return backoff
}

/** The wait after the `attempts`-th failed attempt, in whole milliseconds. */
export function backoffMs(backoff: ResolvedBackoff, attempts: number, random: Random): number {
  const { baseMs, factor, maxMs, jitter } = backoff
  const full = Math.min(maxMs, baseMs * factor ** Math.min(attempts - 1, 1_000))
  if (jitter === 'none') return Math.ceil(full)
  const floor = jitter === 'half' ? full / 2 : 0
  return Math.ceil(floor + random.next() * (full - floor))
}

function rangeError(field: string, expected: string): RangeError {
  return new RangeError(`${field} must be ${expected}`)
}
