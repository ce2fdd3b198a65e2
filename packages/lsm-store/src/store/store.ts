import type { Bytes } from '../bytes/text.ts'
import type { ChangesOptions } from '../changes/change-feed.ts'
import type { Change } from '../changes/change-reader.ts'
import type { RangeOptions } from '../iterator/range.ts'
import type { Entry, StoreIterator } from '../iterator/store-iterator.ts'
import { approximateSize } from '../operations/approximate-size.ts'
import { resolveOptions, type StoreOptions } from '../options.ts'
import { type Batch, EncodedBatch, type Operation } from '../wal/batch.ts'
import type { SyncMode } from '../wal/log-writer.ts'
import { Engine } from './engine.ts'
import type { StoreState } from './health.ts'
import type { StoreMetrics } from './metrics.ts'
import { openStore } from './open-store.ts'
import type { ReadOptions, Snapshot } from './snapshot.ts'

/** What writes may be told. */
export interface WriteOptions {
  /** Another sync mode than the store's, for this write. */
  readonly sync?: SyncMode
}

/**
 * An ordered map from bytes to bytes, kept in a directory.
 *
 * Reads see every write whose call has returned its promise; the promise resolves when the write is
 * as durable as its sync mode says. One process has a store open at a time.
 *
 * @example
 * ```ts
 * await using store = await Store.open('/var/data/orders')
 * await store.put('order:1', 'tea')
 * const value = store.getSync('order:1')
 * ```
 */
export class Store implements AsyncDisposable {
  readonly #engine: Engine

  private constructor(engine: Engine) {
    this.#engine = engine
  }

  /**
   * Opens a store, replaying its log; makes it when it is not there.
   *
   * @throws StoreError `STORE_LOCKED` when it is open elsewhere, `STORE_CORRUPT` when durable data is
   * damaged, `STORE_MISSING`, `STORE_EXISTS`, `STORE_VERSION`, `STORE_IO`, `STORE_FULL`.
   * @throws RangeError for an option out of range, naming it.
   */
  static async open(path: string, options: StoreOptions = {}): Promise<Store> {
    if (typeof path !== 'string' || path === '') {
      throw new TypeError('path must be a non-empty string')
    }
    const directory = path.replace(/(?<=.)\/+$/, '')
    return new Store(new Engine(await openStore(directory, resolveOptions(options))))
  }

  /** The directory. */
  get path(): string {
    return this.#engine.path
  }

  get state(): StoreState {
    return this.#engine.state
  }

  /** Sequence of the last write: every operation takes one number. Survives reopening. */
  get lastSequence(): number {
    return this.#engine.lastSequence
  }

  /** The oldest `since` from which {@link Store.changes} can still replay. */
  get oldestChange(): number {
    return this.#engine.oldestChange
  }

  /** The value of a key, or undefined. Answered at once; the promise is for convenience. */
  get(key: Bytes, options?: ReadOptions): Promise<Uint8Array | undefined> {
    const pause = this.#engine.turns.due()
    if (pause !== undefined) return pause.then(() => this.#engine.get(key, options))
    try {
      // Cheaper than an async function, which most reads would notice.
      return Promise.resolve(this.#engine.get(key, options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As {@link Store.get}, without a promise. The bytes are the caller's own. */
  getSync(key: Bytes, options?: ReadOptions): Uint8Array | undefined {
    return this.#engine.get(key, options)
  }

  /** The values of many keys, from one view. */
  async getMany(
    keys: readonly Bytes[],
    options?: ReadOptions,
  ): Promise<(Uint8Array | undefined)[]> {
    const pause = this.#engine.turns.due()
    if (pause !== undefined) await pause
    return keys.map((key) => this.#engine.get(key, options))
  }

  async has(key: Bytes, options?: ReadOptions): Promise<boolean> {
    const pause = this.#engine.turns.due()
    if (pause !== undefined) await pause
    return this.#engine.has(key, options)
  }

  hasSync(key: Bytes, options?: ReadOptions): boolean {
    return this.#engine.has(key, options)
  }

  /**
   * Sets a key. Visible to reads when the call returns.
   *
   * @throws StoreError `STORE_POISONED`, `STORE_IO`, `STORE_FULL`, `STORE_CLOSED`, `STORE_BUSY`.
   */
  put(key: Bytes, value: Bytes, options?: WriteOptions): Promise<void> {
    if (value === undefined) return Promise.reject(new TypeError('value must not be undefined'))
    return this.#engine.put(key, value, options?.sync)
  }

  /** Removes a key; fine when there is none. */
  delete(key: Bytes, options?: WriteOptions): Promise<void> {
    return this.#engine.put(key, undefined, options?.sync)
  }

  /** Applies all operations or none. Resolves with the sequence of the last one. */
  write(operations: readonly Operation[] | Batch, options?: WriteOptions): Promise<number> {
    return this.#engine.write(operations, options?.sync)
  }

  /**
   * As {@link Store.write}, and hands it to the operating system before it returns: from here on it
   * survives the process, though not a power cut. Returns the sequence of the last operation.
   */
  writeSync(operations: readonly Operation[] | Batch): number {
    return this.#engine.writeSync(operations)
  }

  /** Collects operations, encoded as they come, for {@link Store.write}. */
  batch(): Batch {
    return new EncodedBatch()
  }

  /** Entries in key order, from the view of this moment. */
  iterator(options: RangeOptions = {}): StoreIterator {
    return this.#engine.iterator(options)
  }

  /** `for await (const [key, value] of store.scan({ prefix: 'order:' }))`. */
  scan(options: RangeOptions = {}): AsyncIterableIterator<Entry> {
    return this.#engine.iterator(options)[Symbol.asyncIterator]() as AsyncIterableIterator<Entry>
  }

  /** A fixed view for later reads. Close it: compaction keeps what it shows. */
  snapshot(): Snapshot {
    return this.#engine.snapshot()
  }

  /**
   * Batches in the order in which they were written, once they stand in the log: those after
   * `since`, then with `live` those to come.
   *
   * @throws StoreError `CHANGES_TRUNCATED` when the log no longer reaches back to `since`.
   */
  changes(options: ChangesOptions = {}): AsyncIterableIterator<Change> {
    return this.#engine.changes(options)
  }

  /**
   * Hands what was written before the call to the operating system now, instead of at the end of the
   * turn: from here on it survives the process, though not a power cut. For servers that answer
   * clients in the same turn. A failure shows in the promises of the writes and in `state`.
   */
  writeOut(): void {
    this.#engine.writeOut()
  }

  /** Resolves when everything written before the call survives a power cut. */
  sync(): Promise<void> {
    return this.#engine.sync()
  }

  /** Writes what is in memory to a table. */
  flush(): Promise<void> {
    return this.#engine.flush()
  }

  /** Merges the tables that hold keys of the range, down to the last level. */
  compact(range: { readonly gte?: Bytes; readonly lt?: Bytes } = {}): Promise<void> {
    return this.#engine.compact(range)
  }

  /**
   * About how many bytes the keys of a range take, on disk and in memory, with old versions that
   * compaction has not dropped yet.
   */
  approximateSize(range: Pick<RangeOptions, 'gt' | 'gte' | 'lt' | 'lte' | 'prefix'> = {}): number {
    this.#engine.opened.health.checkReadable()
    return approximateSize(this.#engine.opened, range)
  }

  metrics(): StoreMetrics {
    return this.#engine.metrics()
  }

  /** Finishes what is in flight, syncs, and lets go of the lock. Idempotent. */
  close(): Promise<void> {
    return this.#engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#engine.close()
  }
}
