import type { FileSystem } from '../fs/file-system.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { MergeCursor } from '../iterator/merge-cursor.ts'
import { isBefore } from '../iterator/range.ts'
import { Memtable } from '../memtable/memtable.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import { OrderedRecords } from '../memtable/ordered-records.ts'
import { sortRecords } from '../memtable/sort.ts'
import { loadJobOperators } from '../merge/job-operators.ts'
import { RangeDeletes } from '../range-delete/range-deletes.ts'
import { BlockCache } from '../sstable/block-cache.ts'
import { Table } from '../sstable/table.ts'
import { tableContext } from '../sstable/table-context.ts'
import { TableCursor } from '../sstable/table-cursor.ts'
import type { TableMeta } from '../sstable/table-meta.ts'
import type { ValueFiles } from '../value-files/value-files.ts'
import { loadJobFilters } from './compaction-filter.ts'
import { EntryFilters } from './entry-filters.ts'
import { EntrySink } from './entry-sink.ts'
import type { CompactionJob, FlushJob, Job, JobResult } from './job.ts'
import { OutputWriter } from './output-writer.ts'
import { SeenVersions } from './seen-versions.ts'
import type { ShardRange } from './shards.ts'
import { VersionFilter } from './version-filter.ts'

/** Entries between two moments at which a job may be put aside. */
const ENTRIES_PER_SLICE = 1024
/** Large entries make it earlier. */
const BYTES_PER_SLICE = 1024 * 1024

/**
 * Does a job in slices: each `next()` is about a millisecond of work and tells how many bytes came of it.
 * Closing it early cleans up.
 */
export function runJob(job: Job, fileSystem: FileSystem): Generator<number, JobResult, void> {
  return job.kind === 'flush' ? flush(job, fileSystem) : compact(job, fileSystem)
}

function* flush(job: FlushJob, fileSystem: FileSystem): Generator<number, JobResult, void> {
  const { image, directory, number, blockBytes, partitionBytes, snapshots, ingestedAfter } = job
  const isIngest = ingestedAfter !== undefined
  const memtable = Memtable.ofImage(image)
  const { ranges } = memtable
  const cursor = isIngest
    ? new UnnumberedCursor(memtable, memtable.entryIds(0))
    : inOrder(job, memtable)
  yield 0
  const output = new OutputWriter({
    fileSystem,
    directory,
    number,
    numbers: job.numbers,
    blockBytes,
    partitionBytes,
    compression: job.compression,
    largeValueBytes: job.largeValueBytes,
    spaces: job.spaces,
    tableBytes: Number.POSITIVE_INFINITY,
    level: 0,
    inputs: [],
    clearedSequence: isIngest
      ? 0
      : clearedUpTo(memtable.firstSequence, memtable.lastSequence, snapshots),
    ...(isIngest ? { ingestedAfter } : {}),
  })
  const filter = new VersionFilter(snapshots, false, ranges)
  const tables = yield* writeOut([cursor], filter, output, job)
  return { tables, ranges: ranges.condensed(snapshots) }
}

/** The records by key, newest first, as far as somebody sees them. */
function inOrder({ image, snapshots }: FlushJob, memtable: Memtable): Cursor {
  const seen = new SeenVersions(image, snapshots)
  const ids = sortRecords(image.arena, image.addresses, memtable.entryIds(0), seen)
  return new OrderedRecords(image, ids)
}

/** Records that have no sequences yet. */
class UnnumberedCursor extends MemtableCursor {
  override first(): void {
    super.first()
    this.sequence = 0
  }

  override next(): void {
    super.next()
    this.sequence = 0
  }
}

function* compact(job: CompactionJob, fileSystem: FileSystem): Generator<number, JobResult, void> {
  const { directory, number, numbers, blockBytes, partitionBytes, tableBytes } = job
  // Compaction reads each block once, in order: caching would only cost memory.
  const context = tableContext(fileSystem, directory, new BlockCache(0))
  const { values } = context
  const runs = job.runs.map((run) => run.map((meta) => new Table(context, meta)))
  for (const table of runs.flat()) table.retain()
  const ranges = RangeDeletes.of(job.ranges)
  const oldest = Math.min(...job.runs.flat().map(({ minSequence }) => minSequence))
  const newestRange = job.ranges.reduce((most, { sequence }) => Math.max(most, sequence), 0)
  const output = new OutputWriter({
    fileSystem,
    directory,
    number,
    numbers,
    blockBytes,
    partitionBytes,
    compression: job.compression,
    largeValueBytes: job.largeValueBytes,
    spaces: job.spaces,
    pointing: job.runs.flat(),
    moving: job.moving,
    values,
    tableBytes,
    level: job.outputLevel,
    inputs: job.runs.flatMap((run) => run.map((meta) => meta.number)),
    clearedSequence: clearedUpTo(oldest, newestRange, job.snapshots),
    ...(job.shard === undefined ? {} : { shard: job.shard }),
  })
  try {
    const cursors = runs.map((run) => new TableCursor(run as [Table, ...Table[]]))
    const filter = new VersionFilter(job.snapshots, job.dropDeletes, ranges)
    return { tables: yield* writeOut(cursors, filter, output, job, values), ranges: [] }
  } finally {
    for (const table of runs.flat()) table.release()
  }
}

/** Merges the cursors into the output, leaving out versions that nobody can see. */
function* writeOut(
  cursors: readonly Cursor[],
  filter: VersionFilter,
  output: OutputWriter,
  job: Job,
  values?: ValueFiles,
): Generator<number, readonly TableMeta[], void> {
  let done = false
  try {
    const operators = yield* loadJobOperators(job.operators)
    const filters = yield* loadJobFilters(job.kind === 'compaction' ? job.filters : [])
    const level = job.kind === 'compaction' ? job.outputLevel : 0
    const entryFilters = new EntryFilters(filters, level, values)
    const { expireBefore } = job
    const sink = new EntrySink({ filter, output, operators, expireBefore, entryFilters, values })
    const { from, to } = (job.kind === 'compaction' ? job.shard : undefined) ?? WHOLE
    const merge = new MergeCursor(cursors, true)
    merge.start(from)
    let isOver = false
    while (merge.top !== undefined && !isOver) {
      const before = output.bytes
      for (let i = 0; i < ENTRIES_PER_SLICE && output.bytes - before < BYTES_PER_SLICE; i++) {
        const { top } = merge
        isOver = top === undefined || isBehind(top, to)
        if (top === undefined || isOver) break
        sink.take(top)
        merge.advance()
      }
      yield output.bytes - before
    }
    sink.end()
    const tables = output.finish()
    done = true
    return tables
  } finally {
    if (!done) output.abandon()
  }
}

const WHOLE: ShardRange = { from: undefined, to: undefined }

function isBehind({ key, keyStart, keyEnd }: Cursor, to: Uint8Array | undefined): boolean {
  return to !== undefined && !isBefore(key, keyStart, keyEnd, to)
}

/**
 * Up to which range delete nothing that it deletes is left, of entries from `oldest` on: the last one,
 * unless a snapshot in between sees some of them.
 */
function clearedUpTo(oldest: number, newest: number, snapshots: readonly number[]): number {
  const seen = snapshots.find((sequence) => sequence >= oldest) ?? newest
  return Math.min(seen, newest)
}
