import { type Bytes, bytesBound, bytesLength, checkBytes, writeBytes } from '../bytes/text.ts'
import {
  KIND_DELETE,
  KIND_PUT,
  MAX_KEY_BYTES,
  MAX_RECORD_HEADER_BYTES,
  MAX_VALUE_BYTES,
  writeRecordHeader,
} from '../memtable/record.ts'

/** One change of a batch given as data. */
export type Operation =
  | { readonly type: 'put'; readonly key: Bytes; readonly value: Bytes }
  | { readonly type: 'delete'; readonly key: Bytes }

/** Collects changes that are applied together or not at all. Made by `store.batch()`. */
export interface Batch {
  put(key: Bytes, value: Bytes): this
  delete(key: Bytes): this
  /** Operations collected. */
  readonly size: number
  /** Bytes that they take in the log. */
  readonly byteLength: number
  clear(): this
}

/** A batch, with all that stands in front of it, is at most this long. */
export const MAX_BATCH_BYTES: number = 512 * 1024 * 1024

/** Most bytes that a record of these takes. Also checks them. */
export function recordBound(key: Bytes, value: Bytes | undefined): number {
  checkKey(key)
  if (value === undefined) return MAX_RECORD_HEADER_BYTES + bytesBound(key)
  checkBytes(value, 'value')
  const bound = bytesBound(value)
  if (bound > MAX_VALUE_BYTES && bytesLength(value) > MAX_VALUE_BYTES) {
    throw new RangeError(`value must have at most ${MAX_VALUE_BYTES} bytes`)
  }
  return MAX_RECORD_HEADER_BYTES + bytesBound(key) + bound
}

function checkKey(key: Bytes): void {
  checkBytes(key, 'key')
  if (key.length * 3 > MAX_KEY_BYTES && bytesLength(key) > MAX_KEY_BYTES) {
    throw new RangeError(`key must have at most ${MAX_KEY_BYTES} bytes, got ${bytesLength(key)}`)
  }
}

/** Checks an operation given as data; callers in JavaScript may give anything. */
export function checkOperation(operation: Operation): void {
  const { type, value } = (operation ?? {}) as { type?: unknown; value?: unknown }
  if (type === 'delete' || (type === 'put' && value !== undefined)) return
  if (type === 'put') throw new TypeError('value of a put must not be undefined')
  throw new TypeError(`operation type must be 'put' or 'delete', got ${String(type)}`)
}

/** Writes one record; returns its end. `text` and `bytes` view the same memory. */
export function writeRecord(
  text: Buffer,
  bytes: Uint8Array,
  offset: number,
  key: Bytes,
  value: Bytes | undefined,
): number {
  const kind = value === undefined ? KIND_DELETE : KIND_PUT
  const keyLength = knownLength(key)
  const valueLength = value === undefined ? 0 : knownLength(value)
  const keyStart = writeRecordHeader(bytes, offset, kind, keyLength, valueLength)
  const keyEnd = writeBytes(text, bytes, keyStart, key)
  if (value === undefined) return keyEnd
  return writeBytes(text, bytes, keyEnd, value)
}

function knownLength(value: Bytes): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

/** Records encoded as they come, ready to be copied into the log. */
export class EncodedBatch implements Batch {
  bytes: Uint8Array = new Uint8Array(1024)
  byteLength = 0
  size = 0
  #text: Buffer = Buffer.from(this.bytes.buffer)

  put(key: Bytes, value: Bytes): this {
    if (value === undefined) throw new TypeError('value of a put must not be undefined')
    return this.#add(key, value)
  }

  delete(key: Bytes): this {
    return this.#add(key, undefined)
  }

  clear(): this {
    this.byteLength = 0
    this.size = 0
    return this
  }

  #add(key: Bytes, value: Bytes | undefined): this {
    this.#ensure(this.byteLength + recordBound(key, value))
    this.byteLength = writeRecord(this.#text, this.bytes, this.byteLength, key, value)
    this.size += 1
    return this
  }

  #ensure(capacity: number): void {
    if (capacity <= this.bytes.length) return
    if (capacity > MAX_BATCH_BYTES) {
      throw new RangeError(`a batch must have at most ${MAX_BATCH_BYTES} bytes`)
    }
    const grown = new Uint8Array(Math.max(capacity, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.byteLength))
    this.bytes = grown
    this.#text = Buffer.from(grown.buffer)
  }
}
