import type { OwnedChild } from '../log/log-tail.ts'
import { QueuedSubscription } from '../message/queued-subscription.ts'
import type { Connection } from './connection.ts'
import type { Receiver } from './router.ts'

/** What a subscription on a hub is about; every default filled in. */
export interface HubSubscriptionOptions {
  readonly subject: string
  readonly queue: string | undefined
  readonly maxPending: number
  readonly maxPendingBytes: number
  readonly signal: AbortSignal | undefined
}

/** A subscription that the hub's router delivers to. */
export class HubSubscription extends QueuedSubscription implements Receiver, OwnedChild {
  readonly queue: string | undefined
  readonly #connection: Connection

  constructor(connection: Connection, options: HubSubscriptionOptions) {
    super({
      maxPending: options.maxPending,
      maxPendingBytes: options.maxPendingBytes,
      signal: options.signal,
      detach: () => connection.hub.router.remove(options.subject, this),
      onEnded: () => connection.release(this),
    })
    this.queue = options.queue
    this.#connection = connection
    if (options.signal?.aborted) {
      this.unsubscribe()
      return
    }
    connection.adopt(this)
    connection.hub.router.add(options.subject, this)
  }

  get reachable(): boolean {
    return this.#connection.reachable
  }

  onReachable(): void {
    // What was published meanwhile is gone; new messages come through the router.
  }

  onClosed(): void {
    this.unsubscribe()
  }
}
