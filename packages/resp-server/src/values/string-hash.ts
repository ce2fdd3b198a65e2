import { randomBytes } from 'node:crypto'

const random = randomBytes(8)
/** Secret of this process: without it nobody can choose keys that fall together. Nothing shows it. */
const secret = { k0: random.readInt32LE(0), k1: random.readInt32LE(4) } as const

/**
 * {@link hashString} of bytes that are no string yet. Written twice on purpose: reading each byte
 * through a function of the source would cost as much as the hash.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  const { k0, k1 } = secret
  const length = end - start
  let v0 = k0
  let v1 = k1
  let v2 = 0x6c796765 ^ k0
  let v3 = 0x74656462 ^ k1
  const whole = start + (length & ~3)
  const last = whole + 16
  for (let at = start; at < last; at += 4) {
    let word = 0
    if (at < whole) {
      word =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)
    } else if (at === whole) {
      word = length << 24
      for (let i = whole; i < end; i += 1) word |= (bytes[i] as number) << ((i - whole) * 8)
    } else if (at === whole + 4) v2 ^= 0xff
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  return v1 ^ v3
}

/** All bits of the characters of the text that was hashed last. */
let seenLast = 0

/**
 * HalfSipHash-1-3 of a string of bytes, as a signed 32-bit number: one round per four bytes keeps
 * it near the price of a weak hash, and clients cannot flood a table as they could with one.
 */
export function hashString(text: string): number {
  const { k0, k1 } = secret
  const { length } = text
  let v0 = k0
  let v1 = k1
  let v2 = 0x6c796765 ^ k0
  let v3 = 0x74656462 ^ k1
  const whole = length & ~3
  let seen = 0
  // the words of the text, then one with the rest and the length, then three rounds to finish
  const end = whole + 16
  for (let at = 0; at < end; at += 4) {
    let word = 0
    if (at < whole) {
      const first = text.charCodeAt(at)
      const second = text.charCodeAt(at + 1)
      const third = text.charCodeAt(at + 2)
      const fourth = text.charCodeAt(at + 3)
      seen |= first | second | third | fourth
      word = first | (second << 8) | (third << 16) | (fourth << 24)
    } else if (at === whole) {
      word = length << 24
      for (let i = whole; i < length; i += 1) {
        const code = text.charCodeAt(i)
        seen |= code
        word |= code << ((i - whole) * 8)
      }
    } else if (at === whole + 4) v2 ^= 0xff
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  seenLast = seen
  return v1 ^ v3
}

/** Whether the text that {@link hashString} has just hashed is of ASCII alone. */
export const wasAscii = (): boolean => seenLast <= 0x7f
