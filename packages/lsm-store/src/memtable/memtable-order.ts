import { compareRanges } from '../bytes/compare.ts'
import type { KeyBounds } from '../iterator/range.ts'
import { compareRecords } from './compare-records.ts'
import type { Memtable } from './memtable.ts'
import { mergeRuns } from './merge-runs.ts'
import { keyLengthOf, keyStartOf } from './record.ts'
import { sortRecords } from './sort.ts'

/** So many records are sorted at a time as they come, once somebody has asked for the order. */
const SORT_AHEAD = 4096
/** The younger run is folded into the older one above this size and an eighth of the older. */
const SMALLEST_FOLD = 1024
/** Records out of order: from so many on, who looks for few of them does not wait until all are sorted. */
const MANY_UNSORTED = 32 * 1024
/** A range that holds more than this part of them is not worth a pass of its own. */
const FEW_SHIFT = 5
/** Passes after which sorting would have been cheaper. */
const MAX_PASSES = 8

/**
 * The sorted order of a memtable, made on demand: a large run and a small one with what came since.
 * Runs are never changed once handed out; records newer than a reader's view are its to skip.
 */
export class MemtableOrder {
  readonly #memtable: Memtable
  #main: Int32Array = new Int32Array(0)
  #recent: Int32Array = new Int32Array(0)
  #sorted = 0
  /** Passes over records that are not sorted yet. */
  #passes = 0

  constructor(memtable: Memtable) {
    this.#memtable = memtable
  }

  /** Sorts what has come since, when it is much: later readers then need not wait for it. */
  keepUp(): void {
    if (this.#memtable.count - this.#sorted >= SORT_AHEAD) this.#absorb(this.#memtable.count)
  }

  /** Leaves out records from `count` on. Runs that were handed out stay as they are. */
  forget(count: number): void {
    const isKept = (id: number): boolean => id < count
    this.#main = this.#main.filter(isKept)
    this.#recent = this.#recent.filter(isKept)
    this.#sorted = Math.min(this.#sorted, count)
  }

  /** With bounds, records beyond them may be missing. */
  runs(bounds?: KeyBounds): readonly Int32Array[] {
    const { count } = this.#memtable
    const within = bounds && this.#unsortedWithin(bounds)
    if (within === undefined && this.#sorted < count) this.#absorb(count)
    const runs = [this.#main]
    if (this.#recent.length > 0) runs.push(this.#recent)
    if (within !== undefined) runs.push(within)
    return runs
  }

  /** A run of the few records within the bounds that are not sorted yet, when that is less work. */
  #unsortedWithin({ from, to }: KeyBounds): Int32Array | undefined {
    const unsorted = this.#memtable.count - this.#sorted
    if (from === undefined || to === undefined || unsorted < MANY_UNSORTED) return undefined
    if (this.#passes >= MAX_PASSES) return undefined
    this.#passes += 1
    const { arena, addresses } = this.#memtable.image
    const most = unsorted >>> FEW_SHIFT
    const found: number[] = []
    for (const id of this.#memtable.entryIds(this.#sorted)) {
      const address = addresses[id] as number
      const start = keyStartOf(arena, address)
      const end = start + keyLengthOf(arena, address)
      if (compareRanges(arena, start, end, from, 0, from.length) < 0) continue
      if (compareRanges(arena, start, end, to, 0, to.length) >= 0) continue
      if (found.push(id) > most) return undefined
    }
    return sortRecords(arena, addresses, Int32Array.from(found))
  }

  #absorb(count: number): void {
    const { arena, addresses } = this.#memtable.image
    const fresh = sortRecords(arena, addresses, this.#memtable.entryIds(this.#sorted))
    this.#sorted = count
    this.#passes = 0
    const compare = (a: number, b: number): number => compareRecords(arena, addresses, a, b)
    this.#recent = mergeRuns(this.#recent, fresh, compare)
    if (this.#recent.length > Math.max(SMALLEST_FOLD, this.#main.length / 8)) {
      this.#main = mergeRuns(this.#main, this.#recent, compare)
      this.#recent = new Int32Array(0)
    }
  }
}
