import { hashRange } from '../bytes/hash.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { Memtable } from '../memtable/memtable.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import { MemtableOrder } from '../memtable/memtable-order.ts'
import type { RecordReader } from '../memtable/record.ts'
import type { RangeDeletes } from '../range-delete/range-deletes.ts'
import type { EncodedBatch } from '../wal/batch.ts'

/** Sequences from here on are of writes that a transaction has not committed: no store gets so far. */
export const UNCOMMITTED: number = 2 ** 47

/** The uncommitted writes of one moment, for an iterator. */
export interface OwnView {
  /** The newest of them. */
  readonly last: number
  readonly ranges: RangeDeletes
  cursors(): Cursor[]
}

/** A batch that can be read: its records are indexed where they stand. */
export class OwnWrites {
  readonly batch: EncodedBatch
  #memtable: Memtable
  #order: MemtableOrder

  constructor(batch: EncodedBatch) {
    this.batch = batch
    this.#memtable = new Memtable(batch.bytes, UNCOMMITTED)
    this.#order = new MemtableOrder(this.#memtable)
  }

  /** Adds to the batch, and indexes what was added. */
  add(write: (batch: EncodedBatch) => void): void {
    const { batch } = this
    const { byteLength, size } = batch
    write(batch)
    if (batch.size === size) return
    if (batch.bytes === this.#memtable.arena) {
      this.#memtable.used = batch.byteLength
      this.#memtable.index(byteLength, batch.byteLength, 1)
      return
    }
    // The batch has moved to a larger place. Iterators go on in the old one.
    this.#memtable = new Memtable(batch.bytes, UNCOMMITTED)
    this.#memtable.used = batch.byteLength
    this.#memtable.index(0, batch.byteLength, batch.size)
    this.#order = new MemtableOrder(this.#memtable)
  }

  get bytes(): Uint8Array {
    return this.#memtable.arena
  }

  /** The newest write of a key before `sequence`; undefined when there is none. */
  find(
    key: Uint8Array,
    length: number,
    before: number,
  ): { readonly record: RecordReader; readonly sequence: number } | undefined {
    const memtable = this.#memtable
    const id = memtable.find(key, length, hashRange(key, 0, length), before - 1)
    if (id < 0) return undefined
    return { record: memtable.read(id), sequence: UNCOMMITTED + id }
  }

  /** Sequence of the newest delete of a range that holds the key; 0 for none. */
  erased(key: Uint8Array, length: number): number {
    return this.#memtable.ranges.newest(key, 0, length, Number.POSITIVE_INFINITY)
  }

  view(): OwnView {
    const memtable = this.#memtable
    const order = this.#order
    return {
      last: memtable.lastSequence,
      ranges: memtable.ranges,
      cursors: () => order.runs().map((run) => new MemtableCursor(memtable, run)),
    }
  }
}
