import { rangeEquals } from '../bytes/compare.ts'
import type { Cursor } from '../iterator/cursor.ts'
import { KIND_DELETE, KIND_MERGE } from '../memtable/record.ts'
import type { RangeDeletes } from '../range-delete/range-deletes.ts'

/**
 * Decides which versions must stay. Entries come by key, newest first. Of each key one version is
 * kept for every reader there may be: the newest, and for each open snapshot the newest that it sees,
 * unless a range delete that the same readers see hides it.
 */
export class VersionFilter {
  readonly #snapshots: readonly number[]
  /** No older version of any key is left elsewhere. */
  readonly dropDeletes: boolean
  readonly #ranges: RangeDeletes | undefined
  #key: Uint8Array = new Uint8Array(128)
  /** -1: no entry was looked at. */
  #keyLength = -1
  /** Readers served by the version seen last: the number of snapshots older than it. */
  stripe = -1
  /** The versions kept so far for these readers are operands: they need what comes next. */
  #open = true
  /** The entry looked at last has another key than the one before. */
  newKey = false

  constructor(snapshots: readonly number[], dropDeletes: boolean, ranges?: RangeDeletes) {
    this.#snapshots = snapshots
    this.dropDeletes = dropDeletes
    this.#ranges = ranges !== undefined && ranges.size > 0 ? ranges : undefined
  }

  /** No open snapshot sees the entry looked at last. */
  get isUnseen(): boolean {
    return this.stripe === this.#snapshots.length
  }

  keeps(entry: Cursor): boolean {
    const stripe = stripeOf(this.#snapshots, entry.sequence)
    this.newKey = !rangeEquals(entry.key, entry.keyStart, entry.keyEnd, this.#key, this.#keyLength)
    if (this.newKey) this.#remember(entry)
    else if (stripe === this.stripe && !this.#open) return false
    this.stripe = stripe
    // Older ones are not needed behind this one, unless it is an operand; a range delete that hides
    // it hides them too.
    this.#open = entry.kind === KIND_MERGE
    if (this.#ranges !== undefined && this.#isErased(entry, stripe, this.#ranges)) {
      this.#open = false
      return false
    }
    // With no snapshot before it, a delete hides nothing that could be read without it.
    return !(entry.kind === KIND_DELETE && this.dropDeletes && stripe === 0)
  }

  /** True when a range delete hides it from everybody who would see it. */
  #isErased(entry: Cursor, stripe: number, ranges: RangeDeletes): boolean {
    const { key, keyStart, keyEnd, sequence } = entry
    const erased = ranges.oldestAfter(key, keyStart, keyEnd, sequence)
    return erased > 0 && stripeOf(this.#snapshots, erased) === stripe
  }

  #remember(entry: Cursor): void {
    const length = entry.keyEnd - entry.keyStart
    if (length > this.#key.length) this.#key = new Uint8Array(length * 2)
    for (let i = 0; i < length; i++) this.#key[i] = entry.key[entry.keyStart + i] as number
    this.#keyLength = length
  }
}

/** How many of these snapshots, which ascend, do not see the version with this sequence. */
export function stripeOf(snapshots: readonly number[], sequence: number): number {
  let low = 0
  let high = snapshots.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((snapshots[middle] as number) < sequence) low = middle + 1
    else high = middle
  }
  return low
}
