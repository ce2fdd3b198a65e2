import { TransportError } from '../errors.ts'
import type { OwnedChild } from '../log/log-tail.ts'
import { NO_HEADERS } from '../message/headers.ts'
import type { Headers, Message, Payload } from '../message/message.ts'
import type { TransportState } from '../transport.ts'
import { type HubCore, INBOX_PREFIX, type InboxOwner } from './hub-core.ts'
import type { StoreOwner } from './hub-log.ts'
import type { Route } from './router.ts'

/** How a connection to a hub is bounded. */
export interface ConnectionOptions {
  readonly maxPayloadBytes: number
  readonly maxHeaderBytes: number
  readonly maxOfflineMessages: number
  /** Gets answers to this connection's requests; false when nobody waits for them. */
  readonly onAnswer: (message: Message) => boolean
  /** Sends a message that waited for the connection to come back. */
  readonly onSendLate: (message: Message) => void
  /** The hub closes, and with it the transport. */
  readonly onHubClosed: () => Promise<void>
}

/** The state of one connection to a hub, and what belongs to it. */
export class Connection implements InboxOwner, StoreOwner {
  readonly hub: HubCore
  readonly maxHeaderBytes: number
  /** Up and not closed. A plain field: it is read for each delivery. */
  reachable = true
  readonly #options: ConnectionOptions
  readonly #children = new Set<OwnedChild>()
  readonly #number: number
  #phase: 'open' | 'draining' | 'closed' = 'open'
  #offline: Message[] = []

  constructor(hub: HubCore, options: ConnectionOptions) {
    this.hub = hub
    this.maxHeaderBytes = options.maxHeaderBytes
    this.#options = options
    this.#number = hub.attach(this)
  }

  get state(): TransportState {
    if (this.#phase === 'closed') return 'closed'
    if (!this.reachable) return 'disconnected'
    return this.#phase === 'draining' ? 'draining' : 'connected'
  }

  assertOpen(): void {
    if (this.#phase === 'closed') throw closedError()
  }

  assertAccepting(): void {
    this.assertOpen()
    if (this.#phase === 'draining') {
      throw new TransportError('DRAINING', 'the transport is draining and takes nothing new')
    }
  }

  assertUsable(): void {
    this.assertOpen()
    if (!this.reachable) throw new TransportError('DISCONNECTED', 'the connection is down')
    this.hub.storage.assertUsable()
  }

  committed(): Promise<void> | undefined {
    return this.hub.storage.commit()
  }

  checkPayload(payload: Payload): void {
    if (!(payload instanceof Uint8Array)) throw new TypeError('payload must be a Uint8Array')
    const { maxPayloadBytes } = this.#options
    if (payload.byteLength <= maxPayloadBytes) return
    throw new TransportError(
      'PAYLOAD_TOO_LARGE',
      `payload has ${payload.byteLength} bytes, at most ${maxPayloadBytes} are allowed`,
    )
  }

  /** Answers to this connection go to subjects that begin with it. */
  get inboxPrefix(): string {
    return `${INBOX_PREFIX}${this.#number}.`
  }

  /** Sends now, or when the connection comes back; tells to how many it went, -1 for later. */
  send(message: Message, route: Route): number {
    if (this.reachable) return this.hub.send(message, route)
    this.assertOpen()
    const { maxOfflineMessages } = this.#options
    if (this.#offline.length >= maxOfflineMessages) {
      throw new TransportError(
        'DISCONNECTED',
        `the connection is down and ${maxOfflineMessages} messages wait already`,
      )
    }
    this.#offline.push(message)
    return -1
  }

  /** Sends an answer to a request; lost when the connection is down, as the request then times out. */
  answer(reply: string, payload: Payload, headers: Headers): void {
    this.checkPayload(payload)
    if (!this.reachable) return
    const message = createMessage(reply, payload, headers)
    this.hub.send(message, this.hub.routeOfAnswer(reply))
  }

  receiveAnswer(message: Message): boolean {
    return this.reachable && this.#options.onAnswer(message)
  }

  onHubClosed(): Promise<void> {
    return this.#options.onHubClosed()
  }

  adopt(child: OwnedChild): void {
    this.#children.add(child)
  }

  release(child: OwnedChild): void {
    this.#children.delete(child)
  }

  disconnect(): void {
    if (this.#phase !== 'closed') this.reachable = false
  }

  reconnect(): void {
    if (this.#phase === 'closed' || this.reachable) return
    this.reachable = true
    for (const message of this.#offline.splice(0)) this.#options.onSendLate(message)
    for (const child of this.#children) child.onReachable()
  }

  /** Lets every child finish. False when draining or closed already. */
  startDraining(): boolean {
    if (this.#phase !== 'open') return false
    this.#phase = 'draining'
    return true
  }

  async drainChildren(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.drain()))
  }

  /** False when closed already. */
  close(): boolean {
    if (this.#phase === 'closed') return false
    this.#phase = 'closed'
    this.reachable = false
    this.#offline = []
    for (const child of this.#children) child.onClosed()
    this.#children.clear()
    this.hub.detach(this.#number)
    return true
  }
}

/** The error of everything that is asked of a closed transport. */
export function closedError(): TransportError {
  return new TransportError('CLOSED', 'the transport is closed')
}

/** A message without anything but bytes. */
export function createMessage(
  subject: string,
  payload: Payload,
  headers: Headers = NO_HEADERS,
  reply?: string,
): Message {
  return { subject, payload, headers, reply }
}
