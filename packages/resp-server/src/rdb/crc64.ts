/** CRC-64 "Jones", reflected, as DUMP payloads and RDB files end with. Two 32-bit halves. */
const POLYNOMIAL_HIGH = 0x95ac9329
const POLYNOMIAL_LOW = 0xac4bc9b5

const HIGH = new Uint32Array(256)
const LOW = new Uint32Array(256)
for (let byte = 0; byte < 256; byte += 1) {
  let high = 0
  let low = byte
  for (let bit = 0; bit < 8; bit += 1) {
    const isOdd = low & 1
    low = ((low >>> 1) | (high << 31)) >>> 0
    high >>>= 1
    if (isOdd) {
      low = (low ^ POLYNOMIAL_LOW) >>> 0
      high = (high ^ POLYNOMIAL_HIGH) >>> 0
    }
  }
  HIGH[byte] = high
  LOW[byte] = low
}

/** A checksum that goes on over several pieces. */
export class Crc64 {
  #high = 0
  #low = 0

  update(bytes: Uint8Array): this {
    let high = this.#high
    let low = this.#low
    for (let at = 0; at < bytes.length; at += 1) {
      const index = (low ^ (bytes[at] as number)) & 0xff
      low = (((low >>> 8) | (high << 24)) ^ (LOW[index] as number)) >>> 0
      high = ((high >>> 8) ^ (HIGH[index] as number)) >>> 0
    }
    this.#high = high
    this.#low = low
    return this
  }

  /** Eight bytes, little-endian. */
  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeUInt32LE(this.#low, 0)
    bytes.writeUInt32LE(this.#high, 4)
    return bytes
  }
}
