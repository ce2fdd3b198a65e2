import type { Clock, Random } from '@ashlar/codec'
import {
  type DrainOptions,
  type KeyValue,
  type KvOptions,
  type Lease,
  type LeaseOptions,
  type Log,
  type LogOptions,
  type MemoryTransport,
  type Message,
  type Payload,
  type PublishOptions,
  type RequestOptions,
  type Responder,
  type RespondOptions,
  type SubscribeOptions,
  type Subscription,
  type Transport,
  type TransportCapabilities,
  TransportError,
  type TransportState,
} from '@ashlar/transport'
import {
  abortedError,
  assertName,
  assertPattern,
  assertSubject,
  copyHeaders,
  LeaseManager,
  QueuedSubscription,
  RequestTable,
  ResponderLoop,
  remoteError,
} from '@ashlar/transport/driver'
import type { Broker } from './broker.ts'
import { INBOX } from './names.ts'
import { Remote } from './remote.ts'
import { RemoteKeyValue } from './remote-key-value.ts'
import { RemoteLog } from './remote-log.ts'

const REQUEST_TIMEOUT_MS = 5_000
const MAX_PENDING = 65_536
const MAX_PENDING_BYTES = 64 * 1024 * 1024
const MAX_HANDLERS = 256

/** Who gets the messages that match a pattern. */
export interface Receiver {
  readonly pattern: string
  readonly queue: string | undefined
  readonly receive: (message: Message) => void
}

/** @see SimulatedTransport */
export interface SimulatedTransportOptions {
  readonly node: string
  readonly broker: Broker
  /** The node's own. */
  readonly clock: Clock
  readonly random: Random
  readonly timeoutMs: number
  /** The server's side of this connection. */
  readonly session: MemoryTransport
}

/**
 * The transport of one node on a simulated network. Made of what every driver is made of; what it
 * adds is a network that delays, loses, doubles and cuts.
 */
export class SimulatedTransport implements Transport {
  readonly node: string
  readonly receivers: Set<Receiver> = new Set()
  readonly supports: TransportCapabilities = Object.freeze({
    driver: 'simulated',
    durable: true,
    distributed: true,
    maxPayloadBytes: 1024 * 1024,
    maxHeaderBytes: 16 * 1024,
  })
  readonly #options: SimulatedTransportOptions
  readonly #remote: Remote
  readonly #requests: RequestTable
  readonly #leases: LeaseManager
  readonly #subscriptions = new Set<Subscription>()
  readonly #responders = new Set<ResponderLoop>()
  #state: TransportState = 'connected'
  #closing: Promise<void> | undefined

  constructor(options: SimulatedTransportOptions) {
    const { node, broker, clock, random, timeoutMs } = options
    this.node = node
    this.#options = options
    this.#requests = new RequestTable(clock, `${INBOX}.${node}.`)
    this.#remote = new Remote({
      node,
      network: broker.network,
      clock,
      random,
      timeoutMs,
      isOpen: () => this.#state !== 'closed' && broker.isCurrent(this),
      isDraining: () => this.#state === 'draining',
    })
    this.#leases = new LeaseManager({ clock, random, open: (bucket) => this.kv(bucket) })
  }

  get state(): TransportState {
    return this.#state
  }

  publish(subject: string, payload: Payload, options: PublishOptions = {}): void {
    this.#assertOpen()
    assertSubject(subject)
    this.#checkPayload(payload)
    const headers = copyHeaders(options.headers, this.supports.maxHeaderBytes)
    this.#options.broker.send(this, { subject, payload, headers, reply: options.reply })
  }

  subscribe(subject: string, options: SubscribeOptions = {}): Subscription {
    assertPattern(subject)
    this.#assertAccepting()
    const { queue, signal, maxPending = MAX_PENDING, maxPendingBytes = MAX_PENDING_BYTES } = options
    if (queue !== undefined) assertName('queue', queue)
    assertPositive({ maxPending, maxPendingBytes })
    const subscription = new QueuedSubscription({
      maxPending,
      maxPendingBytes,
      signal,
      detach: () => this.receivers.delete(receiver),
      onEnded: () => this.#subscriptions.delete(subscription),
    })
    const receiver: Receiver = {
      pattern: subject,
      queue,
      receive: (message) => subscription.receive(message),
    }
    this.#subscriptions.add(subscription)
    this.receivers.add(receiver)
    if (signal?.aborted) subscription.unsubscribe()
    return subscription
  }

  request(subject: string, payload: Payload, options: RequestOptions = {}): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#assertAccepting()
      assertSubject(subject)
      this.#checkPayload(payload)
      const { signal, timeoutMs = REQUEST_TIMEOUT_MS } = options
      if (signal?.aborted) throw abortedError(`request to ${subject}`, signal.reason)
      const headers = copyHeaders(options.headers, this.supports.maxHeaderBytes)
      // the table first: a receiver of this very node answers within send()
      const inbox = this.#requests.open({ subject, timeoutMs, signal, resolve, reject })
      const message = { subject, payload, headers, reply: inbox }
      if (this.#options.broker.send(this, message) > 0) return
      this.#requests.fail(
        inbox,
        new TransportError('NO_RESPONDERS', `nobody is subscribed to ${subject}`),
      )
    })
  }

  respond(
    subject: string,
    handler: (message: Message) => Payload | Promise<Payload>,
    options: RespondOptions = {},
  ): Responder {
    assertPattern(subject)
    this.#assertAccepting()
    const { queue, maxInFlight = MAX_HANDLERS, maxPending = MAX_PENDING, onError } = options
    if (queue !== undefined) assertName('queue', queue)
    assertPositive({ maxInFlight, maxPending })
    const responder = new ResponderLoop({
      handler,
      queue,
      maxInFlight,
      maxPending,
      onError,
      isReachable: () => this.#state !== 'closed',
      answer: (reply, answer, headers) => {
        this.#checkPayload(answer)
        if (this.#state === 'closed') return
        this.#options.broker.send(this, { subject: reply, payload: answer, headers })
      },
      detach: () => this.receivers.delete(receiver),
      onStopped: () => this.#responders.delete(responder),
    })
    const receiver: Receiver = {
      pattern: subject,
      queue,
      receive: (message) => responder.receive(message),
    }
    this.#responders.add(responder)
    this.receivers.add(receiver)
    return responder
  }

  receiveAnswer(message: Message): void {
    const error = remoteError(message)
    if (error === undefined) this.#requests.settle(message.subject, message)
    else this.#requests.fail(message.subject, error)
  }

  async log(name: string, options?: LogOptions): Promise<Log> {
    const { session } = this.#options
    const log = await this.#remote.write(`log ${name}`, () => session.log(name, options))
    return new RemoteLog(this.#remote, this.#options.broker.wrapLog(log))
  }

  async kv(bucket: string, options?: KvOptions): Promise<KeyValue> {
    const { session } = this.#options
    const kv = await this.#remote.write(`kv ${bucket}`, () => session.kv(bucket, options))
    return new RemoteKeyValue(this.#remote, kv)
  }

  async lease(bucket: string, key: string, options: LeaseOptions): Promise<Lease | undefined> {
    this.#assertAccepting()
    return await this.#leases.acquire(bucket, key, options)
  }

  flush(): Promise<void> {
    return this.#remote.read('flush', () => Promise.resolve())
  }

  async drain(options: DrainOptions = {}): Promise<void> {
    if (this.#state === 'connected') this.#state = 'draining'
    const { clock } = this.#options
    const late = Promise.withResolvers<void>()
    const timer = clock.setTimer(late.resolve, options.timeoutMs ?? 30_000)
    const finished = Promise.all([
      ...[...this.#subscriptions].map((subscription) => subscription.drain()),
      ...[...this.#responders].map((responder) => responder.stop()),
      this.#requests.whenEmpty(),
      this.#remote.drain(),
    ])
    await Promise.race([finished, late.promise])
    timer.cancel()
    await this.close()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The process is gone: nothing comes or goes any more, and nobody is told. */
  kill(): void {
    this.#options.broker.forget(this)
    this.receivers.clear()
    // the server notices that the connection is gone
    void this.#options.session.close()
  }

  async #close(): Promise<void> {
    await this.#leases.releaseAll()
    this.#state = 'closed'
    for (const subscription of this.#subscriptions) subscription.unsubscribe()
    for (const responder of this.#responders) responder.cut()
    this.#requests.failAll(() => new TransportError('CLOSED', 'the transport is closed'))
    this.#remote.end()
    this.kill()
  }

  #assertOpen(): void {
    if (this.#state === 'closed') throw new TransportError('CLOSED', 'the transport is closed')
  }

  #assertAccepting(): void {
    this.#assertOpen()
    if (this.#state === 'draining')
      throw new TransportError('DRAINING', 'the transport is draining')
  }

  #checkPayload(payload: Payload): void {
    if (!(payload instanceof Uint8Array)) throw new TypeError('payload must be a Uint8Array')
    if (payload.byteLength <= this.supports.maxPayloadBytes) return
    throw new TransportError('PAYLOAD_TOO_LARGE', `${payload.byteLength} bytes are too many`)
  }
}

function assertPositive(bounds: Readonly<Record<string, number>>): void {
  for (const [name, bound] of Object.entries(bounds)) {
    if (Number.isSafeInteger(bound) && bound > 0) continue
    throw new RangeError(`${name} must be a positive integer, got ${bound}`)
  }
}
