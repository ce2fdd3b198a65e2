/** Below this many items the heap is not swept. */
const MIN_ITEMS = 64

/** When each sequence is due now; items of the heap that say otherwise are stale. */
export type DueTimes = ReadonlyMap<number, { readonly dueAt: number }>

/**
 * A binary min-heap of sequences by the time they are due. An item whose sequence was settled or
 * put off stays until its time comes or stale items are the majority, so that settling is free.
 */
export class DueHeap {
  readonly #current: DueTimes
  #times: number[] = []
  #sequences: number[] = []

  constructor(current: DueTimes) {
    this.#current = current
  }

  /** Items, stale ones included. */
  get size(): number {
    return this.#times.length
  }

  /** The earliest time, which may be that of a stale item. */
  peek(): number | undefined {
    return this.#times[0]
  }

  add(at: number, sequence: number): void {
    if (this.size >= MIN_ITEMS + 2 * this.#current.size) this.#sweep()
    this.#insert(at, sequence)
  }

  /** Removes everything due by `now` and returns what is not stale, earliest first. */
  takeDue(now: number): number[] {
    const due: number[] = []
    for (let at = this.peek(); at !== undefined && at <= now; at = this.peek()) {
      const sequence = this.#pop()
      if (this.#current.get(sequence)?.dueAt === at) due.push(sequence)
    }
    return due
  }

  #sweep(): void {
    const times = this.#times
    const sequences = this.#sequences
    this.#times = []
    this.#sequences = []
    for (const [slot, sequence] of sequences.entries()) {
      const at = times[slot] ?? 0
      if (this.#current.get(sequence)?.dueAt === at) this.#insert(at, sequence)
    }
  }

  #insert(at: number, sequence: number): void {
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

  #pop(): number {
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
