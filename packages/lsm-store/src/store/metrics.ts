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
  readonly tables: number
  readonly tableBytes: number
  /** Tables in each level. */
  readonly tablesPerLevel: readonly number[]
  readonly flushes: number
  readonly flushedBytes: number
  readonly compactions: number
  /** Of these, how many moved tables without reading them. */
  readonly trivialMoves: number
  readonly compactedBytesRead: number
  readonly compactedBytesWritten: number
  /** Blocks, indexes and filters in memory. */
  readonly cacheBytes: number
  readonly cacheHits: number
  readonly cacheMisses: number
  readonly stalls: number
  readonly stalledMs: number
  readonly openSnapshots: number
  readonly openIterators: number
}
