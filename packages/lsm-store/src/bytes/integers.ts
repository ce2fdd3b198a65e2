/** Little-endian integers at any alignment. 48 bits hold every sequence number (below 2^48). */
export const MAX_UINT48 = 0xffff_ffff_ffff

export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8)
}

export function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) |
      ((bytes[offset + 1] as number) << 8) |
      ((bytes[offset + 2] as number) << 16) |
      ((bytes[offset + 3] as number) << 24)) >>>
    0
  )
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value
  bytes[offset + 1] = value >>> 8
  bytes[offset + 2] = value >>> 16
  bytes[offset + 3] = value >>> 24
}

export function readUint48(bytes: Uint8Array, offset: number): number {
  return readUint32(bytes, offset) + readUint16(bytes, offset + 4) * 0x1_0000_0000
}

export function writeUint48(bytes: Uint8Array, offset: number, value: number): void {
  writeUint32(bytes, offset, value % 0x1_0000_0000)
  writeUint16(bytes, offset + 4, Math.floor(value / 0x1_0000_0000))
}

/** Bytes that {@link writeVarint} uses for `value`. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length += 1
  return length
}

/** Writes 7 bits a byte, low ones first, high bit set on all but the last; returns the new offset. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value
  let at = offset
  // The remainder of a number that may have a fraction is a call.
  while (rest > 0x7fff_ffff) {
    bytes[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  let low = rest | 0
  while (low >= 0x80) {
    bytes[at++] = low | 0x80
    low >>>= 7
  }
  bytes[at++] = low
  return at
}

/** Reads varints one after another. Past the end or over 48 bits, `failed` becomes true. */
export class VarintReader {
  bytes: Uint8Array
  offset: number
  end: number
  failed = false

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.offset = offset
    this.end = end
  }

  next(): number {
    const { bytes, offset } = this
    if (offset + 4 > this.end) return this.#any()
    let byte = bytes[offset] as number
    if (byte < 0x80) {
      this.offset = offset + 1
      return byte
    }
    let value = byte & 0x7f
    byte = bytes[offset + 1] as number
    value |= (byte & 0x7f) << 7
    if (byte < 0x80) {
      this.offset = offset + 2
      return value
    }
    byte = bytes[offset + 2] as number
    value |= (byte & 0x7f) << 14
    if (byte < 0x80) {
      this.offset = offset + 3
      return value
    }
    byte = bytes[offset + 3] as number
    if (byte >= 0x80) return this.#any()
    this.offset = offset + 4
    return value | (byte << 21)
  }

  /** Of any length, up to the end. */
  #any(): number {
    const { bytes, end } = this
    let at = this.offset
    let value = 0
    let scale = 1
    for (let i = 0; i < 7 && at < end; i++) {
      const byte = bytes[at++] as number
      value += (byte & 0x7f) * scale
      scale *= 0x80
      if (byte < 0x80) {
        this.offset = at
        return value
      }
    }
    this.failed = true
    return 0
  }
}

/** True for a number that counts something. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
