import { createSubjectFilter } from '../message/subject.ts'
import type { LogRecord } from './log-records.ts'
import type { LogListener, LogSource } from './log-source.ts'

/** What a tail needs of the connection that it belongs to. */
export interface TailOwner {
  /** False while its connection is down. */
  readonly reachable: boolean
  /** Throws when the connection is closed or down. */
  assertUsable(): void
  /** Throws when the connection drains. */
  assertAccepting(): void
  /** Resolves when everything changed so far is kept; undefined when there is nothing to wait for. */
  committed(): Promise<void> | undefined
  adopt(child: OwnedChild): void
  release(child: OwnedChild): void
}

/** The result of a change, once the change is kept. Costs nothing where that is at once. */
export function kept<T>(owner: TailOwner, result: T): T | Promise<T> {
  return owner.committed()?.then(() => result) ?? result
}

/** Something that ends with its connection. */
export interface OwnedChild {
  /** The connection is down. */
  onUnreachable?(): void
  /** The connection came back. */
  onReachable(): void
  /** The connection drains: resolves when the user has finished what was handed out. */
  drain(): Promise<void>
  onClosed(): void
}

/** What a tail goes through. */
export interface LogTailOptions<T> {
  readonly log: LogSource
  readonly owner: TailOwner
  readonly filter?: string | undefined
  /** Sequences to show first, those that are still there. */
  readonly initial?: readonly number[] | undefined
  readonly from: number
  /** The last sequence to show; undefined goes on with new records. */
  readonly until?: number | undefined
  readonly limit?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly project: (record: LogRecord) => T
  /** Called when everything up to `caughtUpAt` was handed out. */
  readonly onCaughtUp?: (() => void) | undefined
  readonly caughtUpAt?: number | undefined
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * Goes through the records of a log by sequence and, when live, on with new ones. It keeps a
 * position, not a queue: a slow reader costs nothing and sees what is still there when it comes.
 */
export class LogTail<T> implements AsyncIterableIterator<T>, LogListener, OwnedChild {
  readonly #options: LogTailOptions<T>
  readonly #filter: ((subject: string) => boolean) | undefined
  readonly #waiters: PromiseWithResolvers<IteratorResult<T>>[] = []
  #initial: number
  #cursor: number
  #left: number
  #ended = false
  #caughtUp: boolean

  constructor(options: LogTailOptions<T>) {
    this.#options = options
    this.#filter = options.filter === undefined ? undefined : createSubjectFilter(options.filter)
    this.#initial = 0
    this.#cursor = options.from
    this.#left = options.limit ?? Infinity
    this.#caughtUp = options.onCaughtUp === undefined
    options.owner.adopt(this)
    options.log.listen(this)
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (options.signal?.aborted) this.#end()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#ended) return Promise.resolve(DONE)
    const waiter: PromiseWithResolvers<IteratorResult<T>> = Promise.withResolvers()
    this.#waiters.push(waiter)
    this.onRecords()
    return waiter.promise
  }

  return(): Promise<IteratorResult<T>> {
    this.#end()
    return Promise.resolve(DONE)
  }

  onRecords(): void {
    const { owner, until, project } = this.#options
    try {
      if (until !== undefined && this.#waiters.length > 0) owner.assertUsable()
      while (this.#waiters.length > 0 && owner.reachable) {
        const record = this.#take()
        if (record === undefined) {
          if (until !== undefined || this.#left === 0) this.#end()
          return
        }
        this.#waiters.shift()?.resolve({ done: false, value: project(record) })
      }
    } catch (error) {
      for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
    }
  }

  onReachable(): void {
    this.onRecords()
  }

  drain(): Promise<void> {
    if (this.#options.until === undefined) this.#end()
    return Promise.resolve()
  }

  onClosed(): void {
    this.#end()
  }

  onDestroyed(): void {
    this.#end()
  }

  readonly #onAbort = (): void => this.#end()

  #take(): LogRecord | undefined {
    const { log, initial, until } = this.#options
    if (this.#left === 0) return undefined
    log.expire()
    let record: LogRecord | undefined
    while (record === undefined && initial !== undefined && this.#initial < initial.length) {
      record = log.records.get(initial[this.#initial] ?? 0)
      this.#initial += 1
    }
    record ??= this.#advance(until ?? Infinity)
    if (record !== undefined) this.#left -= 1
    return record
  }

  #advance(until: number): LogRecord | undefined {
    const { log, caughtUpAt, onCaughtUp } = this.#options
    const record = log.next(this.#cursor, this.#filter)
    if (!this.#caughtUp && (record === undefined || record.sequence > (caughtUpAt ?? 0))) {
      this.#caughtUp = true
      if (onCaughtUp !== undefined) queueMicrotask(onCaughtUp)
    }
    if (record === undefined || record.sequence > until) {
      this.#cursor = Math.min(until, log.records.lastSequence) + 1
      return undefined
    }
    this.#cursor = record.sequence + 1
    return record
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    const { log, owner, signal } = this.#options
    signal?.removeEventListener('abort', this.#onAbort)
    log.unlisten(this)
    owner.release(this)
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE)
  }
}
