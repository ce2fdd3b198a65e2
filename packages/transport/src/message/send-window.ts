/**
 * Lets at most so many operations run at a time; the others start in the order in which they
 * asked. An operation that finds room starts at once, without a promise.
 */
export class SendWindow {
  readonly #max: number
  #running = 0
  #waiting: Waiting[] = []
  #head = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Calls `start` now or later. `refuse` is called instead when everything is refused meanwhile. */
  enter(start: () => void, refuse: (error: unknown) => void): void {
    if (this.#running < this.#max && this.#head === this.#waiting.length) {
      this.#running += 1
      start()
      return
    }
    this.#waiting.push({ start, refuse })
  }

  /** An operation has ended. */
  leave(): void {
    this.#running -= 1
    while (this.#running < this.#max && this.#head < this.#waiting.length) {
      const next = this.#waiting[this.#head]
      this.#head += 1
      this.#running += 1
      next?.start()
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = []
      this.#head = 0
    } else if (this.#head > 4096) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
  }

  /** Refuses all that wait. */
  refuseAll(createError: () => unknown): void {
    const waiting = this.#waiting.slice(this.#head)
    this.#waiting = []
    this.#head = 0
    for (const { refuse } of waiting) refuse(createError())
  }
}

interface Waiting {
  readonly start: () => void
  readonly refuse: (error: unknown) => void
}
