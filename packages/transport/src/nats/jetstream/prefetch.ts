import type { Clock } from '@ashlar/codec'

/** A user that comes back within this time counts as quick. */
const QUICK_MS = 50
/** Quick returns in a row before anything is asked for ahead. */
const STREAK = 16

/** Something held ahead that can be handed back. */
interface Held {
  nak(): void
}

/**
 * How much a consumer holds ahead: nothing for a slow user, up to a bound for a quick one. What
 * has lain here for half of its ack wait is handed back rather than out.
 */
export class Prefetch<T extends Held> {
  readonly #clock: Clock
  readonly #most: number
  readonly #freshMs: number
  #items: { readonly item: T; readonly at: number }[] = []
  #head = 0
  #target = 1
  #streak = 0
  #handedOutAt = 0

  constructor(clock: Clock, most: number, ackWaitMs: number) {
    this.#clock = clock
    this.#most = most
    this.#freshMs = ackWaitMs / 2
  }

  /** The user comes for the next one. */
  onAsked(): void {
    const isQuick = this.#clock.monotonic() - this.#handedOutAt < QUICK_MS
    if (!isQuick) {
      this.#streak = 0
      this.#target = Math.max(1, this.#target >> 1)
      return
    }
    this.#streak += 1
    if (this.#streak >= STREAK && this.#head === this.#items.length) {
      this.#target = Math.min(this.#most, this.#target * 2)
    }
  }

  onHandedOut(): void {
    this.#handedOutAt = this.#clock.monotonic()
  }

  add(item: T): void {
    this.#items.push({ item, at: this.#clock.monotonic() })
  }

  take(): T | undefined {
    while (this.#head < this.#items.length) {
      const held = this.#items[this.#head]
      this.#head += 1
      if (this.#head === this.#items.length) this.#reset()
      const now = this.#clock.monotonic()
      if (held === undefined) continue
      if (now - held.at > this.#freshMs) {
        held.item.nak()
        continue
      }
      this.#handedOutAt = now
      return held.item
    }
    return undefined
  }

  /** Takes everything out. */
  clear(): T[] {
    const items = this.#items.slice(this.#head).map(({ item }) => item)
    this.#reset()
    return items
  }

  /** How many to ask for, when so many wait and so many are on their way. */
  wanted(waiting: number, outstanding: number): number {
    const held = this.#items.length - this.#head
    const target = Math.max(waiting, this.#target)
    const missing = target - held - outstanding
    // Half a target at a time: fewer and larger pulls.
    return waiting > outstanding + held || missing * 2 >= target ? Math.max(0, missing) : 0
  }

  #reset(): void {
    this.#items = []
    this.#head = 0
  }
}
