/** So many are looked through for repetitions first. */
const FIRST_LOOK = 1024

/**
 * Elements that changed since the last commit. Those with a slot are kept in arrays, which takes a tenth
 * of the time of a Set: one that changes several times in a row is kept once, and others that come
 * again are found when many have come.
 */
export class TouchedElements {
  names: string[] = []
  /** Where each of the names stood when it was touched. */
  slots: number[] = []
  /** Elements without a slot: names, or positions of a list. */
  others: Set<string | number> | undefined
  #lookAt = FIRST_LOOK

  add(element: string | number): void {
    this.others ??= new Set()
    this.others.add(element)
  }

  addAt(name: string, slot: number): void {
    const { names, slots } = this
    const last = slots.length - 1
    // slots are compared first: to find that two names differ takes as long as all the rest
    if (last !== -1 && slots[last] === slot && names[last] === name) return
    names.push(name)
    slots.push(slot)
    if (names.length >= this.#lookAt) this.#dropRepeated()
  }

  /** All of them; one that has been removed and added again is there twice. */
  elements(): readonly (string | number)[] {
    return [...this.names, ...(this.others ?? [])]
  }

  #dropRepeated(): void {
    const places = new Map<string, number>()
    for (let at = 0; at < this.names.length; at += 1) {
      places.set(this.names[at] as string, this.slots[at] as number)
    }
    this.names = [...places.keys()]
    this.slots = [...places.values()]
    this.#lookAt = Math.max(FIRST_LOOK, this.names.length * 2)
  }
}
