import { integer } from '../checks.ts'
import type { SchedulerEvents } from './events.ts'

/** A fact about a scheduler, as `watch` yields it: its name, and what an event listener gets. */
export type SchedulerEvent = {
  readonly [K in keyof SchedulerEvents]-?: {
    readonly type: K extends `on${infer Name}` ? Uncapitalize<Name> : never
    readonly info: Parameters<NonNullable<SchedulerEvents[K]>>[0]
  }
}[keyof SchedulerEvents]

/** In the place of events that the reader was too slow for. */
export interface MissedEvents {
  readonly type: 'missed'
  readonly info: { readonly count: number }
}

/** What `watch` may be told. */
export interface WatchOptions {
  /** Events kept for a slow reader; those that come after are counted and dropped. Default 1 000. */
  readonly maxBuffered?: number
  /** Ends the iteration. */
  readonly signal?: AbortSignal
}

type Watched = SchedulerEvent | MissedEvents

/** Readers of what happens, each with a bounded buffer of its own. */
export class Watchers {
  readonly #readers = new Set<Reader>()
  readonly #onIdle: () => void

  /** `onIdle`: the last reader has gone. */
  constructor({ onIdle = () => {} }: { readonly onIdle?: () => void } = {}) {
    this.#onIdle = onIdle
  }

  get some(): boolean {
    return this.#readers.size > 0
  }

  publish(event: SchedulerEvent): void {
    for (const reader of this.#readers) reader.push(event)
  }

  /** Begins to collect at once, not with the first read. */
  watch(options: WatchOptions = {}): AsyncIterableIterator<Watched> {
    const limit = integer('maxBuffered', options.maxBuffered ?? 1_000, 1, 1_000_000)
    const reader = new Reader(limit, () => {
      this.#readers.delete(reader)
      options.signal?.removeEventListener('abort', end)
      if (!this.some) this.#onIdle()
    })
    const end = (): void => reader.end()
    this.#readers.add(reader)
    if (options.signal?.aborted === true) end()
    else options.signal?.addEventListener('abort', end)
    return reader
  }

  /** The scheduler is closed: what is buffered is still read. */
  end(): void {
    for (const reader of this.#readers) reader.end()
  }
}

class Reader implements AsyncIterableIterator<Watched> {
  readonly #limit: number
  readonly #onEnd: () => void
  readonly #events: Watched[] = []
  #missed = 0
  #ended = false
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(limit: number, onEnd: () => void) {
    this.#limit = limit
    this.#onEnd = onEnd
  }

  push(event: SchedulerEvent): void {
    // once something was dropped, all is, until the reader has been told
    if (this.#missed === 0 && this.#events.length < this.#limit) this.#events.push(event)
    else this.#missed += 1
    this.#wake()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd()
    this.#wake()
  }

  async next(): Promise<IteratorResult<Watched, undefined>> {
    for (;;) {
      const event = this.#take()
      if (event !== undefined) return { value: event, done: false }
      if (this.#ended) return { value: undefined, done: true }
      this.#waiting ??= Promise.withResolvers<void>()
      await this.#waiting.promise
    }
  }

  return(): Promise<IteratorResult<Watched, undefined>> {
    this.end()
    this.#events.length = 0
    this.#missed = 0
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Watched> {
    return this
  }

  /** What was dropped came after all that is buffered. */
  #take(): Watched | undefined {
    const event = this.#events.shift()
    if (event !== undefined || this.#missed === 0) return event
    const count = this.#missed
    this.#missed = 0
    return { type: 'missed', info: { count } }
  }

  #wake(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}
