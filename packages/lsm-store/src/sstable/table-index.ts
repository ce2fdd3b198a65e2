/**
 * The index section: for each data block a separator, which is not before any key in it and before
 * every key of the next, and where the block starts.
 *
 * `blocks u32 | key bytes u32 | block offsets u32[blocks + 1] | key ends u32[blocks] | keys`
 */
import { compareRanges } from '../bytes/compare.ts'
import { readUint32, writeUint32 } from '../bytes/integers.ts'

const HEADER_BYTES = 8

export class IndexBuilder {
  #keys: Uint8Array = new Uint8Array(1024)
  #keysUsed = 0
  readonly #ends: number[] = []
  readonly #offsets: number[] = []

  /** A block that starts at `offset`. */
  add(offset: number, separator: Uint8Array): void {
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
  }

  /** The section; the last block ends at `end`, its trailer included. */
  finish(end: number): Uint8Array {
    const blocks = this.#ends.length
    const keysStart = HEADER_BYTES + 4 * (2 * blocks + 1)
    const bytes = new Uint8Array(keysStart + this.#keysUsed)
    writeUint32(bytes, 0, blocks)
    writeUint32(bytes, 4, this.#keysUsed)
    let at = HEADER_BYTES
    for (const offset of [...this.#offsets, end]) {
      writeUint32(bytes, at, offset)
      at += 4
    }
    for (const keyEnd of this.#ends) {
      writeUint32(bytes, at, keyEnd)
      at += 4
    }
    bytes.set(this.#keys.subarray(0, this.#keysUsed), keysStart)
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
  /** Start of each block, and the end of the last one. */
  readonly offsets: Uint32Array
  readonly #keys: Uint8Array
  readonly #ends: Uint32Array

  private constructor(offsets: Uint32Array, ends: Uint32Array, keys: Uint8Array) {
    this.blocks = ends.length
    this.offsets = offsets
    this.#ends = ends
    this.#keys = keys
  }

  /** Reads a section whose checksum was right, or says what is wrong with it. */
  static decode(bytes: Uint8Array): TableIndex | string {
    if (bytes.length < HEADER_BYTES) return 'an index without header'
    const blocks = readUint32(bytes, 0)
    const keyBytes = readUint32(bytes, 4)
    const keysStart = HEADER_BYTES + 4 * (2 * blocks + 1)
    if (blocks === 0 || keysStart + keyBytes !== bytes.length) return 'an index of a wrong length'
    const offsets = new Uint32Array(blocks + 1)
    for (let i = 0; i <= blocks; i++) offsets[i] = readUint32(bytes, HEADER_BYTES + 4 * i)
    const ends = new Uint32Array(blocks)
    const endsStart = HEADER_BYTES + 4 * (blocks + 1)
    for (let i = 0; i < blocks; i++) ends[i] = readUint32(bytes, endsStart + 4 * i)
    for (let i = 0; i < blocks; i++) {
      if ((offsets[i] as number) >= (offsets[i + 1] as number)) return 'index offsets out of order'
      if (i > 0 && (ends[i] as number) < (ends[i - 1] as number)) return 'index keys out of order'
    }
    if (ends[blocks - 1] !== keyBytes) return 'index keys of a wrong length'
    return new TableIndex(offsets, ends, bytes.slice(keysStart))
  }

  get bytes(): number {
    return this.#keys.length + 4 * (2 * this.blocks + 1)
  }

  /** The first block that may hold this key or one after it; `blocks` when there is none. */
  find(key: Uint8Array, length: number): number {
    const keys = this.#keys
    const ends = this.#ends
    let low = 0
    let high = this.blocks
    while (low < high) {
      const middle = (low + high) >>> 1
      const start = middle === 0 ? 0 : (ends[middle - 1] as number)
      if (compareRanges(keys, start, ends[middle] as number, key, 0, length) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
