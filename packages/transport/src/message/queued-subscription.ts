import type { Message, Subscription } from './message.ts'
import { MessageRing } from './message-ring.ts'

/** Messages kept for a slow consumer by default. */
export const DEFAULT_MAX_PENDING = 65_536
/** Payload bytes kept for a slow consumer by default. */
export const DEFAULT_MAX_PENDING_BYTES: number = 64 * 1024 * 1024

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

type Waiter = (result: IteratorResult<Message, undefined>) => void

/** What a driver gives a subscription. */
export interface QueuedSubscriptionOptions {
  readonly maxPending: number
  readonly maxPendingBytes: number
  readonly signal?: AbortSignal | undefined
  /** Stops the flow into `receive`. Called once. */
  readonly detach: () => void
  /** Called once when nothing more will be handed out. */
  readonly onEnded: () => void
}

/**
 * A subscription over a bounded ring, for any driver: messages go in by `receive` and come out by
 * iteration or `take`. A consumer that waits gets its message directly.
 */
export class QueuedSubscription implements Subscription, AsyncIterator<Message, undefined> {
  readonly #ring: MessageRing
  readonly #detach: () => void
  readonly #onEnded: () => void
  readonly #signal: AbortSignal | undefined
  readonly #waiters: Waiter[] = []
  #attached = true
  #ended = false
  /** A message was handed out and its consumer has not come back yet. */
  #busy = false
  readonly #drained: (() => void)[] = []

  constructor(options: QueuedSubscriptionOptions) {
    this.#ring = new MessageRing(options.maxPending, options.maxPendingBytes)
    this.#detach = options.detach
    this.#onEnded = options.onEnded
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get pending(): number {
    return this.#ring.length
  }

  get dropped(): number {
    return this.#ring.dropped
  }

  /** Called by the driver for each message. */
  receive(message: Message): void {
    if (!this.#attached) return
    const waiter = this.#waiters.shift()
    if (waiter === undefined) {
      this.#ring.push(message)
      return
    }
    this.#busy = true
    waiter({ done: false, value: message })
  }

  take(): Message | undefined {
    const message = this.#ring.shift()
    this.#busy = message !== undefined
    if (message === undefined) this.#settleDrain()
    return message
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const message = this.#ring.shift()
    if (message !== undefined) {
      this.#busy = true
      return Promise.resolve({ done: false, value: message })
    }
    this.#busy = false
    this.#settleDrain()
    if (this.#ended) return Promise.resolve(DONE)
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  return(): Promise<IteratorResult<Message, undefined>> {
    this.unsubscribe()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return this
  }

  unsubscribe(): void {
    this.#stopIntake()
    this.#ring.clear()
    this.#end()
  }

  drain(): Promise<void> {
    if (this.#ended) return Promise.resolve()
    this.#stopIntake()
    return new Promise((resolve) => {
      this.#drained.push(resolve)
      if (!this.#busy) this.#settleDrain()
    })
  }

  readonly #onAbort = (): void => this.unsubscribe()

  #stopIntake(): void {
    if (!this.#attached) return
    this.#attached = false
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#detach()
  }

  #settleDrain(): void {
    if (this.#attached || this.#ring.length > 0) return
    this.#end()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnded()
    this.#busy = false
    for (const waiter of this.#waiters.splice(0)) waiter(DONE)
    for (const resolve of this.#drained.splice(0)) resolve()
  }
}
