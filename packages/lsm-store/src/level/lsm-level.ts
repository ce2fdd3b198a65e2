import { rmdir } from 'node:fs/promises'
import {
  type AbstractBatchOperation,
  type AbstractClearOptions,
  AbstractLevel,
  type AbstractSnapshot,
  type Transcoder,
} from 'abstract-level'
import { nodeFileSystem } from '../fs/node-file-system.ts'
import { repairStore } from '../operations/repair.ts'
import { destroyFiles } from '../operations/store-files.ts'
import type { StoreOptions } from '../options.ts'
import { Store } from '../store/store.ts'
import { clearRange } from './clear-range.ts'
import { decoderOf, type LevelData } from './format.ts'
import { LevelBatch } from './level-batch.ts'
import { LevelError, levelError } from './level-error.ts'
import { LevelIterator, LevelKeyIterator, LevelValueIterator } from './level-iterators.ts'
import {
  type LevelOpenOptions,
  type LevelOptions,
  type LevelWriteOptions,
  storeOptions,
  storeWrite,
} from './level-options.ts'
import { type LevelRange, type LevelRead, storeRead } from './level-range.ts'
import { LevelSnapshot } from './level-snapshot.ts'
import { LevelSync } from './level-sync.ts'
import { LoopShare } from './loop-share.ts'
import { propertyOf } from './properties.ts'
import { RangeReader } from './range-reader.ts'

/** What `approximateSize` and `compactRange` may be told. */
export interface StartEndOptions<K> {
  /** Encoding of `start` and `end`. */
  readonly keyEncoding?: string | Transcoder.PartialEncoder<K> | undefined
}

/** What `clear()` may be told. */
export type LevelClearOptions<K> = AbstractClearOptions<K> & LevelWriteOptions

const MANIFEST = {
  encodings: { buffer: true, utf8: true, view: true },
  has: true,
  getSync: true,
  createIfMissing: true,
  errorIfExists: true,
  explicitSnapshots: true,
  signals: { iterators: true },
  additionalMethods: { approximateSize: true, compactRange: true },
}

/**
 * An abstract-level database on a {@link Store}: code that runs on classic-level runs on it, with
 * sublevels, snapshots, encodings, hooks and events.
 *
 * Visibility, atomicity and order are those of the store: a write is seen by every read that starts
 * after its call, a batch is there whole or not at all, and what survives a crash is a prefix of the
 * history. `{ sync: true }` makes a write durable before its promise resolves.
 *
 * @example
 * ```ts
 * const db = new LsmLevel<string, { price: number }>('/var/data/menu', { valueEncoding: 'json' })
 * await db.put('tea', { price: 3 })
 * for await (const [key, value] of db.iterator({ gte: 't' })) console.log(key, value.price)
 * await db.close()
 * ```
 */
export class LsmLevel<KDefault = string, VDefault = string> extends AbstractLevel<
  LevelData,
  KDefault,
  VDefault
> {
  readonly #location: string
  readonly #storeOptions: StoreOptions | undefined
  readonly #share: LoopShare = new LoopShare()
  #store: Store | undefined
  #sync: LevelSync<KDefault, VDefault> | undefined

  /**
   * Opens by itself, in the next turn; operations wait for it.
   *
   * @throws TypeError for a location that is not a non-empty string.
   */
  constructor(location: string, options?: LevelOptions<KDefault, VDefault>) {
    if (typeof location !== 'string' || location === '') {
      throw new TypeError("The first argument 'location' must be a non-empty string")
    }
    // abstract-level would hand the store's options on to hooks.
    const { store, ...rest } = options ?? {}
    super(MANIFEST, rest)
    this.#location = location
    this.#storeOptions = store
  }

  /** The directory, as it was given. */
  get location(): string {
    return this.#location
  }

  /**
   * The store underneath, for what abstract-level has no words for: `changes()`, `checkpoint()`,
   * `verify()`, `metrics()`. Close the database, not the store.
   *
   * @throws LevelError `LEVEL_DATABASE_NOT_OPEN`
   */
  get store(): Store {
    if (this.#store !== undefined && this.status !== 'closed') return this.#store
    throw new LevelError('LEVEL_DATABASE_NOT_OPEN', 'Database is not open')
  }

  /** Reads and writes without promises. The database must be open. */
  get sync(): LevelSync<KDefault, VDefault> {
    this.#sync ??= new LevelSync(this, () => this.store)
    return this.#sync
  }

  override open(options?: LevelOpenOptions): Promise<void> {
    return super.open(options ?? {})
  }

  async _open(options: LevelOpenOptions): Promise<void> {
    try {
      const store = { ...this.#storeOptions, ...options.store }
      this.#store = await Store.open(this.#location, storeOptions({ ...options, store }))
    } catch (error) {
      throw levelError(error)
    }
  }

  async _close(): Promise<void> {
    try {
      await this.#store?.close()
    } catch (error) {
      throw levelError(error)
    }
    this.#store = undefined
  }

  // The private methods below answer at once where abstract-level awaits them: a promise each would
  // cost more than the read. Those that fix a view do so before they wait.

  _get(key: LevelData, options: LevelRead): LevelData | undefined | Promise<LevelData | undefined> {
    const value = this._getSync(key, options)
    const turn = this.#share.spend(1)
    return turn === undefined ? value : turn.then(() => value)
  }

  _getSync(key: LevelData, { snapshot, valueEncoding }: LevelRead): LevelData | undefined {
    try {
      const bytes = this.store.getSync(key, storeRead(snapshot))
      return bytes === undefined ? undefined : decoderOf(valueEncoding)(bytes)
    } catch (error) {
      throw levelError(error)
    }
  }

  async _getMany(keys: LevelData[], options: LevelRead): Promise<(LevelData | undefined)[]> {
    const values = keys.map((key) => this._getSync(key, options))
    await this.#share.spend(keys.length)
    return values
  }

  async _has(key: LevelData, { snapshot }: LevelRead): Promise<boolean> {
    const found = this.#has(key, snapshot)
    await this.#share.spend(1)
    return found
  }

  async _hasMany(keys: LevelData[], { snapshot }: LevelRead): Promise<boolean[]> {
    const found = keys.map((key) => this.#has(key, snapshot))
    await this.#share.spend(keys.length)
    return found
  }

  #has(key: LevelData, snapshot: AbstractSnapshot | null | undefined): boolean {
    try {
      return this.store.hasSync(key, storeRead(snapshot))
    } catch (error) {
      throw levelError(error)
    }
  }

  _put(key: LevelData, value: LevelData, options: LevelWriteOptions): Promise<void> {
    return this.store.put(key, value, storeWrite(options)).catch(rethrow)
  }

  _del(key: LevelData, options: LevelWriteOptions): Promise<void> {
    return this.store.delete(key, storeWrite(options)).catch(rethrow)
  }

  async _batch(
    operations: readonly AbstractBatchOperation<unknown, LevelData, LevelData>[],
    options: LevelWriteOptions,
  ): Promise<void> {
    const batch = this.store.batch()
    for (const operation of operations) {
      if (operation.type === 'put') batch.put(operation.key, operation.value)
      else batch.delete(operation.key)
    }
    await this.store.write(batch, storeWrite(options)).catch(rethrow)
  }

  _chainedBatch(): LevelBatch<this, KDefault, VDefault> {
    return new LevelBatch<this, KDefault, VDefault>(this, this.store)
  }

  async _clear(options: LevelRange & LevelWriteOptions): Promise<void> {
    await clearRange(this.store, options, storeWrite(options)).catch(rethrow)
  }

  _iterator(options: LevelRange): LevelIterator<this, KDefault, VDefault> {
    const parts = { keys: options.keys !== false, values: options.values !== false }
    return new LevelIterator(this, options, this.#reader(options, parts))
  }

  _keys(options: LevelRange): LevelKeyIterator<this, KDefault> {
    return new LevelKeyIterator(this, options, this.#reader(options, { keys: true, values: false }))
  }

  _values(options: LevelRange): LevelValueIterator<this, KDefault, VDefault> {
    const parts = { keys: false, values: true }
    return new LevelValueIterator(this, options, this.#reader(options, parts))
  }

  #reader(options: LevelRange, parts: { keys: boolean; values: boolean }): RangeReader {
    return new RangeReader(this.store, this.#share, options, parts)
  }

  _snapshot(options: { readonly owner: object }): AbstractSnapshot {
    return new LevelSnapshot(this.store.snapshot(), options)
  }

  /** About how many bytes the range `[start..end)` takes on disk and in memory. */
  async approximateSize<K = KDefault>(
    start: K,
    end: K,
    options?: StartEndOptions<K>,
  ): Promise<number> {
    const [gte, lt] = await this.#range(start, end, options)
    try {
      return this.store.approximateSize({ gte, lt })
    } catch (error) {
      throw levelError(error)
    }
  }

  /** Merges the tables of the range `[start..end)`, and reclaims what was deleted in it. */
  async compactRange<K = KDefault>(start: K, end: K, options?: StartEndOptions<K>): Promise<void> {
    const [gte, lt] = await this.#range(start, end, options)
    await this.store.compact({ gte, lt }).catch(rethrow)
  }

  async #range<K>(
    start: K,
    end: K,
    options: StartEndOptions<K> | undefined,
  ): Promise<[LevelData, LevelData]> {
    if (start === undefined || end === undefined) {
      throw new TypeError("The arguments 'start' and 'end' are required")
    }
    if (this.status === 'opening') await this.deferAsync(async () => {})
    const encoding = this.keyEncoding(options?.keyEncoding as string | undefined as 'utf8')
    const encode = (key: K): LevelData => encoding.encode(key as string)
    return [encode(start), encode(end)]
  }

  /**
   * `leveldb.num-files-at-level<N>`, `leveldb.stats`, `leveldb.sstables` and
   * `leveldb.approximate-memory-usage`, as text; an empty string for any other.
   *
   * @throws LevelError `LEVEL_DATABASE_NOT_OPEN`
   */
  getProperty(property: string): string {
    if (typeof property !== 'string') {
      throw new TypeError("The first argument 'property' must be a string")
    }
    return propertyOf(this.store.metrics(), property)
  }

  /** Makes a damaged database one that opens, with all that can be read: see `repairStore`. */
  static async repair(location: string): Promise<void> {
    checkLocation(location)
    await repairStore(location).catch(rethrow)
  }

  /** Removes the files of a database that is closed, and its directory when nothing else is in it. */
  static async destroy(location: string): Promise<void> {
    checkLocation(location)
    try {
      destroyFiles(nodeFileSystem(), location)
      await rmdir(location)
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code === 'ENOENT' || code === 'ENOTEMPTY' || code === 'EEXIST') return
      throw levelError(error)
    }
  }
}

function checkLocation(location: unknown): void {
  if (typeof location === 'string' && location !== '') return
  throw new TypeError("The first argument 'location' must be a non-empty string")
}

function rethrow(error: unknown): never {
  throw levelError(error)
}
