import type { Version } from '../manifest/version.ts'
import { holdsBoth, type RangeDelete } from '../range-delete/range-delete.ts'
import type { Table } from '../sstable/table.ts'
import { overlaps, type TableMeta } from '../sstable/table-meta.ts'
import type { CompactionPlan } from './picker.ts'

/** Above so many range deletes, tables are rewritten for little: lookups should not get slower. */
const MANY_RANGES = 256
/** Otherwise when a range delete covers this part of a table's bytes. */
const WORTHWHILE = 1 / 8

/** What range deletes make superfluous. */
export interface RangeCleanup {
  /** Tables of which nobody sees anything. */
  readonly tables: readonly TableMeta[]
  /** Range deletes that hide nothing any more. */
  readonly ranges: readonly RangeDelete[]
}

/** What can go without reading a table; undefined when nothing can. */
export function planCleanup(
  version: Version,
  snapshots: readonly number[],
): RangeCleanup | undefined {
  const gone = new Set<TableMeta>()
  for (const range of version.ranges.all) {
    for (const { meta } of tablesBefore(version, range)) {
      if (meta.maxSequence > range.sequence || !holdsBoth(range, meta.smallest, meta.largest))
        continue
      if (!isNeeded(meta, range, snapshots)) gone.add(meta)
    }
  }
  const ranges = version.ranges.all.filter((range) => {
    for (const { meta } of tablesBefore(version, range)) if (!gone.has(meta)) return false
    return true
  })
  return gone.size + ranges.length === 0 ? undefined : { tables: [...gone], ranges }
}

/** A table to write anew without what a range delete covers, if that is worth it now. */
export function planRewrite(
  version: Version,
  snapshots: readonly number[],
): CompactionPlan | undefined {
  const many = version.ranges.size > MANY_RANGES
  for (const range of version.ranges.all) {
    for (const table of tablesBefore(version, range)) {
      const { meta } = table
      if (isNeeded(meta, range, snapshots)) continue
      if (!many && table.bytesBetween(range.from, range.to) < meta.bytes * WORTHWHILE) continue
      const level = version.levels.findIndex((tables) => tables.includes(table))
      return { fromLevel: level, outputLevel: level, runs: [[table]], rewrite: true }
    }
  }
  return undefined
}

/** Tables that may hold something that the range delete hides. */
function* tablesBefore(version: Version, { from, to, sequence }: RangeDelete): Generator<Table> {
  for (const table of version.tables()) {
    const { meta } = table
    if (meta.minSequence >= sequence || meta.clearedSequence >= sequence) continue
    if (overlaps(meta, from, to)) yield table
  }
}

/** True when a snapshot from before the range delete may see something of the table. */
function isNeeded(meta: TableMeta, range: RangeDelete, snapshots: readonly number[]): boolean {
  return snapshots.some((seen) => seen >= meta.minSequence && seen < range.sequence)
}
