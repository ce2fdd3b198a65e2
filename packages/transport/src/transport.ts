import type { KeyValue, KvOptions } from './kv/key-value.ts'
import type { Lease, LeaseOptions } from './lease/lease.ts'
import type { Log, LogOptions } from './log/log.ts'
import type {
  Message,
  Payload,
  PublishOptions,
  RequestOptions,
  Responder,
  RespondOptions,
  SubscribeOptions,
  Subscription,
} from './message/message.ts'

/** What a driver is, as plain data. */
export interface TransportCapabilities {
  readonly driver: string
  /** Logs and buckets outlive the process that wrote them. */
  readonly durable: boolean
  /** Reaches other processes. */
  readonly distributed: boolean
  readonly maxPayloadBytes: number
  /** Names and values of all headers of a message together. */
  readonly maxHeaderBytes: number
  /** Version of the server that the connection was made to, where there is one. */
  readonly serverVersion?: string | undefined
}

/** `disconnected` heals by itself; `closed` is final. */
export type TransportState = 'connected' | 'disconnected' | 'draining' | 'closed'

/** How long `drain` may take. */
export interface DrainOptions {
  /** After this long what is left is cut off. Default 30,000. */
  readonly timeoutMs?: number | undefined
}

/**
 * Messages, durable logs, key-value and leases behind one interface.
 *
 * Subjects are tokens joined by dots, without spaces; subscriptions may use `*` for one token and
 * `>` for the rest (one or more). A first token that starts with `$` or is `_INBOX` belongs to the
 * driver and is matched by no wildcard.
 *
 * While the connection is down (`state` is `disconnected`): `publish` queues up to the driver's
 * bound and then throws `DISCONNECTED`; subscriptions stay and miss what is published meanwhile;
 * log, key-value and lease operations reject with `DISCONNECTED`; consumers and watchers wait and
 * resume where they were.
 */
export interface Transport {
  /**
   * Sends to those subscribed at this moment, at most once. Never calls user code. Ownership of
   * the payload passes to the transport: do not change it afterwards.
   * Throws `SUBJECT_INVALID`, `PAYLOAD_TOO_LARGE`, `DISCONNECTED`, `CLOSED`.
   */
  publish(subject: string, payload: Payload, options?: PublishOptions): void
  /** In effect for this connection's own publishes at once, for others after `flush`. */
  subscribe(subject: string, options?: SubscribeOptions): Subscription
  /**
   * Sends and waits for one answer. Rejects with `NO_RESPONDERS` at once when nobody is
   * subscribed, `REMOTE` when the handler threw, `TIMEOUT`, `ABORTED`, `CLOSED`.
   */
  request(subject: string, payload: Payload, options?: RequestOptions): Promise<Message>
  /** Answers requests with what the handler returns. Messages without a reply subject are handled too. */
  respond(
    subject: string,
    handler: (message: Message) => Payload | Promise<Payload>,
    options?: RespondOptions,
  ): Responder
  /**
   * Opens a log, creating it when `options` are given and it is not there. Rejects with
   * `LOG_MISSING` (no options, no log) and `LOG_MISMATCH` (it exists with other options).
   */
  log(name: string, options?: LogOptions): Promise<Log>
  /** Opens or creates a bucket. Rejects with `KV_MISMATCH` when it exists with other options. */
  kv(bucket: string, options?: KvOptions): Promise<KeyValue>
  /** A lease on a key of a bucket, or undefined when another holds it. */
  lease(bucket: string, key: string, options: LeaseOptions): Promise<Lease | undefined>
  /** Resolves when what was published and subscribed before has reached the other side. */
  flush(): Promise<void>
  readonly supports: TransportCapabilities
  readonly state: TransportState
  /**
   * Takes no new subscriptions, requests or responders (`DRAINING`), lets subscribers, consumers
   * and handlers finish what they have (they may still publish and acknowledge), then closes.
   */
  drain(options?: DrainOptions): Promise<void>
  /** Ends iterations, rejects waiting requests with `CLOSED`. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
