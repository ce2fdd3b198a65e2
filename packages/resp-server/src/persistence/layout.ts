import { RespServerError } from '../errors.ts'
import {
  ColdValue,
  NO_EXPIRY,
  type StoredKey,
  type Value,
  type ValueType,
} from '../keyspace/value.ts'
import { Collection } from '../values/collection.ts'
import { toStringValue } from '../values/large-string.ts'
import { asBuffer, readLatin1, writeLatin1 } from '../values/latin1.ts'

/*
 * Records in the store (docs/store-layout.md has the tables):
 *
 *   c <name>                          control: which tables are in use, id ceilings, key counts
 *   k <table u32> <key>               a key: type, expiry, and a string's bytes or a collection's id
 *   e <table u32> <id u48> <element>  an element of a collection
 *   g <table u32> <id u48>            a removed collection whose elements are still to be deleted
 *   f <table u32>                     a dropped table whose records are still to be deleted
 */
export const CONTROL = 0x63
export const KEY = 0x6b
export const ELEMENT = 0x65
export const GARBAGE = 0x67
export const DROPPED = 0x66

const TYPES: readonly ValueType[] = ['string', 'list', 'set', 'zset', 'hash']
const TYPE_MASK = 0x0f
const HAS_EXPIRY = 0x80
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

export function keyRecordKey(table: number, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(5 + key.length)
  bytes[0] = KEY
  bytes.writeUInt32BE(table, 1)
  writeLatin1(bytes, key, 5)
  return bytes
}

/** Prefix of a collection's elements, or its garbage mark. */
export function collectionKey(kind: number, table: number, id: number): Buffer {
  const bytes = Buffer.allocUnsafe(11)
  bytes[0] = kind
  bytes.writeUInt32BE(table, 1)
  bytes.writeUIntBE(id, 5, 6)
  return bytes
}

export function elementKey(table: number, id: number, element: string): Buffer {
  const bytes = Buffer.allocUnsafe(11 + element.length)
  bytes[0] = ELEMENT
  bytes.writeUInt32BE(table, 1)
  bytes.writeUIntBE(id, 5, 6)
  writeLatin1(bytes, element, 11)
  return bytes
}

export const latin1 = (text: string): Buffer => {
  const bytes = Buffer.allocUnsafe(text.length)
  writeLatin1(bytes, text, 0)
  return bytes
}

/** type and flags u8 | expiry f64 when flagged | string bytes, or collection id u48 */
export function encodeKeyRecord(value: Value | ColdValue, expiry: number): Buffer {
  const head = expiry === NO_EXPIRY ? 1 : 9
  const flags = expiry === NO_EXPIRY ? 0 : HAS_EXPIRY
  let bytes: Buffer
  if (typeof value === 'string') {
    bytes = Buffer.allocUnsafe(head + value.length)
    bytes[0] = flags
    writeLatin1(bytes, value, head)
  } else if (value instanceof Collection || value instanceof ColdValue) {
    bytes = Buffer.allocUnsafe(head + 6)
    bytes[0] = flags | TYPES.indexOf(value.type)
    bytes.writeUIntBE(value.id, head, 6)
  } else {
    const content = value.peek()
    bytes = Buffer.allocUnsafe(head + content.length)
    bytes[0] = flags
    content.copy(bytes, head)
  }
  if (head === 9) bytes.writeDoubleBE(expiry, 1)
  return bytes
}

/** With `eager` long strings come whole too, otherwise as cold values. */
export function decodeKeyRecord(record: Uint8Array, eager: boolean): StoredKey {
  const bytes = asBuffer(record)
  const flags = bytes[0] ?? 0xff
  const type = TYPES[flags & TYPE_MASK]
  const head = flags & HAS_EXPIRY ? 9 : 1
  if (type === undefined || bytes.length < head) {
    throw new RespServerError('STORE_FORMAT', `key record with unknown type byte ${flags}`)
  }
  const expiry = head === 9 ? bytes.readDoubleBE(1) : NO_EXPIRY
  if (type !== 'string') return { value: new ColdValue(type, bytes.readUIntBE(head, 6)), expiry }
  if (!eager && bytes.length - head > EAGER_STRING_BYTES) {
    return { value: new ColdValue('string', 0), expiry }
  }
  if (bytes.length - head < 4096) return { value: readLatin1(bytes, head), expiry }
  return { value: toStringValue(Buffer.from(bytes.subarray(head))), expiry }
}
