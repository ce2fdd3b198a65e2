/** What a consumer without a name has settled, for when it has to be made anew. */
export class EphemeralPosition {
  readonly #open = new Set<number>()
  /** Settled above the floor: at most what came while something below stayed open. */
  readonly #settled = new Set<number>()
  #highest: number

  constructor(before: number) {
    this.#highest = before
  }

  /** Everything up to here is settled. */
  get floor(): number {
    let floor = this.#highest
    for (const sequence of this.#open) floor = Math.min(floor, sequence - 1)
    return floor
  }

  isSettled(sequence: number): boolean {
    return this.#settled.has(sequence)
  }

  onDelivered(sequence: number): void {
    this.#open.add(sequence)
    this.#highest = Math.max(this.#highest, sequence)
  }

  onSettled(sequence: number): void {
    this.#open.delete(sequence)
    if (this.#open.size === 0) {
      this.#settled.clear()
      return
    }
    this.#settled.add(sequence)
    if (this.#settled.size <= 4 * this.#open.size) return
    const { floor } = this
    for (const settled of this.#settled) if (settled <= floor) this.#settled.delete(settled)
  }
}
