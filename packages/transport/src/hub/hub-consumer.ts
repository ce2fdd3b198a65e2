import { TransportError } from '../errors.ts'
import type { ConsumerCore, ConsumerMember } from '../log/consumer-core.ts'
import type { Consumer, ConsumerInfo, Delivery, ExhaustedMessage } from '../log/log.ts'
import { atLeast } from '../log/log-options.ts'
import type { LogRecord } from '../log/log-records.ts'
import type { OwnedChild, TailOwner } from '../log/log-tail.ts'
import type { Headers, Payload } from '../message/message.ts'

/** What a consumer on a connection needs. */
export interface HubConsumerOptions {
  readonly core: ConsumerCore
  readonly owner: TailOwner
  /** Without a durable name the position goes with the consumer. */
  readonly ephemeral: boolean
  readonly onExhausted: ((message: ExhaustedMessage) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

type Waiter = PromiseWithResolvers<IteratorResult<Delivery, undefined>>

/** A member of a consumer: asks its core for one message at a time, so nothing is prefetched. */
export class HubConsumer
  implements Consumer, AsyncIterator<Delivery, undefined>, ConsumerMember, OwnedChild
{
  readonly #options: HubConsumerOptions
  readonly #waiters: Waiter[] = []
  #state: 'open' | 'draining' | 'closed' = 'open'
  #busy = false
  readonly #drained: (() => void)[] = []

  constructor(options: HubConsumerOptions) {
    this.#options = options
    options.core.join(this)
    options.owner.adopt(this)
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (options.signal?.aborted) this.#end()
  }

  get reachable(): boolean {
    return this.#options.owner.reachable
  }

  get wanted(): number {
    return this.#waiters.length
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery, undefined> {
    return this
  }

  next(): Promise<IteratorResult<Delivery, undefined>> {
    this.#busy = false
    if (this.#state === 'draining') this.#end()
    if (this.#state === 'closed') return Promise.resolve(DONE)
    const waiter: Waiter = Promise.withResolvers()
    this.#waiters.push(waiter)
    this.#options.core.dispatch()
    return waiter.promise
  }

  return(): Promise<IteratorResult<Delivery, undefined>> {
    this.#end()
    return Promise.resolve(DONE)
  }

  async info(): Promise<ConsumerInfo> {
    this.#options.owner.assertUsable()
    return this.#options.core.info()
  }

  close(): Promise<void> {
    this.#end()
    return Promise.resolve()
  }

  offer(record: LogRecord, deliveries: number): void {
    const { core, owner } = this.#options
    this.#busy = true
    const value = new HubDelivery(record, deliveries, core, owner)
    this.#waiters.shift()?.resolve({ done: false, value })
  }

  onExhausted(message: ExhaustedMessage): void {
    const { onExhausted, owner } = this.#options
    if (onExhausted !== undefined && owner.reachable) queueMicrotask(() => onExhausted(message))
  }

  onFailed(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }

  onReachable(): void {
    this.#options.core.dispatch()
  }

  drain(): Promise<void> {
    if (!this.#busy) this.#end()
    if (this.#state === 'closed') return Promise.resolve()
    this.#state = 'draining'
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  onClosed(): void {
    this.#end()
  }

  onDestroyed(): void {
    this.#end()
  }

  readonly #onAbort = (): void => this.#end()

  #end(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const { core, owner, signal, ephemeral } = this.#options
    signal?.removeEventListener('abort', this.#onAbort)
    core.leave(this)
    owner.release(this)
    if (ephemeral) core.destroy()
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE)
    for (const resolve of this.#drained.splice(0)) resolve()
  }
}

/** One delivery; settles through the connection that received it. */
class HubDelivery implements Delivery {
  readonly subject: string
  readonly payload: Payload
  readonly headers: Headers
  readonly sequence: number
  readonly timestampMs: number
  readonly deliveries: number
  readonly #core: ConsumerCore
  readonly #owner: TailOwner
  #settled = false

  constructor(record: LogRecord, deliveries: number, core: ConsumerCore, owner: TailOwner) {
    this.subject = record.subject
    this.payload = record.payload
    this.headers = record.headers
    this.sequence = record.sequence
    this.timestampMs = record.timestampMs
    this.deliveries = deliveries
    this.#core = core
    this.#owner = owner
  }

  async ack(): Promise<void> {
    if (this.#settled) return
    this.#owner.assertUsable()
    if (this.#core.destroyed) {
      throw new TransportError('LOG_MISSING', 'the log or its consumer was removed meanwhile')
    }
    this.#settled = true
    this.#core.settle(this.sequence)
    const durable = this.#owner.committed()
    if (durable !== undefined) await durable
  }

  nak(options: { readonly delayMs?: number | undefined } = {}): void {
    const delayMs = atLeast('delayMs', options.delayMs, 0, 0)
    if (this.#settleQuietly()) this.#core.postpone(this.sequence, this.deliveries, delayMs)
  }

  inProgress(): void {
    if (this.#settled || !this.#owner.reachable) return
    this.#core.extend(this.sequence, this.deliveries)
  }

  terminate(): void {
    if (this.#settleQuietly()) this.#core.settle(this.sequence)
  }

  /** Best effort: while the connection is down the ack wait decides. */
  #settleQuietly(): boolean {
    if (this.#settled || !this.#owner.reachable || this.#core.destroyed) return false
    this.#settled = true
    return true
  }
}
