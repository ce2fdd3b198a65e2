import { RecordSort, type VersionRule } from './record-sort.ts'

/**
 * Sorts indexes of records, which ascend, by key, and versions of a key newest first. With a rule, versions that it does
 * not keep are left out. The array that is given is used up.
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
