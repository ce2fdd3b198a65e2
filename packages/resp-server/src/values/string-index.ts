import { isSame } from './latin1.ts'
import { hashString, wasAscii } from './string-hash.ts'

const FIRST_CELLS = 16
/** A segment this full is made anew with twice the cells: 11 of 16. */
const FULL_NUMERATOR = 11
const FULL_SHIFT = 4
/** Beyond this many keys there are many segments, so that none takes long to grow. */
const ONE_SEGMENT_UP_TO = 32 * 1024
const SEGMENTS = 256
const SEGMENT_SHIFT = 24

/** Part of the table: pairs of hash and 1 + slot (0: free), searched from the hash's place on. */
interface Segment {
  cells: Int32Array
  used: number
}

/**
 * From keys to their slots in an array of keys. A JavaScript Map would do the same with three
 * times the memory, a look at every string that shares a bucket, pauses of seconds when a large
 * one grows, and room for 2^24 keys at most.
 */
export class StringIndex {
  readonly #keys: readonly string[]
  #segments: Segment[] = [segmentOf(FIRST_CELLS)]
  #segmentMask = 0
  /**
   * The key that was looked for last, its hash, and its slot or -1 when it is not there: who looks for a
   * key mostly does so more than once.
   */
  #lastKey: string | undefined
  #lastHash = 0
  #lastSlot = -1

  /** `keys` has each key at its slot whenever the index is asked. */
  constructor(keys: readonly string[]) {
    this.#keys = keys
  }

  /** -1 when the key is not there. */
  find(key: string): number {
    return key === this.#lastKey ? this.#lastSlot : this.#find(key, hashString(key))
  }

  /** Whether a text is ASCII; looks for it then, as {@link find} does, for whoever asks next. */
  findsAscii(text: string): boolean {
    const hash = hashString(text)
    if (!wasAscii()) return false
    this.#find(text, hash)
    return true
  }

  #find(key: string, hash: number): number {
    const keys = this.#keys
    const { cells } = this.#segmentOf(hash)
    const mask = (cells.length >>> 1) - 1
    let at = hash & mask
    let slot = cells[at * 2 + 1] as number
    while (slot !== 0 && (cells[at * 2] !== hash || keys[slot - 1] !== key)) {
      at = (at + 1) & mask
      slot = cells[at * 2 + 1] as number
    }
    this.#lastKey = key
    this.#lastHash = hash
    this.#lastSlot = slot - 1
    return slot - 1
  }

  /** As {@link find}, for a key of which there are only the bytes, `bytes[start..end)`, and their hash. */
  findBytes(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const keys = this.#keys
    const { cells } = this.#segmentOf(hash)
    const mask = (cells.length >>> 1) - 1
    let at = hash & mask
    let slot = cells[at * 2 + 1] as number
    for (; slot !== 0; slot = cells[at * 2 + 1] as number) {
      if (cells[at * 2] === hash && isSame(keys[slot - 1] as string, bytes, start, end)) break
      at = (at + 1) & mask
    }
    this.#lastKey = slot === 0 ? undefined : keys[slot - 1]
    this.#lastHash = hash
    this.#lastSlot = slot - 1
    return slot - 1
  }

  /** The bytes that {@link findBytes} was just asked for, in vain, are this key. */
  isMissing(key: string): void {
    this.#lastKey = key
  }

  /** Where a key with this hash probably has its slot: a place to be looked at in time, or -1. */
  placeOf(hash: number): number {
    const { cells } = this.#segmentOf(hash)
    return (cells[(hash & ((cells.length >>> 1) - 1)) * 2 + 1] as number) - 1
  }

  /** For a key that is not there. */
  add(key: string, slot: number): void {
    const hash = this.#hashOf(key)
    this.#lastKey = key
    this.#lastHash = hash
    this.#lastSlot = slot
    const segment = this.#segmentOf(hash)
    put(segment.cells, hash, slot + 1)
    segment.used += 1
    if (!isFull(segment)) return
    if (this.#segmentMask === 0 && segment.used > ONE_SEGMENT_UP_TO) this.#divide(segment)
    else resize(segment, segment.cells.length)
  }

  /** The key goes from its slot. */
  remove(key: string, slot: number): void {
    const hash = this.#hashOf(key)
    this.#lastKey = undefined
    const segment = this.#segmentOf(hash)
    const { cells } = segment
    closeGap(cells, place(cells, hash, slot))
    segment.used -= 1
    const capacity = cells.length >>> 1
    if (capacity > FIRST_CELLS && segment.used < capacity >>> 3) resize(segment, capacity >>> 1)
  }

  /** The key stands at another slot now. */
  move(key: string, from: number, to: number): void {
    const hash = this.#hashOf(key)
    this.#lastKey = undefined
    const { cells } = this.#segmentOf(hash)
    cells[place(cells, hash, from) * 2 + 1] = to + 1
  }

  /** All slots behind this one move down by one. */
  closeSlot(slot: number): void {
    this.#lastKey = undefined
    for (const { cells } of this.#segments) {
      for (let at = 1; at < cells.length; at += 2) {
        if ((cells[at] as number) > slot + 1) cells[at] = (cells[at] as number) - 1
      }
    }
  }

  #segmentOf(hash: number): Segment {
    return this.#segments[(hash >>> SEGMENT_SHIFT) & this.#segmentMask] as Segment
  }

  #hashOf(key: string): number {
    return key === this.#lastKey ? this.#lastHash : hashString(key)
  }

  #divide({ cells }: Segment): void {
    const each = cells.length / SEGMENTS
    this.#segmentMask = SEGMENTS - 1
    this.#segments = Array.from({ length: SEGMENTS }, () => segmentOf(each))
    for (let at = 0; at < cells.length; at += 2) {
      if (cells[at + 1] === 0) continue
      const hash = cells[at] as number
      const segment = this.#segmentOf(hash)
      put(segment.cells, hash, cells[at + 1] as number)
      segment.used += 1
      // they are not divided evenly, and a segment without a free cell would be searched for ever
      if (isFull(segment)) resize(segment, segment.cells.length)
    }
  }
}

function place(cells: Int32Array, hash: number, slot: number): number {
  const mask = (cells.length >>> 1) - 1
  let at = hash & mask
  while (cells[at * 2 + 1] !== slot + 1) {
    if (cells[at * 2 + 1] === 0) throw new Error('a key is not in its index')
    at = (at + 1) & mask
  }
  return at
}

function segmentOf(capacity: number): Segment {
  return { cells: new Int32Array(capacity * 2), used: 0 }
}

function isFull({ cells, used }: Segment): boolean {
  return used > (cells.length * FULL_NUMERATOR) >> (FULL_SHIFT + 1)
}

function put(cells: Int32Array, hash: number, slot: number): void {
  const mask = (cells.length >>> 1) - 1
  let at = hash & mask
  while (cells[at * 2 + 1] !== 0) at = (at + 1) & mask
  cells[at * 2] = hash
  cells[at * 2 + 1] = slot
}

function resize(segment: Segment, capacity: number): void {
  const { cells } = segment
  segment.cells = new Int32Array(capacity * 2)
  for (let at = 0; at < cells.length; at += 2) {
    if (cells[at + 1] !== 0) put(segment.cells, cells[at] as number, cells[at + 1] as number)
  }
}

/** Moves later cells up where that brings them nearer to their place: no marks of the removed. */
function closeGap(cells: Int32Array, gap: number): void {
  const mask = (cells.length >>> 1) - 1
  let hole = gap
  for (let at = (gap + 1) & mask; cells[at * 2 + 1] !== 0; at = (at + 1) & mask) {
    const home = (cells[at * 2] as number) & mask
    if (((at - home) & mask) < ((at - hole) & mask)) continue
    cells[hole * 2] = cells[at * 2] as number
    cells[hole * 2 + 1] = cells[at * 2 + 1] as number
    hole = at
  }
  cells[hole * 2 + 1] = 0
}
