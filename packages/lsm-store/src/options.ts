import { availableParallelism, totalmem } from 'node:os'
import { type Clock, type Logger, silentLogger, systemClock } from '@ashlar/codec'
import { type Compression, checkCompression } from './compression/compression.ts'
import type { StoreEvents } from './events.ts'
import type { FileSystem } from './fs/file-system.ts'
import { nodeFileSystem } from './fs/node-file-system.ts'
import {
  checkDefaultKeyspace,
  checkLargeValues,
  type KeyspaceOptions,
} from './keyspace/keyspace-options.ts'
import { PARTITION_BYTES } from './sstable/table-builder.ts'
import type { SyncMode } from './wal/log-writer.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** How a store is opened. Everything has a default. */
export interface StoreOptions {
  /** Where the bytes are. Default `nodeFileSystem()`. */
  readonly fileSystem?: FileSystem
  /** Time for intervals, delays and durations. Default the system's. */
  readonly clock?: Clock
  /** Default: silent. */
  readonly logger?: Logger
  /**
   * When a write counts as done. `always`: after fdatasync, shared by all that wait. `interval`:
   * after write(2), which survives the process but not a power cut until the next sync, at most
   * `syncIntervalMs` later. `none`: after write(2), never synced by itself. Default `interval`.
   */
  readonly sync?: SyncMode
  /** Default 1000. */
  readonly syncIntervalMs?: number
  /** Default true; false fails with `STORE_MISSING`. */
  readonly createIfMissing?: boolean
  /**
   * Opens the store as it is at the call, also while another process or this one has it open and
   * writes; what is written later is not seen. Nothing is changed, locked or made, and writes fail with
   * `STORE_READ_ONLY`. Every file is held open. Default false.
   */
  readonly readOnly?: boolean
  /** Default false; true fails with `STORE_EXISTS`. */
  readonly errorIfExists?: boolean
  /**
   * What a log may look like after a crash. `pointInTime`: the history ends at the first gap, but not
   * when frames behind it say that what is missing had been durable. `tolerateTornTail`: only the end
   * of the last log may be unfinished. `strict`: nothing may. `salvage`: a store that is refused is
   * repaired as `repairStore` does it, told by `onRepair`, and opened. Default `pointInTime`.
   */
  readonly recovery?: RecoveryMode
  /** Memory for writes before they go to a table; up to four are in use under load. Default 32 MiB. */
  readonly memtableBytes?: number
  /**
   * Writers that wait for no promise are refused with `STORE_BUSY` when more than this waits to be flushed:
   * a bound on memory. Default: eight memtables, at least 64 MiB.
   */
  readonly maxUnflushedBytes?: number
  /**
   * Memory for blocks, indexes and filters of tables, taken as it fills; up to half of it is for the last
   * two. With 0 everything is read anew. Default: a sixteenth of what the process may have, at least 64
   * MiB and at most 256 MiB.
   */
  readonly blockCacheBytes?: number
  /**
   * Log kept for `changes()` beyond what recovery needs. Logs are kept whole, so what is to help a reader
   * that stays away should be some `memtableBytes`. Default 4 MiB: little more than nothing.
   */
  readonly changeRetentionBytes?: number
  /**
   * With more than this in memory, `close()` writes it to a table first, for about 20 ms a MiB, so that
   * the next open has no log to replay. Default 1 MiB.
   */
  readonly flushOnCloseBytes?: number
  /** Called when something happened. What they throw is logged and otherwise ignored. */
  readonly events?: StoreEvents
  /** Time to live, merge operator and compression of the store's own keys. Not kept: give them at each open. */
  readonly defaultKeyspace?: KeyspaceOptions
  /** Sizes of tables and levels. The defaults fit; tests make them small. */
  readonly tables?: TableOptions
}

/** Sizes of tables and levels. */
export interface TableOptions {
  /** Data blocks are cut at this size. Default 4 KiB. */
  readonly blockBytes?: number
  /**
   * Index and filter of a table are cut in partitions of about this size when they are more than eight of
   * them: parts of the cache, that come and go as they are needed. Default 32 KiB.
   */
  readonly partitionBytes?: number
  /**
   * How data blocks are compressed: one for all levels, or one for each, the last also for those below.
   * Reading a block that is in no cache costs a few microseconds more with `lz4`, some ten with `zstd`;
   * either way half the space or less, and less to write. Default `lz4`.
   */
  readonly compression?: Compression | readonly Compression[]
  /**
   * Values of this size or larger are kept in files of their own, and tables say where: compaction then moves the
   * place and not the value. It pays for values of some KiB that are overwritten; up to as much space again may be
   * taken by what is deleted. Values that are in such files stay in them when this changes. Default 0: none goes there.
   */
  readonly largeValueBytes?: number
  /** Compaction cuts tables at this size. Default 32 MiB. */
  readonly tableBytes?: number
  /** Size of level 1; each further level is ten times larger. Default 128 MiB. */
  readonly levelBytes?: number
  /** Tables in level 0 that start a compaction. Default 4. */
  readonly levelZeroTables?: number
  /**
   * Compaction writes no faster than this, and reads accordingly; flushes are not held back. When writers
   * are faster for long they are, which `onStall` tells. Default 0: as fast as it can.
   */
  readonly compactionBytesPerSecond?: number
  /**
   * A compaction of much is cut into so many key ranges at most, each worked on by a thread of its own,
   * which takes some 10 MiB. Default: half of the processors, up to 4.
   */
  readonly compactionThreads?: number
  /** Where compaction runs. Default: a worker thread where the file system allows it. */
  readonly compaction?: 'worker' | 'inline'
}

/** How much damage a log may have. */
export type RecoveryMode = 'strict' | 'tolerateTornTail' | 'pointInTime' | 'salvage'

/** Options with every default filled in. */
export interface ResolvedOptions extends Required<Omit<StoreOptions, 'tables'>> {
  readonly tables: Required<TableOptions>
}

const MEMTABLE_BYTES = 32 * MIB
const BUSY_MEMTABLES = 8
const LEAST_BUSY_BYTES = 64 * MIB

const unflushedBytes = (memtableBytes: number = MEMTABLE_BYTES): number =>
  Math.max(LEAST_BUSY_BYTES, BUSY_MEMTABLES * memtableBytes)

/** Fills in defaults and checks every field once. */
export function resolveOptions(options: StoreOptions): ResolvedOptions {
  const fileSystem = options.fileSystem ?? nodeFileSystem()
  return {
    fileSystem,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    sync: checkSync(options.sync ?? 'interval'),
    syncIntervalMs: integer('syncIntervalMs', options.syncIntervalMs ?? 1000, 1, 2 ** 31 - 1),
    createIfMissing: options.createIfMissing ?? true,
    readOnly: options.readOnly ?? false,
    errorIfExists: options.errorIfExists ?? false,
    recovery: checkRecovery(options.recovery ?? 'pointInTime'),
    memtableBytes: integer(
      'memtableBytes',
      options.memtableBytes ?? MEMTABLE_BYTES,
      KIB,
      1024 * MIB,
    ),
    maxUnflushedBytes: integer(
      'maxUnflushedBytes',
      options.maxUnflushedBytes ?? unflushedBytes(options.memtableBytes),
      KIB,
      Number.MAX_SAFE_INTEGER,
    ),
    blockCacheBytes: integer(
      'blockCacheBytes',
      options.blockCacheBytes ?? defaultCacheBytes(),
      0,
      2 ** 40,
    ),
    changeRetentionBytes: integer(
      'changeRetentionBytes',
      options.changeRetentionBytes ?? 4 * MIB,
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    flushOnCloseBytes: integer(
      'flushOnCloseBytes',
      options.flushOnCloseBytes ?? MIB,
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    events: options.events ?? {},
    defaultKeyspace: checkDefaultKeyspace(options.defaultKeyspace ?? {}),
    tables: resolveTables(options.tables ?? {}, fileSystem),
  }
}

function resolveTables(tables: TableOptions, fileSystem: FileSystem): Required<TableOptions> {
  const { partitionBytes = PARTITION_BYTES, compactionBytesPerSecond = 0 } = tables
  const { compactionThreads = defaultThreads() } = tables
  const size = (field: string, value: number, least: number, most: number): number =>
    integer(`tables.${field}`, value, least, most)
  return {
    blockBytes: size('blockBytes', tables.blockBytes ?? 4 * KIB, 64, 32 * KIB),
    partitionBytes: size('partitionBytes', partitionBytes, 16, MIB),
    compression: compressions(tables.compression ?? 'lz4'),
    largeValueBytes: checkLargeValues('tables.largeValueBytes', tables.largeValueBytes ?? 0),
    tableBytes: size('tableBytes', tables.tableBytes ?? 32 * MIB, KIB, 1024 * MIB),
    levelBytes: size('levelBytes', tables.levelBytes ?? 128 * MIB, KIB, 2 ** 40),
    compactionBytesPerSecond: size(
      'compactionBytesPerSecond',
      compactionBytesPerSecond,
      0,
      2 ** 40,
    ),
    compactionThreads: size('compactionThreads', compactionThreads, 1, 16),
    levelZeroTables: size('levelZeroTables', tables.levelZeroTables ?? 4, 1, 64),
    compaction: fileSystem.sharedWithThreads ? (tables.compaction ?? 'worker') : 'inline',
  }
}

function defaultThreads(): number {
  return Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2)))
}

/** A share of the machine's memory, or of the container's. */
function defaultCacheBytes(): number {
  // Without a limit this is a huge number, or 0 where the system does not tell.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  const share = Math.floor(Math.min(limit, totalmem()) / 16)
  return Math.min(Math.max(share, 64 * MIB), 256 * MIB)
}

export function checkSync(mode: SyncMode): SyncMode {
  if (mode === 'always' || mode === 'interval' || mode === 'none') return mode
  throw new RangeError(`sync must be 'always', 'interval' or 'none', got ${String(mode)}`)
}

function compressions(given: Compression | readonly Compression[]): readonly Compression[] {
  const all = Array.isArray(given) ? (given as readonly Compression[]) : [given as Compression]
  if (all.length === 0) throw new RangeError('tables.compression must not be an empty list')
  for (const one of all) checkCompression('tables.compression', one)
  return all
}

/** How blocks of a level are compressed. */
export function compressionAt({ tables }: ResolvedOptions, level: number): Compression {
  const all = tables.compression as readonly Compression[]
  return all[Math.min(level, all.length - 1)] as Compression
}

const RECOVERY_MODES: readonly string[] = ['strict', 'tolerateTornTail', 'pointInTime', 'salvage']

function checkRecovery(mode: RecoveryMode): RecoveryMode {
  if (RECOVERY_MODES.includes(mode)) return mode
  throw new RangeError(`recovery must be one of ${RECOVERY_MODES.join(', ')}, got ${String(mode)}`)
}

function integer(field: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`${field} must be an integer from ${least} to ${most}, got ${String(value)}`)
}
