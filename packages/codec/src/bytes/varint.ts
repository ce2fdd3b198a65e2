/** Bytes that a varint of up to 32 bits takes at most. */
export const VARINT_BYTES_MAX = 5

/**
 * Writes `value` (0 to 2^32 - 1) as LEB128: seven bits a byte, the least significant first. Returns
 * where it ends.
 */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let position = at
  let rest = value
  while (rest >= 0x80) {
    target[position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[position++] = rest
  return position
}

/**
 * Reads a varint of up to 32 bits at `position`. Returns -1 when it is cut off, longer than needed
 * or larger than 32 bits: {@link varintLength} tells how far a good one reaches.
 */
export function readVarint(bytes: Uint8Array, position: number): number {
  const first = bytes[position]
  if (first !== undefined && first < 0x80) return first
  let value = 0
  for (let i = 0; i < VARINT_BYTES_MAX; i++) {
    const byte = bytes[position + i]
    if (byte === undefined) return -1
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return (byte === 0 && i > 0) || value > 0xffffffff ? -1 : value
  }
  return -1
}

/** How many bytes {@link readVarint} has read for this value. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}
