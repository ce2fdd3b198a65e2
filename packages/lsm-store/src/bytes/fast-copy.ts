/** Shorter ranges are copied byte by byte. */
const WORD = 4
/** Longer ones are worth a call. */
const LONGEST_BY_WORDS = 80
/** So many sources are remembered: a merge takes from one after the other. */
const SOURCES = 8

/** Memory in the shapes that copies go through. */
class Viewed {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly buffer: Buffer

  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, length } = bytes
    this.bytes = bytes
    this.view = new DataView(buffer, byteOffset, length)
    this.buffer = Buffer.from(buffer, byteOffset, length)
  }
}

/**
 * Copies ranges of some tens of bytes, many of them from few sources into few targets. Four bytes at a time are twice
 * as fast as `set` with a `subarray` is, and make no garbage.
 */
export class FastCopy {
  readonly #known: Viewed[] = []
  #oldest = 0
  #from: Viewed = new Viewed(new Uint8Array(0))
  #into: Viewed = this.#from

  copy(into: Uint8Array, offset: number, from: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (length < WORD) {
      for (let i = 0; i < length; i++) into[offset + i] = from[start + i] as number
      return
    }
    if (this.#from.bytes !== from) this.#from = this.#viewed(from)
    if (this.#into.bytes !== into) this.#into = this.#viewed(into)
    if (length > LONGEST_BY_WORDS) {
      this.#from.buffer.copy(this.#into.buffer, offset, start, end)
      return
    }
    const source = this.#from.view
    const target = this.#into.view
    const last = length - WORD
    for (let i = 0; i < last; i += WORD) {
      target.setInt32(offset + i, source.getInt32(start + i, true), true)
    }
    // The last word overlaps the one before it.
    target.setInt32(offset + last, source.getInt32(start + last, true), true)
  }

  #viewed(bytes: Uint8Array): Viewed {
    for (const viewed of this.#known) if (viewed.bytes === bytes) return viewed
    const viewed = new Viewed(bytes)
    if (this.#known.length < SOURCES) this.#known.push(viewed)
    else {
      this.#known[this.#oldest] = viewed
      this.#oldest = (this.#oldest + 1) % SOURCES
    }
    return viewed
  }
}
