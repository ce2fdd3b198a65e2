import type { Clock } from '@ashlar/codec'
import type { Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node'
import { createInbox } from '@nats-io/transport-node'
import { TransportError } from '../errors.ts'
import type { OwnedChild } from '../log/log-tail.ts'
import type { Message, Payload } from '../message/message.ts'
import { RequestTable } from '../message/request-table.ts'
import { SendWindow } from '../message/send-window.ts'
import type { TransportState } from '../transport.ts'
import { type Dialed, dial } from './connect.ts'
import { NatsMessage } from './nats-message.ts'
import type { ResolvedNatsOptions } from './nats-options.ts'

/** Largest part of the server's limit that headers may take. */
const MAX_HEADER_BYTES = 16_384
/** Around each header stand four bytes, around all of them fourteen; some are the driver's own. */
const DRIVER_HEADER_BYTES = 4_096
const NO_RESPONDERS_STATUS = 503

/**
 * What the loss of the connection means for a question: `read` changes nothing, of a `write`
 * nobody knows, an `ask` goes on waiting until its time is over.
 */
export type QuestionKind = 'ask' | 'read' | 'write'

/** A question to whoever answers on a subject. */
export interface Question {
  readonly kind: QuestionKind
  readonly timeoutMs: number
  readonly headers?: MsgHdrs | undefined
  readonly signal?: AbortSignal | undefined
}

/** One connection to a NATS server: its state, what belongs to it, and questions with answers. */
export class NatsLink {
  readonly nc: NatsConnection
  readonly options: ResolvedNatsOptions
  readonly clock: Clock
  readonly maxPayloadBytes: number
  readonly maxHeaderBytes: number
  readonly requests: RequestTable
  /** Appends and puts on their way. */
  readonly writes: SendWindow
  /** Up and not closed. */
  reachable = true
  #phase: 'open' | 'draining' | 'closed' = 'open'
  readonly #children = new Set<OwnedChild>()
  readonly #dialed: Dialed
  #offline: (() => void)[] = []
  #closeReason: unknown
  #onLost: (() => void) | undefined

  private constructor(dialed: Dialed, options: ResolvedNatsOptions) {
    const { nc } = dialed
    this.nc = nc
    this.#dialed = dialed
    this.options = options
    this.clock = options.clock
    const limit = nc.info?.max_payload ?? 1024 * 1024
    this.maxHeaderBytes = Math.min(MAX_HEADER_BYTES, Math.floor(limit / 16))
    this.maxPayloadBytes = limit - 3 * this.maxHeaderBytes - DRIVER_HEADER_BYTES
    this.writes = new SendWindow(options.maxInFlightWrites)
    const inbox = `${createInbox(options.inboxPrefix)}.`
    this.requests = new RequestTable(options.clock, inbox)
    nc.subscribe(`${inbox}*`, {
      callback: (error, msg) => (error ? this.#report(error) : this.#onAnswer(msg)),
    })
    this.#watch().catch((error: unknown) => this.#report(error))
    nc.closed().then(
      (reason) => this.#onGone(reason),
      (error: unknown) => this.#onGone(error),
    )
  }

  static async open(options: ResolvedNatsOptions): Promise<NatsLink> {
    return new NatsLink(await dial(options), options)
  }

  get serverVersion(): string {
    return this.nc.info?.version ?? '0.0.0'
  }

  get state(): TransportState {
    if (this.#phase === 'closed') return 'closed'
    if (!this.reachable) return 'disconnected'
    return this.#phase === 'draining' ? 'draining' : 'connected'
  }

  /** Called once when the client has given up for good, as after refused credentials. */
  onLost(listener: () => void): void {
    this.#onLost = listener
  }

  assertOpen(): void {
    if (this.#phase === 'closed') throw this.closedError()
  }

  assertAccepting(): void {
    this.assertOpen()
    if (this.#phase === 'draining') {
      throw new TransportError('DRAINING', 'the transport is draining and takes nothing new')
    }
  }

  assertUsable(): void {
    this.assertOpen()
    if (!this.reachable) throw disconnectedError()
  }

  closedError(): TransportError {
    const cause = this.#closeReason
    return new TransportError('CLOSED', 'the transport is closed', cause ? { cause } : {})
  }

  checkPayload(payload: Payload): void {
    if (!(payload instanceof Uint8Array)) throw new TypeError('payload must be a Uint8Array')
    if (payload.byteLength <= this.maxPayloadBytes) return
    throw new TransportError(
      'PAYLOAD_TOO_LARGE',
      `payload has ${payload.byteLength} bytes, at most ${this.maxPayloadBytes} are allowed`,
    )
  }

  /** Sends now, or when the connection comes back; throws `DISCONNECTED` when too much waits. */
  send(subject: string, payload: Payload, headers?: MsgHdrs, reply?: string): void {
    if (this.reachable) {
      this.sendNow(subject, payload, headers, reply)
      return
    }
    this.assertOpen()
    const { maxOfflineMessages } = this.options
    if (this.#offline.length >= maxOfflineMessages) {
      throw new TransportError(
        'DISCONNECTED',
        `the connection is down and ${maxOfflineMessages} messages wait already`,
      )
    }
    this.#offline.push(() => this.sendNow(subject, payload, headers, reply))
  }

  /** Sends on a connection that is up. */
  sendNow(subject: string, payload: Payload, headers?: MsgHdrs, reply?: string): void {
    if (headers === undefined) {
      this.nc.publish(subject, payload, reply === undefined ? undefined : { reply })
    } else {
      this.nc.publish(subject, payload, reply === undefined ? { headers } : { headers, reply })
    }
  }

  /**
   * Asks and waits for one answer. Rejects with `NO_RESPONDERS`, `TIMEOUT`, `ABORTED`, `CLOSED`,
   * and when the connection is lost as the kind says.
   */
  ask(subject: string, payload: Payload, question: Question): Promise<NatsMessage> {
    return new Promise((resolve, reject) => {
      const inbox = this.requests.open({
        subject,
        kind: question.kind,
        timeoutMs: question.timeoutMs,
        signal: question.signal,
        // The table holds what #onAnswer puts in.
        resolve: (message: Message) => resolve(message as NatsMessage),
        reject,
      })
      try {
        if (question.kind === 'ask') this.send(subject, payload, question.headers, inbox)
        else this.sendNow(subject, payload, question.headers, inbox)
      } catch (error) {
        this.requests.fail(inbox, error)
      }
    })
  }

  /** A subscription's own inbox. */
  createInbox(): string {
    return createInbox(this.options.inboxPrefix)
  }

  /** True for subjects that no wildcard shows to users. */
  isReserved(subject: string): boolean {
    return subject.charCodeAt(0) === 36 || subject.startsWith(`${this.options.inboxPrefix}.`)
  }

  adopt(child: OwnedChild): void {
    this.#children.add(child)
  }

  release(child: OwnedChild): void {
    this.#children.delete(child)
  }

  startDraining(): void {
    if (this.#phase === 'open') this.#phase = 'draining'
  }

  async drainChildren(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.drain()))
  }

  async flush(): Promise<void> {
    this.assertUsable()
    try {
      await this.nc.flush()
    } catch (error) {
      this.assertOpen()
      throw disconnectedError(error)
    }
  }

  /** Ends everything that belongs to the connection; what was sent is flushed if that is possible. */
  async close(): Promise<void> {
    if (this.#phase === 'closed') return
    const wasReachable = this.reachable
    this.#phase = 'closed'
    for (const child of this.#children) child.onClosed()
    this.reachable = false
    this.#children.clear()
    this.#offline = []
    this.writes.refuseAll(() => this.closedError())
    this.requests.failAll(() => this.closedError())
    if (wasReachable) await this.#flushLast()
    await this.nc.close()
  }

  /** Reports an error that belongs to no operation. */
  report(error: unknown): void {
    this.#report(error)
  }

  async #flushLast(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = this.clock.setTimer(resolve, this.options.requestTimeoutMs, { keepAlive: true })
    // A connection that breaks while it is closed has nothing left to flush.
    await Promise.race([this.nc.flush().catch(() => undefined), late])
    timer.cancel()
  }

  #onAnswer(msg: Msg): void {
    const message = new NatsMessage(msg)
    if (msg.data.byteLength === 0 && message.status === NO_RESPONDERS_STATUS) {
      const error = new TransportError('NO_RESPONDERS', 'nobody is subscribed to the subject')
      this.requests.fail(msg.subject, error)
      return
    }
    this.requests.settle(msg.subject, message)
  }

  async #watch(): Promise<void> {
    for await (const status of this.nc.status()) {
      switch (status.type) {
        case 'disconnect':
          this.#onDisconnected(status.server)
          break
        case 'reconnect':
          // Up again for users when the server has taken the subscriptions back.
          this.nc.flush().then(
            () => this.#onReconnected(status.server),
            // Lost again meanwhile: the next connection is told of alike.
            () => undefined,
          )
          break
        case 'error':
          this.#report(status.error)
          break
        default:
      }
    }
  }

  #onDisconnected(server: string): void {
    if (this.#phase === 'closed' || !this.reachable) return
    this.reachable = false
    this.writes.refuseAll(disconnectedError)
    this.requests.failSome((kind, subject) => {
      if (kind === 'write') return lostAnswer(subject)
      return kind === 'read' ? disconnectedError() : undefined
    })
    for (const child of this.#children) child.onUnreachable?.()
    const { onDisconnected } = this.options.events
    if (onDisconnected !== undefined) queueMicrotask(() => onDisconnected(server))
  }

  #onReconnected(server: string): void {
    if (this.#phase === 'closed' || this.reachable) return
    this.reachable = true
    this.#dialed.resetBackoff()
    for (const sendNow of this.#offline.splice(0)) sendNow()
    for (const child of this.#children) child.onReachable()
    const { onReconnected } = this.options.events
    if (onReconnected !== undefined) queueMicrotask(() => onReconnected(server))
  }

  #onGone(reason: unknown): void {
    if (this.#phase === 'closed') return
    this.#closeReason = reason
    this.reachable = false
    this.#onLost?.()
  }

  #report(error: unknown): void {
    const { onError } = this.options.events
    const reported = error instanceof Error ? error : new Error(String(error))
    if (onError !== undefined) queueMicrotask(() => onError(reported))
  }
}

/** A subscription of the client, as the driver holds it. */
export type ClientSubscription = Subscription

/** The error of what surely did not happen. */
export function disconnectedError(cause?: unknown): TransportError {
  return new TransportError(
    'DISCONNECTED',
    'the connection is down',
    cause === undefined ? {} : { cause },
  )
}

/** The error of a change whose answer was lost. */
export function lostAnswer(subject: string, cause?: unknown): TransportError {
  return new TransportError(
    'UNKNOWN_OUTCOME',
    `no answer about ${subject}: it may have happened or not`,
    cause === undefined ? {} : { cause },
  )
}
