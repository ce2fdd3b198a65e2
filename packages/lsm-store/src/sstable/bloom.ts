/**
 * A blocked bloom filter: each key sets bits in one 64-byte line, so that a test touches one cache
 * line. The line comes from the key's hash, the bits from multiplying it on.
 */
import { readUint32, writeUint32 } from '../bytes/integers.ts'

const LINE_BYTES = 64
/** One key in a hundred that is not there is looked for in vain. */
export const BITS_PER_KEY = 10
/** The best number of probes is that of the bits times the natural logarithm of 2. */
const PROBES_PER_BIT = 0.69
const MOST_PROBES = 12
/** Probes u8, reserved 3, lines u32. */
const HEADER_BYTES = 8
/** 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e3779b9

/** The filter section for these key hashes, with so many bits for all together. */
export function buildFilter(
  hashes: Uint32Array,
  count: number,
  totalBits: number = count * BITS_PER_KEY,
): Uint8Array {
  const lines = Math.max(1, Math.ceil(totalBits / (LINE_BYTES * 8)))
  const perKey = (totalBits / Math.max(1, count)) * PROBES_PER_BIT
  const probes = Math.min(MOST_PROBES, Math.max(1, Math.round(perKey)))
  const bytes = new Uint8Array(HEADER_BYTES + lines * LINE_BYTES)
  bytes[0] = probes
  writeUint32(bytes, 4, lines)
  for (let i = 0; i < count; i++) {
    const hash = hashes[i] as number
    const line = HEADER_BYTES + lineOf(hash, lines) * LINE_BYTES
    let bits = hash
    for (let probe = 0; probe < probes; probe++) {
      bits = Math.imul(bits, GOLDEN)
      const bit = bits >>> 23
      bytes[line + (bit >>> 3)] = (bytes[line + (bit >>> 3)] as number) | (1 << (bit & 7))
    }
  }
  return bytes
}

/** What a filter section must look like. */
export function isFilter(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES + LINE_BYTES) return false
  return HEADER_BYTES + readUint32(bytes, 4) * LINE_BYTES === bytes.length
}

/** False when no key with this hash was added. */
export function mayContain(filter: Uint8Array, hash: number): boolean {
  const lines = (filter.length - HEADER_BYTES) / LINE_BYTES
  const probes = filter[0] as number
  const line = HEADER_BYTES + lineOf(hash, lines) * LINE_BYTES
  let bits = hash
  for (let probe = 0; probe < probes; probe++) {
    bits = Math.imul(bits, GOLDEN)
    const bit = bits >>> 23
    if (((filter[line + (bit >>> 3)] as number) & (1 << (bit & 7))) === 0) return false
  }
  return true
}

/** Spreads hashes over the lines by their high bits. */
function lineOf(hash: number, lines: number): number {
  return Math.floor((hash * lines) / 0x1_0000_0000)
}
