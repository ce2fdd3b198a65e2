import type { Timer } from '@ashlar/codec'
import type { Msg } from '@nats-io/transport-node'
import type {
  Consumer,
  ConsumerInfo as ConsumerFigures,
  Delivery,
  ExhaustedMessage,
} from '../../log/log.ts'
import type { ResolvedConsumeOptions } from '../../log/log-options.ts'
import type { OwnedChild } from '../../log/log-tail.ts'
import type { ClientSubscription, NatsLink } from '../nats-link.ts'
import { leave } from '../nats-subscription.ts'
import { AckBatcher } from './ack-batcher.ts'
import { parseAckSubject } from './ack-subject.ts'
import type { JetStreamApi } from './api.ts'
import { FAULT, isFault } from './api-error.ts'
import {
  type ConsumerConfig,
  type ConsumerInfo,
  consumerConfig,
  startAt,
} from './consumer-config.ts'
import { EphemeralPosition } from './ephemeral-position.ts'
import { type DeliveryOwner, NatsDelivery } from './nats-delivery.ts'
import { Prefetch } from './prefetch.ts'
import { PullFeed, type PullSink } from './pull-feed.ts'
import { RecentSet } from './recent-set.ts'
import { coded } from './stream.ts'

/** Wait before a consumer that is in trouble is looked after again. */
const RETRY_MS = 200
/** Settled messages that are remembered, some times more than what can be in flight. */
const RECENTLY_SETTLED = 8_192
const ADVISORY = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES'

/** What a consumer on a connection needs. */
export interface NatsConsumerOptions {
  readonly api: JetStreamApi
  readonly stream: string
  /** The consumer's name at the server. */
  readonly name: string
  /** Without a durable name the position goes with the consumer. */
  readonly ephemeral: boolean
  /** What stands before the log's subjects. */
  readonly prefix: string
  readonly rules: ResolvedConsumeOptions
  readonly onExhausted: ((message: ExhaustedMessage) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }
type Waiter = PromiseWithResolvers<IteratorResult<Delivery, undefined>>

/**
 * A member of a JetStream consumer. It asks for one message at a time, and for more ahead only
 * while its user comes back quickly; what it holds ahead when it ends goes back at once.
 */
export class NatsConsumer
  implements Consumer, AsyncIterator<Delivery, undefined>, OwnedChild, PullSink, DeliveryOwner
{
  readonly link: NatsLink
  readonly acks: AckBatcher
  readonly prefixLength: number
  readonly #options: NatsConsumerOptions
  readonly #feed: PullFeed
  readonly #prefetch: Prefetch<NatsDelivery>
  readonly #waiters: Waiter[] = []
  readonly #advisories: ClientSubscription | undefined
  #name: string
  #state: 'open' | 'draining' | 'closed' = 'open'
  #busy = false
  #retry: Timer | undefined
  #ending: Promise<void> | undefined
  readonly #drained: (() => void)[] = []
  /** Where to go on when the server has lost a position without a name. */
  readonly #position: EphemeralPosition | undefined
  /** Settled by this member: what comes again of it is not shown again. */
  readonly #recent = new RecentSet(RECENTLY_SETTLED)

  constructor(options: NatsConsumerOptions) {
    const { api, stream, name, signal } = options
    this.#options = options
    this.#name = name
    this.link = api.link
    this.acks = new AckBatcher(api.link)
    this.prefixLength = options.prefix.length
    const most = Math.min(options.rules.maxInFlight, api.link.options.maxPrefetch)
    this.#prefetch = new Prefetch(api.link.clock, most, options.rules.ackWaitMs)
    this.#feed = new PullFeed(api, stream, name, this)
    this.#advisories = this.#listenForExhausted()
    const { ephemeral, rules } = options
    this.#position = ephemeral ? new EphemeralPosition((rules.startSequence ?? 1) - 1) : undefined
    api.link.adopt(this)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted) this.#end()
  }

  [Symbol.asyncIterator](): AsyncIterator<Delivery, undefined> {
    return this
  }

  next(): Promise<IteratorResult<Delivery, undefined>> {
    this.#busy = false
    if (this.#state === 'draining') this.#end()
    if (this.#state === 'closed') return Promise.resolve(DONE)
    this.#prefetch.onAsked()
    const ready = this.#prefetch.take()
    if (ready !== undefined && this.#waiters.length === 0) {
      this.#busy = true
      this.#ask()
      return Promise.resolve({ done: false, value: ready })
    }
    const waiter: Waiter = Promise.withResolvers()
    this.#waiters.push(waiter)
    this.#ask()
    return waiter.promise
  }

  return(): Promise<IteratorResult<Delivery, undefined>> {
    this.#end()
    return Promise.resolve(DONE)
  }

  async info(): Promise<ConsumerFigures> {
    const { api, stream } = this.#options
    try {
      const info = await api.read<ConsumerInfo>(`CONSUMER.INFO.${stream}.${this.#name}`)
      return {
        ackFloor: info.ack_floor.stream_seq,
        pending: info.num_pending,
        inFlight: info.num_ack_pending,
      }
    } catch (error) {
      throw coded(error)
    }
  }

  async close(): Promise<void> {
    this.#end()
    await this.#ending
  }

  onMessage(msg: Msg): void {
    const delivery = new NatsDelivery(msg, parseAckSubject(msg.reply ?? ''), this)
    if (this.#state !== 'open') {
      delivery.nak()
      return
    }
    const { sequence } = delivery
    if (this.#recent.has(sequence) || this.#position?.isSettled(sequence) === true) {
      // Was under way when it was settled, or the server has forgotten that it was.
      this.#acknowledgeAgain(delivery)
      return
    }
    this.#position?.onDelivered(sequence)
    const waiter = this.#waiters.shift()
    if (waiter === undefined) {
      this.#prefetch.add(delivery)
      return
    }
    this.#busy = true
    this.#prefetch.onHandedOut()
    waiter.resolve({ done: false, value: delivery })
  }

  onPullEnded(): void {
    this.#ask()
  }

  onTrouble(isGone: boolean): void {
    if (this.#state === 'closed' || this.#retry !== undefined) return
    if (isGone && !this.#options.ephemeral) {
      this.#lookAfter()
      return
    }
    this.#retry = this.link.clock.setTimer(
      () => {
        this.#retry = undefined
        this.#lookAfter()
      },
      isGone ? 0 : RETRY_MS,
    )
  }

  onReachable(): void {
    this.#feed.reset()
    this.#ask()
  }

  onSettled(sequence: number): void {
    this.#recent.add(sequence)
    this.#position?.onSettled(sequence)
  }

  drain(): Promise<void> {
    if (!this.#busy) this.#end()
    if (this.#state === 'closed') return this.#ending ?? Promise.resolve()
    this.#state = 'draining'
    this.#giveBack()
    return new Promise((resolve) => this.#drained.push(resolve))
  }

  onClosed(): void {
    this.#end()
  }

  readonly #onAbort = (): void => this.#end()

  #ask(): void {
    if (this.#state !== 'open' || !this.link.reachable || this.#retry !== undefined) return
    const batch = this.#prefetch.wanted(this.#waiters.length, this.#feed.outstanding)
    if (batch > 0) this.#feed.pull(batch, true)
  }

  /** Is the consumer still there? Gone for good ends the iteration; else it goes on. */
  #lookAfter(): void {
    const { api, stream } = this.#options
    api.read<ConsumerInfo>(`CONSUMER.INFO.${stream}.${this.#name}`).then(
      () => this.onReachable(),
      (error: unknown) => {
        if (this.#state === 'closed') return
        if (isFault(error, FAULT.streamNotFound)) this.#end()
        else if (!isFault(error, FAULT.consumerNotFound)) this.onTrouble(false)
        else if (this.#options.ephemeral) this.#makeAnew()
        else this.#end()
      },
    )
  }

  /** A position without a name was lost with its server: go on from what is not settled. */
  #makeAnew(): void {
    const { api, stream, prefix, rules } = this.#options
    const config: ConsumerConfig = {
      ...consumerConfig(undefined, prefix, { ...rules, startTimeMs: undefined }),
      ...startAt((this.#position?.floor ?? 0) + 1),
    }
    api.change<ConsumerInfo>(`CONSUMER.CREATE.${stream}`, { stream_name: stream, config }).then(
      (created) => {
        this.#name = created.name
        this.#feed.aim(stream, created.name)
        this.#ask()
      },
      (error: unknown) => {
        if (isFault(error, FAULT.streamNotFound)) this.#end()
        else this.onTrouble(false)
      },
    )
  }

  #acknowledgeAgain(delivery: NatsDelivery): void {
    // If this is lost too it comes again, and is acknowledged again.
    delivery.ack().catch(() => undefined)
    this.#ask()
  }

  #giveBack(): void {
    for (const delivery of this.#prefetch.clear()) delivery.nak()
  }

  #listenForExhausted(): ClientSubscription | undefined {
    const { onExhausted, stream } = this.#options
    if (onExhausted === undefined) return undefined
    return this.link.nc.subscribe(`${ADVISORY}.${stream}.${this.#name}`, {
      callback: (error, msg) => {
        if (error) {
          this.link.report(error)
          return
        }
        const { stream_seq: sequence, deliveries } = msg.json<{
          readonly stream_seq: number
          readonly deliveries: number
        }>()
        queueMicrotask(() => onExhausted({ sequence, deliveries }))
      },
    })
  }

  #end(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const { signal } = this.#options
    signal?.removeEventListener('abort', this.#onAbort)
    this.#retry?.cancel()
    this.#giveBack()
    if (this.link.reachable) this.acks.flush()
    leave(this.link, this.#advisories)
    this.link.release(this)
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE)
    this.#ending = this.#finish()
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  /** What is still under way is given back as it comes; then the server forgets the nameless. */
  async #finish(): Promise<void> {
    await this.#feed.drain()
    const { api, stream, ephemeral } = this.#options
    if (!ephemeral || !this.link.reachable) return
    // What cannot be removed now the server removes by itself when nobody pulls from it.
    await api.change(`CONSUMER.DELETE.${stream}.${this.#name}`).catch(() => undefined)
  }
}
