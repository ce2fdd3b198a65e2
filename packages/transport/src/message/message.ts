/** The bytes of a message. Owned by the transport once published, read-only once received. */
export type Payload = Uint8Array

/**
 * Text fields that travel with a message. Names are HTTP tokens and keep their case; values have
 * no line breaks and no space at either end. Names starting with `Nats-` or `KV-` are the
 * driver's own.
 */
export type Headers = Readonly<Record<string, string>>

/** What a subscriber receives. One object may be shared by several subscribers: do not change it. */
export interface Message {
  readonly subject: string
  readonly payload: Payload
  readonly headers: Headers
  /** Where an answer is expected: publish to it, or let `respond` do so. */
  readonly reply?: string | undefined
}

/** What `publish` takes besides subject and payload. */
export interface PublishOptions {
  readonly headers?: Headers | undefined
  /** Subject on which the publisher expects an answer. */
  readonly reply?: string | undefined
}

/** What `subscribe` takes besides the subject. */
export interface SubscribeOptions {
  /** Members of one queue group share the messages: each goes to exactly one of them. */
  readonly queue?: string | undefined
  /** Messages kept for a slow consumer; beyond it the oldest is dropped. Default 65,536. */
  readonly maxPending?: number | undefined
  /** Payload bytes kept for a slow consumer, dropped alike. Default 64 MiB. */
  readonly maxPendingBytes?: number | undefined
  /** Aborting unsubscribes and ends the iteration. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A live subscription: iterate it once.
 *
 * Messages of one publisher arrive in the order in which it published them. `break` unsubscribes.
 * The iteration ends without an error on `unsubscribe`, abort, drain and close.
 */
export interface Subscription extends AsyncIterable<Message> {
  /** The next message if one is waiting: a fast consumer empties the queue without a promise each. */
  take(): Message | undefined
  /** Ends the subscription at once; what is pending is discarded. */
  unsubscribe(): void
  /** Takes no new messages; resolves when the consumer has come back for more after the last one. */
  drain(): Promise<void>
  /** Messages received and not yet handed out. */
  readonly pending: number
  /** Messages dropped because the consumer was too slow: the oldest go first. */
  readonly dropped: number
}

/** What `request` takes besides subject and payload. */
export interface RequestOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number | undefined
  readonly headers?: Headers | undefined
  readonly signal?: AbortSignal | undefined
}

/** What `respond` takes besides subject and handler. */
export interface RespondOptions {
  /** Members of one queue group share the requests. */
  readonly queue?: string | undefined
  /** Handlers that may run at a time; the rest waits. Default 256. */
  readonly maxInFlight?: number | undefined
  /** Requests that may wait; a further one is answered with `REMOTE` at once. Default 65,536. */
  readonly maxPending?: number | undefined
  /** Told of each error a handler throws; the requester gets `REMOTE` with its message. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** A running responder. */
export interface Responder {
  /** Takes no new requests; resolves when those already taken are answered. */
  stop(): Promise<void>
}
