import { decodeKey, encodeKey, keyPrefix, prefixEnd } from '@ashlar/codec'

/** Names a record in its table. A tuple is a composite key; ids of a table sort by value. */
export type RecordId = string | number | bigint | readonly RecordId[]

/** Which ids: `prefix` alone, or bounds. A string prefix is one of characters, a tuple's one of parts. */
export interface IdRange {
  readonly prefix?: string | readonly RecordId[]
  readonly gt?: RecordId
  readonly gte?: RecordId
  readonly lt?: RecordId
  readonly lte?: RecordId
}

/** Encoded bounds relative to a table: `gte` inclusive, `lt` exclusive, absent means unbounded. */
export interface EncodedRange {
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
}

/** Longest encoded id. */
export const ID_BYTES_MAX = 1024

/** The ordered bytes of an id; throws TypeError for what cannot be one. */
export function encodeId(id: RecordId): Uint8Array {
  checkId(id)
  const bytes = encodeKey([id])
  if (bytes.length > ID_BYTES_MAX) {
    throw new RangeError(`a record id has at most ${ID_BYTES_MAX} bytes, this has ${bytes.length}`)
  }
  return bytes
}

/** The id in its ordered bytes; throws `KEY_CORRUPT` or TypeError for other bytes. */
export function decodeId(bytes: Uint8Array): RecordId {
  if (bytes.length > ID_BYTES_MAX) throw new RangeError('the id is too long')
  const parts = decodeKey(bytes)
  const id: unknown = parts.length === 1 ? parts[0] : undefined
  checkId(id)
  return id
}

/** The bounds of a range of ids; throws TypeError or RangeError naming what is wrong. */
export function encodeIdRange(range: IdRange): EncodedRange {
  const { prefix, gt, gte, lt, lte } = range
  if (prefix !== undefined) {
    if ([gt, gte, lt, lte].some((bound) => bound !== undefined)) {
      throw new TypeError('keys: give either a prefix or bounds, not both')
    }
    return encodePrefix(prefix)
  }
  if (gt !== undefined && gte !== undefined)
    throw new TypeError('keys: gt and gte exclude each other')
  if (lt !== undefined && lte !== undefined)
    throw new TypeError('keys: lt and lte exclude each other')
  // an id is followed by nothing in its key, so what comes after all its extensions comes after it
  const low = gt !== undefined ? after(gt) : gte !== undefined ? encodeId(gte) : undefined
  const high = lte !== undefined ? after(lte) : lt !== undefined ? encodeId(lt) : undefined
  return { ...(low && { gte: low }), ...(high && { lt: high }) }
}

/** True when the encoded id lies in the range. */
export function inRange(id: Uint8Array, range: EncodedRange): boolean {
  if (range.gte !== undefined && Buffer.compare(id, range.gte) < 0) return false
  return range.lt === undefined || Buffer.compare(id, range.lt) < 0
}

function encodePrefix(prefix: unknown): EncodedRange {
  if (typeof prefix !== 'string' && !Array.isArray(prefix)) {
    throw new TypeError('keys.prefix must be a string or a tuple')
  }
  checkId(prefix)
  const whole = encodeKey([prefix])
  const open = whole.subarray(0, -1) // strings and tuples both end in one terminating byte
  const lt = prefixEnd(open)
  return { gte: open.slice(), ...(lt && { lt }) }
}

function after(id: RecordId): Uint8Array {
  checkId(id)
  return keyPrefix([id]).lt
}

function checkId(id: unknown): asserts id is RecordId {
  const ok =
    typeof id === 'string' ||
    typeof id === 'bigint' ||
    (typeof id === 'number' && !Number.isNaN(id)) ||
    (Array.isArray(id) && id.length > 0 && id.every(isIdPart))
  if (!ok) {
    throw new TypeError('a record id must be a string, a number, a bigint or a tuple of these')
  }
}

function isIdPart(part: unknown): boolean {
  checkId(part)
  return true
}
