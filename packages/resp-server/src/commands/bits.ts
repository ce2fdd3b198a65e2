/** Set bits of every byte value. */
const ONES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
})

const bitAt = (bytes: Buffer, at: number): number =>
  ((bytes[Math.floor(at / 8)] as number) >> (7 - (at % 8))) & 1

/** Bytes of a word, of which bulk work takes one at a time. */
const WORD = 4
const ALL_ONES = 0xffff_ffff
const NO_WORDS = new Uint32Array(0)

/** The first byte from `at` on where a word may begin in memory. */
const alignedFrom = (bytes: Buffer, at: number): number =>
  at + ((WORD - ((bytes.byteOffset + at) % WORD)) % WORD)

/** The whole words of `bytes[from..to)`; where there are some, one must begin at `from`. */
const wordsOf = (bytes: Buffer, from: number, to: number): Uint32Array =>
  to - from < WORD
    ? NO_WORDS
    : new Uint32Array(bytes.buffer, bytes.byteOffset + from, (to - from) >>> 2)

/** Set bits of a word: first in pairs, then in fours, then in bytes, which are added up. */
function onesOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555)
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}

/** Set bits from bit `start` up to, not including, bit `end`. */
export function countBits(bytes: Buffer, start: number, end: number): number {
  let count = 0
  let at = start
  for (; at < end && at % 8 !== 0; at += 1) count += bitAt(bytes, at)
  const lastByte = Math.floor(end / 8)
  let byte = at / 8
  const aligned = Math.min(alignedFrom(bytes, byte), lastByte)
  for (; byte < aligned; byte += 1) count += ONES[bytes[byte] as number] as number
  const words = wordsOf(bytes, byte, lastByte)
  for (let index = 0; index < words.length; index += 1) count += onesOf(words[index] as number)
  byte += words.length * WORD
  for (; byte < lastByte; byte += 1) count += ONES[bytes[byte] as number] as number
  for (at = Math.max(at, byte * 8); at < end; at += 1) count += bitAt(bytes, at)
  return count
}

/** The first bit of the wanted value between `start` and `end`, or -1. */
export function bitPosition(bytes: Buffer, wanted: number, start: number, end: number): number {
  let at = start
  while (at < end) {
    if (at % 8 === 0 && at + 8 <= end) {
      const byte = firstOther(bytes, wanted === 1 ? 0 : 0xff, at / 8, Math.floor(end / 8))
      if (byte * 8 > at) {
        at = byte * 8
        continue
      }
    }
    if (bitAt(bytes, at) === wanted) return at
    at += 1
  }
  return -1
}

/** Where the first byte that is not `skipped` stands in `bytes[from..to)`, or `to`. */
function firstOther(bytes: Buffer, skipped: 0 | 0xff, from: number, to: number): number {
  let byte = from
  const aligned = Math.min(alignedFrom(bytes, from), to)
  while (byte < aligned && bytes[byte] === skipped) byte += 1
  if (byte < aligned) return byte
  const words = wordsOf(bytes, byte, to)
  const skippedWord = skipped === 0 ? 0 : ALL_ONES
  let index = 0
  while (index < words.length && words[index] === skippedWord) index += 1
  byte += index * WORD
  while (byte < to && bytes[byte] === skipped) byte += 1
  return byte
}

export type BitOperation = 'and' | 'or' | 'xor' | 'not'

/** The sources combined bit by bit; those that are shorter than `length` go on with zeros. */
export function combineBits(
  operation: BitOperation,
  sources: readonly Buffer[],
  length: number,
): Buffer {
  const result = Buffer.alloc(length)
  sources[0]?.copy(result)
  if (operation === 'not') {
    const words = wordsOf(result, 0, length)
    for (let at = 0; at < words.length; at += 1) words[at] = ~(words[at] as number)
    for (let at = words.length * WORD; at < length; at += 1) result[at] = ~(result[at] as number)
    return result
  }
  for (const source of sources.slice(1)) combineWith(operation, result, source)
  return result
}

function combineWith(operation: 'and' | 'or' | 'xor', result: Buffer, source: Buffer): void {
  const other = source.byteOffset % WORD === 0 ? source : copyOf(source)
  const words = wordsOf(result, 0, source.length)
  const others = wordsOf(other, 0, source.length)
  const { length } = words
  if (operation === 'and') {
    for (let at = 0; at < length; at += 1)
      words[at] = (words[at] as number) & (others[at] as number)
    result.fill(0, source.length)
  } else if (operation === 'or') {
    for (let at = 0; at < length; at += 1)
      words[at] = (words[at] as number) | (others[at] as number)
  } else {
    for (let at = 0; at < length; at += 1)
      words[at] = (words[at] as number) ^ (others[at] as number)
  }
  for (let at = length * WORD; at < source.length; at += 1) {
    const [a, b] = [result[at] as number, other[at] as number]
    result[at] = operation === 'and' ? a & b : operation === 'or' ? a | b : a ^ b
  }
}

/** In memory of its own, where words may begin at its start. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
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
