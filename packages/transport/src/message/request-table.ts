import type { Clock, Timer } from '@ashlar/codec'
import { TransportError } from '../errors.ts'
import type { Message } from './message.ts'

/** A request that waits for its answer; a link of the list of those with the same timeout. */
export interface PendingRequest {
  readonly inbox: string
  readonly subject: string
  readonly resolve: (message: Message) => void
  readonly reject: (error: unknown) => void
  readonly deadline: number
  readonly list: DeadlineList
  readonly signal: AbortSignal | undefined
  readonly onAbort: (() => void) | undefined
  previous: PendingRequest | undefined
  next: PendingRequest | undefined
}

/** Requests with one timeout: in order of their deadlines because they are in order of arrival. */
interface DeadlineList {
  readonly timeoutMs: number
  head: PendingRequest | undefined
  tail: PendingRequest | undefined
  timer: Timer | undefined
}

/** What is needed to open a request. */
export interface OpenRequest {
  readonly inbox: string
  readonly subject: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (message: Message) => void
  readonly reject: (error: unknown) => void
}

/**
 * The requests of one connection that wait for an answer. One clock timer per distinct timeout,
 * not one per request; it keeps the process alive only while a request waits.
 */
export class RequestTable {
  readonly #clock: Clock
  readonly #pending = new Map<string, PendingRequest>()
  readonly #lists = new Map<number, DeadlineList>()
  readonly #idle: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#pending.size
  }

  open(request: OpenRequest): void {
    const { inbox, signal, timeoutMs } = request
    const list = this.#listOf(timeoutMs)
    const onAbort =
      signal === undefined
        ? undefined
        : () => {
            this.fail(inbox, abortedError(`request to ${request.subject}`, signal.reason))
          }
    const pending: PendingRequest = {
      inbox,
      subject: request.subject,
      resolve: request.resolve,
      reject: request.reject,
      deadline: this.#clock.monotonic() + timeoutMs,
      list,
      signal,
      onAbort,
      previous: list.tail,
      next: undefined,
    }
    if (list.tail === undefined) list.head = pending
    else list.tail.next = pending
    list.tail = pending
    this.#pending.set(inbox, pending)
    if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true })
    if (list.timer === undefined) this.#arm(list, timeoutMs)
  }

  /** Answers a request; false when nobody waits under this inbox (any more). */
  settle(inbox: string, message: Message): boolean {
    const pending = this.#pending.get(inbox)
    if (pending === undefined) return false
    this.#remove(pending)
    pending.resolve(message)
    return true
  }

  fail(inbox: string, error: unknown): boolean {
    const pending = this.#pending.get(inbox)
    if (pending === undefined) return false
    this.#remove(pending)
    pending.reject(error)
    return true
  }

  /** Resolves when no request waits. */
  whenEmpty(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  failAll(createError: (subject: string) => unknown): void {
    for (const pending of this.#pending.values()) {
      this.#remove(pending)
      pending.reject(createError(pending.subject))
    }
  }

  /** Fails those for which an error is made. */
  failSome(createError: (inbox: string, subject: string) => unknown): void {
    for (const pending of this.#pending.values()) {
      const error = createError(pending.inbox, pending.subject)
      if (error === undefined) continue
      this.#remove(pending)
      pending.reject(error)
    }
  }

  #listOf(timeoutMs: number): DeadlineList {
    let list = this.#lists.get(timeoutMs)
    if (list === undefined) {
      list = { timeoutMs, head: undefined, tail: undefined, timer: undefined }
      this.#lists.set(timeoutMs, list)
    }
    return list
  }

  #remove(pending: PendingRequest): void {
    const { list, previous, next } = pending
    this.#pending.delete(pending.inbox)
    if (previous === undefined) list.head = next
    else previous.next = next
    if (next === undefined) list.tail = previous
    else next.previous = previous
    if (pending.onAbort !== undefined) {
      pending.signal?.removeEventListener('abort', pending.onAbort)
    }
    if (this.#pending.size === 0 && this.#idle.length > 0) {
      for (const resolve of this.#idle.splice(0)) resolve()
    }
    if (list.head !== undefined) return
    list.timer?.cancel()
    list.timer = undefined
    this.#lists.delete(list.timeoutMs)
  }

  #arm(list: DeadlineList, delayMs: number): void {
    list.timer = this.#clock.setTimer(() => this.#expire(list), delayMs, { keepAlive: true })
  }

  #expire(list: DeadlineList): void {
    list.timer = undefined
    const now = this.#clock.monotonic()
    while (list.head !== undefined && list.head.deadline <= now) {
      const { inbox, subject } = list.head
      this.fail(
        inbox,
        new TransportError('TIMEOUT', `no answer on ${subject} within ${list.timeoutMs} ms`),
      )
    }
    if (list.head !== undefined && list.timer === undefined) {
      this.#arm(list, list.head.deadline - now)
    }
  }
}

/** The error of something that its caller's signal ended. */
export function abortedError(what: string, reason: unknown): TransportError {
  return new TransportError('ABORTED', `${what} was aborted by its caller`, { cause: reason })
}
