import type { Clock, Timer } from '@ashlar/codec'
import type { Log } from '@ashlar/transport'
import type { LocalCopy } from './local-copy.ts'
import { isPassing, type LogWriter } from './log-writer.ts'

/** Between looks at the size of the log. */
const CHECK_MS = 500
/** A log is compacted when so many times more was appended than what is alive. */
const GROWTH = 2

export interface CompactionOptions {
  readonly log: Log
  readonly writer: LogWriter
  readonly copy: LocalCopy
  readonly clock: Clock
  /** No log is compacted before so much was appended. */
  readonly minBytes: number
  /** Bytes that the log has had when this writer came. */
  readonly logBytes: number
  readonly onError: (error: unknown) => void
}

/**
 * Keeps the log short: what a new owner reads is at most some times what is alive. All that is alive
 * is appended again, and when that is stored, what stands before it is removed. Nothing tells the
 * reader of a log that there was a compaction, and one that was broken off has done no harm.
 */
export class Compaction {
  readonly #options: CompactionOptions
  /** Bytes of the log that are not known to be alive. */
  #baseline: number
  #liveBytes = 0
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #stopped = false

  constructor(options: CompactionOptions) {
    this.#options = options
    this.#baseline = -options.logBytes
    this.#arm()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #arm(): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.setTimer(() => {
      this.#running = this.#check().finally(() => {
        this.#running = undefined
        this.#arm()
      })
    }, CHECK_MS)
  }

  /** Never rejects. */
  async #check(): Promise<void> {
    const { writer, minBytes, onError } = this.#options
    if (writer.written - this.#baseline < Math.max(minBytes, this.#liveBytes * GROWTH)) return
    try {
      await this.#compact()
    } catch (error) {
      if (!this.#stopped && !isPassing(error)) onError(error)
    }
  }

  async #compact(): Promise<void> {
    const { log, writer, copy } = this.#options
    const before = writer.boundary + 1
    const written = writer.written
    const liveBytes = await copy.rewrite(writer, () => this.#stopped)
    if (liveBytes === undefined) return
    await log.purge({ beforeSequence: before })
    this.#liveBytes = liveBytes
    this.#baseline = written + liveBytes
  }
}
