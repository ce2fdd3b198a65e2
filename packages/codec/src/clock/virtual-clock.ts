import { type Clock, checkDelay, type Timer } from './clock.ts'

interface Entry {
  readonly dueMs: number
  readonly order: number
  readonly callback: () => void
  cancelled: boolean
}

/** Options of {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** What the wall clock shows at first, in ms since the epoch. Default 0. */
  readonly startMs?: number
  /**
   * Resolves when everything that is ready has run; called before the first timer and after each.
   * Default: one turn of the event loop. A simulation that owns more of the loop waits for more.
   */
  readonly settle?: () => Promise<void>
}

/**
 * A clock that moves only when told to: for tests and simulation.
 *
 * Timers fire in the order of their due time, and of their creation when due at the same time, each
 * seeing exactly its due time on the clock. Between two timers everything that promises and
 * `process.nextTick` have made ready runs first, so a timer set by such code takes its place.
 *
 * @example
 * ```ts
 * const clock = new VirtualClock({ startMs: Date.UTC(2026, 0, 1) })
 * clock.setTimer(() => retry(), 30_000)
 * await clock.advance(30_000) // retry() has run, and what it awaited
 * ```
 */
export class VirtualClock implements Clock {
  #wallOffsetMs: number
  #monotonicMs = 0
  #nextOrder = 0
  #live = 0
  #queue: Promise<void> = Promise.resolve()
  /** A binary heap by (dueMs, order); cancelled entries leave when they reach the top. */
  readonly #heap: Entry[] = []
  readonly #settle: () => Promise<void>

  constructor(options: VirtualClockOptions = {}) {
    const startMs = options.startMs ?? 0
    if (!Number.isFinite(startMs)) throw new RangeError(`startMs must be finite, got ${startMs}`)
    this.#wallOffsetMs = startMs
    this.#settle = options.settle ?? turnOfTheLoop
  }

  now(): number {
    return this.#wallOffsetMs + this.#monotonicMs
  }

  monotonic(): number {
    return this.#monotonicMs
  }

  /** Timers that are set and have neither fired nor been cancelled. */
  get pendingTimers(): number {
    return this.#live
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const dueMs = this.#monotonicMs + checkDelay(delayMs)
    const entry: Entry = { dueMs, order: this.#nextOrder++, callback, cancelled: false }
    push(this.#heap, entry)
    this.#live += 1
    return { cancel: () => this.#cancel(entry) }
  }

  /** Steps the wall clock, in either direction. Monotonic time and timers do not notice. */
  step(ms: number): void {
    if (!Number.isFinite(ms)) throw new RangeError(`ms must be finite, got ${ms}`)
    this.#wallOffsetMs += ms
  }

  /**
   * Moves both clocks forward by `ms`, firing what falls due on the way. Calls are queued. Rejects
   * with what a timer's callback throws; the clock then stands at that timer's time and later
   * timers stay set.
   */
  advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`ms must be 0 or more, got ${ms}`)
    const run = this.#queue.then(() => this.#run(ms))
    this.#queue = run.catch(() => {}) // the caller has the rejection; the next call starts afresh
    return run
  }

  /**
   * Moves both clocks to the next timer and fires that one alone; false when none is set. Queued and
   * rejecting as {@link VirtualClock.advance}.
   */
  advanceToNext(): Promise<boolean> {
    const run = this.#queue.then(() => this.#runNext())
    this.#queue = run.then(
      () => {},
      () => {},
    )
    return run
  }

  async #run(ms: number): Promise<void> {
    const targetMs = this.#monotonicMs + ms
    await this.#settle()
    for (let entry = this.#takeDue(targetMs); entry; entry = this.#takeDue(targetMs)) {
      await this.#fire(entry)
    }
    this.#monotonicMs = targetMs
  }

  async #runNext(): Promise<boolean> {
    await this.#settle()
    const entry = this.#takeDue(Number.POSITIVE_INFINITY)
    if (entry !== undefined) await this.#fire(entry)
    return entry !== undefined
  }

  async #fire(entry: Entry): Promise<void> {
    this.#monotonicMs = entry.dueMs
    entry.callback()
    await this.#settle()
  }

  #takeDue(targetMs: number): Entry | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (!top.cancelled && top.dueMs > targetMs) return undefined
      pop(this.#heap)
      if (top.cancelled) continue
      top.cancelled = true
      this.#live -= 1
      return top
    }
    return undefined
  }

  #cancel(entry: Entry): void {
    if (entry.cancelled) return
    entry.cancelled = true
    this.#live -= 1
  }
}

/** All microtasks and ticks run, however long their chains are. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function before(a: Entry, b: Entry): boolean {
  return a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length
  while (index > 0) {
    const parentIndex = (index - 1) >> 1
    const parent = heap[parentIndex] as Entry
    if (!before(entry, parent)) break
    heap[index] = parent
    index = parentIndex
  }
  heap[index] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++
    if (!before(heap[child] as Entry, last)) break
    heap[index] = heap[child] as Entry
    index = child
  }
  heap[index] = last
}
