import type { Clock, Timer } from '@ashlar/codec'
import { TransportError } from '../errors.ts'
import type { Message } from './message.ts'

/** A request that waits for its answer; a link of the list of those with the same timeout. */
export interface PendingRequest {
  /** Slot and number of its use: an answer that comes late does not meet another request. */
  readonly id: number
  readonly subject: string
  readonly kind: string | undefined
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
  readonly subject: string
  /** For {@link RequestTable.failSome}. */
  readonly kind?: string | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly resolve: (message: Message) => void
  readonly reject: (error: unknown) => void
}

/** Requests of one connection that may wait at a time. */
const MAX_REQUESTS = 2 ** 20
/** Then numbers come again: with those of the slots they must stay exact. */
const MAX_USES = 2 ** 32

/**
 * The requests of one connection that wait for an answer. One clock timer per distinct timeout,
 * not one per request; it keeps the process alive only while a request waits.
 *
 * They stand in slots that are used again: a map into which each is put and out of which each is
 * taken grows a chain of tables that the collector carries along.
 */
export class RequestTable {
  readonly #clock: Clock
  readonly #prefix: string
  readonly #slots: (PendingRequest | undefined)[] = []
  readonly #free: number[] = []
  readonly #lists = new Map<number, DeadlineList>()
  readonly #idle: (() => void)[] = []
  #size = 0
  #uses = 0

  /** Inboxes are the prefix and a number, without a dot. */
  constructor(clock: Clock, prefix: string) {
    this.#clock = clock
    this.#prefix = prefix
  }

  get size(): number {
    return this.#size
  }

  /** Opens a request and answers its inbox. Throws RangeError when 1,048,576 wait already. */
  open(request: OpenRequest): string {
    const { signal, timeoutMs, kind } = request
    const slot = this.#free.pop() ?? this.#slots.length
    if (slot === MAX_REQUESTS) throw new RangeError(`${slot} requests wait for an answer`)
    const list = this.#listOf(timeoutMs)
    this.#uses = this.#uses === MAX_USES ? 1 : this.#uses + 1
    const id = this.#uses * MAX_REQUESTS + slot
    const inbox = `${this.#prefix}${id}`
    const onAbort =
      signal === undefined
        ? undefined
        : () => {
            this.fail(inbox, abortedError(`request to ${request.subject}`, signal.reason))
          }
    const pending: PendingRequest = {
      id,
      subject: request.subject,
      kind,
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
    this.#slots[slot] = pending
    this.#size += 1
    if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true })
    if (list.timer === undefined) this.#arm(list, timeoutMs)
    return inbox
  }

  /** Answers a request; false when nobody waits under this inbox (any more). */
  settle(inbox: string, message: Message): boolean {
    const pending = this.#find(inbox)
    if (pending === undefined) return false
    this.#remove(pending)
    pending.resolve(message)
    return true
  }

  fail(inbox: string, error: unknown): boolean {
    const pending = this.#find(inbox)
    if (pending === undefined) return false
    this.#remove(pending)
    pending.reject(error)
    return true
  }

  /** Resolves when no request waits. */
  whenEmpty(): Promise<void> {
    if (this.#size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  failAll(createError: (subject: string) => unknown): void {
    this.failSome((_, subject) => createError(subject))
  }

  /** Fails those for which an error is made. */
  failSome(createError: (kind: string | undefined, subject: string) => unknown): void {
    for (const pending of this.#slots) {
      if (pending === undefined) continue
      const error = createError(pending.kind, pending.subject)
      if (error === undefined) continue
      this.#remove(pending)
      pending.reject(error)
    }
  }

  #find(inbox: string): PendingRequest | undefined {
    const id = Number(inbox.slice(this.#prefix.length))
    const pending = this.#slots[id % MAX_REQUESTS]
    return pending?.id === id ? pending : undefined
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
    const slot = pending.id % MAX_REQUESTS
    this.#slots[slot] = undefined
    this.#free.push(slot)
    this.#size -= 1
    if (previous === undefined) list.head = next
    else previous.next = next
    if (next === undefined) list.tail = previous
    else next.previous = previous
    // a settled request that the collector has moved to its old space would keep all later ones alive
    pending.previous = undefined
    pending.next = undefined
    if (pending.onAbort !== undefined) {
      pending.signal?.removeEventListener('abort', pending.onAbort)
    }
    if (this.#size === 0 && this.#idle.length > 0) {
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
      const late = list.head
      this.#remove(late)
      late.reject(
        new TransportError('TIMEOUT', `no answer on ${late.subject} within ${list.timeoutMs} ms`),
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
