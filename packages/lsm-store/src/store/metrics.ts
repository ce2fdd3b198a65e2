import type { LogSyncer } from '../wal/log-syncer.ts'
import type { LogWriter } from '../wal/log-writer.ts'
import type { Background } from './background.ts'
import type { OpenedStore } from './open-store.ts'
import type { WriteStalls } from './stalls.ts'

/** Counters since open and gauges of now, frozen. */
export interface StoreMetrics {
  readonly lastSequence: number
  readonly oldestChange: number
  readonly memtableBytes: number
  readonly unflushedMemtables: number
  /** Log files on disk, with those kept for `changes()`. */
  readonly logBytes: number
  readonly logBytesWritten: number
  /** write(2) calls: each holds all batches of one event-loop turn. */
  readonly logGroups: number
  readonly logSyncs: number
  /** Range deletes that reads have to look at. */
  readonly rangeDeletes: number
  readonly tables: number
  readonly tableBytes: number
  /** Tables in each level. */
  readonly tablesPerLevel: readonly number[]
  /** Files with values that are too large for tables, and their bytes. */
  readonly valueFiles: number
  readonly valueFileBytes: number
  /** Of these, what no table points to any more. */
  readonly valueGarbageBytes: number
  readonly flushes: number
  readonly flushedBytes: number
  readonly compactions: number
  /** Tables are being merged at this moment. */
  readonly compacting: boolean
  /** Of these, how many moved tables without reading them. */
  readonly trivialMoves: number
  /** Tables that range deletes covered as a whole, removed without being read. */
  readonly droppedTables: number
  readonly droppedBytes: number
  /** Tables that ingests brought, once they are in a level. */
  readonly ingestedTables: number
  readonly ingestedBytes: number
  readonly compactedBytesRead: number
  readonly compactedBytesWritten: number
  /** Of these, what went to value files. */
  readonly compactedValueBytes: number
  /** Blocks, indexes and filters in memory. */
  readonly cacheBytes: number
  readonly cacheHits: number
  readonly cacheMisses: number
  readonly stalls: number
  readonly stalledMs: number
  readonly openSnapshots: number
  readonly openIterators: number
}

/** Where the numbers come from. */
export interface MetricsSources {
  readonly opened: OpenedStore
  readonly writer: LogWriter
  readonly syncer: LogSyncer
  readonly background: Background
  readonly stalls: WriteStalls
  readonly openSnapshots: number
  readonly openIterators: number
}

/** The numbers of this moment. */
export function collectMetrics(sources: MetricsSources): StoreMetrics {
  const { opened, writer, syncer, background, stalls, openSnapshots, openIterators } = sources
  const { segments, tables, catalog } = opened
  const { cache, version } = tables
  const all = [...version.tables()]
  const memtables = segments.list.map(({ memtable }) => memtable)
  return Object.freeze({
    lastSequence: writer.visibleSequence,
    oldestChange: catalog.oldestChange,
    memtableBytes: memtables.reduce((sum, { bytes }) => sum + bytes, 0),
    unflushedMemtables: segments.unflushed,
    logBytes: catalog.bytes,
    logBytesWritten: writer.bytesWritten,
    logGroups: writer.groups,
    logSyncs: syncer.syncs,
    rangeDeletes: memtables.reduce((sum, { ranges }) => sum + ranges.size, version.ranges.size),
    tables: all.length,
    tableBytes: all.reduce((sum, { meta }) => sum + meta.bytes, 0),
    tablesPerLevel: version.levels.map((level) => level.length),
    valueFiles: tables.usage.count,
    valueFileBytes: tables.usage.bytes,
    valueGarbageBytes: tables.usage.garbageBytes,
    ...background.counts,
    compacting: background.isCompacting,
    cacheBytes: cache.used,
    cacheHits: cache.hits,
    cacheMisses: cache.misses,
    stalls: stalls.stalls,
    stalledMs: stalls.stalledMs,
    openSnapshots,
    openIterators,
  })
}
