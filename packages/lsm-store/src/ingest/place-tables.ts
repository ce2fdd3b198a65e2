import { successor } from '../iterator/range.ts'
import type { LeveledTable } from '../manifest/manifest-format.ts'
import { LEVELS, type Version } from '../manifest/version.ts'
import { findTable } from '../sstable/find-table.ts'
import type { Table } from '../sstable/table.ts'
import { overlaps, type TableMeta } from '../sstable/table-meta.ts'

/** Keys from `from` up to `to`, exclusive. */
export interface KeySpan {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/**
 * The level for each ingested table: the lowest one that it may be in. Nothing above may have its keys,
 * which would be older, and nothing in the level itself. `busy` is where a compaction is at work: what
 * it will write, and where, counts as being everywhere. So do `fresh` tables, which come with it.
 */
export function placeTables(
  version: Version,
  tables: readonly TableMeta[],
  fresh: readonly TableMeta[],
  busy: KeySpan | undefined,
): LeveledTable[] {
  return tables.map((meta) => {
    const span = { from: meta.smallest, to: successor(meta.largest) }
    const taken =
      fresh.some((other) => overlaps(other, span.from, span.to)) ||
      (busy !== undefined && overlaps(meta, busy.from, busy.to))
    return { level: taken ? 0 : lowestFree(version, span), meta }
  })
}

function lowestFree({ levels }: Version, { from, to }: KeySpan): number {
  const zero = levels[0] as readonly Table[]
  if (zero.some(({ meta }) => overlaps(meta, from, to))) return 0
  for (let level = 1; level < LEVELS; level++) {
    const tables = levels[level] as readonly Table[]
    const first = tables[findTable(tables, from, from.length)]
    if (first !== undefined && overlaps(first.meta, from, to)) return level - 1
  }
  return LEVELS - 1
}
