import { stringBytes } from './string-bytes.ts'

/** Removal keeps the order of the others up to this size; beyond it the last one fills the gap. */
const ORDERED_UP_TO = 128

const weigh = (value: unknown): number =>
  typeof value === 'string' ? stringBytes(value.length) : 0

/**
 * A map whose entries also stand in a dense array: O(1) lookup, random pick and indexed access.
 *
 * Scanning from the end towards index 0 sees every entry that is there all the time: removal
 * only ever moves an entry from the end (already seen) into a gap, and new ones join at the end.
 */
export class IndexedMap<V> {
  readonly keys: string[] = []
  readonly values: V[] = []
  readonly #slots = new Map<string, number>()
  /** What keys, and values that are strings, take by estimation. */
  bytes = 0

  get size(): number {
    return this.keys.length
  }

  has(key: string): boolean {
    return this.#slots.has(key)
  }

  get(key: string): V | undefined {
    const slot = this.#slots.get(key)
    return slot === undefined ? undefined : this.values[slot]
  }

  /** Where the key and its value stand until the next removal; -1 when it is not there. */
  slot(key: string): number {
    return this.#slots.get(key) ?? -1
  }

  /** True when the key is new. */
  set(key: string, value: V): boolean {
    const slot = this.slot(key)
    if (slot === -1) this.add(key, value)
    else this.replace(slot, value)
    return slot === -1
  }

  /** For a key that is not there. */
  add(key: string, value: V): void {
    this.#slots.set(key, this.keys.length)
    this.keys.push(key)
    this.values.push(value)
    this.bytes += stringBytes(key.length) + weigh(value)
  }

  replace(slot: number, value: V): void {
    this.bytes += weigh(value) - weigh(this.values[slot])
    this.values[slot] = value
  }

  delete(key: string): boolean {
    const slot = this.#slots.get(key)
    if (slot === undefined) return false
    this.#slots.delete(key)
    this.bytes -= stringBytes(key.length) + weigh(this.values[slot])
    if (this.keys.length <= ORDERED_UP_TO) this.#closeGap(slot)
    else this.#fillGap(slot)
    return true
  }

  #closeGap(slot: number): void {
    this.keys.splice(slot, 1)
    this.values.splice(slot, 1)
    for (let at = slot; at < this.keys.length; at += 1) {
      this.#slots.set(this.keys[at] as string, at)
    }
  }

  #fillGap(slot: number): void {
    const key = this.keys.pop() as string
    const value = this.values.pop() as V
    if (slot === this.keys.length) return
    this.keys[slot] = key
    this.values[slot] = value
    this.#slots.set(key, slot)
  }
}
