/** Slack before entries made stale by a changed expiry are dropped. */
const STALE_SLACK = 1024
/** Old entries that are looked at for each new one, once stale ones are dropped. */
const TIDIED_AT_ONCE = 4

/**
 * Times and their keys, the earliest first. Entries are never removed early; the owner tells stale
 * ones, which are dropped when they outnumber the live ones: a few at each call, never all at once.
 */
export class ExpiryQueue {
  #heap = new Heap()
  /** What is to be looked through; it goes over into the heap from its end, which leaves it a heap. */
  #old = new Heap()

  get size(): number {
    return this.#heap.size + this.#old.size
  }

  /** Time of the earliest entry, stale or not. */
  get next(): number {
    return Math.min(this.#heap.next, this.#old.next)
  }

  /** An entry by its place, below {@link size}; stale or not. */
  entryAt(at: number): { readonly time: number; readonly key: string } {
    const { size } = this.#heap
    return at < size ? this.#heap.entryAt(at) : this.#old.entryAt(at - size)
  }

  push(time: number, key: string): void {
    this.#heap.push(time, key)
  }

  /** Removes and returns the key of the earliest entry. */
  pop(): string | undefined {
    return (this.#old.next < this.#heap.next ? this.#old : this.#heap).pop()
  }

  /** To be called as often as entries come or become stale: see above. */
  tidy(live: number, isLive: (time: number, key: string) => boolean): void {
    if (this.#old.size === 0) {
      if (this.#heap.size <= live * 2 + STALE_SLACK) return
      this.#old = this.#heap
      this.#heap = new Heap()
    }
    for (let count = 0; count < TIDIED_AT_ONCE && this.#old.size > 0; count += 1) {
      const { time, key } = this.#old.takeLast()
      if (isLive(time, key)) this.#heap.push(time, key)
    }
  }
}

/** A binary min-heap of (time, key). */
class Heap {
  readonly #times: number[] = []
  readonly #keys: string[] = []

  get size(): number {
    return this.#times.length
  }

  get next(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY
  }

  entryAt(at: number): { readonly time: number; readonly key: string } {
    return { time: this.#times[at] as number, key: this.#keys[at] as string }
  }

  push(time: number, key: string): void {
    let at = this.#times.length
    this.#times.push(time)
    this.#keys.push(key)
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if ((this.#times[parent] as number) <= time) break
      this.#move(parent, at)
      at = parent
    }
    this.#times[at] = time
    this.#keys[at] = key
  }

  pop(): string | undefined {
    const top = this.#keys[0]
    const time = this.#times.pop()
    const key = this.#keys.pop()
    if (time === undefined || key === undefined || this.#times.length === 0) return top
    this.#sink(0, time, key)
    return top
  }

  /** Removes an entry at the bottom; there must be one. */
  takeLast(): { readonly time: number; readonly key: string } {
    return { time: this.#times.pop() as number, key: this.#keys.pop() as string }
  }

  #sink(start: number, time: number, key: string): void {
    const length = this.#times.length
    let at = start
    for (;;) {
      let child = at * 2 + 1
      if (child >= length) break
      const right = child + 1
      if (right < length && (this.#times[right] as number) < (this.#times[child] as number)) {
        child = right
      }
      if ((this.#times[child] as number) >= time) break
      this.#move(child, at)
      at = child
    }
    this.#times[at] = time
    this.#keys[at] = key
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from] as number
    this.#keys[to] = this.#keys[from] as string
  }
}
