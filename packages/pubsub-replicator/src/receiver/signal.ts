import type { Clock } from '@ashlar/codec'

/** Wakes those who wait for something to happen. */
export class Signal {
  readonly #clock: Clock
  readonly #waiting = new Set<(happened: boolean) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  notify(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of waiting) resume(true)
  }

  /** Resolves at the next `notify`, with false when `timeoutMs` have passed before. */
  wait(timeoutMs?: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer =
        timeoutMs === undefined ? undefined : this.#clock.setTimer(() => settle(false), timeoutMs)
      const settle = (happened: boolean): void => {
        this.#waiting.delete(settle)
        timer?.cancel()
        resolve(happened)
      }
      this.#waiting.add(settle)
    })
  }
}
