/** An invariant that did not hold: the result that a simulation is after. */
export class Violation extends Error {
  override readonly name = 'Violation'
  /** Short name of the invariant, the same whatever the message tells. */
  readonly invariant: string

  constructor(invariant: string, message: string, cause?: unknown) {
    super(`${invariant}: ${message}`, cause === undefined ? undefined : { cause })
    this.invariant = invariant
  }
}
