/** Slack before entries made stale by a changed expiry are dropped. */
const STALE_SLACK = 1024

/** A binary min-heap of (time, key). Entries are never removed early; the owner tells stale ones. */
export class ExpiryQueue {
  #times: number[] = []
  #keys: string[] = []

  get size(): number {
    return this.#times.length
  }

  /** Time of the earliest entry, stale or not. */
  get next(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY
  }

  /** An entry by its place in the heap, stale or not. */
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

  /** Removes and returns the key of the earliest entry. */
  pop(): string | undefined {
    const top = this.#keys[0]
    const time = this.#times.pop()
    const key = this.#keys.pop()
    if (time === undefined || key === undefined || this.#times.length === 0) return top
    this.#sink(0, time, key)
    return top
  }

  /** Drops stale entries when they outnumber the live ones. */
  tidy(live: number, isLive: (time: number, key: string) => boolean): void {
    if (this.#times.length <= live * 2 + STALE_SLACK) return
    const times = this.#times
    const keys = this.#keys
    this.#times = []
    this.#keys = []
    for (let at = 0; at < times.length; at += 1) {
      const time = times[at] as number
      const key = keys[at] as string
      if (isLive(time, key)) this.push(time, key)
    }
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
