/** Keys of one request that are looked for once only; more of them are looked for again. */
const MOST = 64

/**
 * Keys that were found by their bytes, and are about to be looked for in the same order: the request is
 * read before its command runs. Holds until a slot changes.
 */
export class FoundKeys {
  readonly #keys: string[] = []
  readonly #slots: number[] = []
  #at = 0
  #count = 0

  forget(): void {
    this.#at = 0
    this.#count = 0
  }

  add(key: string, slot: number): void {
    if (this.#count === MOST) return
    this.#keys[this.#count] = key
    this.#slots[this.#count] = slot
    this.#count += 1
  }

  /** The slot of the key, when it is the next one, or that of before; else -1. */
  take(key: string): number {
    const at = this.#at
    if (at < this.#count && key === this.#keys[at]) {
      this.#at = at + 1
      return this.#slots[at] as number
    }
    return at > 0 && key === this.#keys[at - 1] ? (this.#slots[at - 1] as number) : -1
  }
}
