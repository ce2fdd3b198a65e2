import type { Value } from '../keyspace/value.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import type { EncodingLimits } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { Crc64 } from './crc64.ts'
import { decodeValue } from './decode-value.ts'
import { encodeValue } from './encode-value.ts'
import { RdbError } from './rdb-error.ts'
import { RdbReader } from './rdb-reader.ts'
import { RdbWriter } from './rdb-writer.ts'

/** Of Redis 7.0: enough for all but hashes with expiring fields. */
const WRITTEN_VERSION = 10
/** Of Redis 7.4. */
const LATEST_VERSION = 12
const FOOTER_BYTES = 10

/** A value as DUMP answers it: type, value, version, checksum. */
export function dumpValue(value: Value, limits: EncodingLimits): Buffer {
  const writer = new RdbWriter()
  encodeValue(writer, value, limits)
  const isNew = value instanceof HashValue && value.expiring > 0
  writer.byte(isNew ? LATEST_VERSION : WRITTEN_VERSION)
  writer.byte(0)
  const body = writer.take()
  return Buffer.concat([body, new Crc64().update(body).digest()])
}

/** Whether the payload is whole and of a version that can be read. */
export function isDump(payload: Buffer): boolean {
  if (payload.length < FOOTER_BYTES) return false
  const body = payload.subarray(0, payload.length - 8)
  if (payload.readUInt16LE(body.length - 2) > LATEST_VERSION) return false
  return new Crc64().update(body).digest().equals(payload.subarray(body.length))
}

/** The value of a payload that {@link isDump} accepts. Throws RdbError when it is damaged. */
export function restoreValue(payload: Buffer, modules: ModuleTypes): Value {
  const reader = new RdbReader(payload.subarray(0, payload.length - FOOTER_BYTES))
  const value = decodeValue(reader, reader.byte(), modules)
  if (reader.left > 0) throw new RdbError('bytes behind the value', reader.position)
  return value
}
