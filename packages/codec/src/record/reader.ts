import { ownCopyOf } from '../bytes/allocate.ts'
import { latin1Text, utf8Text } from '../bytes/text.ts'
import { CodecError } from '../error.ts'
import { readExtension } from './extension.ts'
import { createShape, type Shape } from './shape.ts'
import { EXTENSION, SHAPES_MAX, TOKEN } from './tokens.ts'

/**
 * Reads the body of a record: MessagePack with the extensions that the writer uses, and no others.
 *
 * This is not msgpackr's reader because the bytes may be anyone's. Every length is checked against
 * the bytes that are there before anything is allocated for it, nesting is counted, and nothing
 * depends on what else in the process has registered extensions.
 */

/** Arrays announced longer than this grow as their items arrive. */
const ARRAY_RESERVE_MAX = 1024
/** Texts up to here are cut out of a window of the body that is decoded once. */
const WINDOW_TEXT_MAX = 64
const WINDOW_BYTES = 2048
const NO_BYTES = new Uint8Array(0)
const floatView = new DataView(new ArrayBuffer(8))

// One body is read at a time and reading calls no one else's code, so the state can stand here,
// where V8 reaches it faster than through an object.
let bytes: Uint8Array = NO_BYTES
let position = 0
let end = 0
let shapes: readonly (Shape | undefined)[] = []
let ownShapes = false
let windowText = ''
let windowStart = 0
let windowEnd = 0

/** Reads the one value that `body[start, length)` holds. */
export function readBody(
  body: Uint8Array,
  start: number,
  table: readonly Shape[],
  maxDepth: number,
): unknown {
  bytes = body
  position = start
  end = body.length
  shapes = table
  ownShapes = false
  windowText = ''
  windowStart = windowEnd = 0
  try {
    const value = readValue(maxDepth)
    if (position !== end) throw corrupt('more bytes follow the value', position)
    return value
  } finally {
    bytes = NO_BYTES // keeps no one's memory alive
    windowText = ''
  }
}

/** `depth` is how many containers may still be entered. */
function readValue(depth: number): unknown {
  if (position >= end) throw cutOff()
  const token = bytes[position++] as number
  if (token < TOKEN.shape) return token
  if (token < TOKEN.map) return readObject(token - TOKEN.shape, depth)
  if (token < TOKEN.array) return readMap(token - TOKEN.map, depth)
  if (token < TOKEN.string) return readArray(token - TOKEN.array, depth)
  if (token < TOKEN.null) return readString(token - TOKEN.string)
  if (token >= TOKEN.negative) return token - 0x100
  return readLongToken(token, depth)
}

function readLongToken(token: number, depth: number): unknown {
  switch (token) {
    case TOKEN.null:
      return null
    case TOKEN.false:
      return false
    case TOKEN.true:
      return true
    case TOKEN.string8:
      return readString(readUint8())
    case TOKEN.string16:
      return readString(readUint16())
    case TOKEN.string32:
      return readString(readUint32())
    case TOKEN.array16:
      return readArray(readUint16(), depth)
    case TOKEN.array32:
      return readArray(readUint32(), depth)
    case TOKEN.map16:
      return readMap(readUint16(), depth)
    case TOKEN.map32:
      return readMap(readUint32(), depth)
    case TOKEN.bytes8:
      return readBytes(readUint8())
    case TOKEN.bytes16:
      return readBytes(readUint16())
    case TOKEN.bytes32:
      return readBytes(readUint32())
    case TOKEN.extension8:
      return readLongExtension(readUint8())
    case TOKEN.extension16:
      return readLongExtension(readUint16())
    case TOKEN.extension32:
      return readLongExtension(readUint32())
    default:
      if (token < TOKEN.fixExtension1) return readNumber(token)
      return readFixExtension(1 << (token - TOKEN.fixExtension1), depth)
  }
}

function readNumber(token: number): number | bigint {
  switch (token) {
    case TOKEN.uint8:
      return readUint8()
    case TOKEN.uint16:
      return readUint16()
    case TOKEN.uint32:
      return readUint32()
    case TOKEN.uint64:
      return viewOf(take(8), 8).getBigUint64(0)
    case TOKEN.int8:
      return (readUint8() << 24) >> 24
    case TOKEN.int16:
      return (readUint16() << 16) >> 16
    case TOKEN.int32:
      return readUint32() | 0
    case TOKEN.int64:
      return viewOf(take(8), 8).getBigInt64(0)
    case TOKEN.float32:
      return viewOf(take(4), 4).getFloat32(0)
    case TOKEN.float64:
      return readFloat64()
    default:
      throw corrupt('a token that means nothing', position - 1)
  }
}

function readString(length: number): string {
  const start = take(length)
  const stop = position
  if (length > WINDOW_TEXT_MAX) return utf8Text(bytes, start, stop)
  for (let i = start; i < stop; i++) {
    if ((bytes[i] as number) >= 0x80) return utf8Text(bytes, start, stop)
  }
  if (stop > windowEnd) {
    windowStart = start
    windowEnd = Math.min(end, start + WINDOW_BYTES)
    windowText = latin1Text(bytes, windowStart, windowEnd)
  }
  return windowText.slice(start - windowStart, stop - windowStart)
}

function readBytes(length: number): Uint8Array {
  const start = take(length)
  return ownCopyOf(bytes, start, position)
}

function readArray(length: number, depth: number): unknown[] {
  if (depth === 0) throw tooDeep()
  if (length > end - position) throw cutOff()
  if (length > ARRAY_RESERVE_MAX) {
    const items: unknown[] = []
    for (let i = 0; i < length; i++) items.push(readValue(depth - 1))
    return items
  }
  // Reserved at once: growing would leave most short arrays with a capacity of 17.
  const items: unknown[] = new Array(length) // oxlint-disable-line unicorn/no-new-array
  for (let i = 0; i < length; i++) items[i] = readValue(depth - 1)
  return items
}

function readMap(size: number, depth: number): Map<unknown, unknown> {
  if (depth === 0) throw tooDeep()
  const map = new Map<unknown, unknown>()
  for (let i = 0; i < size; i++) {
    const key = readValue(depth - 1)
    map.set(key, readValue(depth - 1))
  }
  return map
}

function readObject(index: number, depth: number): unknown {
  const shape = shapes[index]
  if (shape === undefined) throw corrupt('an object of a shape that is not there', position - 1)
  if (depth === 0) throw tooDeep()
  return shape.build(readValue, depth - 1)
}

function readFixExtension(length: number, depth: number): unknown {
  const type = readUint8()
  if (length === 1 && type === EXTENSION.shape) return readOwnShape(depth)
  if (length === 1 && type === EXTENSION.set) return readSet(depth)
  const start = take(length)
  return readExtension(type, bytes, start, position)
}

function readLongExtension(length: number): unknown {
  const type = readUint8()
  const start = take(length)
  return readExtension(type, bytes, start, position)
}

/** A shape in the midst of the body: what the writer does when a table would get too long. */
function readOwnShape(depth: number): unknown {
  const index = readUint8() - TOKEN.shape
  if (index < 0 || index >= SHAPES_MAX) throw corrupt('a shape without a number', position - 1)
  const keys = isArrayNext() ? (readValue(1) as unknown[]) : [undefined]
  if (!keys.every((key) => typeof key === 'string')) {
    throw corrupt('a shape whose keys are not texts', position)
  }
  const own = ownShapes ? (shapes as (Shape | undefined)[]) : [...shapes]
  own[index] = createShape(keys)
  shapes = own
  ownShapes = true
  return readObject(index, depth)
}

function readSet(depth: number): Set<unknown> {
  take(1)
  if (!isArrayNext()) throw corrupt('a set without its items', position)
  return new Set(readValue(depth) as unknown[])
}

/** Looked at before reading on, so that nothing recurses without its depth being counted. */
function isArrayNext(): boolean {
  const token = bytes[position] as number
  if (token >= TOKEN.array && token < TOKEN.string) return true
  return token === TOKEN.array16 || token === TOKEN.array32
}

function readUint8(): number {
  if (position >= end) throw cutOff()
  return bytes[position++] as number
}

function readUint16(): number {
  const at = take(2)
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

function readUint32(): number {
  const at = take(4)
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
}

function readFloat64(): number {
  if (end - position < 8) throw cutOff()
  floatView.setUint32(0, readUint32())
  floatView.setUint32(4, readUint32())
  return floatView.getFloat64(0)
}

/**
 * Only for the rare kinds: asking a small array for its `buffer` makes V8 move its bytes off the
 * heap, which costs more than reading the whole record.
 */
function viewOf(at: number, length: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + at, length)
}

function take(length: number): number {
  if (length > end - position) throw cutOff()
  const start = position
  position += length
  return start
}

function cutOff(): CodecError {
  return corrupt('the record ends within a value', end)
}

function tooDeep(): CodecError {
  return new CodecError(
    'RECORD_TOO_DEEP',
    `the record is nested deeper than maxDepth allows at offset ${position}`,
    { offset: position },
  )
}

function corrupt(what: string, offset: number): CodecError {
  return new CodecError('RECORD_CORRUPT', `not a record: ${what} at offset ${offset}`, { offset })
}
