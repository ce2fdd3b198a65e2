import type { Msg } from '@nats-io/transport-node'
import type { Delivery } from '../../log/log.ts'
import { atLeast } from '../../log/log-options.ts'
import type { Headers, Payload } from '../../message/message.ts'
import type { NatsLink } from '../nats-link.ts'
import { userHeaders } from '../nats-message.ts'
import type { AckBatcher, Acknowledgeable } from './ack-batcher.ts'
import type { DeliveryFacts } from './ack-subject.ts'
import { nanos } from './stream-config.ts'

const PROGRESS: Payload = Buffer.from('+WPI')
const TERMINATE: Payload = Buffer.from('+TERM')
const NAK: Payload = Buffer.from('-NAK')

/** What deliveries of one consumer share. */
export interface DeliveryOwner {
  readonly link: NatsLink
  readonly acks: AckBatcher
  /** Characters before the log's own subjects. */
  readonly prefixLength: number
  /** Told when a delivery was settled. */
  onSettled(sequence: number): void
}

/** One delivery; settles through the connection that received it. */
export class NatsDelivery implements Delivery, Acknowledgeable {
  readonly sequence: number
  readonly timestampMs: number
  readonly deliveries: number
  readonly #msg: Msg
  readonly #owner: DeliveryOwner
  #headers: Headers | undefined
  #settled = false

  constructor(msg: Msg, facts: DeliveryFacts, owner: DeliveryOwner) {
    this.#msg = msg
    this.#owner = owner
    this.sequence = facts.sequence
    this.timestampMs = facts.timestampMs
    this.deliveries = facts.deliveries
  }

  get subject(): string {
    return this.#msg.subject.slice(this.#owner.prefixLength)
  }

  get payload(): Payload {
    return this.#msg.data
  }

  get headers(): Headers {
    this.#headers ??= userHeaders(this.#msg.headers)
    return this.#headers
  }

  get reply(): string {
    return this.#msg.reply ?? ''
  }

  ack(): Promise<void> {
    if (this.#settled) return Promise.resolve()
    const { link, acks } = this.#owner
    try {
      link.assertUsable()
      this.#settled = true
      return acks.ack(this)
    } catch (error) {
      this.#settled = false
      return Promise.reject(error)
    }
  }

  onAcknowledged(): void {
    this.#owner.onSettled(this.sequence)
  }

  onUnacknowledged(): void {
    this.#settled = false
  }

  nak(options: { readonly delayMs?: number | undefined } = {}): void {
    const delayMs = atLeast('delayMs', options.delayMs, 0, 0)
    const body =
      delayMs === 0 ? NAK : Buffer.from(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`)
    if (this.#isOpen()) this.#settle(body)
  }

  inProgress(): void {
    if (this.#isOpen()) this.#owner.link.sendNow(this.reply, PROGRESS)
  }

  terminate(): void {
    if (!this.#isOpen()) return
    this.#settle(TERMINATE)
    this.#owner.onSettled(this.sequence)
  }

  /** Best effort: while the connection is down the ack wait decides. */
  #isOpen(): boolean {
    return !this.#settled && this.#owner.link.reachable
  }

  #settle(body: Payload): void {
    this.#settled = true
    this.#owner.link.sendNow(this.reply, body)
  }
}
