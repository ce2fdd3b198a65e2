import { type RangeOptions, resolveBounds } from '../iterator/range.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import { overlaps } from '../sstable/table-meta.ts'
import type { OpenedStore } from '../store/open-store.ts'

/**
 * About how many bytes the keys of a range take: of tables to the block, of value files by its share of the
 * tables, of what is still in memory by its share of the records. Old versions that compaction has not dropped yet count.
 */
export function approximateSize(
  { segments, tables, keyspaces }: OpenedStore,
  range: Pick<RangeOptions, 'gt' | 'gte' | 'lt' | 'lte' | 'prefix'>,
): number {
  const own = resolveBounds(range)
  const { from, to } = keyspaces.any ? keyspaces.default.bounds(own) : own
  let bytes = 0
  for (const { memtable, order } of segments.list) {
    if (memtable.count === 0) continue
    let records = 0
    for (const run of order.runs()) {
      const cursor = new MemtableCursor(memtable, run)
      const start = from === undefined ? 0 : cursor.position(from)
      const end = to === undefined ? run.length : cursor.position(to)
      records += Math.max(0, end - start)
    }
    bytes += Math.round((records / memtable.count) * memtable.used)
  }
  const ingested = segments.list.flatMap((segment) => segment.ingested)
  for (const table of [...ingested, ...tables.version.tables()]) {
    if (overlaps(table.meta, from, to)) bytes += table.sizeOfRange(from, to)
  }
  return bytes
}
