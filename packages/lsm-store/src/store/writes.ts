import type { Bytes } from '../bytes/text.ts'
import type { KeyRange } from '../iterator/range.ts'
import { dropped } from '../keyspace/keyspace-errors.ts'
import type { Space } from '../keyspace/space.ts'
import { KIND_DELETE, KIND_MERGE, KIND_PUT, KIND_RANGE_DELETE } from '../memtable/record.ts'
import { checkOperator } from '../merge/check-operator.ts'
import { checkSync } from '../options.ts'
import { type Batch, EncodedBatch, type Operation, rangeBounds } from '../wal/batch.ts'
import type { LogWriter, SyncMode } from '../wal/log-writer.ts'
import { expiryOf, type SpaceResolver } from '../wal/operation-target.ts'
import { tooManyRanges } from './health.ts'
import type { OpenedStore } from './open-store.ts'

/** What writes may be told. */
export interface WriteOptions {
  /** Another sync mode than the store's, for this write. */
  readonly sync?: SyncMode
}

/** What a put may be told. */
export interface PutOptions extends WriteOptions {
  /**
   * The entry is gone after so many milliseconds of the wall clock. Default: that of its keyspace,
   * which by default is never.
   */
  readonly ttlMs?: number
}

/** Range deletes in tables: lookups in many cost more. */
const MOST_RANGES = 16 * 1024
const NO_BYTES = new Uint8Array(0)

/** Checks writes and hands them to the log. Failures come as rejections. */
export class Writes {
  readonly #opened: OpenedStore
  readonly #writer: LogWriter
  readonly #spaces: SpaceResolver

  constructor(opened: OpenedStore, writer: LogWriter, spaces: SpaceResolver) {
    this.#opened = opened
    this.#writer = writer
    this.#spaces = spaces
  }

  put(space: Space, key: Bytes, value: Bytes, options: PutOptions | undefined): Promise<void> {
    try {
      if (value === undefined) throw new TypeError('value must not be undefined')
      this.#check(space, key)
      const expiry = expiryOf(options?.ttlMs, space, this.#spaces)
      const mode = this.mode(options)
      return this.#writer.append(KIND_PUT, space.prefix, key, value, expiry, mode)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  delete(space: Space, key: Bytes, options: WriteOptions | undefined): Promise<void> {
    try {
      this.#check(space, key)
      return this.#writer.append(KIND_DELETE, space.prefix, key, undefined, 0, this.mode(options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  merge(space: Space, key: Bytes, value: Bytes, options: WriteOptions | undefined): Promise<void> {
    try {
      if (value === undefined) throw new TypeError('value must not be undefined')
      this.#check(space, key)
      checkOperator(space)
      return this.#writer.append(KIND_MERGE, space.prefix, key, value, 0, this.mode(options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  deleteRange(space: Space, range: KeyRange, options: WriteOptions | undefined): Promise<void> {
    try {
      const { health, tables, path } = this.#opened
      health.checkWritable()
      if (space.dropped) throw dropped(space.name)
      if (tables.version.ranges.size >= MOST_RANGES) throw tooManyRanges(path, MOST_RANGES)
      const bounds = rangeBounds(range, space)
      if (bounds === undefined) return Promise.resolve()
      const { from, to } = bounds
      return this.#writer.append(KIND_RANGE_DELETE, NO_BYTES, from, to, 0, this.mode(options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  batch(
    operations: readonly Operation[] | Batch,
    options: WriteOptions | undefined,
  ): Promise<number> {
    try {
      this.#opened.health.checkWritable()
      return this.#writer.write(this.checkBatch(operations), this.mode(options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Operations, or a batch of this store. */
  checkBatch(operations: readonly Operation[] | Batch): readonly Operation[] | EncodedBatch {
    if (Array.isArray(operations)) return operations
    if (!(operations instanceof EncodedBatch)) {
      throw new TypeError('operations must be an array or come from store.batch()')
    }
    if (operations.spaces === this.#spaces) return operations
    throw new TypeError('the batch belongs to another store')
  }

  #check(space: Space, key: Bytes): void {
    this.#opened.health.checkWritable()
    if (space.dropped) throw dropped(space.name)
    space.checkKey(key)
  }

  mode(options: WriteOptions | undefined): SyncMode {
    const mode = options?.sync
    return mode === undefined ? this.#opened.options.sync : checkSync(mode)
  }
}
