import { createHash } from 'node:crypto'
import { RespServerError } from '../errors.ts'
import {
  ColdValue,
  NO_EXPIRY,
  type StoredKey,
  type Value,
  type ValueType,
} from '../keyspace/value.ts'
import type { Collection } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { LargeString } from '../values/large-string.ts'
import { asBuffer, readLatin1, writeLatin1 } from '../values/latin1.ts'

/*
 * Records in the store (docs/store-layout.md has the tables):
 *
 *   c <name>                          control: which tables are in use, id ceilings, key counts
 *   k <table u32> <key>               a key: type, expiry, and a string's bytes or an id
 *   e <table u32> <id u48> <element>  an element of a collection, or a piece of a long string
 *   g <table u32> <id u48>            elements without a key, still to be deleted
 *   f <table u32>                     a dropped table whose records are still to be deleted
 *
 * Names too long for a key of the store go by their hash: K and E stand for k and e then, and the
 * value begins with the name.
 */
export const CONTROL = 0x63
export const KEY = 0x6b
export const LONG_KEY = 0x4b
export const ELEMENT = 0x65
export const LONG_ELEMENT = 0x45
export const GARBAGE = 0x67
export const DROPPED = 0x66

/** Longest name that goes into a key of the store as it is. */
const MAX_NAME_BYTES = 60_000
export const KEY_PREFIX_BYTES = 5
/** What a number takes as an element's value. */
export const SCORE_BYTES = 8
export const ELEMENT_PREFIX_BYTES = 11

const TYPES: readonly ValueType[] = ['string', 'list', 'set', 'zset', 'hash', 'stream', 'module']
const TYPE_MASK = 0x0f
export const HAS_EXPIRY = 0x80
const IN_PIECES = 0x40
/** Id and number behind the head of a record. */
const FIXED_BYTES = 12
/** A string longer than this stays in the store until its key is touched. */
const EAGER_STRING_BYTES = 1024

export function controlKey(name: string): Buffer {
  const key = Buffer.allocUnsafe(1 + name.length)
  key[0] = CONTROL
  writeLatin1(key, name, 1)
  return key
}

export function tablePrefix(kind: number, table: number): Buffer {
  const key = Buffer.allocUnsafe(5)
  key[0] = kind
  key.writeUInt32BE(table, 1)
  return key
}

const hash = (name: string): string =>
  readLatin1(createHash('sha256').update(name, 'latin1').digest())

export function keyRecordKey(table: number, key: string): Buffer {
  const isLong = key.length > MAX_NAME_BYTES
  const name = isLong ? hash(key) : key
  const bytes = Buffer.allocUnsafe(KEY_PREFIX_BYTES + name.length)
  bytes[0] = isLong ? LONG_KEY : KEY
  bytes.writeUInt32BE(table, 1)
  writeLatin1(bytes, name, KEY_PREFIX_BYTES)
  return bytes
}

/** Long names stand behind all others, by their hash; no name has this character. */
const LONG_PLACE = '\u0100'

/** Where a key stands among those of its table, as a string that sorts as the store does, short names first. */
export const placeOf = (key: string): string =>
  key.length > MAX_NAME_BYTES ? LONG_PLACE + hash(key) : key

/** The place of a key record. */
export function placeOfRecord(key: Uint8Array): string {
  const name = readLatin1(asBuffer(key), KEY_PREFIX_BYTES)
  return key[0] === LONG_KEY ? LONG_PLACE + name : name
}

/** Where the store has, or would have, the key record at a place. */
export function recordKeyAt(table: number, place: string): Buffer {
  const isLong = place.startsWith(LONG_PLACE)
  const name = isLong ? place.slice(1) : place
  return Buffer.concat([tablePrefix(isLong ? LONG_KEY : KEY, table), latin1(name)])
}

/** The value to store beside a name: the name goes in front when it is not in the key. */
export function withName(name: string, value: Buffer): Buffer {
  if (name.length <= MAX_NAME_BYTES) return value
  const head = Buffer.allocUnsafe(4 + name.length)
  head.writeUInt32BE(name.length, 0)
  writeLatin1(head, name, 4)
  return Buffer.concat([head, value])
}

/** Undoes {@link withName} for a record under a long kind. */
export function splitName(stored: Uint8Array): { readonly name: string; readonly value: Buffer } {
  const bytes = asBuffer(stored)
  const end = 4 + bytes.readUInt32BE(0)
  return { name: readLatin1(bytes, 4, end), value: bytes.subarray(end) }
}

/** The key record's value as it was before {@link withName}. */
export const withoutName = (key: string, stored: Uint8Array): Uint8Array =>
  key.length > MAX_NAME_BYTES ? splitName(stored).value : stored

/** Prefix of a collection's elements, or its garbage mark. */
export function collectionKey(kind: number, table: number, id: number): Buffer {
  const bytes = Buffer.allocUnsafe(11)
  bytes[0] = kind
  bytes.writeUInt32BE(table, 1)
  bytes.writeUIntBE(id, 5, 6)
  return bytes
}

export function elementKey(table: number, id: number, element: string): Buffer {
  const isLong = element.length > MAX_NAME_BYTES
  const name = isLong ? hash(element) : element
  const bytes = Buffer.allocUnsafe(ELEMENT_PREFIX_BYTES + name.length)
  bytes[0] = isLong ? LONG_ELEMENT : ELEMENT
  bytes.writeUInt32BE(table, 1)
  bytes.writeUIntBE(id, 5, 6)
  writeLatin1(bytes, name, ELEMENT_PREFIX_BYTES)
  return bytes
}

/** Key of a piece of a long string. */
export function pieceKey(table: number, id: number, number: number): Buffer {
  const bytes = Buffer.allocUnsafe(ELEMENT_PREFIX_BYTES + 4)
  bytes[0] = ELEMENT
  bytes.writeUInt32BE(table, 1)
  bytes.writeUIntBE(id, 5, 6)
  bytes.writeUInt32BE(number, ELEMENT_PREFIX_BYTES)
  return bytes
}

export const latin1 = (text: string): Buffer => {
  const bytes = Buffer.allocUnsafe(text.length)
  writeLatin1(bytes, text, 0)
  return bytes
}

/** Bytes of an element's value: see {@link Collection.encodeElement}. */
export function elementValue(value: string | number): Buffer {
  if (typeof value === 'string') return latin1(value)
  const bytes = Buffer.allocUnsafe(SCORE_BYTES)
  bytes.writeDoubleBE(value)
  return bytes
}

/** Type byte of a value that stands under an id. */
const formOf = (value: Collection | ColdValue): number =>
  value.type === 'string' ? IN_PIECES : TYPES.indexOf(value.type)

/** The number beside the id: bytes of a long string, or what a hash has to say of its expiries. */
function storedLength(value: Collection | LargeString | ColdValue): number {
  if (value instanceof LargeString || value instanceof ColdValue) return value.length
  return value instanceof HashValue ? value.storedNumber : 0
}

/** type and flags u8 | expiry f64 when flagged | string bytes, or id u48, number u48, module type */
export function encodeKeyRecord(value: Value | ColdValue, expiry: number): Buffer {
  const head = expiry === NO_EXPIRY ? 1 : 9
  const flags = expiry === NO_EXPIRY ? 0 : HAS_EXPIRY
  let bytes: Buffer
  if (typeof value === 'string') {
    bytes = Buffer.allocUnsafe(head + value.length)
    bytes[0] = flags
    writeLatin1(bytes, value, head)
  } else {
    const length = storedLength(value)
    const name = value instanceof LargeString || value.type !== 'module' ? '' : value.typeName
    bytes = Buffer.allocUnsafe(head + FIXED_BYTES + name.length)
    bytes[0] = flags | (value instanceof LargeString ? IN_PIECES : formOf(value))
    bytes.writeUIntBE(value.id, head, 6)
    bytes.writeUIntBE(length, head + 6, 6)
    writeLatin1(bytes, name, head + FIXED_BYTES)
  }
  if (head === 9) bytes.writeDoubleBE(expiry, 1)
  return bytes
}

/** When the key of a record expires. */
export const expiryOfRecord = (record: Uint8Array): number =>
  ((record[0] as number) & HAS_EXPIRY) === 0 ? NO_EXPIRY : asBuffer(record).readDoubleBE(1)

/** When the first field expires, of a record of a hash; NO_EXPIRY for others. */
export function fieldExpiryOfRecord(record: Uint8Array): number {
  const flags = record[0] as number
  if (TYPES[flags & TYPE_MASK] !== 'hash') return NO_EXPIRY
  const number = asBuffer(record).readUIntBE((flags & HAS_EXPIRY ? 9 : 1) + 6, 6)
  return number > 1 ? number : NO_EXPIRY
}

/** With `eager` longer strings come whole too, otherwise as cold values. */
export function decodeKeyRecord(record: Uint8Array, eager: boolean): StoredKey {
  const bytes = asBuffer(record)
  const flags = bytes[0] ?? 0xff
  const type = TYPES[flags & TYPE_MASK]
  const head = flags & HAS_EXPIRY ? 9 : 1
  if (type === undefined || bytes.length < head) {
    throw new RespServerError('STORE_FORMAT', `key record with unknown type byte ${flags}`)
  }
  const expiry = head === 9 ? bytes.readDoubleBE(1) : NO_EXPIRY
  if (type !== 'string' || flags & IN_PIECES) {
    const length = bytes.readUIntBE(head + 6, 6)
    const name = type === 'module' ? readLatin1(bytes, head + FIXED_BYTES) : type
    return { value: new ColdValue(type, bytes.readUIntBE(head, 6), length, name), expiry }
  }
  if (!eager && bytes.length - head > EAGER_STRING_BYTES) {
    return { value: new ColdValue('string', 0), expiry }
  }
  return { value: readLatin1(bytes, head), expiry }
}
