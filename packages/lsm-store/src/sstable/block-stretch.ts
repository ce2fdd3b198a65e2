import { LARGEST_IN_SLAB, pool } from '../bytes/copy.ts'
import type { Entry } from '../iterator/store-iterator.ts'
import type { Stretch } from '../iterator/stretch.ts'
import { KIND_PUT } from '../memtable/record.ts'
import type { Block } from './block.ts'

/** At most so many entries at a time. */
const MOST = 64
const EMPTY = new Uint8Array(0)

/** Per entry: where its key goes on behind the block's prefix, where its value starts, and ends. */
const starts = new Int32Array(MOST + 1)
const values = new Int32Array(MOST + 1)
const ends = new Int32Array(MOST + 1)

/**
 * Copies entries of a block from `first` on, in the direction of the stretch, and tells how many: as
 * long as they are puts to be shown as they stand, lie within the stretch, and are the only version of
 * their key that can matter. They are copied in one piece.
 */
export function takeStretch(block: Block, first: number, stretch: Stretch, into: Entry[]): number {
  const room = pool.room(LARGEST_IN_SLAB)
  const count = stretch.reverse
    ? measureBack(block, first, stretch, room)
    : measure(block, first, stretch, room)
  if (count > 0) copyOut(block, count, stretch, into)
  return count
}

function measure(block: Block, first: number, stretch: Stretch, room: number): number {
  const most = Math.min(MOST, stretch.most, block.count - first)
  const isInside = block.read(block.count - 1) && isWithin(block, stretch)
  let keyBytes = 0
  for (let i = 0; i < most; i++) {
    if (!block.read(first + i) || !isPlain(block, stretch)) return i
    if (!isInside && !isWithin(block, stretch)) {
      stretch.isMet = true
      return i
    }
    note(i, block)
    // Where one reaches into the other the file is forged.
    if (i > 0 && ((ends[i - 1] as number) > (starts[i] as number) || repeats(block, i))) return i
    const region = (ends[i] as number) - (starts[0] as number)
    keyBytes += lengthOf(block)
    if ((stretch.keysOnly ? 0 : region) + keyBytes > room) return i
  }
  return most
}

/** Entries of which the one before has another key: it would be a newer version. */
function measureBack(block: Block, first: number, stretch: Stretch, room: number): number {
  // What stands before the block's first entry is not known here.
  const most = Math.min(MOST, stretch.most, first)
  const isInside = block.read(0) && isWithin(block, stretch)
  let keyBytes = 0
  let taken = 0
  for (let i = 0; i <= most; i++) {
    if (!block.read(first - i)) return taken
    note(i, block)
    if (i > 0) {
      if ((ends[i] as number) > (starts[i - 1] as number) || repeats(block, i)) return taken
      taken = i
    }
    if (!isPlain(block, stretch)) return taken
    if (!isInside && !isWithin(block, stretch)) {
      stretch.isMet = true
      return taken
    }
    const region = (ends[0] as number) - (starts[i] as number)
    keyBytes += lengthOf(block)
    if ((stretch.keysOnly ? 0 : region) + keyBytes > room) return taken
  }
  return taken
}

function note(i: number, { suffixStart, valueStart, valueEnd }: Block): void {
  starts[i] = suffixStart
  values[i] = valueStart
  ends[i] = valueEnd
}

/** Bytes of the key of the entry read last. */
function lengthOf({ prefixLength, suffixStart, suffixEnd }: Block): number {
  return prefixLength + suffixEnd - suffixStart
}

/** True when the entry read last is shown as it stands, and small enough to share memory. */
function isPlain(block: Block, { sequence, skip }: Stretch): boolean {
  return (
    block.kind === KIND_PUT &&
    block.sequence <= sequence &&
    block.valueEnd - block.valueStart <= LARGEST_IN_SLAB &&
    lengthOf(block) >= skip
  )
}

/** True when entry `i` has the key of the one noted before it. Most differ in their last byte. */
function repeats({ bytes }: Block, i: number): boolean {
  const start = starts[i] as number
  const other = starts[i - 1] as number
  const length = (values[i] as number) - start
  if ((values[i - 1] as number) - other !== length) return false
  for (let j = length - 1; j >= 0; j--) if (bytes[start + j] !== bytes[other + j]) return false
  return true
}

/** True when the entry read last comes before the bound, in the stretch's direction. */
function isWithin(block: Block, { bound, boundStart, boundEnd, reverse }: Stretch): boolean {
  if (bound === undefined) return true
  const order = compareKey(block, bound, boundStart, boundEnd)
  return reverse ? order > 0 : order < 0
}

/** Order of the key of the entry read last and another one. */
function compareKey(block: Block, other: Uint8Array, start: number, end: number): number {
  const { bytes, prefixStart, prefixLength, suffixStart } = block
  const length = lengthOf(block)
  const shared = Math.min(length, end - start)
  const inPrefix = Math.min(prefixLength, shared)
  for (let i = 0; i < inPrefix; i++) {
    const difference = (bytes[prefixStart + i] as number) - (other[start + i] as number)
    if (difference !== 0) return difference
  }
  for (let i = inPrefix; i < shared; i++) {
    const byte = bytes[suffixStart + i - prefixLength] as number
    const difference = byte - (other[start + i] as number)
    if (difference !== 0) return difference
  }
  return length - (end - start)
}

function copyOut(block: Block, count: number, stretch: Stretch, into: Entry[]): void {
  const { skip, keysOnly, reverse } = stretch
  const { bytes, prefixStart, prefixLength } = block
  const { bytes: slab, buffer, used } = pool
  const low = starts[reverse ? count - 1 : 0] as number
  const high = ends[reverse ? 0 : count - 1] as number
  const shift = used - low
  let at = used
  if (!keysOnly) {
    slab.set(bytes.subarray(low, high), at)
    at += high - low
  }
  // What a key shows may stand whole in its entry; otherwise it is put together behind the entries.
  const cut = skip - prefixLength
  const stands = cut >= 0 && !keysOnly
  for (let i = 0; i < count; i++) {
    const start = starts[i] as number
    const middle = values[i] as number
    const value = keysOnly
      ? EMPTY
      : new Uint8Array(buffer, middle + shift, (ends[i] as number) - middle)
    if (stands) {
      into.push([new Uint8Array(buffer, start + shift + cut, middle - start - cut), value])
      continue
    }
    const from = at
    for (let j = skip; j < prefixLength; j++) slab[at++] = bytes[prefixStart + j] as number
    for (let j = start + Math.max(0, cut); j < middle; j++) slab[at++] = bytes[j] as number
    into.push([new Uint8Array(buffer, from, at - from), value])
  }
  pool.take(at - used)
  stretch.bytes += at - used
}
