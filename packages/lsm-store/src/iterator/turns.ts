/** So many steps are done at a stretch: a millisecond or two of work from memory. */
const STEPS_PER_TURN = 1024
/** A block or value that comes from the file counts as so many: the disk may take its time. */
const STEPS_PER_MISS = 8

/**
 * Reads answer at once, and promises that are already kept let no timer or socket run. Loops of
 * reads therefore step here, and now and then wait for the event loop to turn. Counting steps
 * instead of time keeps simulations reproducible.
 */
export class TurnBudget {
  #steps = 0
  #misses = 0
  #turn: Promise<void> | undefined
  readonly #tables: { readonly misses: number }

  /** `tables` counts what was read from files. */
  constructor(tables: { readonly misses: number }) {
    this.#tables = tables
  }

  /** A promise to await before going on with so many steps, or undefined. */
  due(steps = 1): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn
    const { misses } = this.#tables
    this.#steps += steps + STEPS_PER_MISS * (misses - this.#misses)
    this.#misses = misses
    if (this.#steps < STEPS_PER_TURN) return undefined
    this.#turn = new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined
        this.#steps = 0
        resolve()
      })
    })
    return this.#turn
  }
}
