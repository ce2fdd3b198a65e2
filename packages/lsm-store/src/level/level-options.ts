import type { AbstractDatabaseOptions, AbstractOpenOptions } from 'abstract-level'
import type { StoreOptions } from '../options.ts'
import type { WriteOptions } from '../store/writes.ts'

const BLOCK_BYTES_MIN = 64
const BLOCK_BYTES_MAX = 32 * 1024
const MEMTABLE_BYTES_MIN = 64 * 1024
const TABLE_BYTES_MIN = 64 * 1024

/**
 * Options of `open()`. Those of classic-level are all taken; each says what becomes of it here.
 */
export interface LevelOpenOptions extends AbstractOpenOptions {
  /** Memory for blocks of tables. Default 64 MiB. */
  readonly cacheSize?: number | undefined
  /** Memory for writes before they go to a table. Default 32 MiB. */
  readonly writeBufferSize?: number | undefined
  /** Size of a table's blocks, at most 32 KiB. Default 4 KiB. */
  readonly blockSize?: number | undefined
  /** Size of a table. Default 32 MiB. */
  readonly maxFileSize?: number | undefined
  /** False: data blocks are not compressed. Default true: by LZ4. */
  readonly compression?: boolean | undefined
  /** Taken, without effect: tables stay open. */
  readonly maxOpenFiles?: number | undefined
  /** Taken, without effect: blocks have an offset for each entry. */
  readonly blockRestartInterval?: number | undefined
  /** Taken, without effect: a store is open in one thread. */
  readonly multithreading?: boolean | undefined
  /** What else the store can be told: `sync`, `fileSystem`, `events`... These win. */
  readonly store?: StoreOptions | undefined
}

/** Options of the constructor: encodings, and those of `open()`. */
export interface LevelOptions<K, V>
  extends AbstractDatabaseOptions<K, V>,
    Omit<LevelOpenOptions, 'passive'> {}

/** What writes may be told. */
export interface LevelWriteOptions {
  /** True: the promise resolves after fdatasync. Default false: as the store's `sync` option says. */
  readonly sync?: boolean | undefined
}

const clamp = (value: number, least: number, most: number): number =>
  Math.min(most, Math.max(least, Math.floor(value)))

/** The store's options for these of a database. */
export function storeOptions(options: LevelOpenOptions): StoreOptions {
  const { cacheSize, writeBufferSize, blockSize, maxFileSize, store = {} } = options
  const tables = {
    ...(blockSize === undefined
      ? {}
      : { blockBytes: clamp(blockSize, BLOCK_BYTES_MIN, BLOCK_BYTES_MAX) }),
    ...(maxFileSize === undefined
      ? {}
      : { tableBytes: clamp(maxFileSize, TABLE_BYTES_MIN, 2 ** 30) }),
    ...(options.compression === false ? { compression: 'none' as const } : {}),
    ...store.tables,
  }
  return {
    createIfMissing: options.createIfMissing !== false,
    errorIfExists: options.errorIfExists === true,
    // Nobody of the Level ecosystem asks for old changes, and LevelDB keeps no old logs.
    changeRetentionBytes: 0,
    ...(cacheSize === undefined ? {} : { blockCacheBytes: clamp(cacheSize, 0, 2 ** 40) }),
    ...(writeBufferSize === undefined
      ? {}
      : { memtableBytes: clamp(writeBufferSize, MEMTABLE_BYTES_MIN, 2 ** 30) }),
    ...store,
    tables,
  }
}

const SYNCED: WriteOptions = { sync: 'always' }

/** The store's write options for these of a database. */
export function storeWrite(options: LevelWriteOptions | undefined): WriteOptions | undefined {
  return options?.sync === true ? SYNCED : undefined
}
