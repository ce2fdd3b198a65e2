import { compareBytes } from '../bytes/compare.ts'
import { copyPair, copyRange } from '../bytes/copy.ts'
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
import { ValueScan } from '../value-files/value-scan.ts'
import type { Cursor } from './cursor.ts'
import { LastKey } from './last-key.ts'
import { MergeCursor } from './merge-cursor.ts'
import { isBefore, type KeyBounds, successor } from './range.ts'
import { Stretch } from './stretch.ts'
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
/** So many entries are read at a stretch, or bytes of them, before the loop may turn. */
export const ENTRIES_AT_ONCE = 64
const BYTES_AT_ONCE = 64 * 1024

function closed(): StoreError {
  return new StoreError('ITERATOR_CLOSED', 'The iterator is closed: read before you close it.')
}

/** Merges the runs of a view and shows each key's newest visible version, unless deleted. */
export class RangeIterator implements StoreIterator {
  readonly #options: RangeIteratorOptions
  #merge: MergeCursor | undefined
  /** Once a value was read that is not in a table. */
  #values: ValueScan | undefined
  #positioned = false
  #start: Uint8Array | undefined
  #left: number
  readonly #ranged: boolean
  /** Bytes of the keyspace's prefix. */
  readonly #skip: number
  readonly #stretch: Stretch
  #closed = false
  #failure: { readonly error: unknown } | undefined
  /** The key shown or skipped last; its other versions are passed over. */
  readonly #last: LastKey = new LastKey()
  /** What the merge points at was dealt with. */
  #isShown = false

  constructor(options: RangeIteratorOptions) {
    this.#options = options
    this.#left = options.limit
    this.#ranged = options.ranges.length > 0 || (options.own?.ranges.size ?? 0) > 0
    this.#skip = options.space.prefix.length
    const { bounds, reverse, sequence, keysOnly } = options
    this.#start = reverse ? bounds.to : bounds.from
    const edge = reverse ? bounds.from : bounds.to
    this.#stretch = new Stretch({ sequence, skip: this.#skip, keysOnly, reverse, edge })
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
    for (let isMore = true; isMore && entries.length < count; ) {
      const most = Math.min(count - entries.length, ENTRIES_AT_ONCE)
      const pause = this.pause(most)
      if (pause !== undefined) await pause
      isMore = this.takeSome(entries, most)
    }
    return entries
  }

  /** A promise to await before reading so many entries, or undefined. */
  pause(count: number): Promise<void> | undefined {
    return this.#options.turns.due(Math.ceil(count / ENTRIES_PER_STEP))
  }

  /** Adds up to `count` entries, fewer when they are large; false when no more come. */
  takeSome(entries: Entry[], count: number): boolean {
    return this.#take(entries, entries.length + count, BYTES_AT_ONCE)
  }

  /** Adds entries until there are `target`, or about so many bytes of them; false when no more come. */
  #take(entries: Entry[], target: number, mostBytes = Number.POSITIVE_INFINITY): boolean {
    this.#options.check()
    if (this.#closed) throw closed()
    if (this.#left <= 0) return false
    if (this.#failure !== undefined) throw this.#failure.error
    const before = entries.length
    const most = Math.min(target, before + this.#left)
    this.#stretch.bytes = 0
    try {
      const merge = this.#begin()
      let isMore = true
      while (isMore && entries.length < most && this.#stretch.bytes < mostBytes) {
        isMore = this.#options.reverse
          ? this.#stepBack(merge, entries, most)
          : this.#step(merge, entries, most)
      }
      this.#left -= entries.length - before
      this.#tell(isMore ? entries[entries.length - 1] : undefined)
      return isMore
    } catch (error) {
      // Going on behind a damaged block would leave out entries silently.
      this.#failure = { error: this.#options.wrap(error) }
      throw this.#failure.error
    }
  }

  /** Tells who watches how far reading has come; undefined is to the end. */
  #tell(last: Entry | undefined): void {
    const { watch, space } = this.#options
    watch?.reach(last === undefined ? undefined : space.full(last[0]))
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
    this.#last.clear()
    this.#failure = undefined
    this.#positioned = false
    this.#isShown = false
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#merge = undefined
    this.#values = undefined
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

  /** Looks at what comes next, and adds what is to be shown of it; false at the end. */
  #step(merge: MergeCursor, entries: Entry[], most: number): boolean {
    const { sequence, bounds } = this.#options
    if (this.#isShown) merge.advance()
    const { top } = merge
    this.#isShown = top !== undefined
    if (top === undefined) return false
    if (bounds.to !== undefined && !isBefore(top.key, top.keyStart, top.keyEnd, bounds.to)) {
      this.#isShown = false
      return false
    }
    if (top.sequence > sequence && this.#isHidden(top)) return true
    if (!this.#last.isNew(top)) return true
    if (top.kind === KIND_PUT && !this.#ranged) {
      const taken = this.#stretchOut(merge, entries, most)
      if (taken === 0) this.#add(entries, this.#asItStands(top))
      else if (taken > 1) this.#last.set(top)
      return true
    }
    const value = this.#uncommon(merge, top)
    if (value !== undefined) this.#add(entries, [this.#last.copy(this.#skip), this.#read(value)])
    return true
  }

  /** Adds what can be taken without merging; returns how many entries that is. */
  #stretchOut(merge: MergeCursor, entries: Entry[], most: number): number {
    const stretch = this.#stretch
    stretch.most = most - entries.length
    if (stretch.most === 1 || stretch.isVain()) return 0
    const taken = merge.stretch(stretch, entries)
    stretch.learn(taken)
    return taken
  }

  #add(entries: Entry[], entry: Entry): void {
    entries.push(entry)
    this.#stretch.bytes += entry[0].length + entry[1].length
  }

  #asItStands({ key, keyStart, keyEnd, value, valueStart, valueEnd }: Cursor): Entry {
    const start = keyStart + this.#skip
    if (this.#options.keysOnly) return [copyRange(key, start, keyEnd), EMPTY]
    if (key === value && keyEnd === valueStart) return copyPair(key, start, keyEnd, valueEnd)
    return [copyRange(key, start, keyEnd), copyRange(value, valueStart, valueEnd)]
  }

  #read(value: Uint8Array | ValuePointer): Uint8Array {
    if (value instanceof Uint8Array) return value
    this.#values ??= new ValueScan(this.#options.values)
    return this.#values.read(value)
  }

  /** What a key holds whose newest version is more than a put to be shown as it is. */
  #uncommon(merge: MergeCursor, top: Cursor): Uint8Array | ValuePointer | undefined {
    if (top.kind !== KIND_MERGE) return this.#valueOf(top)
    const operands: Uint8Array[] = []
    let value: Uint8Array | ValuePointer | undefined
    for (let next: Cursor | undefined = top; next !== undefined; next = merge.top) {
      if (!this.#last.is(next) || this.#isErased(next)) break
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
  #stepBack(merge: MergeCursor, entries: Entry[], most: number): boolean {
    const { sequence, bounds } = this.#options
    for (let top = merge.top; top !== undefined; top = merge.top) {
      if (bounds.from !== undefined && isBefore(top.key, top.keyStart, top.keyEnd, bounds.from)) {
        return false
      }
      if (!this.#ranged && this.#stretchOut(merge, entries, most) > 0) {
        merge.advance()
        return true
      }
      this.#last.set(top)
      // Only of what is shown in the end a value file is read.
      let value: Uint8Array | ValuePointer | undefined
      for (; top !== undefined && this.#last.is(top); top = merge.top) {
        if (top.sequence <= sequence || !this.#isHidden(top)) {
          value = top.kind === KIND_MERGE ? this.#mergeBack(value, top) : this.#valueOf(top)
        }
        merge.advance()
      }
      if (value === undefined) continue
      this.#add(entries, [this.#last.copy(this.#skip), this.#read(value)])
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
}

function checkCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return
  throw new RangeError(`count must be an integer of at least 1, got ${String(count)}`)
}
