import type { Clock } from '@ashlar/codec'
import type { StallInfo } from '../events.ts'

/** How far the background is behind. */
export interface Backlog {
  readonly unflushedMemtables: number
  readonly levelZeroTables: number
}

/** @see WriteStalls */
export interface WriteStallsOptions {
  readonly clock: Clock
  /** Tables in level 0 that start a compaction. */
  readonly levelZeroTables: number
  readonly onStall: (info: StallInfo) => void
}

const SLOW_MEMTABLES = 2
/** So many memtables waiting to be flushed stop writers. */
export const STOP_MEMTABLES = 3
/** In compaction triggers. */
const SLOW_TRIGGERS = 2
const STOP_TRIGGERS = 5
const MAX_DELAY_MS = 8

/**
 * Holds writers back, little by little, when the background cannot keep up: first each turn's writes
 * wait a millisecond, then more, in the end until a flush or compaction is done. Writes are visible
 * at once all the same; it is their acknowledgement that waits.
 */
export class WriteStalls {
  /** Milliseconds that writes were held back, and how often. */
  stalledMs = 0
  stalls = 0
  readonly #options: WriteStallsOptions
  #info: StallInfo = { state: 'none', delayMs: 0, unflushedMemtables: 0, levelZeroTables: 0 }
  #stopped: PromiseWithResolvers<void> | undefined

  constructor(options: WriteStallsOptions) {
    this.#options = options
  }

  /** Takes note of the backlog. */
  update(backlog: Backlog): void {
    const slowTables = this.#options.levelZeroTables * SLOW_TRIGGERS
    const stopTables = this.#options.levelZeroTables * STOP_TRIGGERS
    const { unflushedMemtables, levelZeroTables } = backlog
    const step = Math.max(
      unflushedMemtables - SLOW_MEMTABLES + 1,
      Math.ceil((4 * (levelZeroTables - slowTables + 1)) / (stopTables - slowTables)),
    )
    const stop = unflushedMemtables >= STOP_MEMTABLES || levelZeroTables >= stopTables
    const delayMs = stop || step < 1 ? 0 : Math.min(2 ** (step - 1), MAX_DELAY_MS)
    const state = stop ? 'stop' : delayMs > 0 ? 'delay' : 'none'
    const changed = state !== this.#info.state || delayMs !== this.#info.delayMs
    this.#info = { state, delayMs, ...backlog }
    if (state === 'stop') this.#stopped ??= Promise.withResolvers<void>()
    else this.release()
    if (changed) this.#options.onStall(this.#info)
  }

  /** Lets those go who wait for the background. */
  release(): void {
    this.#stopped?.resolve()
    this.#stopped = undefined
  }

  /** What the writes of this turn must wait for, if anything. */
  throttle(): Promise<void> | undefined {
    const { state, delayMs } = this.#info
    if (state === 'none') return undefined
    this.stalls += 1
    const { clock } = this.#options
    const since = clock.monotonic()
    const waited =
      this.#stopped?.promise ??
      new Promise<void>((resolve) => {
        clock.setTimer(resolve, delayMs, { keepAlive: true })
      })
    return waited.then(() => {
      this.stalledMs += clock.monotonic() - since
    })
  }
}
