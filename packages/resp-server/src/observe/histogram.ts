/** Slots per power of two: values are told apart to about 3 %. */
const SLOTS_BITS = 5
const SLOTS = 1 << SLOTS_BITS
/** Durations up to 2^31 microseconds, which is half an hour. */
const MAX_VALUE = 2 ** 31 - 1

const slotOf = (value: number): number => {
  if (value < SLOTS) return value
  const shift = 31 - Math.clz32(value) - SLOTS_BITS
  return (shift << SLOTS_BITS) + (value >> shift)
}

/** The highest value that falls into a slot. */
const upperOf = (slot: number): number => {
  const shift = (slot >> SLOTS_BITS) - 1
  if (shift < 0) return slot
  return (slot - (shift << SLOTS_BITS) + 1) * 2 ** shift - 1
}

/** Counts durations in whole microseconds, logarithmically. */
export class Histogram {
  readonly #counts = new Uint32Array(slotOf(MAX_VALUE) + 1)
  count = 0

  record(microseconds: number, times = 1): void {
    const value = Math.min(MAX_VALUE, Math.max(0, Math.floor(microseconds)))
    const slot = slotOf(value)
    this.#counts[slot] = (this.#counts[slot] as number) + times
    this.count += times
  }

  /** The duration that this share of all, in percent, does not exceed. */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.count))
    let seen = 0
    for (let slot = 0; slot < this.#counts.length; slot += 1) {
      seen += this.#counts[slot] as number
      if (seen >= wanted) return upperOf(slot)
    }
    return 0
  }

  /** Pairs of a power of two and how many took no longer, up to the longest. */
  cumulative(): [limit: number, count: number][] {
    const rows: [number, number][] = []
    let seen = 0
    let limit = 1
    let told = 0
    for (let slot = 0; slot < this.#counts.length && told < this.count; slot += 1) {
      while (upperOf(slot) > limit) {
        if (seen > told) rows.push([limit, seen])
        told = seen
        limit *= 2
      }
      seen += this.#counts[slot] as number
    }
    if (seen > told) rows.push([limit, seen])
    return rows
  }
}
