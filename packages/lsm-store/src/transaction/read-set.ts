import { successor } from '../iterator/range.ts'

/** A transaction remembers so many reads: it is short work, not a scan of everything. */
const MOST_READS = 1_000_000

/** Keys from `from` up to `to`, exclusive, as they stand in the store. */
export interface ReadRange {
  from: Uint8Array
  to: Uint8Array
}

/** What a transaction has read: nothing of it may have changed when it commits. */
export class ReadSet {
  /** Keys as text, a byte a character. */
  readonly #keys: Set<string> = new Set()
  readonly #ranges: ReadRange[] = []

  addKey(key: Uint8Array, length: number): void {
    this.#keys.add(Buffer.from(key.buffer, key.byteOffset, length).toString('latin1'))
    this.#check()
  }

  /** A range that nothing of was read yet; its bounds are moved as reading goes on. */
  addRange(at: Uint8Array): ReadRange {
    const range = { from: at, to: at }
    this.#ranges.push(range)
    this.#check()
    return range
  }

  get ranges(): readonly ReadRange[] {
    return this.#ranges
  }

  *keys(): Generator<Uint8Array, void> {
    for (const key of this.#keys) yield Buffer.from(key, 'latin1')
  }

  #check(): void {
    if (this.#keys.size + this.#ranges.length <= MOST_READS) return
    throw new RangeError(`a transaction may read at most ${MOST_READS} keys and ranges`)
  }
}

/** Follows an iterator: what lies between its start and where it is was read. */
export class RangeWatch {
  readonly #reads: ReadSet
  readonly #bounds: { readonly from: Uint8Array; readonly to: Uint8Array }
  readonly #reverse: boolean
  #range: ReadRange

  constructor(
    reads: ReadSet,
    bounds: { readonly from: Uint8Array; readonly to: Uint8Array },
    reverse: boolean,
  ) {
    this.#reads = reads
    this.#bounds = bounds
    this.#reverse = reverse
    this.#range = reads.addRange(reverse ? bounds.to : bounds.from)
  }

  /** The iterator goes on from here. */
  seek(start: Uint8Array): void {
    this.#range = this.#reads.addRange(start)
  }

  /** The iterator has come to this key, as it stands in the store; undefined is the end. */
  reach(key: Uint8Array | undefined): void {
    if (this.#reverse) this.#range.from = key ?? this.#bounds.from
    else this.#range.to = key === undefined ? this.#bounds.to : successor(key)
  }
}
