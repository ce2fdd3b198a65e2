/** Cursors from here on stand for places in the store, those below it for slots. */
const FIRST_CURSOR = 2 ** 52
/** Places that are remembered: those of so many scans at once. */
const MAX_PLACES = 16_384

/**
 * Cursors of SCAN over keys that are in the store alone. A place is a name, which is too long for a
 * cursor: the cursor is a number under which the place is remembered.
 */
export class ScanPlaces {
  readonly #places = new Map<number, Uint8Array>()
  #next = FIRST_CURSOR

  /** The cursor of a place. */
  remember(place: Uint8Array): number {
    const cursor = this.#next
    this.#next += 1
    this.#places.set(cursor, place)
    if (this.#places.size > MAX_PLACES) {
      for (const oldest of this.#places.keys()) {
        this.#places.delete(oldest)
        break
      }
    }
    return cursor
  }

  /** The place, the slot that a cursor is, or undefined: not known any more, the scan begins anew. */
  find(cursor: number): Uint8Array | number | undefined {
    if (cursor >= FIRST_CURSOR) return this.#places.get(cursor)
    return cursor === 0 ? undefined : cursor
  }
}
