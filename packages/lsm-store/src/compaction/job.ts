import type { Compression } from '../compression/compression.ts'
import type { SpaceSettings } from '../keyspace/space-settings.ts'
import type { MemtableImage } from '../memtable/memtable.ts'
import type { JobOperator } from '../merge/job-operators.ts'
import type { RangeDelete } from '../range-delete/range-delete.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import { pointedBytes } from '../value-files/value-ref.ts'
import type { JobFilter } from './compaction-filter.ts'
import type { ShardRange } from './shards.ts'

/** Work for the background: writes one memtable to a table, or to some. Can be sent to a thread. */
export interface FlushJob {
  readonly kind: 'flush'
  readonly directory: string
  readonly image: MemtableImage
  /** First of the numbers set aside for tables. */
  readonly number: number
  /** How many they are. */
  readonly numbers: number
  readonly blockBytes: number
  readonly partitionBytes: number
  readonly compression: Compression
  /** Values of so many bytes go to value files; 0: none does. */
  readonly largeValueBytes: number
  /** Of keyspaces that have settings of their own. */
  readonly spaces: readonly SpaceSettings[]
  /** Sequences of open snapshots, ascending. */
  readonly snapshots: readonly number[]
  readonly operators: readonly JobOperator[]
  /** Entries that ended by then, in milliseconds since the epoch, are seen by nobody. */
  readonly expireBefore: number
  /**
   * The records are to be ingested: they are in key order, each key once, and are written without
   * sequences. What was written to the store up to this one is older.
   */
  readonly ingestedAfter?: number
}

/** Work for the background: merges tables into new ones. Can be sent to a thread. */
export interface CompactionJob {
  readonly kind: 'compaction'
  readonly directory: string
  /** Sorted runs: each holds tables one after another in key order. */
  readonly runs: readonly (readonly TableMeta[])[]
  readonly outputLevel: number
  /** No older version of any key is left in other tables: deletes have done their work. */
  readonly dropDeletes: boolean
  /** First of the numbers set aside for output. */
  readonly number: number
  /** How many they are. */
  readonly numbers: number
  readonly blockBytes: number
  readonly partitionBytes: number
  readonly compression: Compression
  readonly largeValueBytes: number
  readonly spaces: readonly SpaceSettings[]
  /** Value files whose values are written anew, as far as the inputs point to them. */
  readonly moving: readonly number[]
  /** Outputs are cut at this size. */
  readonly tableBytes: number
  /** It writes no faster; 0 is as fast as it can. */
  readonly bytesPerSecond: number
  readonly snapshots: readonly number[]
  /** Those of the manifest. What they delete is left out. */
  readonly ranges: readonly RangeDelete[]
  readonly operators: readonly JobOperator[]
  readonly filters: readonly JobFilter[]
  readonly expireBefore: number
  /** One key range of what others work on too. */
  readonly shard?: JobShard
}

/** A part of a compaction that is cut by keys. */
export interface JobShard extends ShardRange {
  /** Number of the first table of the whole. */
  readonly job: number
  /** Which part it is, and of how many. */
  readonly index: number
  readonly count: number
}

export type Job = FlushJob | CompactionJob

/** What a job made. A flush of nothing but dropped versions makes no table. */
export interface JobResult {
  readonly tables: readonly TableMeta[]
  /** Of a flush: what the memtable's range deletes still have to delete in older tables. */
  readonly ranges: readonly RangeDelete[]
}

/**
 * Numbers that a compaction may need for its output: enough even when every table is cut short, also by values that
 * move out of these files.
 */
export function outputNumbers(
  runs: readonly (readonly TableMeta[])[],
  tableBytes: number,
  moving: readonly number[],
): number {
  const files = new Set(moving)
  let bytes = 0
  let tables = 0
  for (const run of runs) {
    for (const table of run) bytes += table.bytes + pointedBytes(table, files)
    tables += run.length
  }
  // A table may be cut short between keyspaces.
  return Math.ceil((16 * bytes) / tableBytes) + tables + 1
}
