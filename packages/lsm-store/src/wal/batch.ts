import { writeUint48 } from '../bytes/integers.ts'
import { type Bytes, bytesBound, bytesLength, checkBytes, writeBytes } from '../bytes/text.ts'
import { isEmptyRange, type KeyRange, resolveBounds } from '../iterator/range.ts'
import type { KeyspaceRef, Space } from '../keyspace/space.ts'
import {
  EXPIRY_BYTES,
  KIND_DELETE,
  KIND_EXPIRING_PUT,
  KIND_MERGE,
  KIND_PUT,
  KIND_RANGE_DELETE,
  MAX_RECORD_HEADER_BYTES,
  MAX_VALUE_BYTES,
  writeRecordHeader,
} from '../memtable/record.ts'
import { checkOperator } from '../merge/check-operator.ts'
import { expiryOf, type SpaceResolver } from './operation-target.ts'

/** Where an operation of a batch goes. */
export interface OperationTarget {
  /** Default: the default keyspace. */
  readonly keyspace?: KeyspaceRef
}

/** What a put may be told. */
export interface PutTarget extends OperationTarget {
  /** The entry is gone after so many milliseconds. Default: that of its keyspace. */
  readonly ttlMs?: number
}

/** One change of a batch given as data. */
export type Operation =
  | ({ readonly type: 'put'; readonly key: Bytes; readonly value: Bytes } & PutTarget)
  | ({ readonly type: 'delete'; readonly key: Bytes } & OperationTarget)
  | ({ readonly type: 'merge'; readonly key: Bytes; readonly value: Bytes } & OperationTarget)
  | ({ readonly type: 'deleteRange' } & KeyRange & OperationTarget)

/** Collects changes that are applied together or not at all. Made by `store.batch()`. */
export interface Batch {
  put(key: Bytes, value: Bytes, target?: PutTarget): this
  delete(key: Bytes, target?: OperationTarget): this
  /** Merges an operand by the operator of the keyspace. */
  merge(key: Bytes, value: Bytes, target?: OperationTarget): this
  /** Removes all keys of a range, those that earlier operations of the batch set included. */
  deleteRange(range: KeyRange, target?: OperationTarget): this
  /** Operations collected. */
  readonly size: number
  /** Bytes that they take in the log. */
  readonly byteLength: number
  /** Empties it, for other operations: `write` has copied those of before when it returns. */
  clear(): this
}

/** What `store.batch()` makes. */
export interface StoreBatch extends Batch {
  /**
   * As `put`, for bytes that stand side by side: the key in the first `keyLength` bytes of `entry`, the
   * value from there to `length`. For callers who encode one entry after another in the same memory.
   */
  putJoined(entry: Uint8Array, keyLength: number, length: number): this
  /** As `delete`, of the key in the first `keyLength` bytes of `entry`. */
  deleteJoined(entry: Uint8Array, keyLength: number): this
}

/** Keys up to this length need no check. */
const SHORT_KEY_BYTES = 1024
/** Up to here a loop is quicker than the engine's copy. */
const COPIED_BY_HAND = 64

/** A batch, with all that stands in front of it, is at most this long. */
export const MAX_BATCH_BYTES: number = 512 * 1024 * 1024

/** Most bytes that a record of these takes. Also checks the value. */
export function recordBound(prefix: Uint8Array, key: Bytes, value: Bytes | undefined): number {
  const fixed = MAX_RECORD_HEADER_BYTES + prefix.length + bytesBound(key)
  if (value === undefined) return fixed
  checkBytes(value, 'value')
  const bound = bytesBound(value) + EXPIRY_BYTES
  if (bound > MAX_VALUE_BYTES && bytesLength(value) > MAX_VALUE_BYTES - EXPIRY_BYTES) {
    throw new RangeError(`value must have at most ${MAX_VALUE_BYTES - EXPIRY_BYTES} bytes`)
  }
  return fixed + bound
}

/** Checks an operation; most bytes that its record takes, 0 for a range that can hold no key. */
export function operationBound(operation: Operation, spaces: SpaceResolver): number {
  checkOperation(operation)
  const space = spaces.of(operation)
  if (operation.type === 'deleteRange') {
    const range = rangeBounds(operation, space)
    return range === undefined ? 0 : recordBound(NO_BYTES, range.from, range.to)
  }
  space.checkKey(operation.key)
  if (operation.type === 'merge') checkOperator(space)
  return recordBound(
    space.prefix,
    operation.key,
    operation.type === 'delete' ? undefined : operation.value,
  )
}

/** Writes an operation that was checked; returns its end. */
export function writeOperation(
  text: Buffer,
  bytes: Uint8Array,
  offset: number,
  operation: Operation,
  spaces: SpaceResolver,
): number {
  const space = spaces.of(operation)
  const { prefix } = space
  if (operation.type === 'put') {
    const expiry = expiryOf(operation.ttlMs, space, spaces)
    return writeRecord(
      text,
      bytes,
      offset,
      KIND_PUT,
      prefix,
      operation.key,
      operation.value,
      expiry,
    )
  }
  if (operation.type === 'delete') {
    return writeRecord(text, bytes, offset, KIND_DELETE, prefix, operation.key, undefined, 0)
  }
  if (operation.type === 'merge') {
    return writeRecord(text, bytes, offset, KIND_MERGE, prefix, operation.key, operation.value, 0)
  }
  const range = rangeBounds(operation, space)
  if (range === undefined) return offset
  return writeRecord(text, bytes, offset, KIND_RANGE_DELETE, NO_BYTES, range.from, range.to, 0)
}

/** Checks an operation given as data; callers in JavaScript may give anything. */
function checkOperation(operation: Operation): void {
  const { type, value } = (operation ?? {}) as { type?: unknown; value?: unknown }
  if (type === 'delete' || type === 'deleteRange') return
  if (type === 'put' || type === 'merge') {
    if (value !== undefined) return
    throw new TypeError(`value of a ${type} must not be undefined`)
  }
  throw new TypeError(
    `operation type must be 'put', 'delete', 'merge' or 'deleteRange', got ${String(type)}`,
  )
}

const NO_BYTES = new Uint8Array(0)

/** The bounds of a range in the order of the whole store, or undefined when no key is in it. */
export function rangeBounds(
  range: KeyRange,
  space: Space,
): { readonly from: Uint8Array; readonly to: Uint8Array } | undefined {
  const bounds = space.bounds(resolveBounds(range))
  return isEmptyRange(bounds) ? undefined : bounds
}

/** Writes one record; returns its end. `text` and `bytes` view the same memory. */
export function writeRecord(
  text: Buffer,
  bytes: Uint8Array,
  offset: number,
  kind: number,
  prefix: Uint8Array,
  key: Bytes,
  value: Bytes | undefined,
  expiresAt: number,
): number {
  const keyLength = prefix.length + knownLength(key)
  const valueLength = value === undefined ? 0 : knownLength(value)
  if (expiresAt > 0) return writeExpiring(text, bytes, offset, prefix, key, value, expiresAt)
  let at = writeRecordHeader(bytes, offset, kind, keyLength, valueLength)
  for (let i = 0; i < prefix.length; i++) bytes[at++] = prefix[i] as number
  at = writeBytes(text, bytes, at, key)
  if (value === undefined) return at
  return writeBytes(text, bytes, at, value)
}

function writeExpiring(
  text: Buffer,
  bytes: Uint8Array,
  offset: number,
  prefix: Uint8Array,
  key: Bytes,
  value: Bytes | undefined,
  expiresAt: number,
): number {
  const keyLength = prefix.length + knownLength(key)
  const valueLength = EXPIRY_BYTES + knownLength(value ?? NO_BYTES)
  let at = writeRecordHeader(bytes, offset, KIND_EXPIRING_PUT, keyLength, valueLength)
  bytes.set(prefix, at)
  at = writeBytes(text, bytes, at + prefix.length, key)
  writeUint48(bytes, at, expiresAt)
  return writeBytes(text, bytes, at + EXPIRY_BYTES, value ?? NO_BYTES)
}

function knownLength(value: Bytes): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

/** Records encoded as they come, ready to be copied into the log. */
export class EncodedBatch implements StoreBatch {
  bytes: Uint8Array = new Uint8Array(1024)
  byteLength = 0
  size = 0
  /** The store that it was made by. */
  readonly spaces: SpaceResolver
  #text: Buffer = Buffer.from(this.bytes.buffer)

  constructor(spaces: SpaceResolver) {
    this.spaces = spaces
  }

  put(key: Bytes, value: Bytes, target?: PutTarget): this {
    if (value === undefined) throw new TypeError('value of a put must not be undefined')
    const space = this.spaces.of(target)
    space.checkKey(key)
    const expiry = expiryOf(target?.ttlMs, space, this.spaces)
    return this.#add(KIND_PUT, space.prefix, key, value, expiry)
  }

  putJoined(entry: Uint8Array, keyLength: number, length: number): this {
    if (!(keyLength >= 0 && keyLength <= length && length <= entry.length)) {
      throw new RangeError(`no entry of ${keyLength} and ${length} in ${entry.length} bytes`)
    }
    const space = this.spaces.of(undefined)
    if (keyLength > SHORT_KEY_BYTES || entry[0] === 0xff || space.ttlMs !== 0) {
      return this.put(entry.subarray(0, keyLength), entry.subarray(keyLength, length))
    }
    return this.#addJoined(KIND_PUT, entry, keyLength, length)
  }

  deleteJoined(entry: Uint8Array, keyLength: number): this {
    if (!(keyLength >= 0 && keyLength <= entry.length)) {
      throw new RangeError(`no key of ${keyLength} in ${entry.length} bytes`)
    }
    if (keyLength > SHORT_KEY_BYTES || entry[0] === 0xff) {
      return this.delete(entry.subarray(0, keyLength))
    }
    return this.#addJoined(KIND_DELETE, entry, keyLength, keyLength)
  }

  #addJoined(kind: number, entry: Uint8Array, keyLength: number, length: number): this {
    this.#ensure(this.byteLength + MAX_RECORD_HEADER_BYTES + length)
    const { bytes, byteLength } = this
    const at = writeRecordHeader(bytes, byteLength, kind, keyLength, length - keyLength)
    if (length > COPIED_BY_HAND) bytes.set(entry.subarray(0, length), at)
    else for (let i = 0; i < length; i++) bytes[at + i] = entry[i] as number
    this.byteLength = at + length
    this.size += 1
    return this
  }

  delete(key: Bytes, target?: OperationTarget): this {
    const space = this.spaces.of(target)
    space.checkKey(key)
    return this.#add(KIND_DELETE, space.prefix, key, undefined, 0)
  }

  merge(key: Bytes, value: Bytes, target?: OperationTarget): this {
    if (value === undefined) throw new TypeError('value of a merge must not be undefined')
    const space = this.spaces.of(target)
    space.checkKey(key)
    checkOperator(space)
    return this.#add(KIND_MERGE, space.prefix, key, value, 0)
  }

  deleteRange(range: KeyRange, target?: OperationTarget): this {
    const bounds = rangeBounds(range, this.spaces.of(target))
    if (bounds === undefined) return this
    return this.#add(KIND_RANGE_DELETE, NO_BYTES, bounds.from, bounds.to, 0)
  }

  clear(): this {
    this.byteLength = 0
    this.size = 0
    return this
  }

  #add(
    kind: number,
    prefix: Uint8Array,
    key: Bytes,
    value: Bytes | undefined,
    expiry: number,
  ): this {
    this.#ensure(this.byteLength + recordBound(prefix, key, value))
    const { bytes, byteLength } = this
    this.byteLength = writeRecord(this.#text, bytes, byteLength, kind, prefix, key, value, expiry)
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
