import { readLatin1 } from '../values/latin1.ts'
import { RdbError } from './rdb-error.ts'

const HEADER_BYTES = 10
const END = 0xff
const LONG_PREVIOUS = 0xfe

/** The elements of a ziplist, which Redis wrote up to version 6. Numbers come as text. */
export function decodeZiplist(bytes: Buffer): string[] {
  const elements: string[] = []
  if (bytes.length < HEADER_BYTES + 1 || bytes.readUInt32LE(0) !== bytes.length) {
    throw new RdbError('a ziplist of another length', 0)
  }
  let at = HEADER_BYTES
  while (bytes[at] !== END) {
    at += bytes[at] === LONG_PREVIOUS ? 5 : 1
    if (at >= bytes.length) throw new RdbError('a ziplist without end', at)
    const { head, length, integer } = shapeOf(bytes, at)
    const end = at + head + length
    if (end >= bytes.length) throw new RdbError('a ziplist element beyond the end', at)
    elements.push(integer ? integer() : readLatin1(bytes, at + head, end))
    at = end
  }
  return elements
}

interface Shape {
  readonly head: number
  readonly length: number
  readonly integer?: () => string
}

function shapeOf(bytes: Buffer, at: number): Shape {
  const code = bytes[at] as number
  if (code >>> 6 === 0) return { head: 1, length: code & 63 }
  if (code >>> 6 === 1) return { head: 2, length: ((code & 63) << 8) | (bytes[at + 1] ?? 0) }
  if (code >>> 6 === 2) {
    if (at + 5 > bytes.length) throw new RdbError('a ziplist element beyond the end', at)
    return { head: 5, length: bytes.readUInt32BE(at + 1) }
  }
  const whole = (length: number, integer: () => string): Shape => ({ head: 1, length, integer })
  switch (code) {
    case 0xc0:
      return whole(2, () => String(bytes.readInt16LE(at + 1)))
    case 0xd0:
      return whole(4, () => String(bytes.readInt32LE(at + 1)))
    case 0xe0:
      return whole(8, () => String(bytes.readBigInt64LE(at + 1)))
    case 0xf0:
      return whole(3, () => String(bytes.readIntLE(at + 1, 3)))
    case 0xfe:
      return whole(1, () => String(bytes.readInt8(at + 1)))
    default:
      if (code > 0xf0 && code < 0xfe) return whole(0, () => String((code & 15) - 1))
      throw new RdbError(`unknown ziplist encoding ${code}`, at)
  }
}
