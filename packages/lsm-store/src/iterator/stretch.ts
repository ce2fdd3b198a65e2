import { compareRanges } from '../bytes/compare.ts'
import type { Cursor } from './cursor.ts'

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
  /** Undefined is open. */
  bound: Uint8Array | undefined
  boundStart = 0
  boundEnd = 0
  readonly #edge: Uint8Array | undefined

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

  #isFirst(edge: Uint8Array, { key, keyStart, keyEnd }: Cursor): boolean {
    const order = compareRanges(edge, 0, edge.length, key, keyStart, keyEnd)
    return this.reverse ? order > 0 : order < 0
  }
}
