import { compareBytes } from '../bytes/compare.ts'
import type { Table } from '../sstable/table.ts'
import { bytesOf } from './level-zero.ts'

/** Less is not worth another thread: so many tables at least for each. */
const TABLES_PER_SHARD = 2

/** Keys from `from` on, before `to`; undefined is open. Versions of one key are in one shard. */
export interface ShardRange {
  readonly from: Uint8Array | undefined
  readonly to: Uint8Array | undefined
}

/**
 * Cuts what is to be merged into at most `most` key ranges of about the same number of bytes, at keys with
 * which tables start: nothing is read for it.
 */
export function shardsOf(
  runs: readonly (readonly Table[])[],
  most: number,
  tableBytes: number,
): ShardRange[] {
  const tables = runs.flat()
  const total = bytesOf(tables)
  const count = Math.min(most, Math.floor(total / (TABLES_PER_SHARD * tableBytes)))
  const bounds = count < 2 ? [] : boundsOf(tables, total / count, count)
  return [...bounds, undefined].map((to, i) => ({ from: bounds[i - 1], to }))
}

/** Where so many bytes have gone by: a table's bytes count where it starts. */
function boundsOf(tables: readonly Table[], share: number, count: number): Uint8Array[] {
  const sorted = [...tables].sort((a, b) => compareBytes(a.meta.smallest, b.meta.smallest))
  const bounds: Uint8Array[] = []
  let bytes = 0
  for (const [i, { meta }] of sorted.entries()) {
    const before = sorted[i - 1]
    const isNew = before !== undefined && compareBytes(before.meta.smallest, meta.smallest) < 0
    if (isNew && bytes >= share * (bounds.length + 1) && bounds.length < count - 1) {
      bounds.push(meta.smallest)
    }
    bytes += meta.bytes
  }
  return bounds
}
