import { murmurHash64 } from './murmur-hash.ts'

export const REGISTERS = 16_384
const INDEX_MASK = REGISTERS - 1
const INDEX_BITS = 14

const hash = { high: 0, low: 0 }

/** The register that an element belongs to and the value that it asks for. */
export function placeOf(element: string): { readonly index: number; readonly value: number } {
  murmurHash64(element, hash)
  const index = hash.low & INDEX_MASK
  // zeros behind the index, and one; a bit behind the last ends the count
  const low = ((hash.low >>> INDEX_BITS) | (hash.high << (32 - INDEX_BITS))) >>> 0
  const high = (hash.high >>> INDEX_BITS) | (1 << (50 - 32))
  return { index, value: low === 0 ? 33 + zerosBelow(high) : 1 + zerosBelow(low) }
}

const zerosBelow = (word: number): number => 31 - Math.clz32(word & -word)
