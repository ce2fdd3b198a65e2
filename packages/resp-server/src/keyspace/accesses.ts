/** A new key counts as used a few times, so that it is not the first to go. */
const INITIAL_COUNT = 5
const MAX_COUNT = 255
const MINUTES = 0xffffff

/** lfu-log-factor and lfu-decay-time. */
export interface LfuSettings {
  readonly lfuLogFactor: number
  readonly lfuDecayTime: number
}

/** Times start here, so that keys can be idle since before the start. */
const FIRST_TICK = 2 ** 24

/** How often or how lately keys are used, as one number per key. */
export class Accesses {
  readonly #random: () => number
  readonly #settings: LfuSettings
  /** Seconds since the start. */
  tick: number = FIRST_TICK
  readonly #startedAt: number
  /** Keys carry minutes and a logarithmic count instead of the second of their last use. */
  countsUses = false

  constructor(startedAt: number, settings: LfuSettings, random: () => number) {
    this.#startedAt = startedAt
    this.#settings = settings
    this.#random = random
  }

  timeIs(now: number): void {
    this.tick = FIRST_TICK + Math.max(0, Math.floor((now - this.#startedAt) / 1000))
  }

  get first(): number {
    return this.countsUses ? this.#pack(INITIAL_COUNT) : this.tick
  }

  /** The number of a key that is used now. */
  used(access: number): number {
    if (!this.countsUses) return this.tick
    const count = this.frequency(access)
    if (count >= MAX_COUNT) return this.#pack(MAX_COUNT)
    const base = Math.max(0, count - INITIAL_COUNT)
    const isCounted = this.#random() < 1 / (base * this.#settings.lfuLogFactor + 1)
    return this.#pack(isCounted ? count + 1 : count)
  }

  /** The logarithmic count, less what the minutes since have taken. */
  frequency(access: number): number {
    const { lfuDecayTime } = this.#settings
    const minutes = (Math.floor(this.tick / 60) - Math.floor(access / 256)) & MINUTES
    const periods = lfuDecayTime === 0 ? 0 : Math.floor(minutes / lfuDecayTime)
    return Math.max(0, (access & 0xff) - periods)
  }

  idleSeconds(access: number): number {
    return Math.max(0, this.tick - access)
  }

  /** The number of a key that was last used so long ago. */
  idleFor(seconds: number): number {
    return Math.max(0, this.tick - seconds)
  }

  withFrequency(count: number): number {
    return this.#pack(count)
  }

  #pack(count: number): number {
    return (Math.floor(this.tick / 60) & MINUTES) * 256 + count
  }
}

/** The same numbers with as much room again behind them. */
export function twiceAsLong(accesses: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(accesses.length * 2)
  grown.set(accesses)
  return grown
}
