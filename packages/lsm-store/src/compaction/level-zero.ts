import { compareBytes } from '../bytes/compare.ts'
import type { Version } from '../manifest/version.ts'
import type { Table } from '../sstable/table.ts'

/**
 * Level 0 as sorted runs, newest first: each flush made one table, and each ingest some that hold one
 * range after another.
 */
export function levelZeroRuns({ levels }: Version): Table[][] {
  const runs: Table[][] = []
  for (const table of levels[0] as readonly Table[]) {
    const { ingestedAt } = table.meta
    const run = runs.at(-1)
    if (ingestedAt === undefined || run?.[0]?.meta.ingestedAt !== ingestedAt) runs.push([table])
    else run.push(table)
  }
  for (const run of runs) run.sort((a, b) => compareBytes(a.meta.smallest, b.meta.smallest))
  return runs
}
