import { copyRange } from '../bytes/copy.ts'
import { readUint48 } from '../bytes/integers.ts'
import type { Bytes } from '../bytes/text.ts'
import { StoreError } from '../errors.ts'
import { type KeyRange, type RangeOptions, resolveBounds } from '../iterator/range.ts'
import type { Entry, StoreIterator } from '../iterator/store-iterator.ts'
import type { Space } from '../keyspace/space.ts'
import {
  EXPIRY_BYTES,
  KIND_DELETE,
  KIND_EXPIRING_PUT,
  KIND_MERGE,
  type RecordReader,
} from '../memtable/record.ts'
import type { Reads } from '../store/reads.ts'
import type { Snapshot } from '../store/snapshot.ts'
import type { WriteOptions, Writes } from '../store/writes.ts'
import { EncodedBatch, type OperationTarget, type PutTarget } from '../wal/batch.ts'
import type { SpaceResolver } from '../wal/operation-target.ts'
import { OwnWrites } from './own-writes.ts'
import { RangeWatch, ReadSet } from './read-set.ts'

/** Which entries a transaction's iterator visits, and of which keyspace. */
export interface TransactionRange extends Omit<RangeOptions, 'snapshot'>, OperationTarget {}

/** @see Transaction */
export interface TransactionOptions {
  readonly reads: Reads
  readonly writes: Writes
  readonly spaces: SpaceResolver
  readonly snapshot: Snapshot
  readonly now: number
}

/**
 * Reads from one view of the store and its own writes, and commits all writes or none: only if
 * nothing that it read has changed since it began. So transactions are serializable: what they do
 * is what they would have done one after another. Other writers are never held up.
 *
 * It holds a snapshot until it is committed or rolled back.
 */
export class Transaction implements Disposable {
  readonly #options: TransactionOptions
  readonly #own: OwnWrites
  readonly #read: ReadSet = new ReadSet()
  #open = true

  /** Made by {@link Store.begin}. */
  constructor(options: TransactionOptions) {
    this.#options = options
    this.#own = new OwnWrites(new EncodedBatch(options.spaces))
  }

  /** The last operation of the store that it sees. */
  get sequence(): number {
    return this.#options.snapshot.sequence
  }

  /** The value of a key, or undefined. */
  get(key: Bytes, target?: OperationTarget): Uint8Array | undefined {
    const space = this.#space(target)
    const { bytes, length } = space.key.set(key)
    const erased = this.#own.erased(bytes, length)
    const operands: Uint8Array[] = []
    let before = Number.POSITIVE_INFINITY
    for (;;) {
      const found = this.#own.find(bytes, length, before)
      if (found === undefined || found.sequence < erased) break
      const { record } = found
      if (record.kind !== KIND_MERGE) return this.#merged(space, this.#ownValue(record), operands)
      operands.push(copyRange(this.#own.bytes, record.keyEnd, record.valueEnd))
      before = found.sequence
    }
    if (erased > 0) return this.#merged(space, undefined, operands)
    this.#read.addKey(bytes, length)
    const base = this.#options.reads.get(space, key, this.#options)
    return this.#merged(space, base, operands)
  }

  has(key: Bytes, target?: OperationTarget): boolean {
    return this.get(key, target) !== undefined
  }

  #ownValue({ kind, keyEnd, valueEnd }: RecordReader): Uint8Array | undefined {
    const { bytes } = this.#own
    if (kind === KIND_DELETE) return undefined
    if (kind !== KIND_EXPIRING_PUT) return copyRange(bytes, keyEnd, valueEnd)
    if (readUint48(bytes, keyEnd) <= this.#options.now) return undefined
    return copyRange(bytes, keyEnd + EXPIRY_BYTES, valueEnd)
  }

  /** Operands, newest first, merged into what they follow. */
  #merged(
    { operator }: Space,
    base: Uint8Array | undefined,
    operands: readonly Uint8Array[],
  ): Uint8Array | undefined {
    let value = base
    for (const operand of operands.toReversed()) {
      value =
        value === undefined || operator === undefined ? operand : operator.merge(value, operand)
    }
    return value
  }

  /** Entries in key order, from the view and the writes of this moment. What it visits counts as read. */
  iterator(options: TransactionRange = {}): StoreIterator {
    const space = this.#space(options)
    const bounds = space.bounds(resolveBounds(options))
    const watch = new RangeWatch(this.#read, bounds, options.reverse ?? false)
    const { reads, snapshot } = this.#options
    return reads.iterator(space, { ...options, snapshot }, { own: this.#own.view(), watch })
  }

  /** As {@link Transaction.iterator}, for `for await`. */
  scan(options: TransactionRange = {}): AsyncIterableIterator<Entry> {
    return this.iterator(options)[Symbol.asyncIterator]() as AsyncIterableIterator<Entry>
  }

  put(key: Bytes, value: Bytes, target?: PutTarget): void {
    this.#write((batch) => batch.put(key, value, target))
  }

  delete(key: Bytes, target?: OperationTarget): void {
    this.#write((batch) => batch.delete(key, target))
  }

  merge(key: Bytes, operand: Bytes, target?: OperationTarget): void {
    this.#write((batch) => batch.merge(key, operand, target))
  }

  deleteRange(range: KeyRange, target?: OperationTarget): void {
    this.#write((batch) => batch.deleteRange(range, target))
  }

  #write(write: (batch: EncodedBatch) => void): void {
    this.#check()
    this.#own.add(write)
  }

  #space(target: OperationTarget | undefined): Space {
    this.#check()
    return this.#options.spaces.of(target)
  }

  /**
   * Applies the writes, decided and visible when the call returns. Resolves with the sequence of the
   * last one, or of the view when there are none, as durable as the sync mode says.
   *
   * @throws StoreError `TRANSACTION_CONFLICT` when something that it read was written since: begin
   * anew. Nothing was applied. And as {@link Store.write}.
   */
  async commit(options?: WriteOptions): Promise<number> {
    this.#check()
    const { reads, writes, snapshot } = this.#options
    const { batch } = this.#own
    try {
      // Who only reads has seen one moment, whatever came after it.
      if (batch.size === 0) return snapshot.sequence
      for (const key of this.#read.keys()) {
        if (reads.newestWrite(key) > snapshot.sequence) throw conflict()
      }
      for (const { from, to } of this.#read.ranges) {
        if (reads.isChanged(from, to, snapshot.sequence)) throw conflict()
      }
      return await writes.batch(batch, options)
    } finally {
      this.rollback()
    }
  }

  /** Forgets the writes and lets go of the view. Fine at any time. */
  rollback(): void {
    this.#open = false
    this.#options.snapshot.close()
  }

  [Symbol.dispose](): void {
    this.rollback()
  }

  #check(): void {
    if (this.#open) return
    throw new StoreError('TRANSACTION_CLOSED', 'The transaction has ended: begin another.')
  }
}

function conflict(): StoreError {
  return new StoreError(
    'TRANSACTION_CONFLICT',
    'Something that the transaction read was written meanwhile: begin it anew.',
  )
}
