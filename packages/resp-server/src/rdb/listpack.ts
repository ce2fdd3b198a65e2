import { readLatin1, writeLatin1 } from '../values/latin1.ts'
import { parseInteger } from '../values/numbers.ts'
import { backLengthBytes } from '../values/stream/listpack-size.ts'
import { RdbError } from './rdb-error.ts'

const HEADER_BYTES = 6
const END = 0xff

/** The elements of a listpack, numbers as text. */
export function decodeListpack(bytes: Buffer): string[] {
  const elements: string[] = []
  if (bytes.length < HEADER_BYTES + 1 || bytes.readUInt32LE(0) !== bytes.length) {
    throw new RdbError('a listpack of another length', 0)
  }
  let at = HEADER_BYTES
  for (;;) {
    if (at >= bytes.length) throw new RdbError('a listpack without end', at)
    const code = bytes[at] as number
    if (code === END) break
    const { head, length } = shapeOf(bytes, at, code)
    const end = at + head + length
    if (end >= bytes.length) throw new RdbError('a listpack element beyond the end', at)
    elements.push(
      length > 0 && isString(code)
        ? readLatin1(bytes, at + head, end)
        : isString(code)
          ? ''
          : integerAt(bytes, at, code),
    )
    at = end + backLengthBytes(head + length)
  }
  if (at !== bytes.length - 1) throw new RdbError('a listpack that ends early', at)
  return elements
}

const isString = (code: number): boolean =>
  (code & 0xc0) === 0x80 || (code & 0xf0) === 0xe0 || code === 0xf0

/** Bytes of an element's head and of what follows it. */
function shapeOf(bytes: Buffer, at: number, code: number): { head: number; length: number } {
  if (code < 0x80) return { head: 1, length: 0 }
  if ((code & 0xc0) === 0x80) return { head: 1, length: code & 0x3f }
  if ((code & 0xe0) === 0xc0) return { head: 1, length: 1 }
  if ((code & 0xf0) === 0xe0) return { head: 2, length: ((code & 15) << 8) | (bytes[at + 1] ?? 0) }
  switch (code) {
    case 0xf0:
      if (at + 5 > bytes.length) throw new RdbError('a listpack element beyond the end', at)
      return { head: 5, length: bytes.readUInt32LE(at + 1) }
    case 0xf1:
      return { head: 1, length: 2 }
    case 0xf2:
      return { head: 1, length: 3 }
    case 0xf3:
      return { head: 1, length: 4 }
    case 0xf4:
      return { head: 1, length: 8 }
    default:
      throw new RdbError(`unknown listpack encoding ${code}`, at)
  }
}

function integerAt(bytes: Buffer, at: number, code: number): string {
  if (code < 0x80) return String(code)
  if ((code & 0xe0) === 0xc0) {
    const value = ((code & 31) << 8) | (bytes[at + 1] as number)
    return String(value >= 4096 ? value - 8192 : value)
  }
  if (code === 0xf1) return String(bytes.readInt16LE(at + 1))
  if (code === 0xf2) return String(bytes.readIntLE(at + 1, 3))
  if (code === 0xf3) return String(bytes.readInt32LE(at + 1))
  return String(bytes.readBigInt64LE(at + 1))
}

/** Builds a listpack as Redis would. */
export class ListpackBuilder {
  readonly #parts: Buffer[] = []
  #bytes = HEADER_BYTES + 1
  #count = 0

  /** Bytes that the listpack has so far. */
  get size(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#count
  }

  string(text: string): void {
    const value = text.length <= 20 ? parseInteger(text) : undefined
    if (value !== undefined) {
      this.integer(value)
      return
    }
    const { length } = text
    const head = length < 64 ? 1 : length < 4096 ? 2 : 5
    const bytes = Buffer.allocUnsafe(head + length)
    if (head === 1) bytes[0] = 0x80 | length
    else if (head === 2) {
      bytes[0] = 0xe0 | (length >>> 8)
      bytes[1] = length & 0xff
    } else {
      bytes[0] = 0xf0
      bytes.writeUInt32LE(length, 1)
    }
    writeLatin1(bytes, text, head)
    this.#push(bytes)
  }

  integer(value: number | bigint): void {
    const small = Number(value)
    if (small >= 0 && small <= 127) this.#push(Buffer.from([small]))
    else if (small >= -4096 && small <= 4095) {
      const bits = small & 0x1fff
      this.#push(Buffer.from([0xc0 | (bits >>> 8), bits & 0xff]))
    } else this.#push(wideInteger(value))
  }

  build(): Buffer {
    const header = Buffer.allocUnsafe(HEADER_BYTES)
    header.writeUInt32LE(this.#bytes, 0)
    header.writeUInt16LE(Math.min(this.#count, 0xffff), 4)
    return Buffer.concat([header, ...this.#parts, Buffer.from([END])])
  }

  #push(element: Buffer): void {
    const back = backLength(element.length)
    this.#parts.push(element, back)
    this.#bytes += element.length + back.length
    this.#count += 1
  }
}

function wideInteger(value: number | bigint): Buffer {
  const small = Number(value)
  const width = [2, 3, 4].find((bytes) => Math.abs(small + 0.5) < 2 ** (bytes * 8 - 1))
  const bytes = Buffer.allocUnsafe(1 + (width ?? 8))
  bytes[0] = width === undefined ? 0xf4 : 0xf1 + width - 2
  if (width === undefined) bytes.writeBigInt64LE(BigInt(value), 1)
  else bytes.writeIntLE(small, 1, width)
  return bytes
}

/** The length of an element behind it: seven bits a byte, the last byte holds the lowest. */
function backLength(length: number): Buffer {
  const size = backLengthBytes(length)
  const bytes = Buffer.allocUnsafe(size)
  let rest = length
  for (let at = size - 1; at >= 0; at -= 1) {
    bytes[at] = (rest & 127) | (at === 0 ? 0 : 128)
    rest = Math.floor(rest / 128)
  }
  return bytes
}
