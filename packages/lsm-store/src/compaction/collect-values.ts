import type { Version } from '../manifest/version.ts'
import type { Table } from '../sstable/table.ts'
import { pointedBytes } from '../value-files/value-ref.ts'
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

/**
 * The table with most values in files that are mostly garbage: written anew in its place, it points to where they
 * were moved. Undefined when no file is worth it. Each plan leaves a table less that points there, and a file goes
 * with the last one.
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
      const bytes = pointedBytes(table.meta, wasted)
      if (bytes <= most) continue
      most = bytes
      best = { level, table }
    }
  }
  if (best === undefined) return undefined
  const { level, table } = best
  return { fromLevel: level, outputLevel: level, runs: [[table]], rewrite: true }
}
