/**
 * A record, the same bytes in the log and in memory:
 * `kind u8 | key length varint | value length varint (not for deletes) | key | value`.
 */
import { readUint16, VarintReader, writeVarint } from '../bytes/integers.ts'

export const KIND_PUT = 1
export const KIND_DELETE = 2
/** From the key on, up to the value, exclusive; an empty value is no end. Never in a table. */
export const KIND_RANGE_DELETE = 3
/** The value is to be merged into what the key holds. */
export const KIND_MERGE = 4
/** A put whose value starts with the time when it ends, in milliseconds since the epoch, as u48. */
export const KIND_EXPIRING_PUT = 5
/** Tables with sorted entries are part of the store from here on; the value names them. Never in a table. */
export const KIND_INGEST = 6
/**
 * A put whose value is in a value file: here is when it ends, 0 for never, and where that is. In tables only, never
 * in a log.
 */
export const KIND_SEPARATED = 7
/** The highest kind that a record may have. */
const LAST_KIND = KIND_INGEST
/** What stands in front of a value that expires. */
export const EXPIRY_BYTES = 6

/** A key is at most this long. */
export const MAX_KEY_BYTES = 0xffff
/** A value is at most this long. */
export const MAX_VALUE_BYTES: number = 256 * 1024 * 1024
/** Kind and both lengths never take more. */
export const MAX_RECORD_HEADER_BYTES = 9

/** True for records that are about one key: not for those about many. */
export function isEntryKind(kind: number): boolean {
  return kind !== KIND_RANGE_DELETE && kind !== KIND_INGEST
}

/** Writes kind and lengths; returns where the key goes. */
export function writeRecordHeader(
  bytes: Uint8Array,
  offset: number,
  kind: number,
  keyLength: number,
  valueLength: number,
): number {
  bytes[offset] = kind
  let at = offset + 1
  if (keyLength < 0x80) bytes[at++] = keyLength
  else at = writeVarint(bytes, at, keyLength)
  if (kind === KIND_DELETE) return at
  if (valueLength < 0x80) {
    bytes[at++] = valueLength
    return at
  }
  return writeVarint(bytes, at, valueLength)
}

/** Reads records; its fields are the result, so that reading allocates nothing. */
export class RecordReader {
  kind = 0
  keyStart = 0
  /** Also where the value starts. */
  keyEnd = 0
  /** Also where the next record starts. */
  valueEnd = 0
  readonly #varints: VarintReader = new VarintReader(new Uint8Array(0))

  /** False when no whole, known record stands there. */
  read(bytes: Uint8Array, offset: number, end: number): boolean {
    const kind = bytes[offset] as number
    let keyLength = bytes[offset + 1] as number
    let valueLength = kind === KIND_DELETE ? 0 : (bytes[offset + 2] as number)
    let at = kind === KIND_DELETE ? offset + 2 : offset + 3
    if (keyLength >= 0x80 || valueLength >= 0x80) {
      const varints = this.#varints
      varints.bytes = bytes
      varints.offset = offset + 1
      varints.end = end
      varints.failed = false
      keyLength = varints.next()
      valueLength = kind === KIND_DELETE ? 0 : varints.next()
      if (varints.failed) return false
      at = varints.offset
    }
    this.kind = kind
    this.keyStart = at
    this.keyEnd = at + keyLength
    this.valueEnd = at + keyLength + valueLength
    if (kind === KIND_EXPIRING_PUT && valueLength < EXPIRY_BYTES) return false
    return kind > 0 && kind <= LAST_KIND && this.valueEnd <= end
  }
}

/** Where the key of the record at `offset` starts. */
export function keyStartOf(bytes: Uint8Array, offset: number): number {
  let at = offset + 1
  while ((bytes[at++] as number) >= 0x80);
  if (bytes[offset] !== KIND_DELETE) while ((bytes[at++] as number) >= 0x80);
  return at
}

/** Length of the key of the record at `offset`. */
export function keyLengthOf(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset + 1] as number
  if (first < 0x80) return first
  const two = readUint16(bytes, offset + 1)
  if (two < 0x8000) return (two & 0x7f) | ((two >>> 1) & 0x3f80)
  return (two & 0x7f) | ((two >>> 1) & 0x3f80) | ((bytes[offset + 3] as number) << 14)
}
