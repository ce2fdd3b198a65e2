/** What the heap orders by. */
interface Due {
  readonly at: number
  readonly seq: number
}

/** Tasks by (time, sequence), earliest on top: a binary heap. */
export class DueHeap<T extends Due> {
  #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let index = items.length
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = items[parentIndex] as T
      if (!before(item, parent)) break
      items[index] = parent
      index = parentIndex
    }
    items[index] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= items.length) break
      if (child + 1 < items.length && before(items[child + 1] as T, items[child] as T)) {
        child += 1
      }
      if (!before(items[child] as T, last)) break
      items[index] = items[child] as T
      index = child
    }
    items[index] = last
    return top
  }

  /** Keeps what `keep` says, in one pass. */
  filter(keep: (item: T) => boolean): void {
    const kept = this.#items.filter(keep)
    this.#items = []
    // Sorted order is heap order.
    kept.sort((a, b) => (before(a, b) ? -1 : 1))
    this.#items = kept
  }
}

function before(a: Due, b: Due): boolean {
  return a.at === b.at ? a.seq < b.seq : a.at < b.at
}
