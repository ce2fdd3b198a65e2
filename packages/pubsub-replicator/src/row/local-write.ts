import { type HlcTimestamp, HybridClock } from '@ashlar/codec'
import { decodeRecord, encodeRecord, type RecordData } from '../record/record.ts'
import { sortedMap, sortedRecord } from './join.ts'
import { latestStamp, type Row, ZERO_STAMP } from './row.ts'

/** How writes of single fields meet those of other nodes. */
export type MergePolicy = 'record' | 'field'

/** What a user asks to be written. */
export type WriteIntent =
  | { readonly type: 'put'; readonly record: RecordData }
  | { readonly type: 'patch'; readonly fields: RecordData; readonly removed: readonly string[] }
  | { readonly type: 'delete' }

/**
 * The version that a local write makes of the one stored; undefined when there is nothing to do.
 * Writes of one transaction carry one stamp, so that a later one of them amends an earlier one.
 */
export function writeRow(
  stored: Row | undefined,
  intent: WriteIntent,
  stamp: HlcTimestamp,
  merge: MergePolicy,
): Row | undefined {
  const old = stored?.evicted ? undefined : stored
  if (intent.type === 'put') return whole(old, encodeRecord(intent.record), stamp)
  if (intent.type === 'delete') {
    return old?.value === undefined ? undefined : { ...whole(old, undefined, stamp), deleted: true }
  }
  const names = [...Object.keys(intent.fields), ...intent.removed]
  if (names.length === 0) return undefined
  const record = patchRecord(old, intent)
  const amends = old !== undefined && HybridClock.compare(old.stamp, stamp) === 0
  // a projection does not know the other fields, so it must not speak for them
  const byField = merge === 'field' || old?.columns !== undefined
  if (amends || !byField) return whole(old, encodeRecord(record), stamp)
  return patched(old, record, names, stamp)
}

function whole(old: Row | undefined, value: Uint8Array | undefined, stamp: HlcTimestamp): Row {
  return {
    stamp,
    deleted: false,
    evicted: false,
    previous: previousOf(old, stamp),
    via: '',
    left: [],
    columns: undefined,
    fields: undefined,
    value,
  }
}

function patched(
  old: Row | undefined,
  record: RecordData,
  names: readonly string[],
  stamp: HlcTimestamp,
): Row {
  const fields = new Map(old?.fields)
  for (const name of names) fields.set(name, stamp)
  const floor = old?.stamp ?? ZERO_STAMP
  const deleted = old?.deleted ?? true
  const exists = !deleted || Object.keys(record).length > 0
  return {
    stamp: floor,
    deleted,
    evicted: false,
    previous: previousOf(old, stamp),
    via: '',
    left: [],
    columns: old?.columns && [...new Set([...old.columns, ...names])].toSorted(),
    fields: sortedMap(fields),
    value: exists ? encodeRecord(sortedRecord(record)) : undefined,
  }
}

function patchRecord(
  old: Row | undefined,
  intent: Extract<WriteIntent, { type: 'patch' }>,
): RecordData {
  const record: Record<string, unknown> = {
    ...(old?.value === undefined ? {} : decodeRecord(old.value)),
    ...intent.fields,
  }
  for (const name of intent.removed) delete record[name]
  return record
}

/** What the writer had seen; what it wrote itself under the same stamp is no news. */
function previousOf(old: Row | undefined, stamp: HlcTimestamp): bigint {
  if (old === undefined) return 0n
  const latest = latestStamp(old)
  return HybridClock.compare(latest, stamp) === 0 ? old.previous : latest.time
}
