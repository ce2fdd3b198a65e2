/**
 * A hash table for a block in the cache, made when the block was asked for again: it leads from a
 * key to its versions, newest first, without a search. Slots of 16 bits stand before the block: the
 * offset of an entry in as many low bits as the block's length needs, bits of its key's hash above.
 */
import { hashRange } from '../bytes/hash.ts'
import type { Block } from './block.ts'

const LARGEST_BLOCK_BYTES = 0xffff
const MOST_ENTRIES = 0xffff

/** Slots for a block of so many entries, as a power of two. */
export function slotBits(entries: number): number {
  // Whoever claims more of a block is wrong.
  return 32 - Math.clz32(Math.ceil(Math.min(entries, MOST_ENTRIES) * 1.5))
}

/** How many low bits of a slot hold an offset. */
function offsetBits(length: number): number {
  return 32 - Math.clz32(length - 1)
}

let assembled = new Uint8Array(256)

/**
 * Fills `2 ** bits` slots in `halves`, from `first` on, for a block of `length` bytes. False when
 * they do not suffice, or an entry is malformed.
 */
export function buildSlots(
  block: Block,
  halves: Uint16Array,
  first: number,
  bits: number,
  length: number,
): boolean {
  if (length > LARGEST_BLOCK_BYTES || block.count * 1.15 > 2 ** bits) return false
  const shift = offsetBits(length)
  const mask = (1 << bits) - 1
  halves.fill(0, first, first + mask + 1)
  for (let i = 0; i < block.count; i++) {
    if (!block.read(i)) return false
    const hash = hashOfKey(block)
    let slot = hash & mask
    while (halves[first + slot] !== 0) slot = (slot + 1) & mask
    halves[first + slot] = ((hash >>> 16) << shift) | block.offsetOf(i)
  }
  return true
}

function hashOfKey({ bytes, prefixStart, prefixLength, suffixStart, suffixEnd }: Block): number {
  if (prefixLength === 0) return hashRange(bytes, suffixStart, suffixEnd)
  const length = prefixLength + suffixEnd - suffixStart
  if (length > assembled.length) assembled = new Uint8Array(2 * length)
  for (let i = 0; i < prefixLength; i++) assembled[i] = bytes[prefixStart + i] as number
  for (let i = suffixStart; i < suffixEnd; i++) {
    assembled[prefixLength + i - suffixStart] = bytes[i] as number
  }
  return hashRange(assembled, 0, length)
}

export const ABSENT = 0
export const FOUND = 1
/** The block has only versions that are too new; older ones may follow behind it. */
export const TOO_NEW = 2

/** Leads the block to the newest version of a key that is not newer than `sequence`. */
export function findInSlots(
  block: Block,
  halves: Uint16Array,
  first: number,
  bits: number,
  length: number,
  key: Uint8Array,
  keyLength: number,
  hash: number,
  sequence: number,
): number {
  const shift = offsetBits(length)
  const offsetMask = (1 << shift) - 1
  const mask = (1 << bits) - 1
  const wanted = ((hash >>> 16) << shift) & 0xffff
  let outcome = ABSENT
  let slot = hash & mask
  for (;;) {
    const found = halves[first + slot] as number
    if (found === 0) return outcome
    slot = (slot + 1) & mask
    if ((found & ~offsetMask) !== wanted) continue
    if (!block.readAt(found & offsetMask) || !block.hasKey(key, keyLength)) continue
    // The same key comes by newest first, as it was put in.
    if (block.sequence <= sequence) return FOUND
    outcome = TOO_NEW
  }
}
