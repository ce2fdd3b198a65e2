/**
 * An index section: for each data block a separator, which is not before any key in it and before
 * every key of the next, and where the block starts. Of a table that is cut in partitions there is one
 * for the blocks of each, and one above them, whose blocks are the partitions.
 *
 * `blocks u32 | key bytes u32 | block offsets u32[blocks + 1] | key ends u32[blocks] | keys`
 *
 * When blocks are compressed: `| bytes of each block before that u32[blocks]`.
 */
import { compareRanges } from '../bytes/compare.ts'
import { readUint32, writeUint32 } from '../bytes/integers.ts'
import { SECTION_TRAILER_BYTES } from './table-format.ts'

const HEADER_BYTES = 8
/** The largest value, its key, and what is around them. */
const MOST_BLOCK_BYTES = 257 * 1024 * 1024

export class IndexBuilder {
  #keys: Uint8Array = new Uint8Array(1024)
  #keysUsed = 0
  readonly #ends: number[] = []
  readonly #offsets: number[] = []
  readonly #lengths: number[] = []

  /** A block that starts at `offset`, of `length` bytes before it was compressed. */
  add(offset: number, separator: Uint8Array, length: number): void {
    const end = this.#keysUsed + separator.length
    if (end > this.#keys.length) {
      const grown = new Uint8Array(Math.max(end, this.#keys.length * 2))
      grown.set(this.#keys.subarray(0, this.#keysUsed))
      this.#keys = grown
    }
    this.#keys.set(separator, this.#keysUsed)
    this.#keysUsed = end
    this.#ends.push(end)
    this.#offsets.push(offset)
    this.#lengths.push(length)
  }

  get blocks(): number {
    return this.#ends.length
  }

  /** How long the section for the blocks from this one on is now, when they are compressed. */
  bytesSince(block: number): number {
    const count = this.blocks - block
    return HEADER_BYTES + 4 * (3 * count + 1) + this.#keysUsed - this.#keyStart(block)
  }

  #keyStart(block: number): number {
    return block === 0 ? 0 : (this.#ends[block - 1] as number)
  }

  /** Separator of a block that was added. */
  separator(block: number): Uint8Array {
    return this.#keys.slice(this.#keyStart(block), this.#ends[block])
  }

  /**
   * The section for blocks `from` to `to`, exclusive; all data blocks end at `end`, the trailer of the
   * last one included.
   */
  finish(end: number, compressed: boolean, from = 0, to: number = this.blocks): Uint8Array {
    const blocks = to - from
    const keys = this.#keys.subarray(this.#keyStart(from), this.#keyStart(to))
    const keysStart = HEADER_BYTES + 4 * (2 * blocks + 1)
    const keysEnd = keysStart + keys.length
    const bytes = new Uint8Array(keysEnd + (compressed ? 4 * blocks : 0))
    writeUint32(bytes, 0, blocks)
    writeUint32(bytes, 4, keys.length)
    const endsStart = HEADER_BYTES + 4 * (blocks + 1)
    for (let i = 0; i < blocks; i++) {
      const block = from + i
      writeUint32(bytes, HEADER_BYTES + 4 * i, this.#offsets[block] as number)
      writeUint32(bytes, endsStart + 4 * i, this.#keyStart(block + 1) - this.#keyStart(from))
      if (compressed) writeUint32(bytes, keysEnd + 4 * i, this.#lengths[block] as number)
    }
    writeUint32(bytes, endsStart - 4, this.#offsets[to] ?? end)
    bytes.set(keys, keysStart)
    return bytes
  }
}

/** The shortest key that is not before `last` and before `next`; `last` itself in the worst case. */
export function separatorOf(last: Uint8Array, next: Uint8Array): Uint8Array {
  let shared = 0
  const limit = Math.min(last.length, next.length)
  while (shared < limit && last[shared] === next[shared]) shared += 1
  if (shared >= limit) return last
  const byte = last[shared] as number
  if (byte + 1 >= (next[shared] as number)) return last
  const separator = last.slice(0, shared + 1)
  separator[shared] = byte + 1
  return separator
}

/** An index in memory: typed arrays, no object per block. */
export class TableIndex {
  readonly blocks: number
  /** What it takes in memory. */
  readonly bytes: number
  /** Start of each block, and the end of the last one. */
  readonly offsets: Uint32Array
  /**
   * Where blocks would start if none was compressed, each with its trailer: how they stand in memory.
   * The offsets themselves when none is.
   */
  readonly starts: Uint32Array | Float64Array
  readonly #keys: Uint8Array
  readonly #ends: Uint32Array
  /** What all keys share. */
  #prefixLength = 0
  /** The four bytes of each key behind that, as a number: most comparisons end here. */
  readonly #heads: Uint32Array

  /** All of it is one piece of memory: a partition comes and goes with one allocation. */
  private constructor(blocks: number, keyBytes: number, compressed: boolean) {
    const startBytes = compressed ? 8 * (blocks + 1) : 0
    const numbers = startBytes + 4 * (3 * blocks + 1)
    const memory = new ArrayBuffer(numbers + keyBytes)
    this.bytes = memory.byteLength
    this.blocks = blocks
    this.offsets = new Uint32Array(memory, startBytes, blocks + 1)
    this.starts = compressed ? new Float64Array(memory, 0, blocks + 1) : this.offsets
    this.#ends = new Uint32Array(memory, startBytes + 4 * (blocks + 1), blocks)
    this.#heads = new Uint32Array(memory, startBytes + 4 * (2 * blocks + 1), blocks)
    this.#keys = new Uint8Array(memory, numbers, keyBytes)
  }

  /**
   * Reads a section whose checksum was right, or says what is wrong with it. The blocks must end at
   * `limit` or before.
   */
  static decode(bytes: Uint8Array, limit: number): TableIndex | string {
    if (bytes.length < HEADER_BYTES) return 'an index without header'
    const blocks = readUint32(bytes, 0)
    const keyBytes = readUint32(bytes, 4)
    const keysStart = HEADER_BYTES + 4 * (2 * blocks + 1)
    const keysEnd = keysStart + keyBytes
    const compressed = keysEnd + 4 * blocks === bytes.length
    if (blocks === 0 || (keysEnd !== bytes.length && !compressed)) {
      return 'an index of a wrong length'
    }
    const index = new TableIndex(blocks, keyBytes, compressed)
    const fault = index.#readOffsets(bytes, limit)
    if (fault !== undefined) return fault
    if (compressed && !index.#readLengths(bytes, keysEnd)) return 'a block of an impossible length'
    index.#takeKeys(bytes.subarray(keysStart, keysEnd))
    return index
  }

  #readOffsets(bytes: Uint8Array, limit: number): string | undefined {
    const { offsets, blocks } = this
    const ends = this.#ends
    const endsStart = HEADER_BYTES + 4 * (blocks + 1)
    let offset = readUint32(bytes, HEADER_BYTES)
    let end = 0
    offsets[0] = offset
    for (let i = 0; i < blocks; i++) {
      const next = readUint32(bytes, HEADER_BYTES + 4 * (i + 1))
      if (next <= offset) return 'index offsets out of order'
      offset = next
      offsets[i + 1] = next
      const keyEnd = readUint32(bytes, endsStart + 4 * i)
      if (keyEnd < end) return 'index keys out of order'
      end = keyEnd
      ends[i] = keyEnd
    }
    if (offset > limit) return 'index offsets beyond the data'
    return end === this.#keys.length ? undefined : 'index keys of a wrong length'
  }

  /** False when one of them cannot be. */
  #readLengths(bytes: Uint8Array, at: number): boolean {
    const { starts } = this
    let start = 0
    for (let i = 0; i < this.blocks; i++) {
      const length = readUint32(bytes, at + 4 * i)
      if (length === 0 || length > MOST_BLOCK_BYTES) return false
      start += length + SECTION_TRAILER_BYTES
      starts[i + 1] = start
    }
    return true
  }

  #takeKeys(bytes: Uint8Array): void {
    const keys = this.#keys
    const ends = this.#ends
    keys.set(bytes)
    const last = this.#startOf(this.blocks - 1)
    const shortest = Math.min(ends[0] as number, keys.length - last)
    let shared = 0
    while (shared < shortest && keys[shared] === keys[last + shared]) shared += 1
    this.#prefixLength = shared
    for (let i = 0; i < this.blocks; i++) {
      this.#heads[i] = headOf(keys, this.#startOf(i) + shared, ends[i] as number)
    }
  }

  #startOf(i: number): number {
    return i === 0 ? 0 : (this.#ends[i - 1] as number)
  }

  /** A copy of block `i`'s separator: no key of the block is after it. */
  separator(i: number): Uint8Array {
    const start = i === 0 ? 0 : (this.#ends[i - 1] as number)
    return this.#keys.slice(start, this.#ends[i] as number)
  }

  /** The first block that may hold this key or one after it; `blocks` when there is none. */
  find(key: Uint8Array, length: number): number {
    const keys = this.#keys
    const prefix = this.#prefixLength
    const shared = Math.min(prefix, length)
    for (let i = 0; i < shared; i++) {
      const difference = (keys[i] as number) - (key[i] as number)
      if (difference !== 0) return difference > 0 ? 0 : this.blocks
    }
    if (length <= prefix) return 0
    const head = headOf(key, prefix, length)
    const heads = this.#heads
    let low = 0
    let high = this.blocks
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((heads[middle] as number) < head) low = middle + 1
      else high = middle
    }
    return heads[low] === head ? this.#findAmongEqual(key, length, head, low) : low
  }

  /** The same among keys with this head, the first of which is at `from`. */
  #findAmongEqual(key: Uint8Array, length: number, head: number, from: number): number {
    const heads = this.#heads
    let low = from
    let high = this.blocks
    while (low < high) {
      const middle = (low + high) >>> 1
      const isBefore =
        heads[middle] === head &&
        compareRanges(
          this.#keys,
          this.#startOf(middle),
          this.#ends[middle] as number,
          key,
          0,
          length,
        ) < 0
      if (isBefore) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Up to four bytes of `bytes[start..end)`, the first one highest. */
function headOf(bytes: Uint8Array, start: number, end: number): number {
  let head = 0
  for (let i = start; i < start + 4; i++) head = head * 256 + (i < end ? (bytes[i] as number) : 0)
  return head
}
