/** Counters since open and gauges of now, frozen. */
export interface StoreMetrics {
  readonly lastSequence: number
  readonly oldestChange: number
  readonly memtableBytes: number
  readonly unflushedMemtables: number
  readonly logBytes: number
  readonly logBytesWritten: number
  /** write(2) calls: each holds all batches of one event-loop turn. */
  readonly logGroups: number
  readonly logSyncs: number
  readonly openSnapshots: number
  readonly openIterators: number
}
