import { CodecError } from '../error.ts'
import { DATE_MAX_MS, ESCAPE, KEY_DEPTH_MAX, type KeyPart, TAG } from './key.ts'

let source = new Uint8Array(0)
let view = new DataView(source.buffer)
let position = 0

/**
 * Decodes what {@link encodeKey} wrote, and nothing else: bytes that it would not have written are
 * refused, so `encodeKey(decodeKey(bytes))` is `bytes`.
 *
 * @throws CodecError `KEY_CORRUPT` with the offset.
 * @example
 * ```ts
 * decodeKey(encodeKey(['user', 42])) // => ['user', 42]
 * ```
 */
export function decodeKey(bytes: Uint8Array): KeyPart[] {
  source = bytes as Uint8Array<ArrayBuffer>
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) as DataView<ArrayBuffer>
  position = 0
  const parts: KeyPart[] = []
  while (position < source.length) parts.push(readPart(0))
  return parts
}

function readPart(depth: number): KeyPart {
  const tag = source[position++]
  switch (tag) {
    case TAG.null:
      return null
    case TAG.false:
      return false
    case TAG.true:
      return true
    case TAG.bigint:
      return readBigint()
    case TAG.number:
      return readNumber()
    case TAG.string:
      return readString()
    case TAG.bytes:
      return readBytes()
    case TAG.date:
      return readDate()
    case TAG.tuple:
      return readTuple(depth)
    default:
      throw corrupt(tag === undefined ? 'the key ends too early' : 'unknown type', position - 1)
  }
}

function readTuple(depth: number): KeyPart[] {
  if (depth >= KEY_DEPTH_MAX) throw corrupt('tuples are nested too deep', position - 1)
  const parts: KeyPart[] = []
  while (source[position] !== TAG.end) parts.push(readPart(depth + 1))
  position++
  return parts
}

function readBigint(): bigint {
  const at = take(8)
  return BigInt.asIntN(64, view.getBigUint64(at) ^ (1n << 63n))
}

function readNumber(): number {
  const at = take(8)
  const high = view.getUint32(at)
  const low = view.getUint32(at + 4)
  const negative = high < 0x80000000
  number.setUint32(0, negative ? ~high : high ^ 0x80000000)
  number.setUint32(4, negative ? ~low : low)
  const value = number.getFloat64(0)
  if (Number.isNaN(value) || Object.is(value, -0)) throw corrupt('not a number of a key', at)
  return value
}

const number = new DataView(new ArrayBuffer(8))

function readDate(): Date {
  const at = position
  const timeMs = readNumber()
  if (!Number.isInteger(timeMs) || Math.abs(timeMs) > DATE_MAX_MS) {
    throw corrupt('not a date', at)
  }
  return new Date(timeMs)
}

function readBytes(): Uint8Array {
  const start = position
  const end = findEnd()
  const bytes = new Uint8Array(end - start)
  let length = 0
  for (let i = start; i < end; i++) {
    const byte = source[i] as number
    bytes[length++] = byte
    if (byte === 0) i++
  }
  return length === bytes.length ? bytes : bytes.slice(0, length)
}

function readString(): string {
  const end = findEndFrom(position)
  let text = ''
  while (position < end) {
    const code = readCodePoint(end)
    text += String.fromCodePoint(code)
    if (code === 0) position++
  }
  position = end + 1
  return text
}

function readCodePoint(end: number): number {
  const start = position
  const first = source[position++] as number
  if (first < 0x80) return first
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
  if (length === 0 || position + length > end) throw corrupt('malformed text', start)
  let code = first & (0x3f >> length)
  for (let i = 0; i < length; i++) {
    const byte = source[position++] as number
    if ((byte & 0xc0) !== 0x80) throw corrupt('malformed text', start)
    code = (code << 6) | (byte & 0x3f)
  }
  const least = length === 1 ? 0x80 : length === 2 ? 0x800 : 0x10000
  if (code < least || code > 0x10ffff) throw corrupt('malformed text', start)
  return code
}

function findEnd(): number {
  const end = findEndFrom(position)
  position = end + 1
  return end
}

/** The next 0x00 that no escape follows. */
function findEndFrom(start: number): number {
  for (let at = start; ; at++) {
    const byte = source[at]
    if (byte === undefined) throw corrupt('the key ends within a part', at)
    if (byte !== TAG.end) continue
    if (source[at + 1] !== ESCAPE) return at
    at++
  }
}

function take(length: number): number {
  const at = position
  position += length
  if (position > source.length) throw corrupt('the key ends within a part', source.length)
  return at
}

function corrupt(what: string, offset: number): CodecError {
  return new CodecError('KEY_CORRUPT', `${what} at offset ${offset}: not a key of encodeKey`, {
    offset,
  })
}
