import type { Clock, Timer } from '../clock/clock.ts'
import { CodecError } from '../error.ts'
import { timeOf } from './timestamp.ts'

/**
 * How far a ceiling is raised while timestamps are ahead of the wall clock: 6.5 million of them.
 * Small, so that a process that crashes again and again does not walk into the future.
 */
const AHEAD_MS = 100

/** Persists a time that no timestamp will exceed; done when it returns or its promise resolves. */
export type PersistCeiling = (ceiling: bigint) => void | Promise<void>

/**
 * The time that is known to be stored and that no timestamp exceeds before a higher one is. A
 * restart begins above it, wherever the wall clock may stand then.
 */
export class Ceiling {
  readonly #clock: Clock
  readonly #persist: PersistCeiling
  readonly #windowMs: number
  #stored: bigint
  #pending: Promise<void> | undefined
  #failure: unknown
  #timer: Timer | undefined
  #closed = false

  constructor(options: { clock: Clock; persist: PersistCeiling; windowMs: number; time: bigint }) {
    this.#clock = options.clock
    this.#persist = options.persist
    this.#windowMs = options.windowMs
    this.#stored = options.time
  }

  /**
   * Makes sure that `time` may be issued, raising the ceiling if need be.
   *
   * @throws CodecError `CLOCK_EXHAUSTED` when the higher one is not stored yet, or cannot be.
   */
  require(time: bigint): void {
    if (time <= this.#stored) return
    this.#raise(time)
    if (time > this.#stored) throw this.#exhausted()
  }

  /** Resolves when `time` may be issued. Rejects as {@link require} throws. */
  async ready(time: bigint): Promise<void> {
    for (let attempt = 0; attempt < 2 && time > this.#stored; attempt++) {
      this.#raise(time)
      await this.#pending // one that was under way may be for an earlier time
    }
    this.require(time)
  }

  /** Stores `last` instead of the time ahead of it, after which nothing can be issued any more. */
  async close(last: bigint): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    await this.#pending
    if (last >= this.#stored) return
    this.#stored = last
    await this.#persist(last)
  }

  #raise(time: bigint): void {
    if (this.#pending !== undefined || this.#closed) return
    // The window is ahead of the wall clock, whatever the timestamps are: after a restart they begin
    // at the old ceiling, and a window on top of that would add up with each restart.
    const ahead = timeOf(this.#clock.now() + this.#windowMs)
    const target = ahead > time ? ahead : time + timeOf(AHEAD_MS)
    if (target <= this.#stored) return
    let stored: void | Promise<void>
    try {
      stored = this.#persist(target)
    } catch (error) {
      this.#failure = error
      return
    }
    if (typeof stored?.then !== 'function') {
      this.#succeed(target)
      return
    }
    this.#pending = stored.then(
      () => this.#succeed(target),
      (error: unknown) => this.#fail(error),
    )
    // It takes a while, so from now on it is raised ahead of need.
    this.#timer ??= this.#clock.setTimer(() => this.#renew(), this.#windowMs / 2)
  }

  #renew(): void {
    this.#timer = undefined
    if (this.#closed) return
    this.#raise(timeOf(this.#clock.now()))
    this.#timer ??= this.#clock.setTimer(() => this.#renew(), this.#windowMs / 2)
  }

  #succeed(target: bigint): void {
    this.#pending = undefined
    this.#failure = undefined
    if (target > this.#stored) this.#stored = target
  }

  #fail(error: unknown): void {
    this.#pending = undefined
    this.#failure = error
  }

  #exhausted(): CodecError {
    const why = this.#closed
      ? 'the clock is closed'
      : this.#failure === undefined
        ? 'the next ceiling is not stored yet: await ready() and try again'
        : 'persistCeiling has failed'
    return new CodecError('CLOCK_EXHAUSTED', `no timestamp can be issued: ${why}`, {
      cause: this.#failure,
    })
  }
}
