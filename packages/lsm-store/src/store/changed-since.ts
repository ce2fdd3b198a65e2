import { compareBytes } from '../bytes/compare.ts'
import { isBefore } from '../iterator/range.ts'
import type { Version } from '../manifest/version.ts'
import type { Memtable } from '../memtable/memtable.ts'
import { KIND_INGEST, KIND_RANGE_DELETE } from '../memtable/record.ts'
import { TableCursor } from '../sstable/table-cursor.ts'
import { overlaps } from '../sstable/table-meta.ts'
import type { LogSegment } from '../wal/log-segment.ts'

/** Keys from `from` up to `to`, exclusive. */
interface Bounds {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/**
 * True when something in the bounds was written after `sequence`. A snapshot of that sequence must be
 * open, so that compaction has kept deletes. In memory only what was written since is looked at.
 */
export function isChangedSince(
  segments: readonly LogSegment[],
  version: Version,
  bounds: Bounds,
  sequence: number,
): boolean {
  if (compareBytes(bounds.from, bounds.to) >= 0) return false
  if (segments.some(({ memtable }) => isInMemtable(memtable, bounds, sequence))) return true
  const { from, to } = bounds
  for (const range of version.ranges.all) {
    if (range.sequence <= sequence || compareBytes(range.from, to) >= 0) continue
    if (range.to === undefined || compareBytes(range.to, from) > 0) return true
  }
  const tables = [...segments.flatMap(({ ingested }) => ingested), ...version.tables()]
  for (const table of tables) {
    if (table.meta.maxSequence <= sequence || !overlaps(table.meta, from, to)) continue
    const cursor = new TableCursor([table])
    for (cursor.seek(from, from.length); cursor.valid; cursor.next()) {
      if (!isBefore(cursor.key, cursor.keyStart, cursor.keyEnd, to)) break
      if (cursor.sequence > sequence) return true
    }
  }
  return false
}

function isInMemtable(memtable: Memtable, { from, to }: Bounds, sequence: number): boolean {
  const { arena, count } = memtable
  for (let id = Math.max(0, sequence + 1 - memtable.firstSequence); id < count; id++) {
    const { kind, keyStart, keyEnd, valueEnd } = memtable.read(id)
    if (kind === KIND_INGEST || !isBefore(arena, keyStart, keyEnd, to)) continue
    if (kind === KIND_RANGE_DELETE) {
      const reaches =
        keyEnd === valueEnd || compareBytes(arena.subarray(keyEnd, valueEnd), from) > 0
      if (reaches) return true
    } else if (!isBefore(arena, keyStart, keyEnd, from)) return true
  }
  return false
}
