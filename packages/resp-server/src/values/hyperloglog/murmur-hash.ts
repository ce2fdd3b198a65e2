/** A 64-bit number in two halves. */
export interface Word64 {
  high: number
  low: number
}

const M_HIGH = 0xc6a4a793
const M_LOW = 0x5bd1e995
const SEED_LOW = 0xadc83b19

/** The high 32 bits of a product of two 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16
  const aLow = a & 0xffff
  const bHigh = b >>> 16
  const bLow = b & 0xffff
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16)
  const cross = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000)) >>> 0
}

/** `word *= m`, modulo 2^64. */
function multiply(word: Word64): void {
  const { high, low } = word
  word.low = Math.imul(low, M_LOW) >>> 0
  word.high = (multiplyHigh(low, M_LOW) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) >>> 0
}

/** `word ^= word >> 47`. */
function mix(word: Word64): void {
  word.low = (word.low ^ (word.high >>> 15)) >>> 0
}

const part: Word64 = { high: 0, low: 0 }

/** MurmurHash64A with the seed that Redis uses. The text is bytes; the result is written over. */
export function murmurHash64(text: string, result: Word64): void {
  const { length } = text
  // h = seed ^ (length * m)
  part.high = Math.floor(length / 0x1_0000_0000)
  part.low = length >>> 0
  multiply(part)
  result.high = part.high
  result.low = (part.low ^ SEED_LOW) >>> 0
  const whole = length - (length % 8)
  for (let at = 0; at < whole; at += 8) {
    part.low = fourBytes(text, at)
    part.high = fourBytes(text, at + 4)
    multiply(part)
    mix(part)
    multiply(part)
    result.high = (result.high ^ part.high) >>> 0
    result.low = (result.low ^ part.low) >>> 0
    multiply(result)
  }
  if (whole < length) {
    for (let at = whole; at < length; at += 1) {
      const shift = (at - whole) * 8
      const byte = text.charCodeAt(at)
      if (shift < 32) result.low = (result.low ^ (byte << shift)) >>> 0
      else result.high = (result.high ^ (byte << (shift - 32))) >>> 0
    }
    multiply(result)
  }
  mix(result)
  multiply(result)
  mix(result)
}

const fourBytes = (text: string, at: number): number =>
  (text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)) >>>
  0
