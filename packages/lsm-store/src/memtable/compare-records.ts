import { compareRanges } from '../bytes/compare.ts'
import { keyLengthOf, keyStartOf } from './record.ts'

/** Order of two records: by key, then newest first. */
export function compareRecords(
  arena: Uint8Array,
  addresses: Uint32Array,
  a: number,
  b: number,
): number {
  const order = compareKeys(arena, addresses[a] as number, addresses[b] as number, 0)
  return order !== 0 ? order : b - a
}

/** Order of the keys of the records at two addresses, which agree in their first `depth` bytes. */
export function compareKeys(arena: Uint8Array, a: number, b: number, depth: number): number {
  const aStart = keyStartOf(arena, a)
  const bStart = keyStartOf(arena, b)
  const aEnd = aStart + keyLengthOf(arena, a)
  const bEnd = bStart + keyLengthOf(arena, b)
  return compareRanges(arena, aStart + depth, aEnd, arena, bStart + depth, bEnd)
}
