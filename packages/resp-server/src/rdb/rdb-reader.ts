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

/** What of a file is in memory at a time, but for longer strings. */
const WINDOW_BYTES = 4 * 1024 * 1024
const NONE: Buffer = Buffer.alloc(0)

/** Where the bytes behind those in memory come from. */
export interface ByteSource {
  readonly size: number
  /** Fills `into` with what stands at `position`. */
  read(into: Uint8Array, position: number): void
}

/**
 * Reads the primitives of RDB, from memory or from a file that goes through it window by window. Never
 * past the end, and allocates no more than there is.
 */
export class RdbReader {
  #bytes: Buffer
  #offset: number
  /** Where the bytes in memory begin. */
  #base = 0
  readonly #size: number
  readonly #source: ByteSource | undefined

  constructor(bytes: Buffer, source?: ByteSource, position = 0) {
    this.#bytes = bytes
    this.#offset = 0
    this.#base = position
    this.#source = source
    this.#size = source === undefined ? bytes.length : source.size
  }

  static of(source: ByteSource, position: number): RdbReader {
    return new RdbReader(NONE, source, position)
  }

  /** How far it has read. */
  get position(): number {
    return this.#base + this.#offset
  }

  get left(): number {
    return this.#size - this.position
  }

  fail(message: string): never {
    throw new RdbError(message, this.position)
  }

  byte(): number {
    const at = this.#advance(1)
    return this.#bytes[at] as number
  }

  take(length: number): Buffer {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  uint64(): bigint {
    const at = this.#advance(8)
    return this.#bytes.readBigUInt64LE(at)
  }

  int64(): number {
    const at = this.#advance(8)
    return Number(this.#bytes.readBigInt64LE(at))
  }

  int32(): number {
    const at = this.#advance(4)
    return this.#bytes.readInt32LE(at)
  }

  double(): number {
    const at = this.#advance(8)
    return this.#bytes.readDoubleLE(at)
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
    const value = this.take(8).readBigUInt64BE()
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
  }

  string(): string {
    const first = this.byte()
    if (first >>> 6 !== ENCODED) return readLatin1(this.take(this.#length(first)))
    return this.#encoded(first)
  }

  #encoded(first: number): string {
    switch (first & 63) {
      case INT8:
        return String(this.take(1).readInt8())
      case INT16:
        return String(this.take(2).readInt16LE())
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
    const first = this.byte()
    if (first >>> 6 !== ENCODED) return this.take(this.#length(first))
    if ((first & 63) === LZF) return this.#compressed()
    return Buffer.from(this.#encoded(first), 'latin1')
  }

  #compressed(): Buffer {
    const packed = this.length()
    const length = this.length()
    if (length > MAX_STRING_BYTES || length > packed * 300 + 300) {
      this.fail(`${length} bytes cannot come from ${packed}`)
    }
    const start = this.position
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
        if (first === 0x80) return this.take(4).readUInt32BE()
        if (first !== 0x81) return this.fail(`unknown length encoding ${first}`)
        const length = this.take(8).readBigUInt64BE()
        if (length > BigInt(Number.MAX_SAFE_INTEGER)) return this.fail('a length beyond all bounds')
        return Number(length)
      }
    }
  }

  /** Where the next so many bytes stand in memory, once they do. */
  #advance(length: number): number {
    if (length > this.#bytes.length - this.#offset) this.#extend(length)
    const start = this.#offset
    this.#offset += length
    return start
  }

  /** What was handed out stays as it is: the next window is in memory of its own. */
  #extend(length: number): void {
    if (length > this.left) this.fail(`${length} bytes were expected, ${this.left} are left`)
    const rest = this.#bytes.subarray(this.#offset)
    const window = Buffer.allocUnsafeSlow(Math.min(this.left, Math.max(length, WINDOW_BYTES)))
    rest.copy(window)
    this.#source?.read(window.subarray(rest.length), this.#base + this.#bytes.length)
    this.#base += this.#offset
    this.#bytes = window
    this.#offset = 0
  }
}
