/** A scheduled call back. */
export interface Timer {
  /** Stops it. Harmless after it has fired, and when called twice. */
  cancel(): void
}

/** How a timer is scheduled. */
export interface TimerOptions {
  /** Keeps the process alive until the timer fires. Default false. */
  readonly keepAlive?: boolean
}

/**
 * Time as a seam owned by the caller: whatever waits or stamps takes a `Clock` in its options, so
 * that tests and simulations can replace it.
 */
export interface Clock {
  /** Wall clock: milliseconds since the epoch. May step in either direction. */
  now(): number
  /** Monotonic milliseconds (fractional) from an arbitrary origin. Never steps. */
  monotonic(): number
  /**
   * Calls back once, not before `delayMs` have passed; a negative delay counts as 0. Any finite
   * delay works, also above the 2^31 - 1 ms of `setTimeout`.
   *
   * @throws RangeError when `delayMs` is not finite.
   */
  setTimer(callback: () => void, delayMs: number, options?: TimerOptions): Timer
}

/** Checks a delay once for all clocks. */
export function checkDelay(delayMs: number): number {
  if (!Number.isFinite(delayMs)) {
    throw new RangeError(`delayMs must be a finite number, got ${String(delayMs)}`)
  }
  return Math.max(0, delayMs)
}
