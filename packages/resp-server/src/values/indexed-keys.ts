import { stringBytes } from './string-bytes.ts'
import { StringIndex } from './string-index.ts'

/** Removal keeps the order of the others up to this size; beyond it the last one fills the gap. */
export const ORDERED_UP_TO = 128

/** Up to this size keys are compared one by one. */
const SEARCHED_UP_TO = 16

/**
 * Distinct keys that stand in a dense array: O(1) lookup, random pick and indexed access.
 *
 * Scanning from the end towards index 0 sees every key that is there all the time: removal
 * only ever moves a key from the end (already seen) into a gap, and new ones join at the end.
 */
export abstract class IndexedKeys {
  readonly keys: string[] = []
  /** Only of more than a few keys: they are found sooner by looking at all. */
  #slots: StringIndex | undefined
  /** What keys, and values beside them that are strings, take by estimation. */
  bytes = 0

  get size(): number {
    return this.keys.length
  }

  has(key: string): boolean {
    return this.slot(key) !== -1
  }

  /** Where the key stands until the next removal; -1 when it is not there. */
  slot(key: string): number {
    return this.#slots === undefined ? this.keys.indexOf(key) : this.#slots.find(key)
  }

  /** As {@link slot}, of a key that probably still stands at `before`; -1 where that is not known. */
  slotNear(key: string, before: number): number {
    // an index that is none would be looked for as the name of a property
    const isPlace = before >= 0 && before < this.keys.length
    return isPlace && this.keys[before] === key ? before : this.slot(key)
  }

  /** Whether keys are looked for by their hashes; few are not. */
  get isIndexed(): boolean {
    return this.#slots !== undefined
  }

  /** The key of `bytes[start..end)`, which have this hash, if it is there. Of keys that are indexed. */
  nameOf(bytes: Uint8Array, start: number, end: number, hash: number): string | undefined {
    const slot = this.#slots?.findBytes(bytes, start, end, hash) ?? -1
    return slot === -1 ? undefined : this.keys[slot]
  }

  /** The bytes that {@link nameOf} was just asked for, in vain, are this string. */
  isNoName(text: string): void {
    this.#slots?.isMissing(text)
  }

  /** See {@link StringIndex.placeOf}. */
  placeOf(hash: number): number {
    return this.#slots?.placeOf(hash) ?? -1
  }

  /** For a key that is not there. */
  protected append(key: string): void {
    this.keys.push(key)
    if (this.#slots !== undefined) this.#slots.add(key, this.keys.length - 1)
    else if (this.keys.length > SEARCHED_UP_TO) this.#slots = indexOf(this.keys)
    this.bytes += stringBytes(key.length)
  }

  delete(key: string): boolean {
    const slot = this.slot(key)
    if (slot === -1) return false
    this.removeAt(key, slot)
    return true
  }

  protected removeAt(key: string, slot: number): void {
    this.#slots?.remove(key, slot)
    this.bytes -= stringBytes(key.length)
    if (this.keys.length <= ORDERED_UP_TO) {
      this.keys.splice(slot, 1)
      this.#slots?.closeSlot(slot)
      return
    }
    const last = this.keys.pop() as string
    if (slot === this.keys.length) return
    this.keys[slot] = last
    this.#slots?.move(last, this.keys.length, slot)
  }
}

function indexOf(keys: readonly string[]): StringIndex {
  const index = new StringIndex(keys)
  for (let slot = 0; slot < keys.length; slot += 1) index.add(keys[slot] as string, slot)
  return index
}
