import { readLatin1 } from '../values/latin1.ts'
import { decompressLzf } from './lzf.ts'
import { RdbError } from './rdb-error.ts'

const ENCODED = 3
const INT8 = 0
const INT16 = 1
const INT32 = 2
const LZF = 3
/** No string is longer, compressed or not. */
const MAX_STRING_BYTES = 512 * 1024 * 1024

/** Reads the primitives of RDB. Never past the end, and allocates no more than there is. */
export class RdbReader {
  readonly bytes: Buffer
  offset: number

  constructor(bytes: Buffer, offset = 0) {
    this.bytes = bytes
    this.offset = offset
  }

  get left(): number {
    return this.bytes.length - this.offset
  }

  fail(message: string): never {
    throw new RdbError(message, this.offset)
  }

  byte(): number {
    return this.bytes[this.#advance(1)] as number
  }

  take(length: number): Buffer {
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  uint64(): bigint {
    return this.bytes.readBigUInt64LE(this.#advance(8))
  }

  int64(): number {
    return Number(this.bytes.readBigInt64LE(this.#advance(8)))
  }

  int32(): number {
    return this.bytes.readInt32LE(this.#advance(4))
  }

  double(): number {
    return this.bytes.readDoubleLE(this.#advance(8))
  }

  /** A length, or a count of something that takes at least a byte each. */
  length(): number {
    const first = this.byte()
    if (first >>> 6 === ENCODED) this.fail('a length was expected')
    return this.#length(first)
  }

  /** As {@link length}, where the things counted are in these bytes: no more than are left. */
  count(): number {
    const count = this.length()
    if (count > this.left) this.fail(`${count} elements cannot follow`)
    return count
  }

  /** An unsigned number of up to 64 bits. */
  number(): number | bigint {
    const first = this.byte()
    if (first !== 0x81) return this.#length(first)
    const value = this.bytes.readBigUInt64BE(this.#advance(8))
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
  }

  string(): string {
    const first = this.byte()
    if (first >>> 6 !== ENCODED) return readLatin1(this.take(this.#length(first)))
    switch (first & 63) {
      case INT8:
        return String(this.bytes.readInt8(this.#advance(1)))
      case INT16:
        return String(this.bytes.readInt16LE(this.#advance(2)))
      case INT32:
        return String(this.int32())
      case LZF:
        return readLatin1(this.#compressed())
      default:
        return this.fail(`unknown string encoding ${first}`)
    }
  }

  /** A string's bytes. */
  blob(): Buffer {
    const first = this.bytes[this.offset] ?? 0
    if (first >>> 6 !== ENCODED) return this.take(this.length())
    if ((first & 63) === LZF) {
      this.offset += 1
      return this.#compressed()
    }
    return Buffer.from(this.string(), 'latin1')
  }

  #compressed(): Buffer {
    const packed = this.length()
    const length = this.length()
    if (length > MAX_STRING_BYTES || length > packed * 300 + 300) {
      this.fail(`${length} bytes cannot come from ${packed}`)
    }
    const start = this.offset
    const bytes = decompressLzf(this.take(packed), length)
    if (bytes === undefined) throw new RdbError('damaged compressed string', start)
    return bytes
  }

  #length(first: number): number {
    switch (first >>> 6) {
      case 0:
        return first & 63
      case 1:
        return ((first & 63) << 8) | this.byte()
      default: {
        if (first === 0x80) return this.bytes.readUInt32BE(this.#advance(4))
        if (first !== 0x81) return this.fail(`unknown length encoding ${first}`)
        const length = this.bytes.readBigUInt64BE(this.#advance(8))
        if (length > BigInt(Number.MAX_SAFE_INTEGER)) return this.fail('a length beyond all bounds')
        return Number(length)
      }
    }
  }

  #advance(length: number): number {
    const start = this.offset
    if (length > this.left) this.fail(`${length} bytes were expected, ${this.left} are left`)
    this.offset += length
    return start
  }
}
