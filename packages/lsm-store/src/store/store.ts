import { type BackupInfo, type BackupOptions, makeBackup } from '../backup/make-backup.ts'
import type { Bytes } from '../bytes/text.ts'
import type { StoreChangesOptions } from '../changes/change-feed.ts'
import type { Change } from '../changes/change-reader.ts'
import { isStoreError } from '../errors.ts'
import type { RangeOptions } from '../iterator/range.ts'
import type { KeyspaceOptions } from '../keyspace/keyspace-options.ts'
import type { Space } from '../keyspace/space.ts'
import { approximateSize } from '../operations/approximate-size.ts'
import { type CheckpointInfo, writeCheckpoint } from '../operations/checkpoint.ts'
import type { OperationOptions } from '../operations/progress.ts'
import { repairStore } from '../operations/repair.ts'
import { withImage } from '../operations/store-image.ts'
import { type VerifyReport, verifyFiles } from '../operations/verify.ts'
import { resolveOptions, type StoreOptions } from '../options.ts'
import { type RunOptions, runTransaction } from '../transaction/run-transaction.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { type Batch, EncodedBatch, type Operation, type StoreBatch } from '../wal/batch.ts'
import { Engine } from './engine.ts'
import { EventSink, type StoreState } from './health.ts'
import { Keyspace } from './keyspace.ts'
import type { StoreMetrics } from './metrics.ts'
import { openReadOnly } from './open-read-only.ts'
import { openStore } from './open-store.ts'
import type { Snapshot } from './snapshot.ts'
import type { WriteOptions } from './writes.ts'

/**
 * An ordered map from bytes to bytes, kept in a directory; more of them beside its own keys are its
 * keyspaces.
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
export class Store extends Keyspace implements AsyncDisposable {
  readonly #engine: Engine
  readonly #handles: WeakMap<Space, Keyspace> = new WeakMap()

  private constructor(engine: Engine) {
    super(engine, engine.opened.keyspaces.default)
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
    const resolved = resolveOptions(options)
    if (resolved.readOnly) return new Store(new Engine(await openReadOnly(directory, resolved)))
    try {
      return new Store(new Engine(await openStore(directory, resolved)))
    } catch (error) {
      if (resolved.recovery !== 'salvage' || !isStoreError(error, 'STORE_CORRUPT')) throw error
    }
    const report = await repairStore(directory, { fileSystem: resolved.fileSystem })
    new EventSink(resolved.events, resolved.logger).emit('onRepair', report)
    return new Store(new Engine(await openStore(directory, resolved)))
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

  /**
   * Another ordered map in this store, made when there is none of this name. Calls with one name give
   * one object. It is there again when the store is opened again; options that were given are kept.
   *
   * @throws RangeError for a name of no or more than 255 characters, or `default`.
   * @throws TypeError for a `merge` that is not the one that the keyspace was made with.
   */
  async keyspace(name: string, options: KeyspaceOptions = {}): Promise<Keyspace> {
    const space = await this.#engine.keyspaces.resolve(name, options)
    const handle = this.#handles.get(space) ?? new Keyspace(this.#engine, space)
    this.#handles.set(space, handle)
    return handle
  }

  /** Names of the keyspaces that are there, besides the store's own keys. */
  get keyspaces(): readonly string[] {
    return this.#engine.opened.keyspaces.names
  }

  /** Applies all operations or none. Resolves with the sequence of the last one. */
  write(operations: readonly Operation[] | Batch, options?: WriteOptions): Promise<number> {
    return this.#engine.writes.batch(operations, options)
  }

  /**
   * As {@link Store.write}, and hands it to the operating system before it returns: from here on it
   * survives the process, though not a power cut. Returns the sequence of the last operation.
   */
  writeSync(operations: readonly Operation[] | Batch): number {
    return this.#engine.writeSync(operations)
  }

  /**
   * Runs `work` in a transaction and commits it. When something that it read was written meanwhile it
   * is run anew, so it should do nothing but read and write by its transaction.
   *
   * @example
   * ```ts
   * await store.transaction((tx) => {
   *   const stock = numberOf(tx.get('stock'))
   *   if (stock === 0) throw new Error('sold out')
   *   tx.put('stock', bytesOf(stock - 1))
   * })
   * ```
   * @throws StoreError `TRANSACTION_CONFLICT` after `retries` times; what `work` throws; and as
   * {@link Store.write}.
   */
  transaction<T>(
    work: (transaction: Transaction) => Promise<T> | T,
    options: RunOptions = {},
  ): Promise<T> {
    return runTransaction(() => this.#engine.begin(), work, options)
  }

  /** A transaction to commit or roll back by hand. `using` rolls it back when it was not committed. */
  begin(): Transaction {
    return this.#engine.begin()
  }

  /** Collects operations, encoded as they come, for {@link Store.write}. */
  batch(): StoreBatch {
    return new EncodedBatch(this.#engine.spaces)
  }

  /** A fixed view for later reads. Close it: compaction keeps what it shows. */
  snapshot(): Snapshot {
    return this.#engine.snapshot()
  }

  /**
   * As {@link Keyspace.changes}, for the store's own keys; with `keyspaces` for those of all keyspaces,
   * each operation of another than the default one saying which.
   */
  override changes(options: StoreChangesOptions = {}): AsyncIterableIterator<Change> {
    return this.#engine.changes(
      options.keyspaces === true ? undefined : this.#engine.opened.keyspaces.default,
      options,
    )
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

  /**
   * A copy of the store in another directory, of the moment of the call: tables are hard links where
   * the file system can, so that it is quick and takes little space. Open it as a store of its own.
   * Writes go on meanwhile. The change feed of the copy starts with what was in memory.
   *
   * @throws StoreError `STORE_EXISTS` when the directory is not empty, `STORE_IO`, `STORE_FULL`.
   * @example
   * ```ts
   * const { sequence } = await store.checkpoint('/var/data/orders-before-migration')
   * ```
   */
  checkpoint(directory: string, options: OperationOptions = {}): Promise<CheckpointInfo> {
    return withImage(this.#engine, true, (image, { fileSystem }) =>
      writeCheckpoint(fileSystem, image, directory, options),
    )
  }

  /**
   * Adds a backup of the moment of the call to a directory that may hold earlier ones, also of other
   * stores. Content that is there already is not copied again. See {@link listBackups},
   * {@link verifyBackup}, {@link restoreBackup} and {@link deleteBackup}.
   *
   * @throws StoreError `STORE_LOCKED` when another backup goes there, `STORE_IO`, `STORE_FULL`.
   */
  backup(directory: string, options: BackupOptions = {}): Promise<BackupInfo> {
    return withImage(this.#engine, true, (image, { fileSystem, clock }) =>
      makeBackup(fileSystem, image, directory, Math.floor(clock.now()), options),
    )
  }

  /**
   * Reads every file of the store and checks it: all checksums, the order of keys, indexes and filters
   * against what they stand for, tables and logs against the manifest. Reads and writes go on.
   *
   * @throws what `onProgress` throws, and the signal's reason.
   */
  verify(options: OperationOptions = {}): Promise<VerifyReport> {
    return withImage(this.#engine, false, ({ state, logs }, { fileSystem }) => {
      const written = logs.map(({ number, content }) => ({ number, bytes: content.length }))
      return verifyFiles({ fileSystem, directory: this.path, state, logs: written }, options)
    })
  }

  /**
   * Merges the tables that hold keys of the range, or without one all, down to the last level.
   *
   * @throws StoreError `STORE_CLOSED` when the store is closed before it is done: what was not merged yet
   * stays as it is.
   */
  override compact(range: { readonly gte?: Bytes; readonly lt?: Bytes } = {}): Promise<void> {
    const whole = range.gte === undefined && range.lt === undefined
    return this.#engine.compact(whole ? undefined : this.#engine.opened.keyspaces.default, range)
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
