import { compareRanges } from '../bytes/compare.ts'
import type { Bytes } from '../bytes/text.ts'
import type { MemtableImage } from '../memtable/memtable.ts'
import { KIND_PUT, RecordReader } from '../memtable/record.ts'
import { writeRecord } from '../wal/batch.ts'

const FIRST_ENTRIES = 4096

/** Entries in key order that are to become one table, in memory that a worker shares. */
export class SortedChunk {
  #arena: Uint8Array
  #text: Buffer
  readonly #record: RecordReader = new RecordReader()
  #addresses: Uint32Array = sharedUint32(FIRST_ENTRIES)
  #used = 0
  #count = 0
  #lastStart = 0
  #lastEnd = 0

  constructor(capacity: number) {
    const memory = new SharedArrayBuffer(capacity)
    this.#arena = new Uint8Array(memory)
    this.#text = Buffer.from(memory)
  }

  get capacity(): number {
    return this.#arena.length
  }

  /** Makes room for so many bytes in all. */
  enlarge(capacity: number): void {
    const memory = new SharedArrayBuffer(capacity)
    const arena = new Uint8Array(memory)
    arena.set(this.#arena.subarray(0, this.#used))
    this.#arena = arena
    this.#text = Buffer.from(memory)
  }

  get used(): number {
    return this.#used
  }

  get count(): number {
    return this.#count
  }

  /** A copy of the key added last. */
  get lastKey(): Uint8Array {
    return new Uint8Array(this.#arena.subarray(this.#lastStart, this.#lastEnd))
  }

  /**
   * Adds an entry, for which there must be room. False, and nothing added, when its key is not behind the
   * one before it, which of the first entry is `before`.
   */
  add(
    prefix: Uint8Array,
    key: Bytes,
    value: Bytes,
    expiresAt: number,
    before: Uint8Array | undefined,
  ): boolean {
    const arena = this.#arena
    const start = this.#used
    const end = writeRecord(this.#text, arena, start, KIND_PUT, prefix, key, value, expiresAt)
    this.#record.read(arena, start, end)
    const { keyStart, keyEnd } = this.#record
    if (this.#count > 0 || before !== undefined) {
      const order =
        this.#count > 0
          ? compareRanges(arena, this.#lastStart, this.#lastEnd, arena, keyStart, keyEnd)
          : compareRanges(before as Uint8Array, 0, before?.length ?? 0, arena, keyStart, keyEnd)
      if (order >= 0) return false
    }
    this.#lastStart = keyStart
    this.#lastEnd = keyEnd
    if (this.#count === this.#addresses.length) this.#grow()
    this.#addresses[this.#count] = start
    this.#count += 1
    this.#used = end
    return true
  }

  #grow(): void {
    const grown = sharedUint32(this.#count * 2)
    grown.set(this.#addresses)
    this.#addresses = grown
  }

  get image(): MemtableImage {
    return {
      arena: this.#arena,
      used: this.#used,
      addresses: this.#addresses,
      count: this.#count,
      firstSequence: 0,
      rangeIds: [],
      unkeyed: 0,
    }
  }

  /** Empties it. Nobody may read it. */
  reuse(): void {
    this.#used = 0
    this.#count = 0
  }
}

function sharedUint32(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4))
}
