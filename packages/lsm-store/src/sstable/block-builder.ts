import { FastCopy } from '../bytes/fast-copy.ts'
import { writeUint16, writeUint48, writeVarint } from '../bytes/integers.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { KIND_DELETE } from '../memtable/record.ts'
import {
  BLOCK_HEADER_BYTES,
  MAX_BLOCK_PREFIX_BYTES,
  SECTION_TRAILER_BYTES,
} from './table-format.ts'

/** Kind, and three varints of at most 3, 5 and 7 bytes. */
const MAX_ENTRY_HEADER_BYTES = 16

/** Collects sorted entries and lays them out as one block. */
export class BlockBuilder {
  /** Estimated size of the block so far. */
  size = 0
  /** Keys and values as they came. */
  #pending: Uint8Array = new Uint8Array(8192)
  #pendingUsed = 0
  /** Per entry: start and end of key, end of value, in `#pending`. */
  #spans: Uint32Array = new Uint32Array(3 * 128)
  #kinds: Uint8Array = new Uint8Array(128)
  #sequences: Float64Array = new Float64Array(128)
  #count = 0
  readonly #copier: FastCopy = new FastCopy()

  get count(): number {
    return this.#count
  }

  /** Adds the entry that the cursor points at. */
  add(cursor: Cursor): void {
    const keyLength = cursor.keyEnd - cursor.keyStart
    const valueLength = cursor.kind === KIND_DELETE ? 0 : cursor.valueEnd - cursor.valueStart
    this.#reserve(keyLength + valueLength)
    const start = this.#pendingUsed
    const keyEnd = start + keyLength
    const { key, keyStart, value, valueStart } = cursor
    if (key === value && cursor.keyEnd === valueStart) {
      this.#copier.copy(this.#pending, start, key, keyStart, valueStart + valueLength)
    } else {
      this.#copier.copy(this.#pending, start, key, keyStart, cursor.keyEnd)
      this.#copier.copy(this.#pending, keyEnd, value, valueStart, valueStart + valueLength)
    }
    const i = this.#count
    this.#spans[3 * i] = start
    this.#spans[3 * i + 1] = keyEnd
    this.#spans[3 * i + 2] = keyEnd + valueLength
    this.#kinds[i] = cursor.kind
    this.#sequences[i] = cursor.sequence
    this.#pendingUsed = keyEnd + valueLength
    this.#count = i + 1
    this.size += keyLength + valueLength + 8
  }

  #reserve(bytes: number): void {
    const needed = this.#pendingUsed + bytes
    if (needed > this.#pending.length) {
      const grown = new Uint8Array(Math.max(needed, this.#pending.length * 2))
      grown.set(this.#pending.subarray(0, this.#pendingUsed))
      this.#pending = grown
    }
    if (this.#count < this.#kinds.length) return
    const length = this.#count * 2
    const spans = new Uint32Array(3 * length)
    spans.set(this.#spans)
    const kinds = new Uint8Array(length)
    kinds.set(this.#kinds)
    const sequences = new Float64Array(length)
    sequences.set(this.#sequences)
    this.#spans = spans
    this.#kinds = kinds
    this.#sequences = sequences
  }

  /** Most bytes that {@link BlockBuilder.finish} writes, with the section's trailer. */
  get bound(): number {
    const perEntry = MAX_ENTRY_HEADER_BYTES + 2
    return BLOCK_HEADER_BYTES + this.#pendingUsed + this.#count * perEntry + SECTION_TRAILER_BYTES
  }

  /** A copy of the first key (`last` false) or the last one. */
  edgeKey(last: boolean): Uint8Array {
    const i = last ? this.#count - 1 : 0
    return this.#pending.slice(this.#spans[3 * i], this.#spans[3 * i + 1])
  }

  /** Writes the block at `offset`, starts a new one, and returns the end. */
  finish(into: Uint8Array, offset: number): number {
    const prefixLength = this.#commonPrefix()
    const baseSequence = this.#lowestSequence()
    writeUint16(into, offset, this.#count)
    writeUint16(into, offset + 2, prefixLength)
    writeUint48(into, offset + 4, baseSequence)
    let at = offset + BLOCK_HEADER_BYTES
    this.#copier.copy(into, at, this.#pending, 0, prefixLength)
    at += prefixLength
    const offsets = new Uint16Array(this.#count)
    for (let i = 0; i < this.#count; i++) {
      offsets[i] = at - offset
      at = this.#writeEntry(into, at, i, prefixLength, baseSequence)
    }
    for (let i = 0; i < this.#count; i++) {
      writeUint16(into, at, offsets[i] as number)
      at += 2
    }
    this.#count = 0
    this.#pendingUsed = 0
    this.size = 0
    return at
  }

  #writeEntry(
    into: Uint8Array,
    offset: number,
    i: number,
    prefixLength: number,
    baseSequence: number,
  ): number {
    const suffixStart = (this.#spans[3 * i] as number) + prefixLength
    const keyEnd = this.#spans[3 * i + 1] as number
    const valueEnd = this.#spans[3 * i + 2] as number
    const kind = this.#kinds[i] as number
    into[offset] = kind
    let at = writeVarint(into, offset + 1, keyEnd - suffixStart)
    if (kind !== KIND_DELETE) at = writeVarint(into, at, valueEnd - keyEnd)
    at = writeVarint(into, at, (this.#sequences[i] as number) - baseSequence)
    this.#copier.copy(into, at, this.#pending, suffixStart, valueEnd)
    return at + valueEnd - suffixStart
  }

  /** Sorted keys share what the first and the last share. */
  #commonPrefix(): number {
    const last = 3 * (this.#count - 1)
    const firstEnd = this.#spans[1] as number
    const lastStart = this.#spans[last] as number
    const lastLength = (this.#spans[last + 1] as number) - lastStart
    const limit = Math.min(firstEnd, lastLength, MAX_BLOCK_PREFIX_BYTES)
    let shared = 0
    while (shared < limit && this.#pending[shared] === this.#pending[lastStart + shared]) {
      shared += 1
    }
    return shared
  }

  #lowestSequence(): number {
    let lowest = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#count; i++) lowest = Math.min(lowest, this.#sequences[i] as number)
    return lowest
  }
}
