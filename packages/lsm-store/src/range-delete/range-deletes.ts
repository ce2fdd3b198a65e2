import { compareBytes, compareRanges } from '../bytes/compare.ts'
import type { RangeDelete } from './range-delete.ts'

/** The deletes that cover a piece of the key space, newest first. Pieces that were one share them. */
interface Layer {
  readonly sequence: number
  readonly below: Layer | undefined
}

/**
 * Range deletes, cut at each other's bounds into pieces that each have a stack of them. A lookup is
 * one binary search. Deletes come in ascending order of their sequences.
 */
export class RangeDeletes {
  /** As they came. */
  readonly all: RangeDelete[] = []
  /** Piece `i` goes from bound `i` to the next one; the last piece has no end. */
  readonly #bounds: Uint8Array[] = []
  readonly #layers: (Layer | undefined)[] = []

  /** Builds them all at once, which is cheaper than one by one. */
  static of(ranges: readonly RangeDelete[]): RangeDeletes {
    const built = new RangeDeletes()
    const bounds = ranges.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to]))
    for (const bound of bounds.sort(compareBytes)) {
      const last = built.#bounds[built.#bounds.length - 1]
      if (last !== undefined && compareBytes(last, bound) === 0) continue
      built.#bounds.push(bound)
      built.#layers.push(undefined)
    }
    for (const range of ranges.toSorted((a, b) => a.sequence - b.sequence)) built.#cover(range)
    return built
  }

  get size(): number {
    return this.all.length
  }

  /** Adds one that is newer than all before. */
  add(range: RangeDelete): void {
    this.#cut(range.from)
    if (range.to !== undefined) this.#cut(range.to)
    this.#cover(range)
  }

  #cover(range: RangeDelete): void {
    const { from, to, sequence } = range
    this.all.push(range)
    const first = this.#pieceOf(from, 0, from.length)
    const end = to === undefined ? this.#bounds.length : this.#pieceOf(to, 0, to.length)
    for (let i = first; i < end; i++) this.#layers[i] = { sequence, below: this.#layers[i] }
  }

  /** Makes a piece start at this key. */
  #cut(bound: Uint8Array): void {
    const piece = this.#pieceOf(bound, 0, bound.length)
    if (piece >= 0 && compareBytes(this.#bounds[piece] as Uint8Array, bound) === 0) return
    this.#bounds.splice(piece + 1, 0, bound)
    this.#layers.splice(piece + 1, 0, this.#layers[piece])
  }

  /** The piece that holds a key; -1 before the first. */
  #pieceOf(key: Uint8Array, start: number, end: number): number {
    const bounds = this.#bounds
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const bound = bounds[middle] as Uint8Array
      if (compareRanges(bound, 0, bound.length, key, start, end) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** Sequence of the newest delete of a key that is not newer than `sequence`; 0 for none. */
  newest(key: Uint8Array, start: number, end: number, sequence: number): number {
    let layer = this.#layers[this.#pieceOf(key, start, end)]
    while (layer !== undefined && layer.sequence > sequence) layer = layer.below
    return layer?.sequence ?? 0
  }

  /** Sequence of the oldest delete of a key that is newer than `sequence`; 0 for none. */
  oldestAfter(key: Uint8Array, start: number, end: number, sequence: number): number {
    let found = 0
    let layer = this.#layers[this.#pieceOf(key, start, end)]
    for (; layer !== undefined && layer.sequence > sequence; layer = layer.below) {
      found = layer.sequence
    }
    return found
  }

  /** True when every key from `smallest` to `largest` has a delete in `(after, until]`. */
  coverAll(smallest: Uint8Array, largest: Uint8Array, after: number, until: number): boolean {
    const first = this.#pieceOf(smallest, 0, smallest.length)
    const last = this.#pieceOf(largest, 0, largest.length)
    if (first < 0) return false
    for (let i = first; i <= last; i++) {
      let layer = this.#layers[i]
      while (layer !== undefined && layer.sequence > until) layer = layer.below
      if (layer === undefined || layer.sequence <= after) return false
    }
    return true
  }

  /**
   * The same for all who read at one of `snapshots` or behind the last delete, with as few ranges as
   * that takes. What was written between the deletes themselves must have been weeded out by them.
   */
  condensed(snapshots: readonly number[]): RangeDelete[] {
    const result: RangeDelete[] = []
    for (const [i, after] of [0, ...snapshots].entries()) {
      const until = snapshots[i] ?? Number.POSITIVE_INFINITY
      const within = this.all.filter(({ sequence }) => sequence > after && sequence <= until)
      if (within.length === 0) continue
      const sequence = Math.min(...within.map((range) => range.sequence))
      result.push(...this.#union(after, until, sequence))
    }
    return result
  }

  /** What deletes in `(after, until]` cover, as disjoint ranges. */
  #union(after: number, until: number, sequence: number): RangeDelete[] {
    const union: RangeDelete[] = []
    let from: Uint8Array | undefined
    for (const [i, bound] of this.#bounds.entries()) {
      let layer = this.#layers[i]
      while (layer !== undefined && layer.sequence > until) layer = layer.below
      const covered = layer !== undefined && layer.sequence > after
      if (covered) from ??= bound
      else if (from !== undefined) {
        union.push({ from, to: bound, sequence })
        from = undefined
      }
    }
    if (from !== undefined) union.push({ from, to: undefined, sequence })
    return union
  }
}
