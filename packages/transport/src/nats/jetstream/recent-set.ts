/** The numbers that were added last, so many of them. */
export class RecentSet {
  readonly #max: number
  readonly #members = new Set<number>()

  constructor(max: number) {
    this.#max = max
  }

  add(member: number): void {
    this.#members.add(member)
    if (this.#members.size <= this.#max) return
    const oldest = this.#members.values().next()
    if (!oldest.done) this.#members.delete(oldest.value)
  }

  has(member: number): boolean {
    return this.#members.has(member)
  }
}
