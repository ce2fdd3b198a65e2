/** Steps between two turns of the event loop: a millisecond or so. A get is one, an entry a quarter. */
const STEPS_PER_TURN = 1024

/**
 * Reads answer at once; loops that await nothing else would keep timers and sockets waiting. So all
 * reads of a database count here, and now and then one waits for the loop to turn.
 */
export class LoopShare {
  #steps = 0
  #turn: Promise<void> | undefined

  /** A promise to await before answering, or undefined. */
  spend(steps: number): Promise<void> | undefined {
    if (this.#turn !== undefined) return this.#turn
    this.#steps += steps
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
