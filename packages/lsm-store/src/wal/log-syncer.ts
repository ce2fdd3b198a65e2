import type { Clock, Timer } from '@ashlar/codec'
import type { LogSegment } from './log-segment.ts'

interface Waiter {
  readonly sequence: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** @see LogSyncer */
export interface LogSyncerOptions {
  readonly clock: Clock
  readonly intervalMs: number
  readonly syncedSequence: number
  /** A sync failed: nothing may be promised any more. Returns the error for those who wait. */
  readonly onFailure: (error: unknown, segment: LogSegment) => Error
}

/**
 * Makes logs durable, oldest first, with one fdatasync in flight: whoever comes while it runs
 * shares the next one.
 */
export class LogSyncer {
  /** All operations up to this one survive a power cut. */
  syncedSequence: number
  /** Syncs done, for metrics. */
  syncs = 0
  readonly #options: LogSyncerOptions
  readonly #unsynced: LogSegment[] = []
  readonly #retired: Set<LogSegment> = new Set()
  #waiters: Waiter[] = []
  #running: Promise<void> | undefined
  #syncing: LogSegment | undefined
  #timer: Timer | undefined
  #writtenSequence: number
  #failure: Error | undefined

  constructor(options: LogSyncerOptions) {
    this.#options = options
    this.syncedSequence = options.syncedSequence
    this.#writtenSequence = options.syncedSequence
  }

  /** Bytes of `segment` up to this sequence were written. */
  wrote(segment: LogSegment, sequence: number): void {
    this.#writtenSequence = sequence
    if (this.#unsynced[this.#unsynced.length - 1] !== segment) this.#unsynced.push(segment)
  }

  /** Resolves when the operations written so far are durable. */
  request(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const sequence = this.#writtenSequence
    if (sequence <= this.syncedSequence) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ sequence, resolve, reject })
    this.#running ??= this.#run()
    return promise
  }

  /** Syncs within the interval, unless somebody does before. */
  schedule(): void {
    if (this.#timer !== undefined || this.#failure !== undefined) return
    this.#timer = this.#options.clock.setTimer(() => {
      this.#timer = undefined
      // A failure reaches onFailure; nobody waits for this one.
      this.request().catch(() => {})
    }, this.#options.intervalMs)
  }

  /** The operations up to this one are durable in tables; the segment needs no sync any more. */
  retire(segment: LogSegment, lastSequence: number): void {
    const at = this.#unsynced.indexOf(segment)
    if (at >= 0) this.#unsynced.splice(at, 1)
    if (this.#syncing === segment) this.#retired.add(segment)
    else segment.file.close()
    this.#advance(lastSequence)
  }

  /** Waits for a sync in flight and stops the timer. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#running
  }

  async #run(): Promise<void> {
    // Let everybody of this turn join.
    await Promise.resolve()
    while (this.#waiters.length > 0 && this.#failure === undefined) {
      const target = this.#writtenSequence
      const segments = [...this.#unsynced]
      for (const segment of segments) {
        if (!(await this.#sync(segment))) break
      }
      if (this.#failure !== undefined) break
      this.syncs += 1
      this.#dropSynced()
      this.#advance(target)
    }
    this.#running = undefined
  }

  async #sync(segment: LogSegment): Promise<boolean> {
    if (!this.#unsynced.includes(segment)) return true
    this.#syncing = segment
    const { written } = segment
    try {
      await segment.file.sync()
      segment.synced = written
      return true
    } catch (error) {
      this.#fail(error, segment)
      return false
    } finally {
      this.#syncing = undefined
      if (this.#retired.delete(segment)) segment.file.close()
    }
  }

  #dropSynced(): void {
    for (let i = this.#unsynced.length - 1; i >= 0; i--) {
      const segment = this.#unsynced[i] as LogSegment
      if (segment.synced >= segment.written) this.#unsynced.splice(i, 1)
    }
  }

  #advance(sequence: number): void {
    if (sequence <= this.syncedSequence) return
    this.syncedSequence = sequence
    const waiting = this.#waiters
    this.#waiters = []
    for (const waiter of waiting) {
      if (waiter.sequence <= sequence) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }

  #fail(error: unknown, segment: LogSegment): void {
    const failure = this.#options.onFailure(error, segment)
    this.#failure = failure
    this.#timer?.cancel()
    this.#timer = undefined
    const waiting = this.#waiters
    this.#waiters = []
    for (const waiter of waiting) waiter.reject(failure)
  }
}
