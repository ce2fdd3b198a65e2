type Callback = (...args: unknown[]) => void

interface Pending {
  readonly callback: Callback
  readonly args: readonly unknown[]
  cancelled: boolean
}

/** What may be run without time moving, before the run counts as one that goes round in circles. */
const MAX_CALLBACKS = 100_000

/**
 * The event loop's "later in this turn" as the simulation's own: while installed, `setImmediate`
 * puts into a queue here, so that the simulation knows when nothing is ready any more and may let
 * time move. Everything else that makes code ready in Node (promises, ticks) is in order by itself.
 */
export class Turns {
  #queue: Pending[] = []
  readonly #turn: typeof setImmediate = globalThis.setImmediate

  /** Takes `setImmediate` and `clearImmediate` over; the result gives them back. */
  install(): () => void {
    const { setImmediate: set, clearImmediate: clear } = globalThis
    const later = (callback: Callback, ...args: unknown[]): Pending => {
      const pending = { callback, args, cancelled: false }
      this.#queue.push(pending)
      return pending
    }
    const never = (pending: Pending | undefined): void => {
      if (pending !== undefined) pending.cancelled = true
    }
    // what callers get is only ever handed to clearImmediate
    Object.assign(globalThis, { setImmediate: later, clearImmediate: never })
    return () => {
      Object.assign(globalThis, { setImmediate: set, clearImmediate: clear })
      // what others than the simulation have put here meanwhile is not lost
      for (const { callback, args, cancelled } of this.#queue.splice(0)) {
        if (!cancelled) set(callback, ...args)
      }
    }
  }

  /** Resolves when nothing is ready: no promise, no tick, no immediate. */
  async settle(): Promise<void> {
    await this.#drain()
    let ran = 0
    while (this.#queue.length > 0) {
      for (const { callback, args, cancelled } of this.#queue.splice(0)) {
        if (cancelled) continue
        callback(...args)
        await this.#drain()
        ran += 1
        if (ran > MAX_CALLBACKS) throw new Error(`${ran} callbacks ran and time did not move`)
      }
    }
  }

  /** One real turn: all promises and ticks have run. */
  #drain(): Promise<void> {
    return new Promise((resolve) => this.#turn(resolve))
  }
}
