import { compareBytes, rangeEquals } from '../bytes/compare.ts'
import { copyRange } from '../bytes/copy.ts'
import { readUint48 } from '../bytes/integers.ts'
import { type Bytes, checkBytes, toBytes } from '../bytes/text.ts'
import { StoreError } from '../errors.ts'
import type { Space } from '../keyspace/space.ts'
import {
  EXPIRY_BYTES,
  KIND_EXPIRING_PUT,
  KIND_MERGE,
  KIND_PUT,
  KIND_SEPARATED,
} from '../memtable/record.ts'
import { checkOperator } from '../merge/check-operator.ts'
import type { RangeDeletes } from '../range-delete/range-deletes.ts'
import { type OwnView, UNCOMMITTED } from '../transaction/own-writes.ts'
import type { RangeWatch } from '../transaction/read-set.ts'
import type { ValueFiles } from '../value-files/value-files.ts'
import { readPointer, type ValuePointer } from '../value-files/value-pointer.ts'
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
  /** As {@link StoreIterator.nextMany}, at one stretch: the event loop waits for all of them. */
  nextManySync(count: number): Entry[]
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
  /** Where values are that are not in tables. */
  readonly values: ValueFiles
  readonly sequence: number
  /** Range deletes of the view, sets without any left out. */
  readonly ranges: readonly RangeDeletes[]
  /** Writes of a transaction, seen beside what the store has. */
  readonly own: OwnView | undefined
  /** Hears what is read. */
  readonly watch: RangeWatch | undefined
  /** The keyspace of the bounds; entries show their keys without its prefix. */
  readonly space: Space
  /** The time at which entries are seen. */
  readonly now: number
  readonly bounds: KeyBounds
  readonly reverse: boolean
  readonly limit: number
  readonly keysOnly: boolean
  readonly turns: TurnBudget
}

const EMPTY = new Uint8Array(0)

/** Entries that count as one step between two turns of the event loop. */
const ENTRIES_PER_STEP = 4

function copyKey({ key, keyStart, keyEnd }: Cursor): Entry {
  return [copyRange(key, keyStart, keyEnd), EMPTY]
}

function copyEntry({ key, keyStart, keyEnd, value, valueStart, valueEnd }: Cursor): Entry {
  return [copyRange(key, keyStart, keyEnd), copyRange(value, valueStart, valueEnd)]
}

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
  readonly #ranged: boolean
  /** Bytes of the keyspace's prefix. */
  readonly #skip: number
  /** Puts are shown as they stand there. */
  readonly #plain: boolean
  #closed = false
  #failure: { readonly error: unknown } | undefined
  /** The key shown or skipped last; its other versions are passed over. */
  #last: Uint8Array = new Uint8Array(64)
  /** -1: there is none. */
  #lastLength = -1
  /** What the merge points at was dealt with. */
  #isShown = false

  constructor(options: RangeIteratorOptions) {
    this.#options = options
    this.#left = options.limit
    this.#ranged = options.ranges.length > 0 || (options.own?.ranges.size ?? 0) > 0
    this.#skip = options.space.prefix.length
    this.#plain = !this.#ranged && this.#skip === 0
    this.#start = options.reverse ? options.bounds.to : options.bounds.from
  }

  nextSync(): Entry | undefined {
    const one: Entry[] = []
    this.#take(one, 1)
    return one[0]
  }

  async next(): Promise<Entry | undefined> {
    const pause = this.#options.turns.due()
    if (pause !== undefined) await pause
    return this.nextSync()
  }

  nextManySync(count: number): Entry[] {
    checkCount(count)
    const entries: Entry[] = []
    this.#take(entries, count)
    return entries
  }

  async nextMany(count: number): Promise<Entry[]> {
    checkCount(count)
    const entries: Entry[] = []
    while (entries.length < count) {
      const pause = this.#options.turns.due()
      if (pause !== undefined) await pause
      const target = Math.min(count, entries.length + ENTRIES_PER_STEP)
      this.#take(entries, target)
      if (entries.length < target) break
    }
    return entries
  }

  /** Adds entries until there are `target`, or no more. */
  #take(entries: Entry[], target: number): void {
    this.#options.check()
    if (this.#closed) throw closed()
    if (this.#left <= 0) return
    if (this.#failure !== undefined) throw this.#failure.error
    const before = entries.length
    const most = Math.min(target, before + this.#left)
    try {
      const merge = this.#begin()
      if (this.#options.reverse) {
        while (entries.length < most && this.#stepBack(merge, entries));
      } else this.#stepTo(merge, entries, most)
      this.#left -= entries.length - before
      this.#tell(entries, most)
    } catch (error) {
      // Going on behind a damaged block would leave out entries silently.
      this.#failure = { error: this.#options.wrap(error) }
      throw this.#failure.error
    }
  }

  /** Tells who watches how far reading has come. */
  #tell(entries: readonly Entry[], most: number): void {
    const { watch, space } = this.#options
    if (watch === undefined) return
    const last = entries.length < most ? undefined : entries[entries.length - 1]
    watch.reach(last === undefined ? undefined : space.full(last[0]))
  }

  seek(key: Bytes): void {
    checkBytes(key, 'key')
    const { reverse, bounds, space } = this.#options
    const target = space.full(new Uint8Array(toBytes(key)))
    if (reverse) {
      const end = successor(target)
      const { to } = bounds
      this.#start = to !== undefined && compareBytes(to, end) < 0 ? to : end
    } else {
      const { from } = bounds
      this.#start = from !== undefined && compareBytes(from, target) > 0 ? from : target
    }
    this.#options.watch?.seek(this.#start)
    this.#lastLength = -1
    this.#failure = undefined
    this.#positioned = false
    this.#isShown = false
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

  #stepTo(merge: MergeCursor, entries: Entry[], most: number): void {
    const { sequence, bounds, keysOnly } = this.#options
    while (entries.length < most) {
      if (this.#isShown) merge.advance()
      const { top } = merge
      this.#isShown = top !== undefined
      if (top === undefined) return
      if (bounds.to !== undefined && !isBefore(top.key, top.keyStart, top.keyEnd, bounds.to)) {
        this.#isShown = false
        return
      }
      if (top.sequence > sequence && this.#isHidden(top)) continue
      if (!this.#isNew(top)) continue
      if (top.kind === KIND_PUT && this.#plain) {
        entries.push(keysOnly ? copyKey(top) : copyEntry(top))
        continue
      }
      const value = this.#uncommon(merge, top)
      if (value !== undefined) entries.push([this.#lastKey(), this.#read(value)])
    }
  }

  #lastKey(): Uint8Array {
    return copyRange(this.#last, this.#skip, this.#lastLength)
  }

  #read(value: Uint8Array | ValuePointer): Uint8Array {
    return value instanceof Uint8Array ? value : this.#options.values.read(value)
  }

  /** What a key holds whose newest version is more than a put to be shown as it is. */
  #uncommon(merge: MergeCursor, top: Cursor): Uint8Array | ValuePointer | undefined {
    if (top.kind !== KIND_MERGE) return this.#valueOf(top)
    const operands: Uint8Array[] = []
    let value: Uint8Array | ValuePointer | undefined
    for (let next: Cursor | undefined = top; next !== undefined; next = merge.top) {
      if (!this.#isLast(next) || this.#isErased(next)) break
      if (next.kind !== KIND_MERGE) {
        value = this.#valueOf(next)
        break
      }
      operands.push(copyRange(next.value, next.valueStart, next.valueEnd))
      merge.advance()
    }
    // Where the merge stands now was not dealt with, or is an older version of the key.
    this.#isShown = false
    if (operands.length > 0 && this.#options.keysOnly) return EMPTY
    for (const operand of operands.reverse()) value = this.#merged(value, operand)
    return value
  }

  #merged(older: Uint8Array | ValuePointer | undefined, newer: Uint8Array): Uint8Array {
    if (older === undefined) return newer
    checkOperator(this.#options.space)
    return this.#options.space.operator?.merge(this.#read(older), newer) ?? newer
  }

  /** What a version other than an operand holds, or where that is; undefined for nothing. */
  #valueOf(top: Cursor): Uint8Array | ValuePointer | undefined {
    const { keysOnly, now } = this.#options
    const { kind, value } = top
    let start = top.valueStart
    if (kind === KIND_EXPIRING_PUT || kind === KIND_SEPARATED) {
      const end = readUint48(value, start)
      if (end <= now && (end > 0 || kind === KIND_EXPIRING_PUT)) return undefined
      start += EXPIRY_BYTES
    } else if (kind !== KIND_PUT) return undefined
    if (this.#ranged && this.#isErased(top)) return undefined
    if (keysOnly) return EMPTY
    return kind === KIND_SEPARATED
      ? readPointer(value, start)
      : copyRange(value, start, top.valueEnd)
  }

  /** Versions come oldest first in this direction: the newest visible one is met last. */
  #stepBack(merge: MergeCursor, entries: Entry[]): boolean {
    const { sequence, bounds } = this.#options
    for (let top = merge.top; top !== undefined; top = merge.top) {
      if (bounds.from !== undefined && isBefore(top.key, top.keyStart, top.keyEnd, bounds.from)) {
        return false
      }
      this.#remember(top)
      // Only of what is shown in the end a value file is read.
      let value: Uint8Array | ValuePointer | undefined
      for (; top !== undefined && this.#isLast(top); top = merge.top) {
        if (top.sequence <= sequence || !this.#isHidden(top)) {
          value = top.kind === KIND_MERGE ? this.#mergeBack(value, top) : this.#valueOf(top)
        }
        merge.advance()
      }
      if (value === undefined) continue
      entries.push([this.#lastKey(), this.#read(value)])
      return true
    }
    return false
  }

  #mergeBack(older: Uint8Array | ValuePointer | undefined, top: Cursor): Uint8Array | undefined {
    if (this.#ranged && this.#isErased(top)) return undefined
    if (this.#options.keysOnly) return EMPTY
    return this.#merged(older, copyRange(top.value, top.valueStart, top.valueEnd))
  }

  /** True for what is newer than the view and no write of the own transaction. */
  #isHidden({ sequence }: Cursor): boolean {
    const { own } = this.#options
    return own === undefined || sequence < UNCOMMITTED || sequence > own.last
  }

  #isErased({ key, keyStart, keyEnd, sequence }: Cursor): boolean {
    const { ranges, own, sequence: view } = this.#options
    if (own !== undefined && own.ranges.newest(key, keyStart, keyEnd, own.last) > sequence) {
      return true
    }
    return ranges.some((set) => set.newest(key, keyStart, keyEnd, view) > sequence)
  }

  /** True for another key than the last one, which it then is; what both share is not copied. */
  #isNew({ key, keyStart, keyEnd }: Cursor): boolean {
    const length = keyEnd - keyStart
    const shared = Math.min(length, this.#lastLength)
    let i = 0
    while (i < shared && this.#last[i] === key[keyStart + i]) i += 1
    if (i === length && length === this.#lastLength) return false
    if (length > this.#last.length) {
      this.#last = new Uint8Array(length * 2)
      i = 0
    }
    for (; i < length; i++) this.#last[i] = key[keyStart + i] as number
    this.#lastLength = length
    return true
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

function checkCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return
  throw new RangeError(`count must be an integer of at least 1, got ${String(count)}`)
}
