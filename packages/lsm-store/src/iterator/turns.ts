/** The store keeps the event loop no longer than this at a stretch. */
const BUDGET_MS = 4
/** How many steps go by between looks at the clock. */
const STEPS = 32

/**
 * Reads answer at once, and promises that are already kept let no timer or socket run. Long loops
 * therefore ask here, and wait for a turn of the event loop when they have had theirs.
 */
export class TurnBudget {
  #steps = 0
  #since: number = performance.now()
  #waiting: Promise<void> | undefined

  /** A promise to await before going on, or undefined. */
  due(): Promise<void> | undefined {
    this.#steps += 1
    if (this.#steps < STEPS) return undefined
    this.#steps = 0
    if (performance.now() - this.#since < BUDGET_MS) return undefined
    this.#waiting ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#waiting = undefined
        this.#since = performance.now()
        resolve()
      })
    })
    return this.#waiting
  }
}
