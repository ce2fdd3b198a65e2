import type { Clock, Timer } from '@ashlar/codec'
import { DueHeap } from '../partition/due-heap.ts'
import { MAX_TIME } from '../storage/layout.ts'

/** Schedules that fire in one turn of the event loop. */
const MAX_FIRED = 100
/** After a failure to fire, the wait before the next try. */
const RETRY_MS = 60_000

interface Tick {
  readonly id: string
  readonly at: number
  readonly seq: number
}

/** Deals with what is due of a schedule, and tells the ticker what is next. */
type Fire = (id: string, now: number) => void

export interface TickerParts {
  readonly clock: Clock
  readonly onError: (error: unknown, where: string) => void
}

/** Knows which schedule is due next, and sets one timer for it. Memory: its id and a time each. */
export class Ticker {
  readonly #parts: TickerParts
  readonly #ticks = new Map<string, Tick>()
  readonly #heap = new DueHeap<Tick>()
  #seq = 0
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #fire: Fire | undefined

  constructor(parts: TickerParts) {
    this.#parts = parts
  }

  /** Whether any schedule waits for its time. */
  get waiting(): boolean {
    return this.#ticks.size > 0
  }

  /** When a schedule is to be fired; `undefined`: not at all. */
  set(id: string, at: number | undefined): void {
    if (at === undefined) this.#ticks.delete(id)
    else {
      const tick = { id, at, seq: this.#seq++ }
      this.#ticks.set(id, tick)
      this.#heap.push(tick)
    }
    if (this.#heap.size > 2 * this.#ticks.size + 1_024) {
      this.#heap.filter((tick) => this.#ticks.get(tick.id) === tick)
    }
    this.#arm()
  }

  start(fire: Fire): void {
    this.#fire = fire
    this.wake()
  }

  stop(): void {
    this.#fire = undefined
    this.#timer?.cancel()
  }

  /** Fires what is due by the wall clock as it is now. */
  wake(): void {
    if (this.#fire === undefined) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#parts.clock.now()
    for (let fired = 0; fired < MAX_FIRED; fired++) {
      const top = this.#peek()
      if (top === undefined || top.at > now) break
      this.#call(this.#fire, top, now)
    }
    this.#arm()
  }

  /** Whether nothing is due. */
  quiet(now: number): boolean {
    const top = this.#peek()
    return this.#fire === undefined || top === undefined || top.at > now
  }

  #call(fire: Fire, tick: Tick, now: number): void {
    try {
      fire(tick.id, now)
    } catch (error) {
      this.#parts.onError(error, `schedule ${tick.id}`)
      if (this.#ticks.get(tick.id) === tick) this.set(tick.id, now + RETRY_MS)
    }
  }

  #peek(): Tick | undefined {
    for (;;) {
      const top = this.#heap.peek()
      if (top === undefined || this.#ticks.get(top.id) === top) return top
      this.#heap.pop()
    }
  }

  #arm(): void {
    const at = this.#peek()?.at ?? Number.POSITIVE_INFINITY
    if (this.#fire === undefined || at === this.#timerAt) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = at
    if (at > MAX_TIME) return
    const { clock } = this.#parts
    this.#timer = clock.setTimer(() => this.wake(), Math.max(0, at - clock.now()))
  }
}
