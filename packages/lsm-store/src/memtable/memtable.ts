import { hashRange } from '../bytes/hash.ts'
import { decodeIngest, type IngestRecord } from '../ingest/ingest-record.ts'
import { RangeDeletes } from '../range-delete/range-deletes.ts'
import {
  isEntryKind,
  KIND_INGEST,
  KIND_RANGE_DELETE,
  keyLengthOf,
  keyStartOf,
  RecordReader,
} from './record.ts'

const FIRST_ENTRIES = 1024
/** So many records that come at once are expected to be of as many keys. */
const MANY_NEW = 64 * 1024
/** What the index costs for each record, next to the record's own bytes. */
const INDEX_BYTES_PER_RECORD = 24

/** The parts of a memtable that a worker needs to write it out. All memory is shared, none copied. */
export interface MemtableImage {
  readonly arena: Uint8Array
  readonly used: number
  /** Offset in the arena of each record, in the order of their sequence numbers. */
  readonly addresses: Uint32Array
  readonly count: number
  /** Sequence of the first record; record `i` has `firstSequence + i`. */
  readonly firstSequence: number
  /** Records that are range deletes. */
  readonly rangeIds: readonly number[]
  /** How many are no entries of one key: range deletes and ingests. */
  readonly unkeyed: number
}

/**
 * The newest records. The arena is the image of one log file, byte for byte, and the records in it
 * are indexed where they stand: by an open-addressing hash table for gets, each key leading to its
 * newest version and from there to older ones. The table takes in what was written since the last
 * get when the next one comes: who only writes does not pay for it. Order is made when somebody
 * asks for it.
 */
export class Memtable {
  readonly arena: Uint8Array
  /** Sequence of the first record. */
  firstSequence: number
  /** Bytes of the arena in use. */
  used = 0
  /** Records indexed. */
  count = 0
  /** Result of {@link Memtable.find} and {@link Memtable.read}: which record, and where it stands. */
  readonly record: RecordReader = new RecordReader()
  /** Range deletes among the records. They are no part of the hash table or of the order. */
  ranges: RangeDeletes = new RangeDeletes()
  /** Ingests among the records: what they put is in tables. */
  ingests: readonly IngestRecord[] = []
  #addresses: Uint32Array = sharedUint32(FIRST_ENTRIES)
  #previous: Int32Array = new Int32Array(FIRST_ENTRIES)
  /** Pairs: hash, then 1 + index of the newest record with that key (0 = free). */
  #slots: Int32Array = new Int32Array(FIRST_ENTRIES * 2 * 2)
  #mask: number = FIRST_ENTRIES * 2 - 1
  #keys = 0
  /** Records that are no entries of one key. */
  #unkeyed = 0
  /** Records that the hash table has. */
  #hashed = 0

  constructor(arena: number | Uint8Array, firstSequence: number) {
    this.arena = typeof arena === 'number' ? new Uint8Array(new SharedArrayBuffer(arena)) : arena
    this.firstSequence = firstSequence
  }

  /** A memtable over shared parts, for walking its records; gets do not work on it. */
  static ofImage(image: MemtableImage): Memtable {
    const { arena, addresses, count, firstSequence, used, rangeIds, unkeyed } = image
    const memtable = new Memtable(arena, firstSequence)
    memtable.#addresses = addresses
    memtable.count = count
    memtable.used = used
    memtable.#unkeyed = unkeyed
    for (const id of rangeIds) memtable.#addRange(id)
    return memtable
  }

  get lastSequence(): number {
    return this.firstSequence + this.count - 1
  }

  /** Memory that this table accounts for. */
  get bytes(): number {
    return this.used + this.count * INDEX_BYTES_PER_RECORD
  }

  get image(): MemtableImage {
    const { arena, used, count, firstSequence, ranges } = this
    const rangeIds = ranges.all.map(({ sequence }) => sequence - firstSequence)
    const addresses = this.#addresses
    return { arena, used, addresses, count, firstSequence, rangeIds, unkeyed: this.#unkeyed }
  }

  /** Indexes `records` records that stand in `arena[start..end)`; false when they are malformed. */
  index(start: number, end: number, records: number): boolean {
    const { arena, record } = this
    let at = start
    for (let i = 0; i < records; i++) {
      if (at >= end || !record.read(arena, at, end)) return false
      const { kind, keyEnd, valueEnd } = record
      if (isEntryKind(kind)) this.#insert(at)
      else if (!this.#insertUnkeyed(at, kind, keyEnd, valueEnd)) return false
      at = valueEnd
    }
    return at === end
  }

  /** A record about many keys; false when it is malformed. */
  #insertUnkeyed(address: number, kind: number, keyEnd: number, valueEnd: number): boolean {
    const id = this.count
    if (kind === KIND_INGEST) {
      const record = decodeIngest(this.arena.subarray(keyEnd, valueEnd), this.firstSequence + id)
      if (record === undefined) return false
      this.ingests = [...this.ingests, record]
    }
    if (id === this.#addresses.length) this.#growEntries()
    this.#addresses[id] = address
    this.count = id + 1
    this.#unkeyed += 1
    if (kind === KIND_RANGE_DELETE) this.#addRange(id)
    return true
  }

  #addRange(id: number): void {
    const { keyStart, keyEnd, valueEnd } = this.read(id)
    const from = this.arena.slice(keyStart, keyEnd)
    const to = keyEnd === valueEnd ? undefined : this.arena.slice(keyEnd, valueEnd)
    this.ranges.add({ from, to, sequence: this.firstSequence + id })
  }

  /** The records from `first` on that are entries of one key. */
  entryIds(first: number): Int32Array {
    const ids = new Int32Array(this.count - first)
    if (this.#unkeyed === 0) {
      for (let id = first; id < this.count; id++) ids[id - first] = id
      return ids
    }
    const { arena } = this
    let entries = 0
    for (let id = first; id < this.count; id++) {
      if (isEntryKind(arena[this.#addresses[id] as number] as number)) ids[entries++] = id
    }
    return ids.subarray(0, entries)
  }

  #insert(address: number): void {
    const id = this.count
    if (id === this.#addresses.length) this.#growEntries()
    this.#addresses[id] = address
    this.count = id + 1
  }

  /** Brings the hash table up to the newest record. */
  #hashNew(): void {
    const { arena, count } = this
    // a log read back comes at once: the table need not grow through every size below
    if (count - this.#hashed >= MANY_NEW) this.#growSlots(this.#keys + count - this.#hashed)
    for (let id = this.#hashed; id < count; id++) {
      const address = this.#addresses[id] as number
      if (isEntryKind(arena[address] as number)) {
        this.#hash(id, keyStartOf(arena, address), keyLengthOf(arena, address))
      } else this.#previous[id] = -1
    }
    this.#hashed = count
  }

  #hash(id: number, keyStart: number, keyLength: number): void {
    const { arena } = this
    const keyEnd = keyStart + keyLength
    const slots = this.#slots
    const mask = this.#mask
    const hash = hashRange(arena, keyStart, keyEnd) | 0
    let slot = hash & mask
    for (;;) {
      const newest = slots[slot * 2 + 1] as number
      if (newest === 0) break
      if (slots[slot * 2] === hash && this.#sameKey(newest - 1, arena, keyStart, keyEnd)) {
        this.#previous[id] = newest - 1
        slots[slot * 2 + 1] = id + 1
        return
      }
      slot = (slot + 1) & mask
    }
    this.#previous[id] = -1
    slots[slot * 2] = hash
    slots[slot * 2 + 1] = id + 1
    this.#keys += 1
    if (this.#keys * 2 > mask) this.#growSlots(this.#keys)
  }

  #sameKey(id: number, key: Uint8Array, keyStart: number, keyEnd: number): boolean {
    const { arena } = this
    const address = this.#addresses[id] as number
    const length = keyEnd - keyStart
    if (keyLengthOf(arena, address) !== length) return false
    const start = keyStartOf(arena, address)
    for (let i = 0; i < length; i++) {
      if (arena[start + i] !== key[keyStart + i]) return false
    }
    return true
  }

  /** Index of the newest version of a key that is not newer than `sequence`, or -1. */
  find(key: Uint8Array, length: number, hash: number, sequence: number): number {
    if (this.#hashed < this.count) this.#hashNew()
    const slots = this.#slots
    const mask = this.#mask
    const wanted = hash | 0
    let slot = wanted & mask
    for (;;) {
      const newest = slots[slot * 2 + 1] as number
      if (newest === 0) return -1
      if (slots[slot * 2] === wanted && this.#sameKey(newest - 1, key, 0, length)) {
        let id = newest - 1
        const limit = sequence - this.firstSequence
        while (id >= 0 && id > limit) id = this.#previous[id] as number
        return id
      }
      slot = (slot + 1) & mask
    }
  }

  /** Index of the next older version of the key of a record that was found, or -1. */
  olderThan(id: number): number {
    return this.#previous[id] as number
  }

  /** Puts the record with this index into {@link Memtable.record}. */
  read(id: number): RecordReader {
    this.record.read(this.arena, this.#addresses[id] as number, this.used)
    return this.record
  }

  /**
   * Forgets all records but the first `count`, and the bytes from `used` on. Their memory is not
   * written again: who walks the records of before finds them as they were.
   */
  forget(count: number, used: number): void {
    const addresses = this.#addresses
    this.#emptyTable()
    this.ranges = new RangeDeletes()
    this.ingests = []
    this.count = 0
    this.#unkeyed = 0
    for (let id = 0; id < count; id++) {
      const address = addresses[id] as number
      this.record.read(this.arena, address, this.used)
      const { kind, keyEnd, valueEnd } = this.record
      if (isEntryKind(kind)) this.#insert(address)
      else this.#insertUnkeyed(address, kind, keyEnd, valueEnd)
    }
    this.used = used
  }

  /** Empties it for records from `firstSequence` on, and keeps its memory. Nobody may read it. */
  reuse(firstSequence: number): void {
    this.firstSequence = firstSequence
    this.used = 0
    this.count = 0
    this.#unkeyed = 0
    this.#emptyTable()
    this.ranges = new RangeDeletes()
    this.ingests = []
  }

  #emptyTable(): void {
    if (this.#keys > 0) this.#slots.fill(0)
    this.#keys = 0
    this.#hashed = 0
  }

  #growEntries(): void {
    const length = this.#addresses.length * 2
    const addresses = sharedUint32(length)
    addresses.set(this.#addresses)
    this.#addresses = addresses
    const previous = new Int32Array(length)
    previous.set(this.#previous)
    this.#previous = previous
  }

  /** Makes room for so many keys. */
  #growSlots(keys: number): void {
    const old = this.#slots
    let mask = this.#mask
    while (keys * 2 > mask) mask = mask * 2 + 1
    const slots = new Int32Array((mask + 1) * 2)
    for (let i = 0; i < old.length; i += 2) {
      const newest = old[i + 1] as number
      if (newest === 0) continue
      const hash = old[i] as number
      let slot = hash & mask
      while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask
      slots[slot * 2] = hash
      slots[slot * 2 + 1] = newest
    }
    this.#slots = slots
    this.#mask = mask
  }
}

function sharedUint32(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4))
}
