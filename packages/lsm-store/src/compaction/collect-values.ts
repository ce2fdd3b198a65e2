import type { Version } from '../manifest/version.ts'
import type { Table } from '../sstable/table.ts'
import type { ValueUsage } from '../value-files/value-usage.ts'
import type { CompactionPlan } from './picker.ts'

/** One compaction moves values of so many tables' bytes at most: others wait for it. */
const MOST_TABLES_MOVED = 8
/** Value files below this part of a table's bytes are joined with others when they are met. */
const SMALL_FILE = 1 / 32

/** Value files out of which a compaction moves the values that it meets. */
export function movableFiles(usage: ValueUsage, tableBytes: number): number[] {
  return [...usage.movable(MOST_TABLES_MOVED * tableBytes, SMALL_FILE * tableBytes)]
}

/** A table is written anew for garbage of this part of its own bytes: for less, it waits until it is met. */
const WORTHWHILE = 1 / 4

/**
 * The table with the largest share of garbage in files of which much is: written anew in its place, it points to where
 * its values were moved. Undefined when none is worth it. Each plan leaves a table less that points there, and a
 * file goes with the last one.
 */
export function planCollection(
  version: Version,
  usage: ValueUsage,
  tableBytes: number,
): CompactionPlan | undefined {
  const wasted = usage.wasted(MOST_TABLES_MOVED * tableBytes)
  if (wasted.size === 0) return undefined
  let best: { readonly level: number; readonly table: Table } | undefined
  let most = 0
  for (const [level, tables] of version.levels.entries()) {
    for (const table of tables) {
      const waste = usage.wasteOf(table.meta, wasted)
      if (waste <= most || waste < table.meta.bytes * WORTHWHILE) continue
      most = waste
      best = { level, table }
    }
  }
  if (best === undefined) return undefined
  const { level, table } = best
  return { fromLevel: level, outputLevel: level, runs: [[table]], rewrite: true }
}
