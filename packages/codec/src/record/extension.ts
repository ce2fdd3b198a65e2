import { ownCopyOf } from '../bytes/allocate.ts'
import { CodecError } from '../error.ts'
import { ARRAY_BUFFER_CODE, BIGINT_BYTES_MAX, EXTENSION, TYPED_ARRAYS } from './tokens.ts'

const DATE_MAX_MS = 8.64e15

/** Reads an extension's payload, `bytes[start, end)`, which is known to be there. */
export function readExtension(
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): unknown {
  switch (type) {
    case EXTENSION.undefined:
      return undefined
    case EXTENSION.bigint:
      return readBigint(bytes, start, end)
    case EXTENSION.typedArray:
      return readTypedArray(bytes, start, end)
    case EXTENSION.timestamp:
      return readTimestamp(bytes, start, end)
    default:
      throw corrupt(`the extension ${type} is unknown`, start)
  }
}

/** Big-endian two's complement, as long as it needs. */
function readBigint(bytes: Uint8Array, start: number, end: number): bigint {
  const length = end - start
  if (length === 0 || length > BIGINT_BYTES_MAX) throw corrupt('a bigint of no known size', start)
  let digits = '0x'
  for (let i = start; i < end; i++) digits += (bytes[i] as number).toString(16).padStart(2, '0')
  return BigInt.asIntN(8 * length, BigInt(digits))
}

/** A code byte, then the elements in the byte order of the machine that wrote them. */
function readTypedArray(bytes: Uint8Array, start: number, end: number): unknown {
  const code = bytes[start]
  if (code === undefined || start === end) throw corrupt('a typed array without a type', start)
  // Copied: the elements must be aligned, and the input belongs to the caller.
  const { buffer } = ownCopyOf(bytes, start + 1, end)
  if (code === ARRAY_BUFFER_CODE) return buffer
  const TypedArray = TYPED_ARRAYS[code]
  if (TypedArray === undefined) throw corrupt(`the typed array ${code} is unknown`, start)
  try {
    return new TypedArray(buffer)
  } catch (cause) {
    throw corrupt('a typed array of a broken length', start, cause)
  }
}

/** MessagePack's timestamps of 32, 64 and 96 bits; one byte stands for an invalid date. */
function readTimestamp(bytes: Uint8Array, start: number, end: number): Date {
  let timeMs: number
  let nanoseconds = 0
  switch (end - start) {
    case 1:
      return new Date(Number.NaN)
    case 4:
      timeMs = uint32(bytes, start) * 1000
      break
    case 8:
      nanoseconds = uint32(bytes, start) >>> 2
      timeMs = ((bytes[start + 3] as number) & 3) * 2 ** 32 * 1000 + uint32(bytes, start + 4) * 1000
      break
    case 12:
      nanoseconds = uint32(bytes, start)
      timeMs = ((uint32(bytes, start + 4) | 0) * 2 ** 32 + uint32(bytes, start + 8)) * 1000
      break
    default:
      throw corrupt('a timestamp of no known size', start)
  }
  timeMs += Math.floor(nanoseconds / 1e6)
  if (nanoseconds >= 1e9 || Math.abs(timeMs) > DATE_MAX_MS) {
    throw corrupt('a timestamp that is no date', start)
  }
  return new Date(timeMs)
}

function uint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return high * 0x10000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
}

function corrupt(what: string, offset: number, cause?: unknown): CodecError {
  const message = `not a record: ${what} at offset ${offset}`
  return new CodecError('RECORD_CORRUPT', message, { offset, cause })
}
