import type { Clock, Timer } from '@ashlar/codec'
import type { Partition } from '../partition/partition.ts'
import type { Ticker } from '../schedules/ticker.ts'
import type { Journal } from '../storage/journal.ts'
import type { Queue } from '../storage/queue.ts'
import type { ResultTable } from '../storage/result-table.ts'
import type { TaskTable } from '../storage/task-table.ts'
import type { Prepared } from './prepared.ts'

/** From the first ended run to the raising of low-water marks, and between looks at batches. */
const ROUND_MS = 1_000
/** A wall clock that moved this much against the monotonic one was stepped. */
const STEP_MS = 100

export interface MaintenanceParts {
  readonly clock: Clock
  readonly journal: Journal
  readonly table: TaskTable
  readonly results: ResultTable
  readonly prepared: Prepared
  readonly partitions: () => Iterable<Partition>
  readonly queues: () => Iterable<Queue>
  readonly ticker: Ticker
  /** Forgets streams that hold nothing. */
  readonly reclaim: () => void
  readonly clockCheckMs: number
  readonly onError: (error: unknown, where: string) => void
}

/** What has to be done now and then. Sets no timer while there is nothing to do. */
export class Maintenance {
  readonly #parts: MaintenanceParts
  #round: Timer | undefined
  #purge: Timer | undefined
  #purgeAt = Number.POSITIVE_INFINITY
  #clockCheck: Timer | undefined
  #offset = 0
  #stopped = false

  constructor(parts: MaintenanceParts) {
    this.#parts = parts
  }

  /** There is something for the next round: a run has ended, a batch was prepared, a task is gone. */
  soon(): void {
    if (this.#round !== undefined || this.#stopped) return
    this.#round = this.#timer(ROUND_MS, 'maintenance', () => {
      this.#round = undefined
      this.#parts.prepared.sweep()
      this.raiseMarks()
      this.#parts.reclaim()
      if (this.#parts.prepared.size > 0) this.soon()
    })
  }

  /** A result expires then. */
  purgeAt(at: number): void {
    if (this.#stopped || at >= this.#purgeAt) return
    const { clock, results } = this.#parts
    this.#purge?.cancel()
    this.#purgeAt = at
    const delayMs = Math.max(ROUND_MS, at - clock.now())
    this.#purge = this.#timer(delayMs, 'purge of results', () => {
      this.#purgeAt = Number.POSITIVE_INFINITY
      const next = results.purge(clock.now())
      this.soon()
      if (next !== undefined) this.purgeAt(next)
    })
  }

  /** Tasks wait for their time: notices when the wall clock is stepped. */
  watchClock(): void {
    const { clock, clockCheckMs } = this.#parts
    if (this.#clockCheck !== undefined || this.#stopped || clockCheckMs === Infinity) return
    this.#offset = clock.now() - clock.monotonic()
    this.#clockCheck = this.#timer(clockCheckMs, 'clock check', () => this.#checkClock())
  }

  /** Writes the marks from which a restart reads, where they can be higher. */
  raiseMarks(): void {
    const { clock, journal, table, prepared, partitions } = this.#parts
    const now = Math.max(0, Math.floor(clock.now()))
    for (const partition of partitions()) {
      const { queue } = partition
      const low = Math.min(now, partition.lowest(), prepared.lowest(queue))
      if (low > queue.low) table.writeMark(journal.begin(), queue, low)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#round?.cancel()
    this.#purge?.cancel()
    this.#clockCheck?.cancel()
  }

  #checkClock(): void {
    const { clock, queues, partitions, ticker } = this.#parts
    this.#clockCheck = undefined
    const stepped = Math.abs(clock.now() - clock.monotonic() - this.#offset) >= STEP_MS
    if (stepped) {
      ticker.wake()
      for (const partition of partitions()) partition.wake()
    }
    let waiting = ticker.waiting
    for (const queue of queues()) waiting ||= queue.counts.due > 0
    if (waiting) this.watchClock()
  }

  #timer(delayMs: number, what: string, work: () => void): Timer {
    return this.#parts.clock.setTimer(() => {
      if (this.#stopped) return
      try {
        work()
      } catch (error) {
        this.#parts.onError(error, what)
      }
    }, delayMs)
  }
}
