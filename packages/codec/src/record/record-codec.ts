import { readVarint, varintLength } from '../bytes/varint.ts'
import { CodecError } from '../error.ts'
import { readBody } from './reader.ts'
import { ShapeTableCache } from './shape-table.ts'
import { RecordWriter } from './writer.ts'

/** The `maxBytes` of a {@link createRecordCodec} unless told otherwise: 64 MiB. */
export const DEFAULT_MAX_RECORD_BYTES: number = 64 * 1024 * 1024
/** The `maxDepth` of a {@link createRecordCodec} unless told otherwise. */
export const DEFAULT_MAX_RECORD_DEPTH = 128

const VERSION_MAX = 65_535
/** Deeper, and the call stack would set the limit. */
const DEPTH_LIMIT = 1000

/** Options of {@link createRecordCodec}. */
export interface RecordCodecOptions<T> {
  /** The version of the schema that `encode` writes, 1 to 65,535. */
  readonly version: number
  /** `upgrade[n]` turns a value of version n into one of version n + 1. */
  readonly upgrade?: Readonly<Record<number, (value: never) => unknown>>
  /**
   * Checks what was decoded and upgraded before it is handed out, such as the `parse` of a schema
   * library. What it throws becomes the cause of a `RECORD_CORRUPT`. Default: `T` is believed.
   */
  readonly parse?: (value: unknown) => T
  /** Largest record, encoded, in either direction. Default 64 MiB. */
  readonly maxBytes?: number
  /** How deep arrays, objects, maps and sets may be nested. Default 128, at most 1000. */
  readonly maxDepth?: number
}

/** Values of one kind to bytes and back. */
export interface RecordCodec<T> {
  /**
   * Encodes a value. The bytes follow from the value (and the order of its keys) alone, and contain
   * all that `decode` needs.
   *
   * @throws CodecError `RECORD_INVALID`, `RECORD_TOO_LARGE`, `RECORD_TOO_DEEP`
   */
  encode(value: T): Uint8Array
  /**
   * Decodes a record of this or of an older version. The result shares no memory with `bytes`.
   *
   * @throws CodecError `RECORD_CORRUPT`, `RECORD_TOO_LARGE`, `RECORD_TOO_DEEP`, `RECORD_VERSION`.
   * What an upgrade throws is passed on as it is.
   */
  decode(bytes: Uint8Array): T
}

/**
 * Makes the codec of one kind of record: MessagePack with the schema's version in front.
 *
 * Stored are null, undefined, booleans, numbers (-0 as 0), bigints up to 8,192 bits, strings (lone
 * surrogates as U+FFFD), Date, Uint8Array and the other typed arrays, ArrayBuffer, arrays, plain
 * objects, Map and Set. A class instance is stored as what its `toJSON` returns, else as a plain
 * object of its own properties.
 *
 * `decode` is safe on bytes from anywhere: it throws a coded error or returns a value, allocates in
 * proportion to the bytes that are there, and never sets a prototype.
 *
 * @throws RangeError, TypeError for a bad option; a gap in `upgrade` counts as one.
 * @example
 * ```ts
 * const users = createRecordCodec<User>({
 *   version: 2,
 *   upgrade: { 1: (old: UserV1): User => ({ ...old, emails: [old.email] }) },
 * })
 * await store.put(key, users.encode(user))
 * ```
 */
export function createRecordCodec<T>(options: RecordCodecOptions<T>): RecordCodec<T> {
  const { version, maxBytes, maxDepth, upgrades, parse } = resolveOptions(options)
  const writer = new RecordWriter({ version, maxBytes, maxDepth })
  const tables = new ShapeTableCache()
  const oldest = version - upgrades.length

  return {
    encode: (value) => writer.write(value),
    decode(bytes) {
      if (!(bytes instanceof Uint8Array)) throw new TypeError('bytes must be a Uint8Array')
      if (bytes.length > maxBytes) throw tooLarge(bytes.length, maxBytes)
      const found = readVarint(bytes, 0)
      if (found < 1 || found > VERSION_MAX) throw corrupt('it starts with no version', 0)
      if (found > version || found < oldest) throw unknownVersion(found, oldest, version)
      const tableAt = varintLength(found)
      const tableLength = readVarint(bytes, tableAt)
      const bodyAt = tableAt + varintLength(tableLength)
      if (tableLength < 0 || tableLength > bytes.length - bodyAt) {
        throw corrupt('its shape table is cut off', tableAt)
      }
      const shapes = tables.get(bytes, bodyAt, bodyAt + tableLength)
      let value = readBody(bytes, bodyAt + tableLength, shapes, maxDepth)
      for (let from = found; from < version; from++) {
        value = (upgrades[from - oldest] as (value: unknown) => unknown)(value)
      }
      if (parse === undefined) return value as T
      return parseWith(parse, value)
    },
  }
}

interface ResolvedOptions<T> {
  readonly version: number
  readonly maxBytes: number
  readonly maxDepth: number
  /** From the oldest version that can be read to the current one. */
  readonly upgrades: readonly ((value: unknown) => unknown)[]
  readonly parse: ((value: unknown) => T) | undefined
}

function resolveOptions<T>(options: RecordCodecOptions<T>): ResolvedOptions<T> {
  const { version, upgrade = {}, maxBytes, maxDepth, parse } = options
  checkInteger('version', version, 1, VERSION_MAX)
  const limits = {
    maxBytes: maxBytes ?? DEFAULT_MAX_RECORD_BYTES,
    maxDepth: maxDepth ?? DEFAULT_MAX_RECORD_DEPTH,
  }
  checkInteger('maxBytes', limits.maxBytes, 1, 2 ** 32 - 1)
  checkInteger('maxDepth', limits.maxDepth, 1, DEPTH_LIMIT)
  const froms = Object.keys(upgrade).map(Number)
  for (const from of froms) checkInteger('upgrade', from, 1, version - 1)
  const oldest = Math.min(version, ...froms)
  const upgrades: ((value: unknown) => unknown)[] = []
  for (let from = oldest; from < version; from++) {
    const step = upgrade[from]
    if (typeof step !== 'function') {
      throw new TypeError(`upgrade[${from}] must be a function: the chain to ${version} has a gap`)
    }
    upgrades.push(step as (value: unknown) => unknown)
  }
  return { version, ...limits, upgrades, parse }
}

function checkInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`)
}

function parseWith<T>(parse: (value: unknown) => T, value: unknown): T {
  try {
    return parse(value)
  } catch (cause) {
    throw new CodecError('RECORD_CORRUPT', 'the record does not fit its schema', { cause })
  }
}

function tooLarge(length: number, maxBytes: number): CodecError {
  const message = `the record takes ${length} bytes and maxBytes allows ${maxBytes}`
  return new CodecError('RECORD_TOO_LARGE', message)
}

function unknownVersion(found: number, oldest: number, version: number): CodecError {
  const hint = found > version ? 'update this program' : `give upgrade[${found}]`
  return new CodecError(
    'RECORD_VERSION',
    `the record has version ${found}, known are ${oldest} to ${version}: ${hint}`,
  )
}

function corrupt(what: string, offset: number): CodecError {
  return new CodecError('RECORD_CORRUPT', `not a record: ${what}`, { offset })
}
