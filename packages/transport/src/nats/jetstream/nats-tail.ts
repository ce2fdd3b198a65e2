import type { Timer } from '@ashlar/codec'
import type { Msg } from '@nats-io/transport-node'
import { isTransportError } from '../../errors.ts'
import type { OwnedChild } from '../../log/log-tail.ts'
import { disconnectedError } from '../nats-link.ts'
import { userHeaders } from '../nats-message.ts'
import { type DeliveryFacts, parseAckSubject } from './ack-subject.ts'
import type { JetStreamApi } from './api.ts'
import { FAULT, isFault } from './api-error.ts'
import { type ConsumerConfig, type ConsumerInfo, startAt } from './consumer-config.ts'
import { PullFeed, type PullSink } from './pull-feed.ts'
import { nextOf, type StoredMessage } from './stored-message.ts'
import { coded, findStream, type MissingCode } from './stream.ts'
import { nanos } from './stream-config.ts'

/** Messages asked for at a time. */
const BATCH = 256
/** A reader that does not come for this long gets a new consumer when it comes. */
const INACTIVE_MS = 60_000
/** Wait before a consumer that is in trouble is looked after again. */
const RETRY_MS = 200

/** What a tail goes through. */
export interface NatsTailOptions<T> {
  readonly api: JetStreamApi
  readonly stream: string
  /** Copies of the stream: with several the consumer's may lie behind the leader's. */
  readonly replicas: number
  readonly missing: MissingCode
  /** Subject in the stream, wildcards allowed. */
  readonly filter?: string | undefined
  /** Begin at a sequence, with the last of each subject, or with what is new. */
  readonly from: number | 'last-per-subject' | 'new'
  /** Ends at what is there when it starts; otherwise goes on with what comes. */
  readonly bounded: boolean
  readonly limit?: number | undefined
  readonly headersOnly?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** What the reader gets; undefined passes the message over. `isOld`: it was there at the start. */
  readonly project: (message: StoredMessage, isOld: boolean) => T | undefined
  /** Called once, when everything that was there at the start was handed out. */
  readonly onCaughtUp?: (() => void) | undefined
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

interface Item<T> {
  readonly value: T
  readonly sequence: number
}

/**
 * Goes through the messages of a stream by an unacknowledged consumer of its own, made anew from
 * the last sequence whenever it is lost: no gap, no repetition, at most one batch in memory.
 */
export class NatsTail<T> implements AsyncIterableIterator<T>, OwnedChild, PullSink {
  readonly #options: NatsTailOptions<T>
  readonly #waiters: PromiseWithResolvers<IteratorResult<T>>[] = []
  #items: Item<T>[] = []
  #head = 0
  #state: 'new' | 'opening' | 'open' | 'ended' = 'new'
  #feed: PullFeed | undefined
  #consumer: string | undefined
  #consumerSequence = 0
  #cursor = 0
  #startLast = 0
  #left: number
  /** Matching messages that were there and have not come. */
  #pending = 0
  /** Messages that a consumer over last values began with. */
  #snapshot = 0
  #checking = false
  #lagging = false
  #isDrained = false
  #caughtUp = false
  #failure: unknown
  #retry: Timer | undefined

  constructor(options: NatsTailOptions<T>) {
    this.#options = options
    this.#left = options.limit ?? Infinity
    const { link } = options.api
    link.adopt(this)
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (options.signal?.aborted) this.#end()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#state === 'ended' && this.#failure !== undefined) {
      const failure = this.#failure
      this.#failure = undefined
      return Promise.reject(failure)
    }
    if (this.#state === 'ended') return Promise.resolve(DONE)
    const waiter: PromiseWithResolvers<IteratorResult<T>> = Promise.withResolvers()
    this.#waiters.push(waiter)
    if (this.#state === 'new') this.#open()
    else this.#serve()
    return waiter.promise
  }

  return(): Promise<IteratorResult<T>> {
    this.#end()
    return Promise.resolve(DONE)
  }

  onMessage(msg: Msg): void {
    if (this.#state !== 'open') return
    const facts = parseAckSubject(msg.reply ?? '')
    if (facts.consumerSequence !== this.#consumerSequence + 1) {
      // Something was lost on the way, or this is a straggler of an earlier consumer.
      if (facts.consumerSequence > this.#consumerSequence) this.onTrouble(true)
      return
    }
    this.#consumerSequence = facts.consumerSequence
    this.#take(msg, facts)
    this.#pending = facts.pending
    if (facts.pending === 0) this.#onNothingLeft()
    this.#serve()
  }

  onPullEnded(empty: boolean): void {
    if (this.#state !== 'open') return
    if (empty) this.#onNothingLeft()
    this.#serve()
  }

  onTrouble(isGone: boolean): void {
    if (this.#state !== 'open' || this.#retry !== undefined) return
    this.#state = 'opening'
    this.#feed?.reset()
    const reopen = (): void => {
      this.#retry = undefined
      if (this.#state === 'opening') this.#open()
    }
    if (isGone) reopen()
    else this.#retry = this.#options.api.link.clock.setTimer(reopen, RETRY_MS)
  }

  onReachable(): void {
    if (this.#state === 'open') this.onTrouble(true)
    else if (this.#state === 'opening' && this.#retry === undefined) this.#open()
  }

  drain(): Promise<void> {
    if (!this.#options.bounded) this.#end()
    return Promise.resolve()
  }

  onClosed(): void {
    this.#end()
  }

  readonly #onAbort = (): void => this.#end()

  /** The consumer has nothing more: is there really nothing, or does its copy lie behind? */
  #onNothingLeft(): void {
    if (this.#isDrained || this.#checking) return
    const { api, stream, replicas, filter } = this.#options
    const position = this.#position()
    if (replicas === 1 || position >= this.#startLast) {
      this.#isDrained = true
      return
    }
    this.#checking = true
    nextOf(api, stream, filter ?? '>', position + 1).then(
      (next) => {
        this.#checking = false
        if (next === undefined || next > this.#startLast) this.#isDrained = true
        else this.#lagging = true
        if (this.#state === 'open') this.#serve()
      },
      () => {
        this.#checking = false
        this.onTrouble(false)
      },
    )
  }

  #take(msg: Msg, facts: DeliveryFacts): void {
    const { sequence } = facts
    if (sequence <= this.#cursor) return
    this.#cursor = sequence
    const { bounded, project } = this.#options
    if (bounded && sequence > this.#startLast) {
      this.#isDrained = true
      return
    }
    // What a snapshot did not have is a change, even if it happened before the start.
    const isOld = sequence <= this.#startLast && facts.consumerSequence <= this.#snapshot
    const { headers } = msg
    const value = project(
      {
        subject: msg.subject,
        sequence,
        timestampMs: facts.timestampMs,
        headers: userHeaders(headers),
        payload: msg.data,
        operation: headers?.get('KV-Operation') ?? '',
      },
      isOld,
    )
    if (value !== undefined) this.#items.push({ value, sequence })
    if (sequence >= this.#startLast) this.#isDrained = true
  }

  /** Hands out what is there and asks for more where somebody waits. */
  #serve(): void {
    while (this.#waiters.length > 0 && this.#head < this.#items.length) {
      const item = this.#items[this.#head]
      if (item === undefined) break
      if (!this.#caughtUp && item.sequence > this.#startLast) this.#catchUp()
      this.#head += 1
      this.#left -= 1
      this.#waiters.shift()?.resolve({ done: false, value: item.value })
    }
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    }
    if (this.#waiters.length === 0) return
    if (this.#isDrained && !this.#caughtUp) this.#catchUp()
    if (this.#left <= 0 || (this.#isDrained && this.#options.bounded)) this.#end()
    else this.#ask()
  }

  #ask(): void {
    const { api, bounded } = this.#options
    if (!api.link.reachable && bounded) {
      this.#fail(disconnectedError())
      return
    }
    if (this.#state !== 'open' || !api.link.reachable || this.#feed === undefined) return
    if (this.#feed.outstanding > 0 || this.#checking) return
    // What is there comes at once; only then is waited for what is to come.
    const waits = this.#isDrained || this.#lagging
    const there = waits ? BATCH : Math.max(1, this.#pending)
    this.#feed.pull(Math.min(BATCH, this.#left, there), waits)
  }

  #catchUp(): void {
    this.#caughtUp = true
    const { onCaughtUp } = this.#options
    if (onCaughtUp !== undefined) queueMicrotask(onCaughtUp)
  }

  #open(): void {
    this.#state = 'opening'
    this.#create().catch((error: unknown) => this.#onOpenFailed(error))
  }

  async #create(): Promise<void> {
    const { api, stream } = this.#options
    api.link.assertUsable()
    if (this.#startLast === 0) {
      const info = await findStream(api, stream)
      if (info === undefined) {
        this.#end()
        return
      }
      this.#startLast = info.state.last_seq
    }
    const created = await api.changeAgain<ConsumerInfo>(`CONSUMER.CREATE.${stream}`, {
      stream_name: stream,
      config: this.#config(),
    })
    if (this.#state !== 'opening') {
      this.#forget(created.name)
      return
    }
    this.#consumer = created.name
    this.#consumerSequence = 0
    this.#pending = created.num_pending
    this.#snapshot = this.#isDrained ? 0 : created.num_pending
    this.#lagging = false
    if (this.#feed === undefined) this.#feed = new PullFeed(api, stream, created.name, this)
    else this.#feed.aim(stream, created.name)
    this.#state = 'open'
    if (created.num_pending === 0) this.#onNothingLeft()
    this.#serve()
  }

  #config(): ConsumerConfig {
    const { filter, from, headersOnly } = this.#options
    return {
      ...this.#start(from),
      ack_policy: 'none',
      replay_policy: 'instant',
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
      ...(filter === undefined ? {} : { filter_subject: filter }),
      ...(headersOnly === true ? { headers_only: true } : {}),
    }
  }

  #start(from: number | 'last-per-subject' | 'new') {
    if (from === 'last-per-subject' && !this.#isDrained) {
      return { deliver_policy: 'last_per_subject' } as const
    }
    if (this.#cursor > 0) return startAt(this.#cursor + 1)
    // Live and nothing seen yet: on with what came after the start.
    if (typeof from !== 'number') return startAt(this.#startLast + 1)
    return startAt(from)
  }

  /** Everything up to here has come or was not asked for. */
  #position(): number {
    const { from } = this.#options
    if (from === 'new') return Math.max(this.#cursor, this.#startLast)
    return typeof from === 'number' ? Math.max(this.#cursor, from - 1) : this.#cursor
  }

  #onOpenFailed(error: unknown): void {
    if (this.#state !== 'opening') return
    const { api, bounded, missing } = this.#options
    if (isFault(error, FAULT.streamNotFound) || isTransportError(error, 'CLOSED')) {
      this.#end()
      return
    }
    const isPassing =
      isTransportError(error, 'DISCONNECTED') ||
      isTransportError(error, 'UNKNOWN_OUTCOME') ||
      isTransportError(error, 'TIMEOUT')
    if (bounded || !isPassing) {
      this.#fail(coded(error, missing))
      return
    }
    if (!api.link.reachable) return
    this.#retry = api.link.clock.setTimer(() => {
      this.#retry = undefined
      if (this.#state === 'opening') this.#open()
    }, RETRY_MS)
  }

  /** The connection is gone while a bounded reader waits: it cannot go on. */
  onUnreachable(): void {
    if (this.#options.bounded && this.#waiters.length > 0) this.#fail(disconnectedError())
  }

  #fail(error: unknown): void {
    const [first, ...rest] = this.#waiters.splice(0)
    if (first === undefined) this.#failure = error
    else first.reject(error)
    for (const waiter of rest) waiter.resolve(DONE)
    this.#end()
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    const { api, signal } = this.#options
    signal?.removeEventListener('abort', this.#onAbort)
    this.#retry?.cancel()
    this.#feed?.stop()
    this.#items = []
    this.#head = 0
    api.link.release(this)
    if (this.#consumer !== undefined) this.#forget(this.#consumer)
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE)
  }

  #forget(consumer: string): void {
    const { api, stream } = this.#options
    if (!api.link.reachable) return
    // What cannot be removed now the server removes by itself when nobody pulls from it.
    api.change(`CONSUMER.DELETE.${stream}.${consumer}`).catch(() => undefined)
  }
}
