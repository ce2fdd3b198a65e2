import { NO_EXPIRY, type Value } from '../keyspace/value.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import type { EncodingLimits } from '../values/collection.ts'
import { Crc64 } from './crc64.ts'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'
import { skipModuleData } from './module-value.ts'
import { RdbReader } from './rdb-reader.ts'
import { RDB_HEADER_BYTES, RDB_MAGIC, type RdbSource } from './rdb-source.ts'
import { RdbWriter } from './rdb-writer.ts'

/** Of Redis 7.0: enough for all but hashes with expiring fields. */
const WRITTEN_VERSION = 10
/** Of Redis 7.4. */
const LATEST_VERSION = 12

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

/** Reads the keys and function libraries of an RDB file, in order. */
export class RdbFile {
  readonly #reader: RdbReader
  readonly #modules: ModuleTypes

  constructor(source: RdbSource, modules: ModuleTypes) {
    this.#reader = RdbReader.of(source, RDB_HEADER_BYTES)
    this.#modules = modules
  }

  /** Bytes behind the items so far; when all have come, where the checksum begins. */
  get position(): number {
    return this.#reader.position
  }

  /** Throws RdbError where the file is damaged. */
  *items(): Generator<RdbItem> {
    const reader = this.#reader
    let database = 0
    let expiry = NO_EXPIRY
    for (;;) {
      const code = reader.byte()
      if (code === END) return
      if (code === SELECT) database = reader.length()
      else if (code === EXPIRY_MS) expiry = reader.int64()
      else if (code === EXPIRY_SECONDS) expiry = reader.int32() * 1000
      else if (code === FUNCTION) yield { library: reader.string() }
      else if (!skip(reader, code)) {
        const key = reader.string()
        yield { database, key, value: decodeValue(reader, code, this.#modules), expiry }
        expiry = NO_EXPIRY
      }
    }
  }
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

/** Bytes put together before they are handed out. */
const CHUNK_BYTES = 1024 * 1024

/** The pieces of an RDB file, for Redis 7.0 and later (7.4 where fields of hashes expire). Keys must come database by database. */
export function* writeRdb(
  items: Iterable<RdbItem>,
  limits: EncodingLimits,
  facts: Readonly<Record<string, string>>,
  hasExpiringFields: boolean,
  pieceBytes: number = CHUNK_BYTES,
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
    if (writer.length >= pieceBytes) yield piece()
  }
  writer.byte(END)
  yield piece()
  yield checksum.digest()
}
