import { compareRanges } from '../bytes/compare.ts'
import type { Cursor } from './cursor.ts'

/** Fewer entries are not worth the look at how far they go. */
const WORTHWHILE = 3
const MOST_SKIPPED = 32

/** @see Stretch */
export interface StretchOptions {
  /** Newer versions are not shown. */
  readonly sequence: number
  /** So many bytes of each key are not shown. */
  readonly skip: number
  readonly keysOnly: boolean
  readonly reverse: boolean
  /** Where the range ends in this direction; undefined is open. */
  readonly edge: Uint8Array | undefined
}

/**
 * What one run may give away on its own: entries before `bound` (reverse: behind it), where the next
 * run begins or the range ends. Within it nothing is to be merged.
 */
export class Stretch {
  readonly sequence: number
  readonly skip: number
  readonly keysOnly: boolean
  readonly reverse: boolean
  /** At most so many entries. */
  most = 0
  /** Counts bytes of what is given. */
  bytes = 0
  /** What was given last ended at the bound. */
  isMet = false
  /** Undefined is open. */
  bound: Uint8Array | undefined
  boundStart = 0
  boundEnd = 0
  readonly #edge: Uint8Array | undefined
  /** Where runs mix, so many entries are merged before the next attempt; of them so many are left. */
  #skipped = 0
  #left = 0

  constructor({ sequence, skip, keysOnly, reverse, edge }: StretchOptions) {
    this.sequence = sequence
    this.skip = skip
    this.keysOnly = keysOnly
    this.reverse = reverse
    this.#edge = edge
  }

  /** Sets the bound: the range's, or where `next` stands, whichever comes first. */
  limit(next: Cursor | undefined): void {
    const edge = this.#edge
    if (next === undefined || (edge !== undefined && this.#isFirst(edge, next))) {
      this.bound = edge
      this.boundStart = 0
      this.boundEnd = edge?.length ?? 0
      return
    }
    this.bound = next.key
    this.boundStart = next.keyStart
    this.boundEnd = next.keyEnd
  }

  /** True where the next attempt is not due yet. */
  isVain(): boolean {
    if (this.#left === 0) return false
    this.#left -= 1
    return true
  }

  /** Takes note of how many entries an attempt gave. */
  learn(taken: number): void {
    const isShort = this.isMet && taken < WORTHWHILE
    this.#skipped = isShort ? Math.min(2 * this.#skipped + 1, MOST_SKIPPED) : 0
    this.#left = this.#skipped
    this.isMet = false
  }

  #isFirst(edge: Uint8Array, { key, keyStart, keyEnd }: Cursor): boolean {
    const order = compareRanges(edge, 0, edge.length, key, keyStart, keyEnd)
    return this.reverse ? order > 0 : order < 0
  }
}
