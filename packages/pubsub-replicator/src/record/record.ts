import { createRecordCodec, type RecordCodec } from '@ashlar/codec'

/**
 * What a table holds: a plain object of named fields. Values are JSON-like, plus what MessagePack
 * knows: bigint, Date and Uint8Array. A field that is `undefined` is absent.
 */
export type RecordData = Readonly<Record<string, unknown>>

/** Most fields of one record; also the most field names that an entry may carry. */
export const FIELDS_MAX = 4096

/** Longest name of a field, in UTF-8 bytes. */
export const FIELD_NAME_BYTES_MAX = 255

/** One record in bytes; a transaction has a bound of its own. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024

const codec: RecordCodec<RecordData> = createRecordCodec<RecordData>({
  version: 1,
  maxBytes: RECORD_BYTES_MAX,
})

/** Encodes a record; throws the codec's errors for what MessagePack or the bounds do not allow. */
export function encodeRecord(record: RecordData): Uint8Array {
  return codec.encode(record)
}

/** Decodes a record; throws `RECORD_CORRUPT` and its siblings for bytes that are none. */
export function decodeRecord(bytes: Uint8Array): RecordData {
  const record: unknown = codec.decode(bytes)
  if (!isPlainObject(record)) throw new TypeError('the bytes of a record hold no object')
  return record
}

/** Checks what a user hands in as a record and drops the fields that are undefined. */
export function checkRecord(record: unknown, what: string): RecordData {
  if (!isPlainObject(record)) {
    throw new TypeError(`${what} must be a plain object of fields`)
  }
  const names = Object.keys(record)
  if (names.length > FIELDS_MAX) {
    throw new RangeError(`${what} has ${names.length} fields, at most ${FIELDS_MAX} are allowed`)
  }
  for (const name of names) checkFieldName(name, what)
  if (!names.some((name) => record[name] === undefined)) return record
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}

/** Throws unless the name may name a field. */
export function checkFieldName(name: unknown, what: string): asserts name is string {
  if (typeof name !== 'string' || name === '__proto__' || name === '') {
    throw new TypeError(`${what}: ${JSON.stringify(name)} cannot name a field`)
  }
  // one UTF-16 unit takes at most three bytes
  if (name.length * 3 > FIELD_NAME_BYTES_MAX && Buffer.byteLength(name) > FIELD_NAME_BYTES_MAX) {
    throw new RangeError(`${what}: a field name has at most ${FIELD_NAME_BYTES_MAX} bytes`)
  }
}

function isPlainObject(value: unknown): value is RecordData {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
