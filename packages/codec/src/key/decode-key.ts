import { ownCopyOf } from '../bytes/allocate.ts'
import { latin1Text } from '../bytes/text.ts'
import { CodecError } from '../error.ts'
import { DATE_MAX_MS, ESCAPE, KEY_DEPTH_MAX, type KeyPart, TAG } from './key.ts'

const SIGN = 0x80000000
const NO_BYTES = new Uint8Array(0)
/** Keys up to here are turned into text once, of which ASCII strings are cut. */
const WHOLE_TEXT_MAX = 1024

// One key is read at a time and nothing in between calls anyone else's code.
let source: Uint8Array = NO_BYTES
let position = 0
let wholeText = ''
/** Eight bytes on the way to a number: a DataView on a short key would move it off V8's heap. */
const eight = new DataView(new ArrayBuffer(8))

/**
 * Decodes what {@link encodeKey} wrote, and nothing else: bytes that it would not have written are
 * refused, so `encodeKey(decodeKey(bytes))` equals `bytes`. The result shares no memory with them.
 *
 * @throws CodecError `KEY_CORRUPT` with the offset.
 * @example
 * ```ts
 * decodeKey(encodeKey(['user', 42])) // => ['user', 42]
 * ```
 */
export function decodeKey(bytes: Uint8Array): KeyPart[] {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('bytes must be a Uint8Array')
  source = bytes
  position = 0
  wholeText = ''
  try {
    const parts: KeyPart[] = []
    while (position < bytes.length) parts.push(readPart(0))
    return parts
  } finally {
    source = NO_BYTES // keeps no one's memory alive
  }
}

function readPart(depth: number): KeyPart {
  const tag = source[position++]
  switch (tag) {
    case TAG.string:
      return readString()
    case TAG.number:
      return readNumber()
    case TAG.bigint:
      return readBigint()
    case TAG.bytes:
      return readBytes()
    case TAG.date:
      return readDate()
    case TAG.null:
      return null
    case TAG.false:
      return false
    case TAG.true:
      return true
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
  takeEight(SIGN, 0)
  return eight.getBigInt64(0)
}

function readNumber(): number {
  const start = position
  if ((source[start] as number) >= 0x80) takeEight(SIGN, 0)
  else takeEight(-1, -1)
  const value = eight.getFloat64(0)
  if (Number.isNaN(value) || Object.is(value, -0)) throw corrupt('no number of a key', start)
  return value
}

/** Fetches eight bytes, flipping these bits in the upper and the lower half. */
function takeEight(flipUpper: number, flipLower: number): void {
  const start = position
  if (source.length - start < 8) throw corrupt('the key ends within a part', source.length)
  eight.setUint32(0, bigEndian(start) ^ flipUpper)
  eight.setUint32(4, bigEndian(start + 4) ^ flipLower)
  position = start + 8
}

function bigEndian(at: number): number {
  return (
    ((source[at] as number) << 24) |
    ((source[at + 1] as number) << 16) |
    ((source[at + 2] as number) << 8) |
    (source[at + 3] as number)
  )
}

function readDate(): Date {
  const start = position
  const timeMs = readNumber()
  if (!Number.isInteger(timeMs) || Math.abs(timeMs) > DATE_MAX_MS) throw corrupt('no date', start)
  return new Date(timeMs)
}

function readBytes(): Uint8Array {
  const start = position
  let end = start
  let escapes = 0
  for (; ; end++) {
    const byte = source[end]
    if (byte === undefined) throw corrupt('the key ends within a part', end)
    if (byte !== TAG.end) continue
    if (source[end + 1] !== ESCAPE) break
    escapes++
    end++
  }
  position = end + 1
  if (escapes === 0) return ownCopyOf(source, start, end)
  const bytes = new Uint8Array(end - start - escapes)
  for (let from = start, to = 0; from < end; from++) {
    const byte = source[from] as number
    bytes[to++] = byte
    if (byte === 0) from++
  }
  return bytes
}

function readString(): string {
  const start = position
  let end = start
  for (let byte = source[end]; ; byte = source[++end]) {
    if (byte === undefined) throw corrupt('the key ends within a part', end)
    if (byte === TAG.end && source[end + 1] !== ESCAPE) break
    if (byte === 0 || byte >= 0x80) return readAnyString()
  }
  position = end + 1
  if (source.length > WHOLE_TEXT_MAX) return latin1Text(source, start, end)
  if (wholeText === '') wholeText = latin1Text(source, 0, source.length)
  return wholeText.slice(start, end)
}

/** A string with NUL or beyond ASCII. */
function readAnyString(): string {
  let text = ''
  let before = 0
  for (;;) {
    const code = readCodePoint()
    if (code === 0) {
      if (source[position] !== ESCAPE) return text
      position++
    }
    // Halves that stand together are one character, and are written as one.
    if (before >> 10 === 0x36 && code >> 10 === 0x37) throw corrupt('malformed text', position - 3)
    text += String.fromCodePoint(code)
    before = code
  }
}

function readCodePoint(): number {
  const start = position
  const first = source[position++]
  if (first === undefined) throw corrupt('the key ends within a part', start)
  if (first < 0x80) return first
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0
  if (length === 0) throw corrupt('malformed text', start)
  let code = first & (0x3f >> length)
  for (let i = 0; i < length; i++) {
    const byte = source[position++]
    if (byte === undefined || (byte & 0xc0) !== 0x80) throw corrupt('malformed text', start)
    code = (code << 6) | (byte & 0x3f)
  }
  const least = length === 1 ? 0x80 : length === 2 ? 0x800 : 0x10000
  if (code < least || code > 0x10ffff) throw corrupt('malformed text', start)
  return code
}

function corrupt(what: string, offset: number): CodecError {
  const message = `not a key of encodeKey: ${what} at offset ${offset}`
  return new CodecError('KEY_CORRUPT', message, { offset })
}
