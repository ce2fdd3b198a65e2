/** The largest value of {@link Lrand48.next} is one less. */
const LRAND48_RANGE = 2 ** 31
const MULTIPLIER_LOW = 0xdeece66d
const MULTIPLIER_HIGH = 5
const INCREMENT = 11
const LOW_SEED = 0x330e

/** The 48-bit linear congruential generator of POSIX: the same numbers on every machine. */
export class Lrand48 {
  /** The state: 16 high and 32 low bits; as POSIX has it before any seed. */
  private high = 0x1234
  private low = 0xabcd330e

  /** Starts the sequence of a 32-bit seed. */
  seed(seed: number): void {
    this.high = (seed >>> 16) & 0xffff
    this.low = (((seed & 0xffff) << 16) | LOW_SEED) >>> 0
  }

  /** The next number from 0 to 2^31 - 1. */
  next(): number {
    const { high, low } = this
    // low * MULTIPLIER_LOW needs 64 bits: multiply by halves of the low word.
    const part0 = (low & 0xffff) * MULTIPLIER_LOW + INCREMENT
    const part1 = (low >>> 16) * MULTIPLIER_LOW + Math.floor(part0 / 0x10000)
    this.low = (((part1 & 0xffff) << 16) | (part0 & 0xffff)) >>> 0
    const carry = Math.floor(part1 / 0x10000) % 0x10000
    this.high = (carry + high * (MULTIPLIER_LOW & 0xffff) + low * MULTIPLIER_HIGH) & 0xffff
    // low * 5 may pass 2^32, but only its low 16 bits count.
    return (this.high * 0x8000 + (this.low >>> 17)) % LRAND48_RANGE
  }
}
