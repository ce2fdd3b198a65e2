import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { CodecError } from '../error.ts'

/** A point in time of a distributed system: sorts by (time, node). */
export interface HlcTimestamp {
  readonly time: bigint
  readonly node: string
}

export interface HybridClockOptions {
  readonly node: string
  readonly clock?: Clock
  readonly maxDriftMs?: number
  readonly ceiling?: bigint
  readonly persistCeiling?: (ceiling: bigint) => void | Promise<void>
}

export class HybridClock {
  readonly #node: string
  readonly #clock: Clock
  readonly #maxDriftMs: number
  #last: bigint

  private constructor(options: HybridClockOptions) {
    this.#node = options.node
    this.#clock = options.clock ?? systemClock
    this.#maxDriftMs = options.maxDriftMs ?? 60_000
    this.#last = options.ceiling ?? 0n
  }

  static create(options: HybridClockOptions): HybridClock {
    return new HybridClock(options)
  }

  now(): HlcTimestamp {
    return this.#issue(this.#last)
  }

  receive(remote: HlcTimestamp): HlcTimestamp {
    const aheadMs = Number(remote.time >> 16n) - this.#clock.now()
    if (aheadMs > this.#maxDriftMs) {
      throw new CodecError('CLOCK_DRIFT', `${remote.node} is ${aheadMs} ms ahead`)
    }
    if (remote.time > this.#last) return this.#issue(remote.time)
    return this.#issue(this.#last)
  }

  static compare(a: HlcTimestamp, b: HlcTimestamp): number {
    if (a.time !== b.time) return a.time < b.time ? -1 : 1
    return a.node === b.node ? 0 : a.node < b.node ? -1 : 1
  }

  #issue(above: bigint): HlcTimestamp {
    const wall = BigInt(Math.floor(this.#clock.now())) << 16n
    this.#last = wall > above ? wall : above + 1n
    return { time: this.#last, node: this.#node }
  }
}
