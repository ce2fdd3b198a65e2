/** A binary min-heap of sequences by the time they are due. */
export class DueHeap {
  readonly #times: number[] = []
  readonly #sequences: number[] = []

  get size(): number {
    return this.#times.length
  }

  clear(): void {
    this.#times.length = 0
    this.#sequences.length = 0
  }

  /** The earliest time. */
  peek(): number | undefined {
    return this.#times[0]
  }

  add(at: number, sequence: number): void {
    let slot = this.#times.length
    while (slot > 0) {
      const parent = (slot - 1) >> 1
      const parentAt = this.#times[parent] ?? 0
      if (parentAt <= at) break
      this.#set(slot, parentAt, this.#sequences[parent] ?? 0)
      slot = parent
    }
    this.#set(slot, at, sequence)
  }

  /** Removes the earliest and returns its sequence; the heap must not be empty. */
  pop(): number {
    const first = this.#sequences[0] ?? 0
    const at = this.#times.pop() ?? 0
    const sequence = this.#sequences.pop() ?? 0
    const size = this.#times.length
    if (size === 0) return first
    let slot = 0
    for (;;) {
      let child = slot * 2 + 1
      if (child >= size) break
      if (child + 1 < size && (this.#times[child + 1] ?? 0) < (this.#times[child] ?? 0)) child += 1
      const childAt = this.#times[child] ?? 0
      if (childAt >= at) break
      this.#set(slot, childAt, this.#sequences[child] ?? 0)
      slot = child
    }
    this.#set(slot, at, sequence)
    return first
  }

  #set(slot: number, at: number, sequence: number): void {
    this.#times[slot] = at
    this.#sequences[slot] = sequence
  }
}
