import { type HlcTimestamp, HybridClock } from '@ashlar/codec'
import { decodeRecord, encodeRecord, type RecordData } from '../record/record.ts'
import { latestStamp, type Row } from './row.ts'

/** A write that lost against one whose writer had not seen it. */
export interface LostWrite {
  readonly winner: Row
  readonly loser: Row
  /** The fields that were lost; undefined when it is the record as a whole. */
  readonly fields: readonly string[] | undefined
}

/** What two versions become. */
export interface Joined {
  readonly row: Row
  /** False when `local` already was the result. */
  readonly changed: boolean
  readonly lost: LostWrite | undefined
}

const compare = HybridClock.compare

/**
 * The least version that holds both: commutative, associative and idempotent in all that readers
 * see, so that nodes which saw the same versions in any order hold the same bytes. Last writer
 * wins by (time, node), of the whole record or, for fields written since, field by field.
 */
export function joinRows(local: Row | undefined, incoming: Row): Joined {
  if (local === undefined || local.evicted) return { row: incoming, changed: true, lost: undefined }
  if (local.fields !== undefined || incoming.fields !== undefined)
    return joinFields(local, incoming)
  const order = compare(incoming.stamp, local.stamp)
  if (order === 0 && (local.columns ?? incoming.columns) !== undefined) {
    return joinFields(local, incoming)
  }
  if (order === 0) return { row: local, changed: false, lost: undefined }
  const [winner, loser] = order > 0 ? [incoming, local] : [local, incoming]
  const unseen = winner.previous < loser.stamp.time
  return {
    row: winner,
    changed: order > 0,
    lost: unseen ? { winner, loser, fields: undefined } : undefined,
  }
}

function joinFields(local: Row, incoming: Row): Joined {
  const floor = compare(incoming.stamp, local.stamp)
  const fuller = floor === 0 && local.columns !== undefined && incoming.columns === undefined
  const [base, other] = floor > 0 || fuller ? [incoming, local] : [local, incoming]
  const record: Record<string, unknown> = { ...recordOf(base) }
  const stamps = new Map<string, HlcTimestamp>(base.fields)
  const otherRecord = recordOf(other)
  const lostByBase: string[] = []
  const lostByOther: string[] = []
  const take = (name: string, stamp: HlcTimestamp): void => {
    if (Object.hasOwn(otherRecord, name)) record[name] = otherRecord[name]
    else delete record[name]
    if (compare(stamp, base.stamp) > 0) stamps.set(name, stamp)
  }
  for (const [name, stamp] of other.fields ?? []) {
    const mine = stamps.get(name) ?? base.stamp
    const order = compare(stamp, mine)
    if (order > 0) take(name, stamp)
    if (order > 0 && isUnseen(other, stamp, mine)) lostByOther.push(name)
    if (order < 0 && isUnseen(base, mine, stamp)) lostByBase.push(name)
  }
  for (const [name, stamp] of base.fields ?? []) {
    if (other.fields?.has(name)) continue
    if (Object.hasOwn(otherRecord, name) && isUnseen(base, stamp, other.stamp))
      lostByBase.push(name)
  }
  const columns = floor === 0 ? joinColumns(base, other, record, otherRecord) : base.columns
  const row = assemble(base, other, record, stamps, columns)
  return {
    row,
    changed: isNewer(row, local),
    lost: lostWrite(base, other, lostByBase, lostByOther, floor),
  }
}

/** With one floor, what either knows of it is known. */
function joinColumns(
  base: Row,
  other: Row,
  record: Record<string, unknown>,
  otherRecord: RecordData,
): readonly string[] | undefined {
  if (base.columns === undefined) return undefined
  const known = new Set(base.columns)
  for (const [name, value] of Object.entries(otherRecord)) {
    if (!known.has(name) && !base.fields?.has(name)) record[name] = value
  }
  if (other.columns === undefined) return undefined
  return [...new Set([...base.columns, ...other.columns])].toSorted()
}

function assemble(
  base: Row,
  other: Row,
  record: Record<string, unknown>,
  stamps: ReadonlyMap<string, HlcTimestamp>,
  columns: readonly string[] | undefined,
): Row {
  const newest = compare(latestStamp(other), latestStamp(base)) > 0 ? other : base
  const names = Object.keys(record)
  const shared = {
    stamp: base.stamp,
    deleted: base.deleted,
    evicted: false,
    previous: newest.previous,
    via: '',
    left: [],
    columns,
  }
  if (stamps.size === 0 && names.length === Object.keys(recordOf(base)).length) {
    return { ...shared, fields: undefined, value: base.value }
  }
  const exists = !base.deleted || names.length > 0
  return {
    ...shared,
    fields: stamps.size === 0 ? undefined : sortedMap(stamps),
    value: exists ? encodeRecord(sortedRecord(record)) : undefined,
  }
}

function isUnseen(winner: Row, winning: HlcTimestamp, losing: HlcTimestamp): boolean {
  // only the newest write of a row says what its writer had seen
  return winning.time > winner.previous && losing.time > winner.previous
}

function lostWrite(
  base: Row,
  other: Row,
  lostByBase: readonly string[],
  lostByOther: readonly string[],
  floor: number,
): LostWrite | undefined {
  if (floor !== 0 && other.fields === undefined && base.previous < other.stamp.time) {
    return { winner: base, loser: other, fields: undefined }
  }
  if (lostByBase.length > 0) return { winner: base, loser: other, fields: lostByBase }
  if (lostByOther.length > 0) return { winner: other, loser: base, fields: lostByOther }
  return undefined
}

function isNewer(row: Row, local: Row): boolean {
  if (compare(row.stamp, local.stamp) !== 0) return true
  if ((row.columns?.length ?? -1) !== (local.columns?.length ?? -1)) return true
  const [now, before] = [row.fields, local.fields]
  if (now === undefined) return false
  for (const [name, stamp] of now) {
    const old = before?.get(name)
    if (old === undefined || compare(stamp, old) !== 0) return true
  }
  return false
}

function recordOf(row: Row): RecordData {
  return row.value === undefined ? {} : decodeRecord(row.value)
}

/** One order of fields on all nodes, whichever version came first. */
export function sortedRecord(record: RecordData): RecordData {
  const sorted: Record<string, unknown> = {}
  for (const name of Object.keys(record).toSorted()) sorted[name] = record[name]
  return sorted
}

/** Field stamps in the order of their names. */
export function sortedMap(
  stamps: ReadonlyMap<string, HlcTimestamp>,
): ReadonlyMap<string, HlcTimestamp> {
  return new Map([...stamps].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
