/** Set bits of every byte value. */
const ONES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
})

const bitAt = (bytes: Buffer, at: number): number =>
  ((bytes[Math.floor(at / 8)] as number) >> (7 - (at % 8))) & 1

/** Set bits from bit `start` up to, not including, bit `end`. */
export function countBits(bytes: Buffer, start: number, end: number): number {
  let count = 0
  let at = start
  for (; at < end && at % 8 !== 0; at += 1) count += bitAt(bytes, at)
  for (; at + 8 <= end; at += 8) count += ONES[bytes[at / 8] as number] as number
  for (; at < end; at += 1) count += bitAt(bytes, at)
  return count
}

/** The first bit of the wanted value between `start` and `end`, or -1. */
export function bitPosition(bytes: Buffer, wanted: number, start: number, end: number): number {
  const skipped = wanted === 1 ? 0x00 : 0xff
  let at = start
  while (at < end) {
    if (at % 8 === 0 && at + 8 <= end && bytes[at / 8] === skipped) at += 8
    else if (bitAt(bytes, at) === wanted) return at
    else at += 1
  }
  return -1
}

/** An integer of `width` bits at a bit offset; beyond the end the bits are zero. */
export function readField(bytes: Buffer, offset: number, width: number, isSigned: boolean): bigint {
  let value = 0n
  for (let at = offset; at < offset + width; at += 1) {
    const byte = bytes[Math.floor(at / 8)] ?? 0
    value = (value << 1n) | BigInt((byte >> (7 - (at % 8))) & 1)
  }
  return isSigned ? BigInt.asIntN(width, value) : value
}

export function writeField(bytes: Buffer, offset: number, width: number, value: bigint): void {
  let rest = BigInt.asUintN(width, value)
  for (let at = offset + width - 1; at >= offset; at -= 1) {
    const index = Math.floor(at / 8)
    const mask = 0x80 >> (at % 8)
    const byte = bytes[index] as number
    bytes[index] = rest & 1n ? byte | mask : byte & ~mask
    rest >>= 1n
  }
}
