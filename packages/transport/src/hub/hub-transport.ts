import { type Clock, type Random, systemRandom } from '@ashlar/codec'
import { TransportError } from '../errors.ts'
import type { KeyValue, KvOptions } from '../kv/key-value.ts'
import { missingBucket, resolveKvOptions } from '../kv/kv-options.ts'
import type { Lease, LeaseOptions } from '../lease/lease.ts'
import { LeaseManager } from '../lease/lease-manager.ts'
import type { Log, LogOptions } from '../log/log.ts'
import {
  atLeast,
  differingLogOption,
  positiveInteger,
  resolveLogOptions,
} from '../log/log-options.ts'
import { kept } from '../log/log-tail.ts'
import { copyHeaders } from '../message/headers.ts'
import type {
  Message,
  Payload,
  PublishOptions,
  RequestOptions,
  Responder,
  RespondOptions,
  SubscribeOptions,
  Subscription,
} from '../message/message.ts'
import { DEFAULT_MAX_PENDING, DEFAULT_MAX_PENDING_BYTES } from '../message/queued-subscription.ts'
import { abortedError, RequestTable } from '../message/request-table.ts'
import { assertName, assertPattern, assertSubject } from '../message/subject.ts'
import type {
  DrainOptions,
  Transport,
  TransportCapabilities,
  TransportState,
} from '../transport.ts'
import { Connection, closedError, createMessage } from './connection.ts'
import type { HubCore } from './hub-core.ts'
import { HubKeyValue } from './hub-key-value.ts'
import { HubLog } from './hub-log.ts'
import { HubSubscription } from './hub-subscription.ts'
import { ResponderLoop, remoteError } from './responder-loop.ts'

const DEFAULT_REQUEST_TIMEOUT_MS = 5_000
const DEFAULT_DRAIN_TIMEOUT_MS = 30_000
const DEFAULT_MAX_HANDLERS = 256

/** How a transport on a hub is set up; every default filled in. */
export interface HubTransportOptions {
  readonly hub: HubCore
  /** The connection's own clock: timeouts and leases. */
  readonly clock: Clock
  /** Default the system's. */
  readonly random?: Random | undefined
  readonly maxOfflineMessages: number
  readonly supports: TransportCapabilities
  /** Called once when the connection is gone. */
  readonly onClosed?: () => Promise<void>
}

/** One connection to a hub, with the whole interface. */
export class HubTransport implements Transport {
  readonly supports: TransportCapabilities
  readonly #clock: Clock
  readonly #hub: HubCore
  readonly #connection: Connection
  readonly #requests: RequestTable
  readonly #leases: LeaseManager
  readonly #responders = new Set<ResponderLoop>()
  readonly #onClosed: (() => Promise<void>) | undefined
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: HubTransportOptions) {
    this.supports = options.supports
    this.#clock = options.clock
    this.#hub = options.hub
    this.#onClosed = options.onClosed
    this.#connection = new Connection(options.hub, {
      maxPayloadBytes: options.supports.maxPayloadBytes,
      maxHeaderBytes: options.supports.maxHeaderBytes,
      maxOfflineMessages: options.maxOfflineMessages,
      onAnswer: (message) => this.#onAnswer(message),
      onSendLate: (message) => this.#sendLate(message),
      onHubClosed: () => this.close(),
    })
    this.#requests = new RequestTable(options.clock, this.#connection.inboxPrefix)
    this.#leases = new LeaseManager({
      clock: options.clock,
      random: options.random ?? systemRandom,
      open: (bucket) => this.kv(bucket),
    })
  }

  get state(): TransportState {
    return this.#connection.state
  }

  publish(subject: string, payload: Payload, options?: PublishOptions): void {
    const connection = this.#connection
    connection.assertOpen()
    const route = this.#hub.route(subject)
    connection.checkPayload(payload)
    if (options === undefined) {
      connection.send(createMessage(subject, payload), route)
      return
    }
    if (options.reply !== undefined) assertSubject(options.reply)
    const headers = copyHeaders(options.headers, connection.maxHeaderBytes)
    connection.send(createMessage(subject, payload, headers, options.reply), route)
  }

  subscribe(subject: string, options: SubscribeOptions = {}): Subscription {
    assertPattern(subject)
    if (options.queue !== undefined) assertName('queue', options.queue)
    const { queue, signal } = options
    const maxPending = positiveInteger('maxPending', options.maxPending, DEFAULT_MAX_PENDING)
    const maxPendingBytes = positiveInteger(
      'maxPendingBytes',
      options.maxPendingBytes,
      DEFAULT_MAX_PENDING_BYTES,
    )
    this.#connection.assertAccepting()
    return new HubSubscription(this.#connection, {
      subject,
      queue,
      maxPending,
      maxPendingBytes,
      signal,
    })
  }

  request(subject: string, payload: Payload, options: RequestOptions = {}): Promise<Message> {
    return new Promise((resolve, reject) => {
      const connection = this.#connection
      connection.assertAccepting()
      const route = this.#hub.route(subject)
      connection.checkPayload(payload)
      const timeoutMs =
        options.timeoutMs === undefined
          ? DEFAULT_REQUEST_TIMEOUT_MS
          : atLeast('timeoutMs', options.timeoutMs, 1, DEFAULT_REQUEST_TIMEOUT_MS)
      const headers = copyHeaders(options.headers, connection.maxHeaderBytes)
      const { signal } = options
      if (signal?.aborted) throw abortedError(`request to ${subject}`, signal.reason)
      const inbox = this.#requests.open({ subject, timeoutMs, signal, resolve, reject })
      try {
        const receivers = connection.send(createMessage(subject, payload, headers, inbox), route)
        if (receivers === 0) this.#requests.fail(inbox, noResponders(subject))
      } catch (error) {
        this.#requests.fail(inbox, error)
      }
    })
  }

  respond(
    subject: string,
    handler: (message: Message) => Payload | Promise<Payload>,
    options: RespondOptions = {},
  ): Responder {
    assertPattern(subject)
    if (typeof handler !== 'function') throw new TypeError('handler must be a function')
    if (options.queue !== undefined) assertName('queue', options.queue)
    this.#connection.assertAccepting()
    const responder = new ResponderLoop({
      handler,
      queue: options.queue,
      maxInFlight: positiveInteger('maxInFlight', options.maxInFlight, DEFAULT_MAX_HANDLERS),
      maxPending: positiveInteger('maxPending', options.maxPending, DEFAULT_MAX_PENDING),
      onError: options.onError,
      isReachable: () => this.#connection.reachable,
      answer: (reply, answer, headers) => this.#connection.answer(reply, answer, headers),
      detach: () => this.#hub.router.remove(subject, responder),
      onStopped: () => this.#responders.delete(responder),
    })
    this.#responders.add(responder)
    this.#hub.router.add(subject, responder)
    return responder
  }

  async log(name: string, options?: LogOptions): Promise<Log> {
    assertName('log', name)
    const resolved = options === undefined ? undefined : resolveLogOptions(options)
    this.#connection.assertUsable()
    let core = this.#hub.logs.get(name)
    if (core === undefined) {
      if (resolved === undefined) {
        throw new TransportError('LOG_MISSING', `log ${name} is not there; create it with options`)
      }
      core = this.#hub.createLog(name, resolved)
    } else if (resolved !== undefined) {
      const field = differingLogOption(core.options, resolved)
      if (field !== undefined) {
        throw new TransportError(
          'LOG_MISMATCH',
          `log ${name} exists with ${field} ${String(core.options[field])}, not ${String(resolved[field])}`,
        )
      }
    }
    const log = new HubLog(core, this.#connection, () => this.#hub.logs.delete(name))
    return await kept(this.#connection, log)
  }

  async kv(bucket: string, options?: KvOptions): Promise<KeyValue> {
    assertName('bucket', bucket)
    const resolved = resolveKvOptions(options)
    this.#connection.assertUsable()
    const existing = this.#hub.buckets.get(bucket)
    if (existing === undefined && options?.create === false) throw missingBucket(bucket)
    const core = existing ?? this.#hub.createBucket(bucket, resolved)
    if (options !== undefined && options.create !== false) {
      const field = (['history', 'ttlMs'] as const).find(
        (name) => core.options[name] !== resolved[name],
      )
      if (field !== undefined) {
        throw new TransportError(
          'KV_MISMATCH',
          `bucket ${bucket} exists with ${field} ${core.options[field]}, not ${resolved[field]}`,
        )
      }
    }
    const kv = new HubKeyValue(core, this.#connection, () => this.#hub.buckets.delete(bucket))
    return await kept(this.#connection, kv)
  }

  async lease(bucket: string, key: string, options: LeaseOptions): Promise<Lease | undefined> {
    this.#connection.assertAccepting()
    return await this.#leases.acquire(bucket, key, options)
  }

  async flush(): Promise<void> {
    this.#connection.assertUsable()
  }

  drain(options: DrainOptions = {}): Promise<void> {
    const timeoutMs = atLeast('timeoutMs', options.timeoutMs, 0, DEFAULT_DRAIN_TIMEOUT_MS)
    if (this.#closing !== undefined) return this.#closing
    this.#draining ??= this.#drain(timeoutMs)
    return this.#draining
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Cuts this connection off from the hub, as a network would. */
  disconnect(): void {
    this.#connection.disconnect()
  }

  /** Brings the connection back: what waited is sent, consumers and watchers go on. */
  reconnect(): void {
    this.#connection.reconnect()
  }

  async #drain(timeoutMs: number): Promise<void> {
    this.#connection.startDraining()
    const finished = Promise.all([
      this.#connection.drainChildren(),
      ...[...this.#responders].map((responder) => responder.stop()),
      this.#requests.whenEmpty(),
    ])
    const { promise: cut, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.setTimer(resolve, timeoutMs, { keepAlive: true })
    await Promise.race([finished, cut])
    timer.cancel()
    await this.close()
  }

  async #close(): Promise<void> {
    if (this.#connection.reachable) await this.#leases.releaseAll()
    this.#connection.close()
    for (const responder of this.#responders) responder.cut()
    this.#responders.clear()
    this.#requests.failAll(closedError)
    await this.#onClosed?.()
  }

  #onAnswer(message: Message): boolean {
    const error = remoteError(message)
    if (error === undefined) return this.#requests.settle(message.subject, message)
    return this.#requests.fail(message.subject, error)
  }

  #sendLate(message: Message): void {
    const receivers = this.#hub.send(message, this.#hub.route(message.subject))
    if (receivers === 0 && message.reply !== undefined) {
      this.#requests.fail(message.reply, noResponders(message.subject))
    }
  }
}

function noResponders(subject: string): TransportError {
  return new TransportError('NO_RESPONDERS', `nobody is subscribed to ${subject}`)
}
