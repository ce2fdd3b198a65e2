import { RecordSort, type VersionRule } from './record-sort.ts'

/**
 * Sorts indexes of records by key, and versions of a key newest first, in place. They come in ascending
 * order. With a rule, versions that it does not keep are left out of what is returned.
 */
export function sortRecords(
  arena: Uint8Array,
  addresses: Uint32Array,
  ids: Int32Array,
  rule?: VersionRule,
): Int32Array {
  ids.reverse()
  return ids.length < 2 ? ids : new RecordSort(arena, addresses, ids, rule).run()
}
