import { isTransportError, TransportError } from '../errors.ts'
import { ResponderLoop, remoteError } from '../hub/responder-loop.ts'
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
import { abortedError } from '../message/request-table.ts'
import { assertName, assertPattern, assertSubject } from '../message/subject.ts'
import type {
  DrainOptions,
  Transport,
  TransportCapabilities,
  TransportState,
} from '../transport.ts'
import { JetStreamApi } from './jetstream/api.ts'
import { createStream, findStream } from './jetstream/stream.ts'
import {
  bucketConfig,
  bucketOptionsOf,
  bucketStream,
  logConfig,
  logOptionsOf,
  logPrefix,
  logStream,
} from './jetstream/stream-config.ts'
import { NatsKeyValue } from './nats-key-value.ts'
import { NatsLink } from './nats-link.ts'
import { NatsLog } from './nats-log.ts'
import { wireHeaders } from './nats-message.ts'
import type { ResolvedNatsOptions } from './nats-options.ts'
import { drainClient, leave, NatsSubscription, subscribeFiltered } from './nats-subscription.ts'

const DEFAULT_REQUEST_TIMEOUT_MS = 5_000
const DEFAULT_DRAIN_TIMEOUT_MS = 30_000
const DEFAULT_MAX_HANDLERS = 256
/** Subjects that are not checked again. */
const MAX_CHECKED_SUBJECTS = 8_192

/** One connection to NATS, with the whole interface. */
export class NatsTransport implements Transport {
  readonly supports: TransportCapabilities
  readonly #link: NatsLink
  readonly #api: JetStreamApi
  readonly #leases: LeaseManager
  readonly #leaseBuckets = new Map<string, Promise<KeyValue>>()
  readonly #responders = new Map<ResponderLoop, Responder>()
  /** Subjects found to be valid. */
  readonly #checked = new Set<string>()
  #draining: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(link: NatsLink) {
    this.#link = link
    this.#api = new JetStreamApi(link)
    this.supports = Object.freeze({
      driver: 'nats',
      durable: true,
      distributed: true,
      maxPayloadBytes: link.maxPayloadBytes,
      maxHeaderBytes: link.maxHeaderBytes,
      serverVersion: link.serverVersion,
    })
    this.#leases = new LeaseManager({
      clock: link.clock,
      random: link.options.random,
      open: (bucket) => this.#leaseBucket(bucket),
    })
    link.onLost(() => {
      this.close().catch((error: unknown) => link.report(error))
    })
  }

  static async open(options: ResolvedNatsOptions): Promise<NatsTransport> {
    return new NatsTransport(await NatsLink.open(options))
  }

  get state(): TransportState {
    return this.#link.state
  }

  publish(subject: string, payload: Payload, options?: PublishOptions): void {
    const link = this.#link
    link.assertOpen()
    this.#checkSubject(subject)
    link.checkPayload(payload)
    if (options === undefined) {
      link.send(subject, payload)
      return
    }
    if (options.reply !== undefined) assertSubject(options.reply)
    const headers = copyHeaders(options.headers, link.maxHeaderBytes)
    link.send(subject, payload, wireHeaders(headers), options.reply)
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
    this.#link.assertAccepting()
    return new NatsSubscription(this.#link, {
      subject,
      queue,
      maxPending,
      maxPendingBytes,
      signal,
    })
  }

  async request(subject: string, payload: Payload, options: RequestOptions = {}): Promise<Message> {
    const link = this.#link
    link.assertAccepting()
    this.#checkSubject(subject)
    link.checkPayload(payload)
    const { timeoutMs: asked, signal } = options
    const timeoutMs = atLeast('timeoutMs', asked, 1, DEFAULT_REQUEST_TIMEOUT_MS)
    const headers = wireHeaders(copyHeaders(options.headers, link.maxHeaderBytes))
    if (signal?.aborted) throw abortedError(`request to ${subject}`, signal.reason)
    const answer = await link.ask(subject, payload, { kind: 'ask', timeoutMs, headers, signal })
    const error = remoteError(answer)
    if (error !== undefined) throw error
    return answer
  }

  respond(
    subject: string,
    handler: (message: Message) => Payload | Promise<Payload>,
    options: RespondOptions = {},
  ): Responder {
    assertPattern(subject)
    if (typeof handler !== 'function') throw new TypeError('handler must be a function')
    const { queue } = options
    if (queue !== undefined) assertName('queue', queue)
    const link = this.#link
    link.assertAccepting()
    const loop = new ResponderLoop({
      handler,
      queue,
      maxInFlight: positiveInteger('maxInFlight', options.maxInFlight, DEFAULT_MAX_HANDLERS),
      maxPending: positiveInteger('maxPending', options.maxPending, DEFAULT_MAX_PENDING),
      onError: options.onError,
      isReachable: () => link.reachable,
      answer: (reply, answer, headers) => {
        link.checkPayload(answer)
        // Cut off or closed: the answer is lost, and the request times out.
        if (link.reachable) link.sendNow(reply, answer, wireHeaders(headers))
      },
      detach: () => leave(link, client),
      onStopped: () => this.#responders.delete(loop),
    })
    const client = subscribeFiltered(link, subject, queue, {
      receive: (message) => loop.receive(message),
      onRefused: () => loop.cut(),
    })
    const responder: Responder = {
      stop: async () => {
        await drainClient(link, client)
        await loop.stop()
      },
    }
    this.#responders.set(loop, responder)
    return responder
  }

  async log(name: string, options?: LogOptions): Promise<Log> {
    assertName('log', name)
    const resolved = options === undefined ? undefined : resolveLogOptions(options)
    this.#link.assertUsable()
    const found = await findStream(this.#api, logStream(name))
    if (found === undefined && resolved === undefined) {
      throw new TransportError('LOG_MISSING', `log ${name} is not there; create it with options`)
    }
    let info = found
    if (info === undefined && resolved !== undefined) {
      const prefix = logPrefix(await this.#api.domain(), name)
      const config = logConfig(name, prefix, resolved, this.#link.options.streams)
      info = await createStream(this.#api, config)
    }
    if (info === undefined) throw new TransportError('LOG_MISSING', `log ${name} is not there`)
    const prefix = prefixOf(name, info.config.subjects[0])
    const existing = logOptionsOf(info.config, prefix)
    const field = resolved === undefined ? undefined : differingLogOption(existing, resolved)
    if (field !== undefined) {
      throw new TransportError(
        'LOG_MISMATCH',
        `log ${name} exists with ${field} ${String(existing[field])}, not ${String(resolved?.[field])}`,
      )
    }
    return new NatsLog(this.#api, name, prefix, info.config)
  }

  async kv(bucket: string, options?: KvOptions): Promise<KeyValue> {
    assertName('bucket', bucket)
    const resolved = resolveKvOptions(options)
    this.#link.assertUsable()
    const found = await findStream(this.#api, bucketStream(bucket))
    if (found === undefined && options?.create === false) throw missingBucket(bucket)
    const config = bucketConfig(bucket, resolved, this.#link.options.streams)
    const info = found ?? (await createStream(this.#api, config))
    if (options !== undefined && options.create !== false) {
      const existing = bucketOptionsOf(info.config)
      const field = (['history', 'ttlMs'] as const).find(
        (name) => existing[name] !== resolved[name],
      )
      if (field !== undefined) {
        throw new TransportError(
          'KV_MISMATCH',
          `bucket ${bucket} exists with ${field} ${existing[field]}, not ${resolved[field]}`,
        )
      }
    }
    return new NatsKeyValue(this.#api, bucket, info.config)
  }

  async lease(bucket: string, key: string, options: LeaseOptions): Promise<Lease | undefined> {
    this.#link.assertAccepting()
    try {
      return await this.#leases.acquire(bucket, key, options)
    } catch (error) {
      // The bucket was removed: the next attempt makes it anew.
      if (isTransportError(error, 'KV_MISSING')) this.#leaseBuckets.delete(bucket)
      throw error
    }
  }

  async flush(): Promise<void> {
    await this.#link.flush()
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

  #checkSubject(subject: string): void {
    if (this.#checked.has(subject)) return
    assertSubject(subject)
    if (this.#checked.size >= MAX_CHECKED_SUBJECTS) this.#checked.clear()
    this.#checked.add(subject)
  }

  async #drain(timeoutMs: number): Promise<void> {
    this.#link.startDraining()
    const finished = Promise.all([
      this.#link.drainChildren(),
      ...[...this.#responders.values()].map((responder) => responder.stop()),
      this.#link.requests.whenEmpty(),
    ])
    const { promise: cut, resolve } = Promise.withResolvers<void>()
    const timer = this.#link.clock.setTimer(resolve, timeoutMs, { keepAlive: true })
    await Promise.race([finished, cut])
    timer.cancel()
    await this.close()
  }

  async #close(): Promise<void> {
    if (this.#link.reachable) await this.#leases.releaseAll()
    for (const loop of this.#responders.keys()) loop.cut()
    this.#responders.clear()
    await this.#link.close()
  }

  /** Opened once: leases of many keys share their bucket. */
  #leaseBucket(bucket: string): Promise<KeyValue> {
    let opened = this.#leaseBuckets.get(bucket)
    if (opened === undefined) {
      opened = this.kv(bucket)
      this.#leaseBuckets.set(bucket, opened)
      opened.catch(() => this.#leaseBuckets.delete(bucket))
    }
    return opened
  }
}

/** What stands before a log's subjects: the domain in it is the one in which it was created. */
function prefixOf(name: string, subject: string | undefined): string {
  const [space, domain, log] = (subject ?? '').split('.')
  if (space !== '$LOG' || domain === undefined || log !== name) {
    throw new TransportError(
      'LOG_MISMATCH',
      `stream ${logStream(name)} exists and is not one of this driver's logs`,
    )
  }
  return logPrefix(domain, name)
}
