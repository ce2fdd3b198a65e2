/** So many are looked through for repetitions first. */
const FIRST_LOOK = 1024

/**
 * Elements that changed since the last commit, in arrays, which takes a tenth of the time of a Set: one that changes
 * several times in a row is kept once, and others that come again are found when many have come.
 */
export class TouchedElements {
  /** Names, or positions of a list. */
  readonly names: (string | number)[] = []
  /** Where each of the names stood when it was touched; -1 for those that have no slot. */
  readonly slots: number[] = []
  /** The record that tells of the whole, as streams have one, is among them: it changes with each element. */
  hasWhole = false
  /** How many of {@link names} and {@link slots} there are. */
  count = 0
  #lookAt = FIRST_LOOK

  /** It takes little memory. */
  get isSmall(): boolean {
    return this.names.length <= FIRST_LOOK
  }

  addAt(name: string | number, slot: number): void {
    const { names, slots, count } = this
    // slots are compared first: to find that two names differ takes as long as all the rest
    if (count !== 0 && slots[count - 1] === slot && names[count - 1] === name) return
    names[count] = name
    slots[count] = slot
    this.count = count + 1
    if (count + 1 >= this.#lookAt) this.#dropRepeated()
  }

  /** All of them; some may be there twice. */
  elements(): readonly (string | number)[] {
    return this.names.slice(0, this.count)
  }

  clear(): void {
    // names must not be held on to
    this.names.fill('', 0, this.count)
    this.count = 0
    this.hasWhole = false
    this.#lookAt = FIRST_LOOK
  }

  #dropRepeated(): void {
    const places = new Map<string | number, number>()
    for (let at = 0; at < this.count; at += 1) {
      places.set(this.names[at] as string | number, this.slots[at] as number)
    }
    let count = 0
    for (const [name, slot] of places) {
      this.names[count] = name
      this.slots[count] = slot
      count += 1
    }
    this.names.fill('', count, this.count)
    this.count = count
    this.#lookAt = Math.max(FIRST_LOOK, count * 2)
  }
}
