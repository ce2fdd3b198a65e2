import { copyOf } from '../bytes/allocate.ts'
import { CodecError } from '../error.ts'
import { DATE_MAX_MS, ESCAPE, KEY_DEPTH_MAX, type KeyPart, type KeyTuple, TAG } from './key.ts'

const SCRATCH_BYTES = 4096
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

// Keys are built here and copied out: nothing between the first byte and the copy can yield.
let scratch = new Uint8Array(SCRATCH_BYTES)
let view = new DataView(scratch.buffer)
let position = 0

/**
 * Encodes a tuple so that comparing the bytes compares the values.
 *
 * Order of types: null < false < true < bigint < number < string < bytes < date < tuple. Numbers
 * compare as float64, and -0 is 0. Strings compare by code point (lone surrogates included), bytes
 * as `memcmp`, tuples part by part with a tuple before its extensions.
 *
 * @throws CodecError `KEY_INVALID` for NaN, bigints beyond int64, invalid dates, tuples nested more
 * than 32 deep and values of any other type.
 * @example
 * ```ts
 * await store.put(encodeKey(['user', 42, 'email']), value)
 * ```
 */
export function encodeKey(tuple: KeyTuple): Uint8Array {
  if (!Array.isArray(tuple)) throw new TypeError('tuple must be an array of key parts')
  position = 0
  writeParts(tuple, 0)
  const key = copyOf(scratch, 0, position)
  if (scratch.length > SCRATCH_BYTES) {
    scratch = new Uint8Array(SCRATCH_BYTES)
    view = new DataView(scratch.buffer)
  }
  return key
}

function writeParts(tuple: KeyTuple, depth: number): void {
  for (let i = 0; i < tuple.length; i++) writePart(tuple[i] as KeyPart, depth)
}

function writePart(part: KeyPart, depth: number): void {
  if (typeof part === 'string') writeString(part)
  else if (typeof part === 'number') writeNumber(TAG.number, part)
  else if (typeof part === 'bigint') writeBigint(part)
  else if (typeof part === 'boolean') writeTag(part ? TAG.true : TAG.false)
  else if (part === null) writeTag(TAG.null)
  else if (part instanceof Uint8Array) writeBytes(part)
  else if (part instanceof Date) writeDate(part)
  else if (Array.isArray(part)) writeTuple(part, depth)
  else throw new CodecError('KEY_INVALID', `a key part cannot be of type ${typeof part}`)
}

function writeTag(tag: number): void {
  reserve(1)
  scratch[position++] = tag
}

function writeNumber(tag: number, value: number): void {
  if (Number.isNaN(value)) throw new CodecError('KEY_INVALID', 'NaN has no place in an order')
  reserve(9)
  scratch[position] = tag
  view.setFloat64(position + 1, value + 0) // -0 + 0 is 0
  // Negative: all bits flipped, so larger magnitudes come first. Positive: above the negatives.
  if (value < 0) {
    view.setUint32(position + 1, ~view.getUint32(position + 1))
    view.setUint32(position + 5, ~view.getUint32(position + 5))
  } else {
    scratch[position + 1] = (scratch[position + 1] as number) ^ 0x80
  }
  position += 9
}

function writeBigint(value: bigint): void {
  if (value < INT64_MIN || value > INT64_MAX) {
    throw new CodecError('KEY_INVALID', `a bigint in a key must fit 64 bits signed, got ${value}`)
  }
  reserve(9)
  scratch[position] = TAG.bigint
  view.setBigInt64(position + 1, value)
  scratch[position + 1] = (scratch[position + 1] as number) ^ 0x80
  position += 9
}

function writeDate(date: Date): void {
  const timeMs = date.getTime()
  if (!(Math.abs(timeMs) <= DATE_MAX_MS)) {
    throw new CodecError('KEY_INVALID', 'a date in a key must be valid')
  }
  writeNumber(TAG.date, timeMs)
}

function writeTuple(tuple: KeyTuple, depth: number): void {
  if (depth >= KEY_DEPTH_MAX) {
    throw new CodecError('KEY_INVALID', `tuples may be nested ${KEY_DEPTH_MAX} deep, not deeper`)
  }
  writeTag(TAG.tuple)
  writeParts(tuple, depth + 1)
  writeTag(TAG.end)
}

function writeBytes(bytes: Uint8Array): void {
  reserve(2 * bytes.length + 2)
  const target = scratch
  let at = position
  target[at++] = TAG.bytes
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    target[at++] = byte
    if (byte === 0) target[at++] = ESCAPE
  }
  target[at++] = TAG.end
  position = at
}

function writeString(text: string): void {
  reserve(3 * text.length + 2)
  const target = scratch
  let at = position
  target[at++] = TAG.string
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) {
      target[at++] = unit
      if (unit === 0) target[at++] = ESCAPE
    } else {
      const code = text.codePointAt(i) as number
      if (code > 0xffff) i++
      at = writeCodePoint(target, at, code)
    }
  }
  target[at++] = TAG.end
  position = at
}

/** UTF-8, with lone surrogates in the three bytes that their number would take (WTF-8). */
function writeCodePoint(target: Uint8Array, start: number, code: number): number {
  let at = start
  if (code < 0x800) {
    target[at++] = 0xc0 | (code >> 6)
  } else {
    if (code < 0x10000) {
      target[at++] = 0xe0 | (code >> 12)
    } else {
      target[at++] = 0xf0 | (code >> 18)
      target[at++] = 0x80 | ((code >> 12) & 0x3f)
    }
    target[at++] = 0x80 | ((code >> 6) & 0x3f)
  }
  target[at++] = 0x80 | (code & 0x3f)
  return at
}

function reserve(length: number): void {
  if (position + length <= scratch.length) return
  const grown = new Uint8Array(Math.max(2 * scratch.length, position + length))
  grown.set(scratch.subarray(0, position))
  scratch = grown
  view = new DataView(grown.buffer)
}
