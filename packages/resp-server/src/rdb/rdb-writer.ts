import { writeLatin1 } from '../values/latin1.ts'
import { parseInteger } from '../values/numbers.ts'

const INT8 = 0xc0
const INT16 = 0xc1
const INT32 = 0xc2

/** Writes the primitives of RDB. */
export class RdbWriter {
  #bytes: Buffer = Buffer.allocUnsafe(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was written so far; the writer begins anew. */
  take(): Buffer {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    return bytes
  }

  byte(value: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = value
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  uint64(value: bigint): void {
    const at = this.#grow(8)
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at)
  }

  double(value: number): void {
    const at = this.#grow(8)
    this.#bytes.writeDoubleLE(value, at)
  }

  length64(value: number | bigint): void {
    if (value < 64) this.byte(Number(value))
    else if (value < 16_384) {
      this.byte(0x40 | (Number(value) >>> 8))
      this.byte(Number(value) & 0xff)
    } else if (value <= 0xffff_ffff) {
      this.byte(0x80)
      const at = this.#grow(4)
      this.#bytes.writeUInt32BE(Number(value), at)
    } else {
      this.byte(0x81)
      const at = this.#grow(8)
      this.#bytes.writeBigUInt64BE(BigInt(value), at)
    }
  }

  /** A string; short integers in their compact form, as Redis writes them. */
  string(text: string): void {
    const value = text.length <= 11 ? parseInteger(text) : undefined
    if (typeof value === 'number' && this.#integer(value)) return
    this.length64(text.length)
    const at = this.#grow(text.length)
    writeLatin1(this.#bytes, text, at)
  }

  blob(bytes: Uint8Array): void {
    this.length64(bytes.length)
    this.raw(bytes)
  }

  #integer(value: number): boolean {
    if (value >= -128 && value <= 127) {
      this.byte(INT8)
      const at = this.#grow(1)
      this.#bytes.writeInt8(value, at)
    } else if (value >= -32_768 && value <= 32_767) {
      this.byte(INT16)
      const at = this.#grow(2)
      this.#bytes.writeInt16LE(value, at)
    } else if (value >= -2_147_483_648 && value <= 2_147_483_647) {
      this.byte(INT32)
      const at = this.#grow(4)
      this.#bytes.writeInt32LE(value, at)
    } else return false
    return true
  }

  /** Makes room; answers where it begins. The buffer may be another one afterwards. */
  #grow(length: number): number {
    const start = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const bytes = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2))
      this.#bytes.copy(bytes, 0, 0, start)
      this.#bytes = bytes
    }
    return start
  }
}
