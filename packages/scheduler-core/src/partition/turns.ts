/** Of so many starts one goes to a lower priority, if any waits. */
const LOWER_EVERY = 8

/**
 * Whose turn it is among priorities. Each that waits gets its turn within eight times as many starts
 * as there are priorities: that bounds starvation.
 */
export class Turns {
  #starts = 0
  #lower = 0

  /** The priority to serve: `top`, or now and then one below it that has something. */
  next(top: number, has: (priority: number) => boolean): number {
    this.#starts += 1
    if (this.#starts % LOWER_EVERY !== 0) return top
    for (let step = 0; step < top; step++) {
      this.#lower = this.#lower > 0 && this.#lower < top ? this.#lower - 1 : top - 1
      if (has(this.#lower)) return this.#lower
    }
    return top
  }
}
