import { compareRanges } from '../bytes/compare.ts'
import type { Cursor } from './cursor.ts'
import type { Entry } from './store-iterator.ts'
import type { Stretch } from './stretch.ts'

function compareCursors(a: Cursor, b: Cursor): number {
  const order = compareRanges(a.key, a.keyStart, a.keyEnd, b.key, b.keyStart, b.keyEnd)
  return order !== 0 ? order : b.sequence - a.sequence
}

/**
 * Merges sorted runs by keeping their cursors in order of what they point at. While one run owns
 * the range a step costs one comparison, however many runs there are.
 */
export class MergeCursor {
  /** All of them; the first `live` ones are sorted and valid. */
  readonly #cursors: Cursor[]
  readonly #forward: boolean
  #live = 0

  constructor(cursors: readonly Cursor[], forward: boolean) {
    this.#cursors = [...cursors]
    this.#forward = forward
  }

  /** The entry next in order, or undefined at the end. */
  get top(): Cursor | undefined {
    return this.#live > 0 ? this.#cursors[0] : undefined
  }

  /** To the first entry in order: all, or those from `key` on (reverse: those before `key`). */
  start(key?: Uint8Array): void {
    for (const cursor of this.#cursors) {
      if (key === undefined) {
        if (this.#forward) cursor.first()
        else cursor.last()
      } else if (this.#forward) cursor.seek(key, key.length)
      else cursor.seekBefore(key, key.length)
    }
    this.#sort()
  }

  #sort(): void {
    const sign = this.#forward ? 1 : -1
    this.#cursors.sort((a, b) => {
      if (!a.valid || !b.valid) return a.valid ? -1 : b.valid ? 1 : 0
      return sign * compareCursors(a, b)
    })
    this.#live = 0
    for (const cursor of this.#cursors) if (cursor.valid) this.#live += 1
  }

  /** One entry on. */
  advance(): void {
    const cursors = this.#cursors
    const moved = cursors[0] as Cursor
    if (this.#forward) moved.next()
    else moved.previous()
    let at = 0
    const last = this.#live - 1
    if (!moved.valid) {
      for (; at < last; at++) cursors[at] = cursors[at + 1] as Cursor
      cursors[last] = moved
      this.#live = last
      return
    }
    while (at < last && this.#isAfter(moved, cursors[at + 1] as Cursor)) {
      cursors[at] = cursors[at + 1] as Cursor
      at += 1
    }
    if (at > 0) cursors[at] = moved
  }

  /**
   * Lets the run that is ahead give entries, as far as it stays ahead of all others; the last one of
   * them is then on top. Returns how many.
   */
  stretch(stretch: Stretch, into: Entry[]): number {
    stretch.limit(this.#live > 1 ? this.#cursors[1] : undefined)
    return (this.#cursors[0] as Cursor).stretch(stretch, into)
  }

  #isAfter(a: Cursor, b: Cursor): boolean {
    const order = compareCursors(a, b)
    return this.#forward ? order > 0 : order < 0
  }
}
