/** Records of a range after a sweep, at most. */
const MAX_RECORDS = 4096
/** Records that a range of several is over, with those that sweeps removed: their traces are read too for a while. */
const MAX_COVERED = 32_768
/** Ranges wait until this part of the times in them has gone by, so that a sweep finds something... */
const WAITED_PART = 8
/** ...but, after the first, no longer than it takes to read all ranges at an easy pace, within these bounds. */
const WAIT_PER_RANGE_MS = 100
const MIN_WAIT_MS = 1000
const MAX_WAIT_MS = 30_000
/** Behind every place: see `KeySource.placeOf`. */
const ALL = '\uffff'

/** What one reading of a part of a range found: how many keys stay, and from when until when they are due. */
export class Swept {
  records = 0
  removed = 0
  least: number = Number.POSITIVE_INFINITY
  greatest: number = Number.NEGATIVE_INFINITY

  /** Infinity: never due, or not known by the store alone. */
  add(time: number): void {
    this.records += 1
    if (time < this.least) this.least = time
    if (time > this.greatest && time !== Number.POSITIVE_INFINITY) this.greatest = time
  }
}

/** Keys of a table in the order of the store, from `start` to before `end`. */
export interface PlaceRange {
  readonly at: number
  readonly start: string
  /** Undefined: to the end of the table. */
  readonly end: string | undefined
}

/**
 * When keys that are in the store alone expire, without a name of any: by ranges of the store's order,
 * each with the least time of a key that left memory into it or that a sweep saw in it. So it holds
 * at any moment that a key in the store alone, or a field of it, expires no sooner than its range says. What
 * a range says may be too early, when its first key was touched or removed: then a sweep finds nothing, and
 * knows better.
 */
export class StoredExpiries {
  /** Keys in the store alone that expire themselves, not just fields; exact up to what a pass has seen. */
  count = 0
  /** No range is to be swept before this time; Infinity for never. */
  next: number = Number.POSITIVE_INFINITY
  readonly #starts: string[] = ['']
  readonly #least: number[] = [Number.POSITIVE_INFINITY]
  readonly #greatest: number[] = [Number.NEGATIVE_INFINITY]
  readonly #records: number[] = [0]
  readonly #covered: number[] = [0]
  /** Keys up to this place are counted; '' is one. Undefined: none. */
  #seenTo: string | undefined = ALL

  /** A table begins with keys in the store of which nothing is known: a pass has to go over them. */
  expectPass(): void {
    this.#seenTo = undefined
  }

  get ranges(): number {
    return this.#starts.length
  }

  /** A key has left memory. Both times may be Infinity. */
  left(place: string, expiry: number, fieldExpiry: number): void {
    const time = Math.min(expiry, fieldExpiry)
    if (time === Number.POSITIVE_INFINITY) return
    if (expiry !== Number.POSITIVE_INFINITY && this.#isSeen(place)) this.count += 1
    this.#note(place, time)
  }

  /** A key that expires has come into memory. */
  cameBack(place: string): void {
    if (this.#isSeen(place)) this.count -= 1
  }

  /**
   * A pass over the store, which goes by places, has come by a key. With times it is one that is in the
   * store alone and stays there; one that was seen before is not counted again.
   */
  passed(place: string, expiry: number, fieldExpiry: number): void {
    const isSeen = this.#isSeen(place)
    const time = Math.min(expiry, fieldExpiry)
    if (!isSeen && expiry !== Number.POSITIVE_INFINITY) this.count += 1
    if (!isSeen && time !== Number.POSITIVE_INFINITY) this.#note(place, time)
    if (!isSeen) this.#seenTo = place
  }

  /** A pass is at its end. */
  passedAll(): void {
    this.#seenTo = ALL
  }

  /** The range that is due for the longest time; undefined when none is. */
  firstDue(now: number): PlaceRange | undefined {
    if (this.next >= now) return undefined
    let first = 0
    let next = Number.POSITIVE_INFINITY
    for (let at = 0; at < this.#starts.length; at += 1) {
      const due = this.#dueAt(at)
      if (due >= next) continue
      next = due
      first = at
    }
    this.next = next
    if (next >= now) return undefined
    return { at: first, start: this.#starts[first] as string, end: this.#starts[first + 1] }
  }

  /**
   * What a sweep found from the start of the range to the place, which included all; without one, to
   * its end. The rest of the range stays due. No range has changed since {@link firstDue}.
   */
  swept({ at, start }: PlaceRange, found: Swept, upTo: string | undefined, now: number): void {
    if (upTo !== undefined) {
      this.#starts.splice(at, 1, start, `${upTo}\0`)
      this.#least.splice(at, 0, found.least)
      this.#greatest.splice(at, 0, found.greatest)
      this.#records.splice(at, 0, found.records)
      this.#covered.splice(at, 0, found.records + found.removed)
    } else {
      this.#least[at] = found.least
      this.#greatest[at] = found.greatest
      this.#records[at] = found.records
      this.#covered[at] = found.records + found.removed
    }
    this.#joinWithPrevious(at + 1, now)
    this.#joinWithPrevious(at, now)
  }

  #isSeen(place: string): boolean {
    return this.#seenTo !== undefined && place <= this.#seenTo
  }

  #note(place: string, time: number): void {
    const at = this.#find(place)
    this.#records[at] = (this.#records[at] as number) + 1
    if (time > (this.#greatest[at] as number)) this.#greatest[at] = time
    if (time < (this.#least[at] as number)) this.#least[at] = time
    const due = this.#dueAt(at)
    if (due < this.next) this.next = due
  }

  /** The last range that does not begin behind the place. */
  #find(place: string): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#starts[middle] as string) <= place) low = middle
      else high = middle - 1
    }
    return low
  }

  #dueAt(at: number): number {
    const least = this.#least[at] as number
    if (least === Number.POSITIVE_INFINITY) return least
    const spread = (this.#greatest[at] as number) - least
    const wait = Math.max(this.#starts.length * WAIT_PER_RANGE_MS, MIN_WAIT_MS)
    return least + Math.min(spread / WAITED_PART, wait, MAX_WAIT_MS)
  }

  /** Makes one of a range and the one before it when they are small, and neither is due. */
  #joinWithPrevious(at: number, now: number): void {
    if (at === 0 || at >= this.#starts.length) return
    const records = (this.#records[at] as number) + (this.#records[at - 1] as number)
    const covered = (this.#covered[at] as number) + (this.#covered[at - 1] as number)
    if (records > MAX_RECORDS || covered > MAX_COVERED) return
    if (this.#dueAt(at) < now || this.#dueAt(at - 1) < now) return
    const [least, greatest] = [this.#least, this.#greatest]
    least[at - 1] = Math.min(least[at - 1] as number, least[at] as number)
    greatest[at - 1] = Math.max(greatest[at - 1] as number, greatest[at] as number)
    this.#records[at - 1] = records
    this.#covered[at - 1] = covered
    const columns = [this.#starts, least, greatest, this.#records, this.#covered]
    for (const column of columns) column.splice(at, 1)
  }
}
