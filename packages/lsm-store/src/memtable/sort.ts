import { keyLengthOf, keyStartOf } from './record.ts'

/** Ranges up to this long are sorted by insertion. */
const SMALL = 12
/** Doubles hold 53 bits: 32 of the key and 21 of the position, or 24 and 29. */
const POSITIONS_WITH_FOUR_BYTES = 2 ** 21

/**
 * Sorts record indexes by key, and versions of a key newest first. A radix sort by four key bytes
 * at a time: each step packs them with the position into a double and lets the engine's native
 * numeric sort do the work, which is several times faster than comparing keys through callbacks.
 */
export function sortRecords(arena: Uint8Array, addresses: Uint32Array, ids: Int32Array): void {
  new RecordSort(arena, addresses, ids).sort(0, ids.length, 0)
}

/** Order of two records: by key, then newest first. */
export function compareRecords(
  arena: Uint8Array,
  addresses: Uint32Array,
  a: number,
  b: number,
  depth = 0,
): number {
  const aAddress = addresses[a] as number
  const bAddress = addresses[b] as number
  const aStart = keyStartOf(arena, aAddress)
  const bStart = keyStartOf(arena, bAddress)
  const aLength = keyLengthOf(arena, aAddress)
  const bLength = keyLengthOf(arena, bAddress)
  const shared = Math.min(aLength, bLength)
  for (let i = depth; i < shared; i++) {
    const difference = (arena[aStart + i] as number) - (arena[bStart + i] as number)
    if (difference !== 0) return difference
  }
  return aLength !== bLength ? aLength - bLength : b - a
}

class RecordSort {
  readonly #arena: Uint8Array
  readonly #addresses: Uint32Array
  readonly #ids: Int32Array
  readonly #packed: Float64Array
  readonly #moved: Int32Array
  readonly #chunkBytes: number
  readonly #scale: number

  constructor(arena: Uint8Array, addresses: Uint32Array, ids: Int32Array) {
    this.#arena = arena
    this.#addresses = addresses
    this.#ids = ids
    this.#packed = new Float64Array(ids.length)
    this.#moved = new Int32Array(ids.length)
    this.#chunkBytes = ids.length <= POSITIONS_WITH_FOUR_BYTES ? 4 : 3
    this.#scale = 2 ** (53 - 8 * this.#chunkBytes)
  }

  /** Sorts `ids[from..to)`, whose keys agree in their first `depth` bytes. */
  sort(from: number, to: number, depth: number): void {
    let start = from
    let at = depth
    for (;;) {
      if (to - start <= SMALL) {
        this.#insertion(start, to, at)
        return
      }
      at += this.#commonBytes(start, to, at)
      this.#byChunk(start, to, at)
      const last = this.#sortGroups(start, to, at)
      // The last group is handled by this loop, so that long equal prefixes need no deep stack.
      if (last < 0) return
      start = last
      at += this.#chunkBytes
    }
  }

  /** Bytes that all keys of the range share beyond `depth`. */
  #commonBytes(from: number, to: number, depth: number): number {
    const arena = this.#arena
    const first = this.#addresses[this.#ids[from] as number] as number
    const firstStart = keyStartOf(arena, first)
    let shared = keyLengthOf(arena, first)
    for (let i = from + 1; i < to && shared > depth; i++) {
      const address = this.#addresses[this.#ids[i] as number] as number
      const start = keyStartOf(arena, address)
      const length = keyLengthOf(arena, address)
      if (length < shared) shared = length
      let same = depth
      while (same < shared && arena[firstStart + same] === arena[start + same]) same += 1
      shared = same
    }
    return Math.max(0, shared - depth)
  }

  #chunk(id: number, depth: number): number {
    const arena = this.#arena
    const address = this.#addresses[id] as number
    const start = keyStartOf(arena, address)
    const length = keyLengthOf(arena, address)
    let chunk = 0
    for (let i = depth; i < depth + this.#chunkBytes; i++) {
      chunk = chunk * 256 + (i < length ? (arena[start + i] as number) : 0)
    }
    return chunk
  }

  #byChunk(from: number, to: number, depth: number): void {
    const ids = this.#ids
    const packed = this.#packed
    const scale = this.#scale
    for (let i = from; i < to; i++) {
      packed[i] = this.#chunk(ids[i] as number, depth) * scale + (i - from)
    }
    this.#permute(from, to, scale)
  }

  /** Sorts `packed[from..to)` and moves the ids along; `packed` then holds the sort keys alone. */
  #permute(from: number, to: number, scale: number): void {
    const ids = this.#ids
    const packed = this.#packed
    const moved = this.#moved
    packed.subarray(from, to).sort()
    for (let i = from; i < to; i++) {
      const value = packed[i] as number
      const key = Math.floor(value / scale)
      moved[i] = ids[from + (value - key * scale)] as number
      packed[i] = key
    }
    for (let i = from; i < to; i++) ids[i] = moved[i] as number
  }

  /** Sorts within runs of equal chunks; returns where the last one's longer keys start, or -1. */
  #sortGroups(from: number, to: number, depth: number): number {
    const packed = this.#packed
    let start = from
    while (start < to) {
      let end = start + 1
      while (end < to && packed[end] === packed[start]) end += 1
      if (end - start > 1) {
        const longer = this.#endedFirst(start, end, depth)
        if (end === to) return longer < end ? longer : -1
        if (longer < end) this.sort(longer, end, depth + this.#chunkBytes)
      }
      start = end
    }
    return -1
  }

  /**
   * Among keys with the same chunk, zero-padded: those that end in it come first, by length and
   * then newest first. Returns where the longer ones start.
   */
  #endedFirst(from: number, to: number, depth: number): number {
    const ids = this.#ids
    const packed = this.#packed
    const scale = this.#scale
    const limit = depth + this.#chunkBytes
    const newest = 2 ** 31
    let ended = 0
    for (let i = from; i < to; i++) {
      const id = ids[i] as number
      const length = keyLengthOf(this.#arena, this.#addresses[id] as number)
      const over = length > limit
      packed[i] = (over ? limit + 1 - depth : length - depth) * scale + (i - from)
      if (!over) ended += 1
    }
    if (ended === 0) return from
    this.#permute(from, to, scale)
    for (let start = from; start < from + ended; ) {
      let end = start + 1
      while (end < from + ended && packed[end] === packed[start]) end += 1
      this.#newestFirst(start, end, newest)
      start = end
    }
    return from + ended
  }

  #newestFirst(from: number, to: number, newest: number): void {
    const ids = this.#ids
    const packed = this.#packed
    for (let i = from; i < to; i++) packed[i] = newest - (ids[i] as number)
    packed.subarray(from, to).sort()
    for (let i = from; i < to; i++) ids[i] = newest - (packed[i] as number)
  }

  #insertion(from: number, to: number, depth: number): void {
    const ids = this.#ids
    for (let i = from + 1; i < to; i++) {
      const id = ids[i] as number
      let at = i
      while (
        at > from &&
        compareRecords(this.#arena, this.#addresses, ids[at - 1] as number, id, depth) > 0
      ) {
        ids[at] = ids[at - 1] as number
        at -= 1
      }
      ids[at] = id
    }
  }
}
