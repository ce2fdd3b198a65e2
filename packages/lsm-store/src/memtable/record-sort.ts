import { compareKeys, compareRecords } from './compare-records.ts'
import { KeyRanks } from './key-ranks.ts'
import { mergeRuns } from './merge-runs.ts'
import { keyLengthOf } from './record.ts'

/** Ranges up to this long are sorted by insertion. */
const SMALL = 24
/** About so many keys of a long range show what its keys look like. */
const SAMPLE = 4096
/** So many keys that are not like those are sorted by themselves. */
const MOST_ODD = 512
/** Stands where a version was left out. */
const DROPPED = -1

/** Decides about versions of one key, where not all of them are wanted. */
export interface VersionRule {
  /**
   * `ids[from..to)` is one key, newest first: moves those to keep to the front, and returns how many they are. All
   * records there are of kinds whose bits are set in `kinds`.
   */
  keep(ids: Int32Array, from: number, to: number, kinds: number): number
}

/**
 * Sorts records by some bytes of their keys at a time: these make numbers, which are sorted by counting. Records
 * with the same number are a range of their own, to be sorted by the bytes behind. Nothing changes places with its
 * equal, so that versions of a key stay in the order in which they came.
 */
export class RecordSort {
  readonly #arena: Uint8Array
  readonly #addresses: Uint32Array
  readonly #ids: Int32Array
  readonly #rule: VersionRule | undefined
  readonly #keys: KeyRanks
  readonly #ranks: Uint32Array
  /** Passes go to and fro between these and the others. */
  readonly #otherIds: Int32Array
  readonly #otherRanks: Uint32Array
  /** Ranges to sort, each three numbers: from, to, and in how many bytes their keys agree. */
  readonly #waiting: number[] = []
  /** Records apart from the others, newest first. */
  #odd: Int32Array = NONE
  /** What records there are: any, as long as nobody has looked. */
  #kinds = ANY_KIND
  #dropped = false

  constructor(
    arena: Uint8Array,
    addresses: Uint32Array,
    ids: Int32Array,
    rule: VersionRule | undefined,
  ) {
    this.#arena = arena
    this.#addresses = addresses
    this.#ids = ids
    this.#rule = rule
    this.#keys = new KeyRanks(arena, addresses, ids)
    this.#ranks = new Uint32Array(ids.length)
    this.#otherIds = new Int32Array(ids.length)
    this.#otherRanks = new Uint32Array(ids.length)
  }

  /** Sorts what it was given; returns those that stay. */
  run(): Int32Array {
    const { length } = this.#ids
    const waiting = this.#waiting
    const step = Math.floor(length / SAMPLE)
    const isBegun = step > 1 && this.#sort(0, length, 0, step, MOST_ODD)
    if (!isBegun) this.#later(0, length, 0)
    while (waiting.length > 0) {
      const known = waiting.pop() as number
      const to = waiting.pop() as number
      const from = waiting.pop() as number
      this.#sortRange(from, to, known)
    }
    const sorted = this.#ids.subarray(0, length - this.#odd.length)
    const kept = this.#dropped ? sorted.filter((id) => id !== DROPPED) : sorted
    return this.#odd.length === 0 ? kept : this.#withOdd(kept)
  }

  #withOdd(sorted: Int32Array): Int32Array {
    const arena = this.#arena
    const addresses = this.#addresses
    const odd = new RecordSort(arena, addresses, this.#odd, this.#rule).run()
    return mergeRuns(sorted, odd, (a, b) => compareRecords(arena, addresses, a, b))
  }

  #sortRange(from: number, to: number, known: number): void {
    // Where some keys say too little about all of them, all are looked at.
    const step = Math.floor((to - from) / SAMPLE)
    if (step < 2 || !this.#sort(from, to, known, step, 0)) this.#sort(from, to, known, 1, 0)
  }

  /** Little work is done at once. */
  #later(from: number, to: number, known: number): void {
    if (to - from <= SMALL) this.#insertion(from, to, known)
    else this.#waiting.push(from, to, known)
  }

  /** Looks at each `step`th key first; false when the others are not like these, but for `mostOdd`. */
  #sort(from: number, to: number, known: number, step: number, mostOdd: number): boolean {
    const keys = this.#keys
    if (!keys.prepare(from, to, known, step)) {
      if (step === 1) this.#sameKey(from, to)
      return step === 1
    }
    // So that the last pass ends in the ids.
    const isOdd = keys.passes % 2 === 1
    const ids = isOdd ? this.#otherIds : this.#ids
    const ranks = isOdd ? this.#otherRanks : this.#ranks
    if (!keys.rank(from, to, known, mostOdd, ids, ranks)) return false
    if (to - from === this.#ids.length) this.#kinds = keys.kinds
    if (keys.odd.length > 0) this.#setAside(ids, ranks, keys.odd)
    const end = to - keys.odd.length
    this.#pass(from, end, isOdd)
    this.#sortGroups(from, end, keys.depth + keys.positions)
    return true
  }

  /** Takes what stands at these positions out; what stands behind moves up. */
  #setAside(ids: Int32Array, ranks: Uint32Array, positions: readonly number[]): void {
    this.#odd = Int32Array.from(positions, (position) => ids[position] as number)
    let end = positions[0] as number
    for (const [i, position] of positions.entries()) {
      const next = positions[i + 1] ?? ids.length
      ids.copyWithin(end, position + 1, next)
      ranks.copyWithin(end, position + 1, next)
      end += next - position - 1
    }
  }

  #pass(from: number, to: number, isOdd: boolean): void {
    const { counts, passes, passBits } = this.#keys
    let fromOther = isOdd
    for (let pass = 0; pass < passes; pass++) {
      const places = counts.subarray(pass << passBits, (pass + 1) << passBits)
      countsToPlaces(places, from)
      const ids = fromOther ? this.#otherIds : this.#ids
      const ranks = fromOther ? this.#otherRanks : this.#ranks
      const intoIds = fromOther ? this.#ids : this.#otherIds
      const intoRanks = fromOther ? this.#ranks : this.#otherRanks
      scatter(ids, ranks, intoIds, intoRanks, places, from, to, pass * passBits)
      fromOther = !fromOther
    }
  }

  /** Keys of the same rank agree in `known` bytes, or are equal and end before. */
  #sortGroups(from: number, to: number, known: number): void {
    const ranks = this.#ranks
    const areWhole = this.#keys.longest <= known
    let start = from
    while (start < to) {
      const rank = ranks[start]
      let end = start + 1
      while (end < to && ranks[end] === rank) end += 1
      if (end - start > 1) {
        if (areWhole || this.#endsBefore(start, known)) this.#sameKey(start, end)
        else this.#later(start, end, known)
      }
      start = end
    }
  }

  #endsBefore(position: number, length: number): boolean {
    const address = this.#addresses[this.#ids[position] as number] as number
    return keyLengthOf(this.#arena, address) < length
  }

  #insertion(from: number, to: number, known: number): void {
    const ids = this.#ids
    const arena = this.#arena
    const addresses = this.#addresses
    let hasEqual = false
    for (let i = from + 1; i < to; i++) {
      const id = ids[i] as number
      const address = addresses[id] as number
      let at = i
      for (; at > from; at--) {
        const before = ids[at - 1] as number
        const order = compareKeys(arena, addresses[before] as number, address, known)
        if (order === 0) hasEqual = true
        if (order <= 0) break
        ids[at] = before
      }
      ids[at] = id
    }
    if (hasEqual && this.#rule !== undefined) this.#findEqual(from, to, known)
  }

  /** Finds versions of the same key in a range that is sorted. */
  #findEqual(from: number, to: number, known: number): void {
    const ids = this.#ids
    const addresses = this.#addresses
    let start = from
    while (start < to) {
      const address = addresses[ids[start] as number] as number
      const isSame = (id: number): boolean =>
        compareKeys(this.#arena, address, addresses[id] as number, known) === 0
      let end = start + 1
      while (end < to && isSame(ids[end] as number)) end += 1
      if (end - start > 1) this.#sameKey(start, end)
      start = end
    }
  }

  #sameKey(from: number, to: number): void {
    if (this.#rule === undefined) return
    const kept = from + this.#rule.keep(this.#ids, from, to, this.#kinds)
    if (kept === to) return
    this.#ids.fill(DROPPED, kept, to)
    this.#dropped = true
  }
}

const NONE = new Int32Array(0)
const ANY_KIND = -1

/** How often each value occurs becomes where the first one goes. */
function countsToPlaces(counts: Uint32Array, first: number): void {
  let place = first
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] as number
    counts[i] = place
    place += count
  }
}

/** One pass: each record goes to the next place for these bits of its rank. */
function scatter(
  ids: Int32Array,
  ranks: Uint32Array,
  intoIds: Int32Array,
  intoRanks: Uint32Array,
  places: Uint32Array,
  from: number,
  to: number,
  shift: number,
): void {
  const mask = places.length - 1
  for (let i = from; i < to; i++) {
    const rank = ranks[i] as number
    const bits = (rank >>> shift) & mask
    const place = places[bits] as number
    places[bits] = place + 1
    intoRanks[place] = rank
    intoIds[place] = ids[i] as number
  }
}
