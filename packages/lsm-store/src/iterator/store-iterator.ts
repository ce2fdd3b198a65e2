import { compareBytes, rangeEquals } from '../bytes/compare.ts'
import { copyRange } from '../bytes/copy.ts'
import { type Bytes, checkBytes, toBytes } from '../bytes/text.ts'
import { StoreError } from '../errors.ts'
import { KIND_PUT } from '../memtable/record.ts'
import type { Cursor } from './cursor.ts'
import { MergeCursor } from './merge-cursor.ts'
import { isBefore, type KeyBounds, successor } from './range.ts'
import type { TurnBudget } from './turns.ts'

/** A key and its value. */
export type Entry = [key: Uint8Array, value: Uint8Array]

/** Visits entries in key order. The view is the one of the moment when it was made. */
export interface StoreIterator {
  /**
   * The next entry, or undefined at the end.
   *
   * @throws StoreError `ITERATOR_CLOSED`, `STORE_CLOSED`, `STORE_CORRUPT`, `STORE_IO`.
   */
  nextSync(): Entry | undefined
  /** As {@link StoreIterator.nextSync}, letting the event loop turn in long loops. */
  next(): Promise<Entry | undefined>
  /** Up to `count` entries; fewer only at the end. */
  nextMany(count: number): Promise<Entry[]>
  /** Goes on from this key: the next entry is the first at or after it (reverse: at or before). */
  seek(key: Bytes): void
  /** Lets go of the view, which may hold memory and disk space. `for await` does at its end. */
  close(): void
  [Symbol.dispose](): void
  [Symbol.asyncIterator](): AsyncIterator<Entry>
}

/** @see RangeIterator */
export interface RangeIteratorOptions {
  /** One cursor for each sorted run of the view. Called at the first step. */
  readonly open: () => Cursor[]
  readonly close: () => void
  /** Throws when the store is closed. */
  readonly check: () => void
  /** Makes what a read threw a coded error. */
  readonly wrap: (error: unknown) => unknown
  readonly sequence: number
  readonly bounds: KeyBounds
  readonly reverse: boolean
  readonly limit: number
  readonly keysOnly: boolean
  readonly turns: TurnBudget
}

const EMPTY = new Uint8Array(0)

function closed(): StoreError {
  return new StoreError('ITERATOR_CLOSED', 'The iterator is closed: read before you close it.')
}

/** Merges the runs of a view and shows each key's newest visible version, unless deleted. */
export class RangeIterator implements StoreIterator {
  readonly #options: RangeIteratorOptions
  #merge: MergeCursor | undefined
  #positioned = false
  #start: Uint8Array | undefined
  #left: number
  #closed = false
  #failure: { readonly error: unknown } | undefined
  /** The key shown or skipped last; its other versions are passed over. */
  #last: Uint8Array = new Uint8Array(64)
  /** -1: there is none. */
  #lastLength = -1

  constructor(options: RangeIteratorOptions) {
    this.#options = options
    this.#left = options.limit
    this.#start = options.reverse ? options.bounds.to : options.bounds.from
  }

  nextSync(): Entry | undefined {
    this.#options.check()
    if (this.#closed) throw closed()
    if (this.#left <= 0) return undefined
    if (this.#failure !== undefined) throw this.#failure.error
    try {
      const merge = this.#begin()
      const entry = this.#options.reverse ? this.#stepBack(merge) : this.#step(merge)
      if (entry !== undefined) this.#left -= 1
      return entry
    } catch (error) {
      // Going on behind a damaged block would leave out entries silently.
      this.#failure = { error: this.#options.wrap(error) }
      throw this.#failure.error
    }
  }

  async next(): Promise<Entry | undefined> {
    const pause = this.#options.turns.due()
    if (pause !== undefined) await pause
    return this.nextSync()
  }

  async nextMany(count: number): Promise<Entry[]> {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(`count must be an integer of at least 1, got ${String(count)}`)
    }
    const entries: Entry[] = []
    while (entries.length < count) {
      const pause = this.#options.turns.due()
      if (pause !== undefined) await pause
      const entry = this.nextSync()
      if (entry === undefined) break
      entries.push(entry)
    }
    return entries
  }

  seek(key: Bytes): void {
    checkBytes(key, 'key')
    const { reverse, bounds } = this.#options
    const target = Uint8Array.from(toBytes(key))
    if (reverse) {
      const end = successor(target)
      const { to } = bounds
      this.#start = to !== undefined && compareBytes(to, end) < 0 ? to : end
    } else {
      const { from } = bounds
      this.#start = from !== undefined && compareBytes(from, target) > 0 ? from : target
    }
    this.#lastLength = -1
    this.#failure = undefined
    this.#positioned = false
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#merge = undefined
    this.#options.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Entry, undefined> {
    try {
      for (;;) {
        const entry = await this.next()
        if (entry === undefined) return undefined
        yield entry
      }
    } finally {
      this.close()
    }
  }

  /** Cursors are opened and placed at the first step, where an error reaches somebody. */
  #begin(): MergeCursor {
    this.#merge ??= new MergeCursor(this.#options.open(), !this.#options.reverse)
    if (!this.#positioned) {
      this.#merge.start(this.#start)
      this.#positioned = true
    }
    return this.#merge
  }

  #step(merge: MergeCursor): Entry | undefined {
    const { sequence, bounds, keysOnly } = this.#options
    for (let top = merge.top; top !== undefined; top = merge.top) {
      if (top.sequence > sequence || this.#isLast(top)) {
        merge.advance()
        continue
      }
      if (bounds.to !== undefined && !isBefore(top.key, top.keyStart, top.keyEnd, bounds.to)) break
      this.#remember(top)
      if (top.kind !== KIND_PUT) continue
      const key = copyRange(top.key, top.keyStart, top.keyEnd)
      const value = keysOnly ? EMPTY : copyRange(top.value, top.valueStart, top.valueEnd)
      return [key, value]
    }
    return undefined
  }

  /** Versions come oldest first in this direction: the newest visible one is met last. */
  #stepBack(merge: MergeCursor): Entry | undefined {
    const { sequence, bounds, keysOnly } = this.#options
    for (let top = merge.top; top !== undefined; top = merge.top) {
      if (bounds.from !== undefined && isBefore(top.key, top.keyStart, top.keyEnd, bounds.from)) {
        return undefined
      }
      this.#remember(top)
      let value: Uint8Array | undefined
      for (; top !== undefined && this.#isLast(top); top = merge.top) {
        if (top.sequence <= sequence) {
          if (top.kind !== KIND_PUT) value = undefined
          else value = keysOnly ? EMPTY : copyRange(top.value, top.valueStart, top.valueEnd)
        }
        merge.advance()
      }
      if (value !== undefined) return [copyRange(this.#last, 0, this.#lastLength), value]
    }
    return undefined
  }

  #isLast(top: Cursor): boolean {
    return rangeEquals(top.key, top.keyStart, top.keyEnd, this.#last, this.#lastLength)
  }

  #remember(top: Cursor): void {
    const length = top.keyEnd - top.keyStart
    if (length > this.#last.length) this.#last = new Uint8Array(length * 2)
    for (let i = 0; i < length; i++) this.#last[i] = top.key[top.keyStart + i] as number
    this.#lastLength = length
  }
}
