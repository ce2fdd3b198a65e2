import { compareRanges } from '../bytes/compare.ts'
import type { Table } from './table.ts'

/** Position of the first table whose largest key is not before this one. */
export function findTable(tables: readonly Table[], key: Uint8Array, length: number): number {
  let low = 0
  let high = tables.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const { largest } = (tables[middle] as Table).meta
    if (compareRanges(largest, 0, largest.length, key, 0, length) < 0) low = middle + 1
    else high = middle
  }
  return low
}
