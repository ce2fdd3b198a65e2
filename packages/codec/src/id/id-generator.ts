import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { type Random, systemRandom } from '../random/random.ts'

/** Crockford's base 32: no I, L, O, U; its order is the ASCII order. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_LIMIT_MS = 2 ** 48

/** Options of {@link createIdGenerator}. */
export interface IdGeneratorOptions {
  /** Default {@link systemClock}. */
  readonly clock?: Clock
  /** Default {@link systemRandom}. */
  readonly random?: Random
}

/**
 * Makes a generator of 26-character ids in the ULID layout: 48 bits of milliseconds, 80 of chance.
 *
 * Ids of one generator are strictly increasing as strings, also within one millisecond and when the
 * wall clock steps back. Ids of different generators sort by time and are unique by 80 random bits.
 * They are not secrets: within a millisecond the next id is this one plus one.
 *
 * @example
 * ```ts
 * const nextId = createIdGenerator()
 * nextId() < nextId() // => true
 * ```
 */
export function createIdGenerator(options: IdGeneratorOptions = {}): () => string {
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  let timeMs = Number.NEGATIVE_INFINITY
  let timePart = ''
  // The random part as four 20-bit limbs, most significant first: four characters each.
  const limbs = [0, 0, 0, 0]

  const renew = (nowMs: number): void => {
    if (!(nowMs >= 0 && nowMs < TIME_LIMIT_MS)) {
      throw new RangeError(`the clock must show 0 to 2^48 - 1 ms since the epoch, got ${nowMs}`)
    }
    timeMs = nowMs
    timePart = encodeTime(nowMs)
    const bytes = random.bytes(12)
    const view = new DataView(bytes.buffer, bytes.byteOffset, 12)
    for (let i = 0; i < 3; i++) limbs[i] = view.getUint32(4 * i) >>> 12
    limbs[3] = ((view.getUint16(2) & 0xfff) << 8) | ((view.getUint16(6) & 0xfff) >>> 4)
  }
  const increment = (): boolean => {
    for (let i = 3; i >= 0; i--) {
      const limb = (limbs[i] as number) + 1
      limbs[i] = limb & 0xfffff
      if (limb < 0x100000) return true
    }
    return false
  }
  return () => {
    const nowMs = Math.floor(clock.now())
    if (!(nowMs <= timeMs)) renew(nowMs)
    else if (!increment()) renew(timeMs + 1)
    let id = timePart
    for (const limb of limbs) id += encodeLimb(limb)
    return id
  }
}

function encodeTime(timeMs: number): string {
  let text = ''
  for (let i = 0, rest = timeMs; i < 10; i++, rest = Math.floor(rest / 32)) {
    text = (ALPHABET[rest % 32] as string) + text
  }
  return text
}

function encodeLimb(limb: number): string {
  return (
    (ALPHABET[limb >>> 15] as string) +
    (ALPHABET[(limb >>> 10) & 31] as string) +
    (ALPHABET[(limb >>> 5) & 31] as string) +
    (ALPHABET[limb & 31] as string)
  )
}
