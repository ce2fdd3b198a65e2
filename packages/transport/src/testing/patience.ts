const TICK_MS = 50
const WATCH_MS = 10

/**
 * Rejects with the error once this process has had so much time: a while in which it stood still,
 * because others had the processor, counts as one tick. Call off what is not needed any more.
 */
export function patience(
  ms: number,
  createError: () => Error,
): { readonly over: Promise<never>; callOff(): void } {
  const { promise: over, reject } = Promise.withResolvers<never>()
  over.catch(() => undefined) // who raced it hears of it
  let left = Math.ceil(ms / TICK_MS)
  const tick = (): void => {
    left -= 1
    if (left > 0) timer = setTimeout(tick, TICK_MS)
    else reject(createError())
  }
  let timer = setTimeout(tick, TICK_MS)
  return { over, callOff: () => clearTimeout(timer) }
}

/** Tells how long this process stood still at most, since it began to watch. */
export class StallWatch {
  #longestMs = 0
  #lastMs: number = performance.now()
  readonly #timer: NodeJS.Timeout

  constructor() {
    this.#timer = setInterval(() => this.#look(), WATCH_MS)
  }

  /** Up to now. */
  longestMs(): number {
    this.#look()
    return this.#longestMs
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    this.#longestMs = Math.max(this.#longestMs, now - this.#lastMs - WATCH_MS)
    this.#lastMs = now
  }
}
