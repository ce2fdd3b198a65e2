import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { CodecError } from '../error.ts'
import { Ceiling, type PersistCeiling } from './ceiling.ts'
import { type HlcTimestamp, millisecondsOf, TIME_MAX, timeOf } from './timestamp.ts'

const DEFAULT_MAX_DRIFT_MS = 60_000
const DEFAULT_CEILING_WINDOW_MS = 30_000

/** Options of {@link HybridClock}. */
export interface HybridClockOptions {
  /** Who issues: unique among the nodes that exchange timestamps. */
  readonly node: string
  /** Default {@link systemClock}. */
  readonly clock?: Clock
  /** How far a received timestamp may be ahead of the wall clock. Default 60,000. */
  readonly maxDriftMs?: number
  /**
   * Timestamps start above this: the last stored ceiling, or the latest time that this node has
   * stored with its data.
   */
  readonly ceiling?: bigint
  /**
   * How far ahead of time a ceiling is stored. A restart without {@link HybridClock.close} begins at
   * most this far in the future, and its writes win over those of others for so long: keep it short
   * where storing is cheap. Default 30,000, at most half of `maxDriftMs`.
   */
  readonly ceilingWindowMs?: number
  /**
   * Stores the ceiling that the next start is to be given: once a window, and when it returns
   * promises twice. Not needed when
   * every timestamp is stored with data, as `ceiling` can then be read from these.
   */
  readonly persistCeiling?: PersistCeiling
}

/**
 * A hybrid logical clock (Kulkarni et al., 2014): its timestamps follow the wall clock and order
 * causes before effects.
 *
 * - Strictly increasing, also when the wall clock steps back, and above all that was received.
 * - At most `maxDriftMs` ahead of the wall clock by what others send.
 * - With `persistCeiling`, also increasing across restarts: no timestamp exceeds the last ceiling
 *   that is known to be stored.
 *
 * @example
 * ```ts
 * const clock = await HybridClock.open({
 *   node: 'seattle',
 *   ceiling: await readCeiling(),
 *   persistCeiling: (ceiling) => writeCeiling(ceiling),
 * })
 * const stamp = clock.now()
 * ```
 */
export class HybridClock implements AsyncDisposable {
  readonly #node: string
  readonly #clock: Clock
  readonly #maxDriftMs: number
  readonly #ceiling: Ceiling | undefined
  #last: bigint

  private constructor(options: HybridClockOptions) {
    const { node, clock = systemClock, maxDriftMs = DEFAULT_MAX_DRIFT_MS, ceiling = 0n } = options
    if (typeof node !== 'string' || node === '')
      throw new TypeError('node must be a non-empty text')
    if (!(maxDriftMs >= 0)) throw new RangeError(`maxDriftMs must be 0 or more, got ${maxDriftMs}`)
    if (typeof ceiling !== 'bigint') throw new TypeError('ceiling must be a bigint')
    if (ceiling < 0n || ceiling > TIME_MAX) {
      throw new RangeError(`ceiling must be a time of this clock, got ${ceiling}`)
    }
    this.#node = node
    this.#clock = clock
    this.#maxDriftMs = maxDriftMs
    this.#last = ceiling
    if (options.persistCeiling === undefined) return
    const { ceilingWindowMs = DEFAULT_CEILING_WINDOW_MS } = options
    if (!(ceilingWindowMs >= 1)) {
      throw new RangeError(`ceilingWindowMs must be 1 or more, got ${ceilingWindowMs}`)
    }
    // Others must not take a restarted node for one that drifts.
    const windowMs = Math.min(ceilingWindowMs, Math.max(1, Math.floor(maxDriftMs / 2)))
    const persist = options.persistCeiling
    this.#ceiling = new Ceiling({ clock, persist, windowMs, time: ceiling })
  }

  /**
   * Makes a clock. If `persistCeiling` returns a promise, await {@link ready} before the first
   * timestamp, or use {@link open}.
   *
   * @throws TypeError, RangeError for a bad option.
   */
  static create(options: HybridClockOptions): HybridClock {
    return new HybridClock(options)
  }

  /** Makes a clock that is ready. Rejects as {@link ready} does. */
  static async open(options: HybridClockOptions): Promise<HybridClock> {
    const clock = new HybridClock(options)
    await clock.ready()
    return clock
  }

  /**
   * Resolves when the clock can issue timestamps: at once, unless `persistCeiling` is asynchronous.
   *
   * @throws CodecError `CLOCK_EXHAUSTED` when `persistCeiling` fails, with its error as the cause.
   */
  async ready(): Promise<void> {
    await this.#ceiling?.ready(this.#next(this.#last))
  }

  /**
   * A timestamp above all that this clock has issued or received.
   *
   * @throws CodecError `CLOCK_EXHAUSTED` when the ceiling above it is not stored: before
   * {@link ready}, when `persistCeiling` fails for long, or for a moment after the wall clock has
   * leapt ahead or the process was suspended. Await {@link ready} and try again.
   */
  now(): HlcTimestamp {
    return this.#issue(this.#last)
  }

  /**
   * Takes note of another node's timestamp and issues one above it.
   *
   * @throws CodecError `CLOCK_DRIFT` when it is more than `maxDriftMs` ahead of the wall clock; it
   * is not taken note of then. `CLOCK_EXHAUSTED` as {@link now} does.
   */
  receive(remote: HlcTimestamp): HlcTimestamp {
    if (typeof remote.time !== 'bigint') throw new TypeError('remote.time must be a bigint')
    if (remote.time <= this.#last) return this.#issue(this.#last)
    const aheadMs = millisecondsOf(remote.time) - this.#clock.now()
    if (aheadMs > this.#maxDriftMs) {
      throw new CodecError(
        'CLOCK_DRIFT',
        `the timestamp of ${remote.node} is ${Math.ceil(aheadMs)} ms ahead, maxDriftMs allows ` +
          `${this.#maxDriftMs}: check the clocks of both nodes`,
      )
    }
    return this.#issue(remote.time)
  }

  /** Orders by time, then node (by code unit). For `Array.prototype.sort`. */
  static compare(a: HlcTimestamp, b: HlcTimestamp): number {
    if (a.time !== b.time) return a.time < b.time ? -1 : 1
    return a.node === b.node ? 0 : a.node < b.node ? -1 : 1
  }

  /** What the wall clock showed for it, or what was received: milliseconds since the epoch. */
  static toMilliseconds(timestamp: HlcTimestamp): number {
    return millisecondsOf(timestamp.time)
  }

  /**
   * Stores the last timestamp's time as the ceiling, so that the next start is not ahead of time,
   * and stops. Nothing can be issued afterwards. Without `persistCeiling` there is nothing to close.
   */
  async close(): Promise<void> {
    await this.#ceiling?.close(this.#last)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #issue(above: bigint): HlcTimestamp {
    const time = this.#next(above)
    if (time > TIME_MAX) {
      throw new CodecError('CLOCK_EXHAUSTED', 'the wall clock is past the last time, in 6429')
    }
    this.#ceiling?.require(time)
    this.#last = time
    return { time, node: this.#node }
  }

  #next(above: bigint): bigint {
    const wall = timeOf(this.#clock.now())
    return wall > above ? wall : above + 1n
  }
}
