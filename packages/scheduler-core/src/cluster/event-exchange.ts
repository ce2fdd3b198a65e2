import type { Subscription, Transport } from '@ashlar/transport'
import type { EventFeed } from '../observe/events.ts'
import { toJson } from '../observe/json.ts'
import {
  type MissedEvents,
  type SchedulerEvent,
  Watchers,
  type WatchOptions,
} from '../observe/watch.ts'

/** Events of others that wait to be handed to readers; beyond it the oldest are dropped. */
const MAX_PENDING = 10_000

export interface EventExchangeOptions {
  readonly transport: Transport
  readonly subject: string
  /** This member: its own events need not come back to it. */
  readonly member: string
  /** Whether another member watches. */
  readonly isWatched: () => boolean
  /** Tells the others whether this member watches. */
  readonly setWatching: (watching: boolean) => void
  readonly onError: (error: unknown) => void
}

/**
 * What happens on all members, for whoever watches on one of them. Members say that they watch in their
 * sign of life; where nobody does, nothing is sent. At most once: an event that is lost on the way is
 * not sent again.
 */
export class EventExchange implements EventFeed {
  readonly #options: EventExchangeOptions
  readonly #watchers: Watchers
  #subscription: Subscription | undefined
  #closed = false

  constructor(options: EventExchangeOptions) {
    this.#options = options
    this.#watchers = new Watchers({ onIdle: () => this.#stop() })
  }

  get some(): boolean {
    return this.#watchers.some || this.#options.isWatched()
  }

  publish(event: SchedulerEvent): void {
    this.#watchers.publish(event)
    const { transport, subject, member, isWatched, onError } = this.#options
    if (this.#closed || !isWatched()) return
    try {
      transport.publish(subject, Buffer.from(toJson([member, event])))
    } catch (error) {
      // Of an event about an error that cannot be sent there would be another, and so on.
      if (event.type !== 'error') onError(error)
    }
  }

  watch(options?: WatchOptions): AsyncIterableIterator<SchedulerEvent | MissedEvents> {
    const reader = this.#watchers.watch(options)
    if (this.#closed) this.#watchers.end()
    else if (this.#watchers.some) this.#start()
    return reader
  }

  /** Readers find what is buffered, and then the end. */
  close(): void {
    this.#closed = true
    this.#watchers.end()
    this.#stop()
  }

  #start(): void {
    if (this.#subscription !== undefined) return
    const { transport, subject, setWatching } = this.#options
    this.#subscription = transport.subscribe(subject, { maxPending: MAX_PENDING })
    void this.#follow(this.#subscription)
    setWatching(true)
  }

  #stop(): void {
    if (this.#subscription === undefined) return
    this.#subscription.unsubscribe()
    this.#subscription = undefined
    if (!this.#closed) this.#options.setWatching(false)
  }

  /** Never rejects. */
  async #follow(subscription: Subscription): Promise<void> {
    const { member, onError } = this.#options
    try {
      for await (const { payload } of subscription) {
        const [from, event] = JSON.parse(Buffer.from(payload).toString()) as [
          string,
          SchedulerEvent,
        ]
        if (from !== member) this.#watchers.publish(event)
      }
    } catch (error) {
      if (!this.#closed) onError(error)
    }
  }
}
