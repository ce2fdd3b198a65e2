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

// One body is read at a time and reading calls no one else's code, so the state can stand here,
// where V8 reaches it faster than through an object.
let bytes: Uint8Array = NO_BYTES
let view: DataView = new DataView(NO_BYTES.buffer)
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
  view = new DataView(body.buffer, body.byteOffset, body.byteLength)
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
      return readString(view.getUint16(take(2)))
    case TOKEN.string32:
      return readString(view.getUint32(take(4)))
    case TOKEN.array16:
      return readArray(view.getUint16(take(2)), depth)
    case TOKEN.array32:
      return readArray(view.getUint32(take(4)), depth)
    case TOKEN.map16:
      return readMap(view.getUint16(take(2)), depth)
    case TOKEN.map32:
      return readMap(view.getUint32(take(4)), depth)
    case TOKEN.bytes8:
      return readBytes(readUint8())
    case TOKEN.bytes16:
      return readBytes(view.getUint16(take(2)))
    case TOKEN.bytes32:
      return readBytes(view.getUint32(take(4)))
    case TOKEN.extension8:
      return readLongExtension(readUint8())
    case TOKEN.extension16:
      return readLongExtension(view.getUint16(take(2)))
    case TOKEN.extension32:
      return readLongExtension(view.getUint32(take(4)))
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
      return view.getUint16(take(2))
    case TOKEN.uint32:
      return view.getUint32(take(4))
    case TOKEN.uint64:
      return view.getBigUint64(take(8))
    case TOKEN.int8:
      return view.getInt8(take(1))
    case TOKEN.int16:
      return view.getInt16(take(2))
    case TOKEN.int32:
      return view.getInt32(take(4))
    case TOKEN.int64:
      return view.getBigInt64(take(8))
    case TOKEN.float32:
      return view.getFloat32(take(4))
    case TOKEN.float64:
      return view.getFloat64(take(8))
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
  return Uint8Array.prototype.slice.call(bytes, start, position)
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
  const keys = readValue(1)
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
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
  const items = readValue(depth)
  if (!Array.isArray(items)) throw corrupt('a set without its items', position)
  return new Set(items)
}

function readUint8(): number {
  if (position >= end) throw cutOff()
  return bytes[position++] as number
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
