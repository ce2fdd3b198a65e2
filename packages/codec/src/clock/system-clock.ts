import { type Clock, checkDelay, type Timer, type TimerOptions } from './clock.ts'

/** The longest delay that `setTimeout` takes; it fires at once when given more. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1

/**
 * The clock of the machine: `Date.now`, `performance.now` and `setTimeout`. Timers do not keep the
 * process alive unless asked to. Delays above 2^31 - 1 ms are chained.
 *
 * @example
 * ```ts
 * const timer = systemClock.setTimer(() => flush(), 1_000)
 * timer.cancel()
 * ```
 */
export const systemClock: Clock = Object.freeze({
  now: (): number => Date.now(),
  monotonic: (): number => performance.now(),
  setTimer(callback: () => void, delayMs: number, options?: TimerOptions): Timer {
    return startTimer(callback, checkDelay(delayMs), options?.keepAlive === true)
  },
})

function startTimer(callback: () => void, delayMs: number, keepAlive: boolean): Timer {
  const deadline = performance.now() + delayMs
  let handle: NodeJS.Timeout
  const wait = (remainingMs: number): void => {
    // setTimeout cuts fractions off, which would fire early.
    handle = setTimeout(fire, Math.min(Math.ceil(remainingMs), TIMEOUT_MAX_MS))
    if (!keepAlive) handle.unref()
  }
  const fire = (): void => {
    // The event loop's own clock is rounded, so a timeout can come a fraction of a ms early.
    const remainingMs = deadline - performance.now()
    if (remainingMs > 0) wait(remainingMs)
    else callback()
  }
  wait(delayMs)
  return { cancel: () => clearTimeout(handle) }
}
