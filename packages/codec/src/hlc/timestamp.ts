/** How many low bits of a time are the counter; the milliseconds are above them. */
export const COUNTER_BITS = 16n

/** Largest time: it still fits a signed 64-bit integer, and so a key. Reached in the year 6429. */
export const TIME_MAX: bigint = 2n ** 63n - 1n

/**
 * A point in time of a distributed system. Sorts by `time`, then `node`: see
 * {@link HybridClock.compare}. As a key: `encodeKey([time, node])`.
 */
export interface HlcTimestamp {
  /** Milliseconds since the epoch times 65,536, plus a counter. */
  readonly time: bigint
  /** Who has issued it. */
  readonly node: string
}

/** The first time of a millisecond. */
export function timeOf(ms: number): bigint {
  return BigInt(Math.floor(ms)) << COUNTER_BITS
}

/** The millisecond that a time lies in. */
export function millisecondsOf(time: bigint): number {
  return Number(time >> COUNTER_BITS)
}
