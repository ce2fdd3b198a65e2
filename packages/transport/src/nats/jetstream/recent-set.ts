/** Remembers numbers: at least the last so many that were added, at most twice as many. */
export class RecentSet {
  readonly #least: number
  #young = new Set<number>()
  #old = new Set<number>()

  constructor(least: number) {
    this.#least = least
  }

  add(member: number): void {
    this.#young.add(member)
    if (this.#young.size < this.#least) return
    this.#old = this.#young
    this.#young = new Set()
  }

  has(member: number): boolean {
    return this.#young.has(member) || this.#old.has(member)
  }
}
