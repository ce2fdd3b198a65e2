/** The Jones polynomial with its bits reversed, as two halves. */
const POLYNOMIAL_HIGH = 0x95ac9329
const POLYNOMIAL_LOW = 0xac4bc9b5

interface Halves {
  readonly high: Uint32Array
  readonly low: Uint32Array
}

let table: Halves | undefined

function buildTable(): Halves {
  const high = new Uint32Array(256)
  const low = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte += 1) {
    let h = 0
    let l = byte
    for (let bit = 0; bit < 8; bit += 1) {
      const isOdd = (l & 1) === 1
      l = (l >>> 1) | ((h & 1) << 31)
      h >>>= 1
      if (isOdd) {
        h ^= POLYNOMIAL_HIGH
        l ^= POLYNOMIAL_LOW
      }
    }
    high[byte] = h
    low[byte] = l
  }
  return { high, low }
}

/** The checksum of RDB files and DUMP payloads, as the eight bytes that stand there. */
export function crc64(bytes: Uint8Array): Buffer {
  table ??= buildTable()
  const { high, low } = table
  let h = 0
  let l = 0
  for (const byte of bytes) {
    const at = (l ^ byte) & 0xff
    l = ((l >>> 8) | (h << 24)) ^ (low[at] as number)
    h = (h >>> 8) ^ (high[at] as number)
  }
  const sum = Buffer.allocUnsafe(8)
  sum.writeUInt32LE(l >>> 0, 0)
  sum.writeUInt32LE(h >>> 0, 4)
  return sum
}
