import type { OwnedChild } from '../log/log-tail.ts'
import { QueuedSubscription } from '../message/queued-subscription.ts'
import type { ClientSubscription, NatsLink } from './nats-link.ts'
import { NatsMessage } from './nats-message.ts'

/** What a subscription is about; every default filled in. */
export interface NatsSubscriptionOptions {
  readonly subject: string
  readonly queue: string | undefined
  readonly maxPending: number
  readonly maxPendingBytes: number
  readonly signal: AbortSignal | undefined
}

/** A subscription at the server; the client brings it back after each reconnect. */
export class NatsSubscription extends QueuedSubscription implements OwnedChild {
  readonly #link: NatsLink
  readonly #client: ClientSubscription | undefined

  constructor(link: NatsLink, options: NatsSubscriptionOptions) {
    super({
      maxPending: options.maxPending,
      maxPendingBytes: options.maxPendingBytes,
      signal: options.signal,
      detach: () => leave(link, this.#client),
      onEnded: () => link.release(this),
    })
    this.#link = link
    if (options.signal?.aborted) {
      this.unsubscribe()
      return
    }
    link.adopt(this)
    this.#client = subscribeFiltered(link, options.subject, options.queue, {
      receive: (message) => this.receive(message),
      onRefused: () => this.unsubscribe(),
    })
  }

  override async drain(): Promise<void> {
    await drainClient(this.#link, this.#client)
    await super.drain()
  }

  onReachable(): void {
    // What was published meanwhile is gone; the client has subscribed again.
  }

  onClosed(): void {
    this.unsubscribe()
  }
}

/** Who gets the messages of a subscription. */
export interface MessageSink {
  receive(message: NatsMessage): void
  /** The server does not allow the subscription; the link has reported why. */
  onRefused(): void
}

/**
 * Subscribes at the server. A leading wildcard there also matches what belongs to the driver and
 * to JetStream: that is left out here.
 */
export function subscribeFiltered(
  link: NatsLink,
  subject: string,
  queue: string | undefined,
  sink: MessageSink,
): ClientSubscription {
  const first = subject.charCodeAt(0)
  const isWild = first === 42 || first === 62
  return link.nc.subscribe(subject, {
    ...(queue === undefined ? {} : { queue }),
    callback: (error, msg) => {
      if (error) {
        link.report(error)
        sink.onRefused()
      } else if (!isWild || !link.isReserved(msg.subject)) {
        sink.receive(new NatsMessage(msg))
      }
    },
  })
}

/** Unsubscribes, unless that has happened already. */
export function leave(link: NatsLink, client: ClientSubscription | undefined): void {
  if (client !== undefined && !client.isClosed() && !link.nc.isClosed()) client.unsubscribe()
}

/** Unsubscribes and resolves when everything that was under way has come. */
export async function drainClient(
  link: NatsLink,
  client: ClientSubscription | undefined,
): Promise<void> {
  if (client === undefined || client.isClosed() || !link.reachable) return
  // Cut off meanwhile: then nothing is under way any more.
  await client.drain().catch(() => undefined)
}
