import { RdbError } from './rdb-error.ts'

const HEADER_BYTES = 8

/** The members of an intset as text. */
export function decodeIntset(bytes: Buffer): string[] {
  if (bytes.length < HEADER_BYTES) throw new RdbError('an intset without header', 0)
  const width = bytes.readUInt32LE(0)
  const count = bytes.readUInt32LE(4)
  const isWhole = width === 2 || width === 4 || width === 8
  if (!isWhole || bytes.length !== HEADER_BYTES + width * count) {
    throw new RdbError('an intset of another length', 0)
  }
  return Array.from({ length: count }, (_, index) => {
    const at = HEADER_BYTES + index * width
    return String(width === 8 ? bytes.readBigInt64LE(at) : bytes.readIntLE(at, width))
  })
}

export function encodeIntset(values: readonly (number | bigint)[]): Buffer {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : 1))
  const widest = (least: number, most: number): boolean =>
    sorted.every((value) => value >= least && value <= most)
  const width = widest(-32_768, 32_767) ? 2 : widest(-2_147_483_648, 2_147_483_647) ? 4 : 8
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + width * sorted.length)
  bytes.writeUInt32LE(width, 0)
  bytes.writeUInt32LE(sorted.length, 4)
  sorted.forEach((value, index) => {
    const at = HEADER_BYTES + index * width
    if (width === 8) bytes.writeBigInt64LE(BigInt(value), at)
    else bytes.writeIntLE(Number(value), at, width)
  })
  return bytes
}
