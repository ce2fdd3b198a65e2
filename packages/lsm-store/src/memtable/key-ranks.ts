import { keyLengthOf, keyStartOf } from './record.ts'

/** So many bytes are looked at behind those that all keys of a range share. */
const POSITIONS = 10
/** What may stand at a position: nothing, as the key has ended, or one of 256 bytes. */
const SYMBOLS = 257
/** Ranks are below this. */
const MOST_RANKS = 2 ** 31
/** A symbol without a number. No rank has this bit. */
const UNSEEN = 2 ** 31
/** So many bits are sorted by in one pass: more want more memory than a short range is worth. */
const PASS_BITS = 11
const SHORT_PASS_BITS = 8
const SHORT = 4096
/** For ranks of 31 bits. */
const MOST_PASSES = 4

/**
 * Makes numbers of some bytes of the keys of a range, in the same order as these. What stands at each position is
 * numbered, and these numbers are the digits: the fewer kinds of bytes there are, as in decimal numbers or hex, the
 * more bytes a rank tells apart.
 */
export class KeyRanks {
  /** Bytes that all keys of the range share. */
  depth = 0
  /** How many bytes behind them make the rank. */
  positions = 0
  /** Length of the longest key, once all are ranked. */
  longest = 0
  /** Positions in the ids of keys that have no rank. */
  odd: number[] = []
  /** A bit for each kind of record that was ranked. */
  kinds = 0
  /** In so many passes of so many bits ranks are sorted. */
  passes = 0
  passBits = 0
  /** For each pass, how often each value of its bits occurs. */
  readonly counts: Uint32Array = new Uint32Array(MOST_PASSES << PASS_BITS)
  readonly #arena: Uint8Array
  readonly #addresses: Uint32Array
  readonly #ids: Int32Array
  /** For each position and symbol: what it adds to a rank. */
  readonly #symbols: Int32Array = new Int32Array(POSITIONS * SYMBOLS)

  constructor(arena: Uint8Array, addresses: Uint32Array, ids: Int32Array) {
    this.#arena = arena
    this.#addresses = addresses
    this.#ids = ids
  }

  /**
   * Looks at each `step`th key of a range whose keys agree in `known` bytes. False when these are
   * one and the same.
   */
  prepare(from: number, to: number, known: number, step: number): boolean {
    if (!this.#findShared(from, to, known, step)) return false
    this.#findSymbols(from, to, step)
    const ranks = this.#numberSymbols()
    const bits = Math.ceil(Math.log2(ranks))
    this.passes = Math.ceil(bits / (to - from < SHORT ? SHORT_PASS_BITS : PASS_BITS))
    this.passBits = Math.ceil(bits / this.passes)
    return true
  }

  #findShared(from: number, to: number, known: number, step: number): boolean {
    const arena = this.#arena
    const ids = this.#ids
    const addresses = this.#addresses
    const first = addresses[ids[from] as number] as number
    const firstStart = keyStartOf(arena, first)
    let shared = keyLengthOf(arena, first)
    let longest = shared
    for (let i = from + step; i < to; i += step) {
      const address = addresses[ids[i] as number] as number
      const start = keyStartOf(arena, address)
      const length = keyLengthOf(arena, address)
      if (length > longest) longest = length
      if (length < shared) shared = length
      let same = known
      while (same < shared && arena[firstStart + same] === arena[start + same]) same += 1
      shared = same
    }
    this.depth = shared
    return shared < longest
  }

  #findSymbols(from: number, to: number, step: number): void {
    const arena = this.#arena
    const ids = this.#ids
    const addresses = this.#addresses
    const symbols = this.#symbols
    const { depth } = this
    symbols.fill(UNSEEN)
    for (let i = from; i < to; i += step) {
      const address = addresses[ids[i] as number] as number
      const start = keyStartOf(arena, address) + depth
      const length = keyLengthOf(arena, address) - depth
      const there = Math.min(length, POSITIONS)
      let base = 1
      for (let p = 0; p < there; p++) {
        symbols[base + (arena[start + p] as number)] = 0
        base += SYMBOLS
      }
      if (there < POSITIONS) symbols[base - 1] = 0
    }
  }

  /** Numbers the symbols of as many positions as make no rank too large; returns how many ranks there are. */
  #numberSymbols(): number {
    const counts: number[] = []
    let ranks = 1
    while (counts.length < POSITIONS) {
      const count = this.#number(counts.length)
      // None: all keys end before.
      if (count === 0 || ranks * count > MOST_RANKS) break
      ranks *= count
      counts.push(count)
    }
    this.positions = counts.length
    let weight = 1
    for (let p = counts.length - 1; p >= 0; p--) {
      this.#weigh(p, weight)
      weight *= counts[p] as number
    }
    return ranks
  }

  #number(position: number): number {
    const symbols = this.#symbols
    const base = position * SYMBOLS
    let count = 0
    for (let s = base; s < base + SYMBOLS; s++) if (symbols[s] === 0) symbols[s] = count++
    return count
  }

  #weigh(position: number, weight: number): void {
    const symbols = this.#symbols
    const base = position * SYMBOLS
    for (let s = base; s < base + SYMBOLS; s++) {
      const number = symbols[s] as number
      if (number > 0) symbols[s] = number * weight
    }
  }

  /**
   * Ranks all keys, and counts for the passes. A key that is not as those that were looked at, because it shares fewer
   * bytes with the others or has a symbol without a number, is odd: it gets no rank. False when they
   * are more than `mostOdd`.
   */
  rank(
    from: number,
    to: number,
    known: number,
    mostOdd: number,
    intoIds: Int32Array,
    ranks: Uint32Array,
  ): boolean {
    const arena = this.#arena
    const ids = this.#ids
    const addresses = this.#addresses
    const symbols = this.#symbols
    const { counts, depth, positions, passes, passBits } = this
    const mask = (1 << passBits) - 1
    const prefix = keyStartOf(arena, addresses[ids[from] as number] as number)
    const odd: number[] = []
    counts.fill(0, 0, passes << passBits)
    let longest = 0
    let kinds = 0
    for (let i = from; i < to; i++) {
      const id = ids[i] as number
      const address = addresses[id] as number
      const keyStart = keyStartOf(arena, address)
      const length = keyLengthOf(arena, address)
      kinds |= 1 << (arena[address] as number)
      if (length > longest) longest = length
      const shared = Math.min(length, depth)
      let same = known
      while (same < shared && arena[keyStart + same] === arena[prefix + same]) same += 1
      const start = keyStart + depth
      const there = Math.min(length - depth, positions)
      let rank = 0
      let seen = same < depth ? UNSEEN : 0
      let base = 1
      for (let p = 0; p < there; p++) {
        const part = symbols[base + (arena[start + p] as number)] as number
        seen |= part
        rank += part
        base += SYMBOLS
      }
      // An end is the lowest symbol of its position, and adds nothing.
      if (there < positions) seen |= symbols[base - 1] as number
      intoIds[i] = id
      if (seen < 0) {
        if (odd.push(i) > mostOdd) return false
        continue
      }
      ranks[i] = rank
      for (let pass = 0; pass < passes; pass++) {
        const at = (pass << passBits) + ((rank >>> (pass * passBits)) & mask)
        counts[at] = (counts[at] as number) + 1
      }
    }
    this.odd = odd
    this.kinds |= kinds
    this.longest = longest
    return true
  }
}
