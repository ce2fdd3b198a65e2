import type { FileSystem } from '../fs/file-system.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { MergeCursor } from '../iterator/merge-cursor.ts'
import { Memtable } from '../memtable/memtable.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import { sortRecords } from '../memtable/sort.ts'
import { BlockCache } from '../sstable/block-cache.ts'
import { Table, tableContext } from '../sstable/table.ts'
import { TableCursor } from '../sstable/table-cursor.ts'
import type { CompactionJob, FlushJob, Job, JobResult } from './job.ts'
import { OutputWriter } from './output-writer.ts'
import { VersionFilter } from './version-filter.ts'

/** Entries between two moments at which a job may be put aside. */
const ENTRIES_PER_SLICE = 1024

/** Does a job in slices: each `next()` is about a millisecond of work. Closing it early cleans up. */
export function runJob(job: Job, fileSystem: FileSystem): Generator<void, JobResult, void> {
  return job.kind === 'flush' ? flush(job, fileSystem) : compact(job, fileSystem)
}

function* flush(job: FlushJob, fileSystem: FileSystem): Generator<void, JobResult, void> {
  const { image, directory, number, blockBytes, snapshots } = job
  const ids = new Int32Array(image.count)
  for (let i = 0; i < ids.length; i++) ids[i] = i
  sortRecords(image.arena, image.addresses, ids)
  yield
  const output = new OutputWriter({
    fileSystem,
    directory,
    number,
    numbers: 1,
    blockBytes,
    tableBytes: Number.POSITIVE_INFINITY,
    level: 0,
    inputs: [],
  })
  const cursor = new MemtableCursor(Memtable.ofImage(image), ids)
  return yield* writeOut([cursor], new VersionFilter(snapshots, false), output)
}

function* compact(job: CompactionJob, fileSystem: FileSystem): Generator<void, JobResult, void> {
  const { directory, number, numbers, blockBytes, tableBytes } = job
  // Compaction reads each block once, in order: caching would only cost memory.
  const context = tableContext(fileSystem, directory, new BlockCache(0))
  const runs = job.runs.map((run) => run.map((meta) => new Table(context, meta)))
  const output = new OutputWriter({
    fileSystem,
    directory,
    number,
    numbers,
    blockBytes,
    tableBytes,
    level: job.outputLevel,
    inputs: job.runs.flatMap((run) => run.map((meta) => meta.number)),
  })
  try {
    const cursors = runs.map((run) => new TableCursor(run as [Table, ...Table[]]))
    return yield* writeOut(cursors, new VersionFilter(job.snapshots, job.dropDeletes), output)
  } finally {
    for (const table of runs.flat()) table.close()
  }
}

/** Merges the cursors into the output, leaving out versions that nobody can see. */
function* writeOut(
  cursors: readonly Cursor[],
  filter: VersionFilter,
  output: OutputWriter,
): Generator<void, JobResult, void> {
  let done = false
  try {
    const merge = new MergeCursor(cursors, true)
    merge.start()
    let startsKey = true
    while (merge.top !== undefined) {
      for (let i = 0; i < ENTRIES_PER_SLICE; i++) {
        const { top } = merge
        if (top === undefined) break
        const keep = filter.keeps(top)
        startsKey ||= filter.newKey
        if (keep) {
          output.add(top, startsKey)
          startsKey = false
        }
        merge.advance()
      }
      yield
    }
    const tables = output.finish()
    done = true
    return { tables }
  } finally {
    if (!done) output.abandon()
  }
}
