import type { Clock, Timer, VirtualClock } from '@ashlar/codec'

/** How far the clock of one node is from the truth. */
export interface NodeClockOptions {
  /** Parts per million that it runs fast (or slow, when negative). Default 0. */
  readonly driftPpm?: number
  /** What its wall clock is ahead at first. Default 0. */
  readonly offsetMs?: number
}

/** The least that a timer waits: as on a machine, time goes on, whatever a rounding has left of it. */
const LEAST_MS = 0.001

/** The clock of a node: runs at its own speed, may be stepped, and stops for good with its process. */
export class NodeClock implements Clock {
  readonly #truth: VirtualClock
  readonly #rate: number
  readonly #originMs: number
  #wallMs: number
  #stopped = false

  constructor(truth: VirtualClock, options: NodeClockOptions = {}) {
    this.#truth = truth
    this.#rate = 1 + (options.driftPpm ?? 0) / 1e6
    this.#originMs = truth.monotonic()
    this.#wallMs = truth.now() + (options.offsetMs ?? 0)
  }

  /** Whole milliseconds, as the clock of a machine has them. */
  now(): number {
    return Math.floor(this.#wallMs + this.monotonic())
  }

  monotonic(): number {
    return (this.#truth.monotonic() - this.#originMs) * this.#rate
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const deadlineMs = this.monotonic() + Math.max(0, delayMs)
    const wait = (ms: number): Timer => this.#truth.setTimer(fire, ms / this.#rate)
    const fire = (): void => {
      if (this.#stopped) return
      // never early: the two clocks are rounded differently
      if (this.monotonic() >= deadlineMs) callback()
      else timer = wait(LEAST_MS)
    }
    let timer = wait(delayMs > 0 ? Math.max(delayMs, LEAST_MS) : 0)
    return { cancel: () => timer.cancel() }
  }

  /** Steps the wall clock, in either direction. */
  step(ms: number): void {
    this.#wallMs += ms
  }

  /** How far the wall clock is ahead of the truth now: what a restart of the node keeps. */
  get offsetMs(): number {
    return this.#wallMs + this.monotonic() - this.#truth.now()
  }

  /** The process is gone: no timer of it fires any more. */
  stop(): void {
    this.#stopped = true
  }
}
