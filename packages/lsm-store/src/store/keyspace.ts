import type { Bytes } from '../bytes/text.ts'
import type { ChangesOptions } from '../changes/change-feed.ts'
import type { Change } from '../changes/change-reader.ts'
import type { IngestInfo } from '../events.ts'
import type { IngestOptions, IngestSource } from '../ingest/ingests.ts'
import type { KeyRange, RangeOptions } from '../iterator/range.ts'
import type { Entry, StoreIterator } from '../iterator/store-iterator.ts'
import { bindSpace, type KeyspaceRef, type Space } from '../keyspace/space.ts'
import { type ConditionalWrite, type WriteCondition, writeIf } from './condition.ts'
import type { Engine } from './engine.ts'
import type { KeyEntry } from './reads.ts'
import type { ReadOptions } from './snapshot.ts'
import type { PutOptions, WriteOptions } from './writes.ts'

/**
 * An ordered map of its own within a store. Batches and snapshots go across all keyspaces of a store.
 * Keys of all but the default one are 12 bytes longer in the files.
 *
 * Uses after {@link Keyspace.drop} fail with `KEYSPACE_DROPPED`.
 *
 * @example
 * ```ts
 * const sessions = await store.keyspace('sessions', { ttlMs: 3_600_000 })
 * await sessions.put('s1', 'Ada')
 * await store.write(store.batch().put('order:1', 'tea').delete('s1', { keyspace: sessions }))
 * ```
 */
export class Keyspace implements KeyspaceRef {
  readonly #space: Space
  readonly #engine: Engine

  /** Made by {@link Store.keyspace}. */
  constructor(engine: Engine, space: Space) {
    this.#engine = engine
    this.#space = space
    bindSpace(this, space)
  }

  /** What it was opened by; that of the store's own keys is `default`. */
  get name(): string {
    return this.#space.name
  }

  /** The value of a key, or undefined. Answered at once; the promise is for convenience. */
  get(key: Bytes, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return this.#soon(() => this.#engine.reads.get(this.#space, key, options))
  }

  /** As {@link Keyspace.get}, without a promise. The bytes are the caller's own. */
  getSync(key: Bytes, options?: ReadOptions): Uint8Array | undefined {
    return this.#engine.reads.get(this.#space, key, options)
  }

  /** The values of many keys, from one view. */
  getMany(keys: readonly Bytes[], options?: ReadOptions): Promise<(Uint8Array | undefined)[]> {
    return this.#soon(() => keys.map((key) => this.#engine.reads.get(this.#space, key, options)))
  }

  has(key: Bytes, options?: ReadOptions): Promise<boolean> {
    return this.#soon(() => this.#engine.reads.has(this.#space, key, options))
  }

  hasSync(key: Bytes, options?: ReadOptions): boolean {
    return this.#engine.reads.has(this.#space, key, options)
  }

  /** A value with its version and its end, or undefined. Answered at once. */
  entry(key: Bytes, options?: ReadOptions): KeyEntry | undefined {
    return this.#engine.reads.entry(this.#space, key, options)
  }

  /**
   * Sets a key. Visible to reads when the call returns.
   *
   * An entry with `ttlMs` is there until the wall clock has reached the time of the call plus that: a
   * read looks at the clock, a snapshot and an iterator when they are made. It then counts as deleted,
   * and compaction removes it.
   *
   * @throws StoreError `STORE_POISONED`, `STORE_IO`, `STORE_FULL`, `STORE_CLOSED`, `STORE_BUSY`.
   */
  put(key: Bytes, value: Bytes, options?: PutOptions): Promise<void> {
    return this.#engine.writes.put(this.#space, key, value, options)
  }

  /** Removes a key; fine when there is none. */
  delete(key: Bytes, options?: WriteOptions): Promise<void> {
    return this.#engine.writes.delete(this.#space, key, options)
  }

  /**
   * Sets a key if it holds nothing, or still holds what has this version. Decided when the call
   * returns, without waiting for the disk: nothing comes in between.
   *
   * @example
   * ```ts
   * const { applied } = store.putIf('lock', 'me', { ifAbsent: true })
   * const stock = store.entry('stock')
   * if (stock) store.putIf('stock', lessOne(stock.value), { ifVersion: stock.version })
   * ```
   * @throws StoreError `STORE_CLOSED`, `STORE_CORRUPT`, `STORE_IO` when the key cannot be read.
   */
  putIf(
    key: Bytes,
    value: Bytes,
    condition: WriteCondition,
    options?: PutOptions,
  ): ConditionalWrite {
    return this.#writeIf(key, condition, () => this.put(key, value, options))
  }

  /** Removes a key that still holds what has this version: as {@link Keyspace.putIf}. */
  deleteIf(
    key: Bytes,
    condition: { readonly ifVersion: number },
    options?: WriteOptions,
  ): ConditionalWrite {
    return this.#writeIf(key, condition, () => this.delete(key, options))
  }

  #writeIf(key: Bytes, condition: WriteCondition, write: () => Promise<void>): ConditionalWrite {
    const version = this.#engine.reads.version(this.#space, key, undefined)
    return writeIf(condition, version, () => this.#engine.lastSequence, write)
  }

  /**
   * Merges an operand into what the key holds, by the keyspace's operator, without reading it: reads
   * and compaction do the merging.
   *
   * @throws TypeError when the keyspace was opened without a merge operator.
   */
  merge(key: Bytes, operand: Bytes, options?: WriteOptions): Promise<void> {
    return this.#engine.writes.merge(this.#space, key, operand, options)
  }

  /**
   * Removes all keys of a range, in one write however many they are; without bounds, all of this
   * keyspace. Reads pass over them at once; their space comes back as tables that lie in the range are
   * dropped and those on its edges are compacted.
   *
   * @throws StoreError as {@link Keyspace.put}; `STORE_BUSY` also when compaction has fallen thousands
   * of ranges behind.
   */
  deleteRange(range: KeyRange, options?: WriteOptions): Promise<void> {
    return this.#engine.writes.deleteRange(this.#space, range, options)
  }

  /**
   * Puts many entries that come in key order, each key once, without writing them to the log: they become
   * tables in the background, and the tables part of the store in one moment, by one record of the log.
   * Until then nothing of them is seen. In that moment they take one sequence, newer than everything that
   * was written before, so that snapshots and iterators of before do not see them. `changes()` tells of
   * the range that was ingested, not of its entries.
   *
   * Resolves when that is as durable as the sync mode says: the tables are on the disk in any case.
   * After a crash all of it is there or nothing.
   *
   * @throws RangeError for entries out of order.
   * @throws StoreError as {@link Keyspace.put}; what the source throws, and the signal's reason.
   * @example
   * ```ts
   * const { entries } = await store.ingest(sortedRows.map((row) => [row.key, row.bytes] as const))
   * ```
   */
  ingest(source: IngestSource, options: IngestOptions = {}): Promise<IngestInfo> {
    return this.#engine.ingests.run(this.#space, source, options)
  }

  /** Entries in key order, from the view of this moment. */
  iterator(options: RangeOptions = {}): StoreIterator {
    return this.#engine.reads.iterator(this.#space, options)
  }

  /**
   * `for await (const [key, value] of store.scan({ prefix: 'order:' }))`. Reads some entries at a time, of one
   * view: what is written meanwhile is not seen.
   */
  scan(options: RangeOptions = {}): AsyncIterableIterator<Entry> {
    return this.#engine.reads.scan(this.#space, options)
  }

  /**
   * Batches in the order in which they were written, once they stand in the log: those after
   * `since`, then with `live` those to come. Only operations on this keyspace are shown.
   *
   * @throws StoreError `CHANGES_TRUNCATED` when the log no longer reaches back to `since`.
   */
  changes(options: ChangesOptions = {}): AsyncIterableIterator<Change> {
    return this.#engine.changes(this.#space, options)
  }

  /**
   * Merges the tables that hold keys of the range, down to the last level.
   *
   * @throws StoreError `STORE_CLOSED` when the store is closed before it is done: what was not merged yet
   * stays as it is.
   */
  compact(range: { readonly gte?: Bytes; readonly lt?: Bytes } = {}): Promise<void> {
    return this.#engine.compact(this.#space, range)
  }

  /**
   * Removes the keyspace with all that is in it. Takes no longer for more entries: it is a deleted
   * range and a line in the manifest, and the space comes back in the background. A crash before it is
   * done may leave the keyspace, empty.
   *
   * @throws TypeError for the store's own keys, which cannot be dropped.
   */
  drop(): Promise<void> {
    return this.#engine.keyspaces.drop(this.#space)
  }

  #soon<T>(read: () => T): Promise<T> {
    const pause = this.#engine.turns.due()
    if (pause !== undefined) return pause.then(read)
    try {
      // Cheaper than an async function, which most reads would notice.
      return Promise.resolve(read())
    } catch (error) {
      return Promise.reject(error)
    }
  }
}
