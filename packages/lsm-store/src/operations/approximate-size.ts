import { type RangeOptions, resolveBounds } from '../iterator/range.ts'
import { MemtableCursor } from '../memtable/memtable-cursor.ts'
import type { Table } from '../sstable/table.ts'
import { overlaps } from '../sstable/table-meta.ts'
import type { OpenedStore } from '../store/open-store.ts'
import { pointedBytes } from '../value-files/value-ref.ts'

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
    if (overlaps(table.meta, from, to)) bytes += sizeInTable(table, from, to)
  }
  return bytes
}

function sizeInTable(
  table: Table,
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): number {
  const { index } = table.load()
  const start = from === undefined ? 0 : index.find(from, from.length)
  const last = to === undefined ? index.blocks : index.find(to, to.length) + 1
  const end = Math.min(index.blocks, last)
  // Data blocks stand in front of filter and index, which are counted in proportion.
  const data = index.offsets[index.blocks] as number
  const part = Math.max(0, (index.offsets[end] as number) - (index.offsets[start] as number))
  return Math.round((part / data) * (table.meta.bytes + pointedBytes(table.meta)))
}
