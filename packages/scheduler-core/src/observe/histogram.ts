/** Durations as a plain snapshot. Quantiles are upper bounds of buckets a factor of 1.19 wide. */
export interface HistogramSnapshot {
  readonly count: number
  readonly sumMs: number
  readonly maxMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** How many were at most so long, at each doubling from 0.5 ms to about an hour. */
  readonly buckets: readonly HistogramBucket[]
}

/** One line of a cumulative histogram. */
export interface HistogramBucket {
  readonly leMs: number
  readonly count: number
}

/** Buckets per doubling. */
const STEPS = 4
/** The first bucket ends here. */
const FIRST_MS = 0.0625
const BUCKETS = 1 + 40 * STEPS
/** The doublings that a snapshot shows. */
const FIRST_SHOWN = 3
const LAST_SHOWN = 26

/** Counts durations in exponential buckets: fixed memory, no sorting. */
export class Histogram {
  readonly #buckets = new Float64Array(BUCKETS)
  #count = 0
  #sum = 0
  #max = 0

  record(ms: number): void {
    const value = Math.max(ms, 0)
    this.#count += 1
    this.#sum += value
    if (value > this.#max) this.#max = value
    const step = value <= FIRST_MS ? 0 : Math.ceil(Math.log2(value / FIRST_MS) * STEPS)
    const index = Math.min(BUCKETS - 1, step)
    this.#buckets[index] = (this.#buckets[index] as number) + 1
  }

  snapshot(): HistogramSnapshot {
    return Object.freeze({
      count: this.#count,
      sumMs: this.#sum,
      maxMs: this.#max,
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
      buckets: this.#cumulative(),
    })
  }

  #cumulative(): readonly HistogramBucket[] {
    const shown: HistogramBucket[] = []
    let count = 0
    let index = 0
    for (let doubling = FIRST_SHOWN; doubling <= LAST_SHOWN; doubling++) {
      for (; index <= doubling * STEPS; index++) count += this.#buckets[index] as number
      shown.push(Object.freeze({ leMs: FIRST_MS * 2 ** doubling, count }))
    }
    return Object.freeze(shown)
  }

  #quantile(fraction: number): number {
    let left = Math.ceil(this.#count * fraction)
    if (left === 0) return 0
    for (let index = 0; index < BUCKETS; index++) {
      left -= this.#buckets[index] as number
      if (left <= 0) return Math.min(this.#max, FIRST_MS * 2 ** (index / STEPS))
    }
    return this.#max
  }
}
