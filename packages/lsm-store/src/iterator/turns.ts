/** So many steps are done at a stretch: well under a millisecond of work. */
const STEPS_PER_TURN = 256

/**
 * Reads answer at once, and promises that are already kept let no timer or socket run. Loops of
 * reads therefore step here, and now and then wait for the event loop to turn. Counting steps
 * instead of time keeps simulations reproducible.
 */
export class TurnBudget {
  #steps = 0
  #turn: Promise<void> | undefined

  /** A promise to await before going on, or undefined. */
  due(): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn
    this.#steps += 1
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
