import type { TableMeta } from '../sstable/table-meta.ts'
import type { CompactionJob } from './job.ts'
import type { JobRunner } from './job-runner.ts'

/** @see runShards */
export interface ShardRunner {
  readonly runner: JobRunner
  /** A table that was written is in no manifest. */
  readonly discard: (table: TableMeta) => void
}

/** What the parts of a compaction write, in key order; when one fails the others are for nothing. */
export async function runShards(
  { runner, discard }: ShardRunner,
  jobs: readonly CompactionJob[],
): Promise<readonly TableMeta[]> {
  const results = await Promise.allSettled(jobs.map((job) => runner.run(job)))
  const written = results.flatMap((one) => (one.status === 'fulfilled' ? one.value.tables : []))
  const failed = results.find((one) => one.status === 'rejected')
  if (failed === undefined) return written
  for (const table of written) discard(table)
  throw failed.reason
}
