import type { LookAhead, NamesAhead } from '../protocol/look-ahead.ts'
import { Collection } from '../values/collection.ts'
import type { IndexedKeys } from '../values/indexed-keys.ts'
import { IndexedMap } from '../values/indexed-map.ts'
import { hashBytes } from '../values/string-hash.ts'
import type { StringIndex } from '../values/string-index.ts'
import type { Resident } from './resident.ts'

/** So many keys, or elements, are in the processor's caches anyway. */
export const CACHED_NAMES = 4096

/** The parts of a table that a lookup touches. */
export interface TableParts {
  readonly slots: StringIndex
  readonly keys: readonly string[]
  readonly values: readonly Resident[]
  readonly accesses: Uint32Array
}

/**
 * Brings what the lookup of keys and elements will need into the processor's caches. In each of the
 * loops no step needs what the one before has read, so the processor waits for all that they touch
 * at once, and not for one after another.
 */
export class Warmer {
  readonly #places: Int32Array
  /** Of each element that is looked for. */
  readonly #maps: (IndexedKeys | undefined)[] = []
  /** Of no meaning: or else nothing of what is read would have to be. */
  touched = 0

  constructor({ keys }: LookAhead) {
    this.#places = new Int32Array(keys.hashes.length)
  }

  warm(bytes: Uint8Array, { keys, elements }: LookAhead, table: TableParts): void {
    const places = this.#places
    const { hashes, count } = keys
    hash(bytes, keys)
    for (let at = 0; at < count; at += 1) places[at] = table.slots.placeOf(hashes[at] as number)
    let touched = 0
    for (let at = 0; at < count; at += 1) {
      const place = places[at] as number
      if (place === -1) continue
      touched += (table.keys[place] as string).length
      touched += typeof table.values[place] === 'string' ? 1 : 0
      touched += table.accesses[place] as number
    }
    this.touched = touched
    if (elements.count > 0) this.#warmElements(bytes, elements, table.values)
  }

  #warmElements(bytes: Uint8Array, elements: NamesAhead, values: readonly Resident[]): void {
    const places = this.#places
    const maps = this.#maps
    const { hashes, owners, count } = elements
    for (let at = 0; at < count; at += 1) {
      const owner = owners[at] as number
      const value = owner === -1 ? undefined : values[places[owner] as number]
      maps[at] = value instanceof Collection ? value.elements : undefined
    }
    hash(bytes, elements)
    for (let at = 0; at < count; at += 1) places[at] = maps[at]?.placeOf(hashes[at] as number) ?? -1
    let touched = 0
    for (let at = 0; at < count; at += 1) {
      const map = maps[at]
      const place = places[at] as number
      if (map === undefined || place === -1) continue
      touched += (map.keys[place] as string).length
      if (map instanceof IndexedMap) touched += typeof map.values[place] === 'string' ? 1 : 0
    }
    this.touched = touched
    // they must not be held on to
    maps.fill(undefined)
  }
}

function hash(bytes: Uint8Array, { starts, ends, hashes, count }: NamesAhead): void {
  for (let at = 0; at < count; at += 1) {
    hashes[at] = hashBytes(bytes, starts[at] as number, ends[at] as number)
  }
}
