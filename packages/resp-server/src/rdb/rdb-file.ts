import { NO_EXPIRY, type Value } from '../keyspace/value.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import type { EncodingLimits } from '../values/collection.ts'
import { Crc64 } from './crc64.ts'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'
import { skipModuleData } from './module-value.ts'
import { RdbError } from './rdb-error.ts'
import { RdbReader } from './rdb-reader.ts'
import { RdbWriter } from './rdb-writer.ts'

/** What every RDB file begins with. */
export const RDB_MAGIC = 'REDIS'
/** Of Redis 7.0: enough for all but hashes with expiring fields. */
const WRITTEN_VERSION = 10
/** Of Redis 7.4. */
const LATEST_VERSION = 12
const HEADER_BYTES = 9
/** Files from version 5 on end with a checksum; 0 stands for none. */
const FIRST_WITH_CHECKSUM = 5
const CHECKSUM_BYTES = 8

const SLOT_INFO = 244
const FUNCTION = 245
const MODULE_AUXILIARY = 247
const IDLE = 248
const FREQUENCY = 249
const AUXILIARY = 250
const RESIZE = 251
const EXPIRY_MS = 252
const EXPIRY_SECONDS = 253
const SELECT = 254
const END = 255

export interface RdbKey {
  readonly database: number
  readonly key: string
  readonly value: Value
  /** Unix time in ms, Infinity for never. */
  readonly expiry: number
}

/** Something that an RDB file holds. */
export type RdbItem = RdbKey | { readonly library: string }

/**
 * The keys and function libraries of an RDB file, in order; returns where it ends. Throws RdbError where
 * it is damaged: before the first key, but with commands behind it only when all keys have been read.
 */
export function* readRdb(
  bytes: Buffer,
  modules: ModuleTypes,
  behind: 'nothing' | 'commands' = 'nothing',
): Generator<RdbItem, number> {
  const reader = new RdbReader(bytes, HEADER_BYTES)
  const version = checkVersion(bytes)
  const trailer = version >= FIRST_WITH_CHECKSUM ? CHECKSUM_BYTES : 0
  if (behind === 'nothing' && trailer > 0) checkSum(bytes, bytes.length)
  let database = 0
  let expiry = NO_EXPIRY
  for (;;) {
    const code = reader.byte()
    if (code === END) break
    if (code === SELECT) database = reader.length()
    else if (code === EXPIRY_MS) expiry = reader.int64()
    else if (code === EXPIRY_SECONDS) expiry = reader.int32() * 1000
    else if (code === FUNCTION) yield { library: reader.string() }
    else if (!skip(reader, code)) {
      const key = reader.string()
      yield { database, key, value: decodeValue(reader, code, modules), expiry }
      expiry = NO_EXPIRY
    }
  }
  const end = reader.offset + trailer
  if (behind === 'commands' && trailer > 0) checkSum(bytes, end)
  else if (end !== bytes.length) throw new RdbError('bytes behind the end', reader.offset)
  return end
}

/** Reads over what is of no use here; false when the code is a type of value. */
function skip(reader: RdbReader, code: number): boolean {
  switch (code) {
    case AUXILIARY:
      reader.string()
      reader.string()
      return true
    case RESIZE:
      reader.length()
      reader.length()
      return true
    case SLOT_INFO:
      reader.length()
      reader.length()
      reader.length()
      return true
    case MODULE_AUXILIARY:
      // what a module keeps beside its keys: id, then when it is to be loaded
      reader.number()
      skipModuleData(reader)
      return true
    case FREQUENCY:
      reader.byte()
      return true
    case IDLE:
      reader.length()
      return true
    default:
      return false
  }
}

/** Checks the header; answers the version. */
function checkVersion(bytes: Buffer): number {
  const version = Number(bytes.toString('latin1', RDB_MAGIC.length, HEADER_BYTES))
  if (bytes.toString('latin1', 0, RDB_MAGIC.length) !== RDB_MAGIC || !(version >= 1)) {
    throw new RdbError('not an RDB file', 0)
  }
  if (version > LATEST_VERSION) throw new RdbError(`RDB version ${version} is not known`, 0)
  return version
}

/** Checks the checksum of what ends at `end`. */
function checkSum(bytes: Buffer, end: number): void {
  if (bytes.length < end || end < HEADER_BYTES + 1 + CHECKSUM_BYTES) {
    throw new RdbError('an RDB file without end', bytes.length)
  }
  const start = end - CHECKSUM_BYTES
  const stored = bytes.subarray(start, end)
  if (stored.every((byte) => byte === 0)) return
  const found = new Crc64().update(bytes.subarray(0, start)).digest()
  if (!found.equals(stored)) throw new RdbError('wrong checksum', start)
}

/** Bytes put together before they are handed out. */
const CHUNK_BYTES = 1024 * 1024

/** The pieces of an RDB file, for Redis 7.0 and later (7.4 where fields of hashes expire). Keys must come database by database. */
export function* writeRdb(
  items: Iterable<RdbItem>,
  limits: EncodingLimits,
  facts: Readonly<Record<string, string>>,
  hasExpiringFields: boolean,
): Generator<Buffer> {
  const writer = new RdbWriter()
  const checksum = new Crc64()
  const piece = (): Buffer => {
    const bytes = writer.take()
    checksum.update(bytes)
    return bytes
  }
  const version = hasExpiringFields ? LATEST_VERSION : WRITTEN_VERSION
  writer.raw(Buffer.from(`${RDB_MAGIC}${String(version).padStart(4, '0')}`))
  for (const [name, value] of Object.entries(facts)) {
    writer.byte(AUXILIARY)
    writer.string(name)
    writer.string(value)
  }
  let selected = -1
  for (const item of items) {
    if ('library' in item) {
      writer.byte(FUNCTION)
      writer.string(item.library)
      continue
    }
    if (item.database !== selected) {
      selected = item.database
      writer.byte(SELECT)
      writer.length64(selected)
    }
    if (item.expiry !== NO_EXPIRY) {
      writer.byte(EXPIRY_MS)
      writer.uint64(BigInt(item.expiry))
    }
    encodeValue(writer, item.value, limits, item.key)
    if (writer.length >= CHUNK_BYTES) yield piece()
  }
  writer.byte(END)
  yield piece()
  yield checksum.digest()
}
