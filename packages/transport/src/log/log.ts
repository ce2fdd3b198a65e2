import type { Headers, Message, Payload } from '../message/message.ts'

/**
 * How a log is kept. A log's subjects are a space of its own: `append` does not reach
 * subscribers, and `publish` does not reach logs.
 */
export interface LogOptions {
  /** Subjects that may be appended to; wildcards as in subscriptions. */
  readonly subjects: readonly string[]
  /** Bytes of payload, subject and headers kept. Default no limit. */
  readonly maxBytes?: number | undefined
  /** Age at which a message is removed, whatever `discard` says; at least 100. Default no limit. */
  readonly maxAgeMs?: number | undefined
  /** Messages kept. Default no limit. */
  readonly maxMessages?: number | undefined
  /** Newest messages kept per subject, whatever `discard` says. Default no limit. */
  readonly maxMessagesPerSubject?: number | undefined
  /** How long a `messageId` is remembered; at least 100, at most `maxAgeMs`. Default 120,000. */
  readonly dedupWindowMs?: number | undefined
  /** When `maxBytes` or `maxMessages` is reached: drop the oldest, or refuse with `LOG_FULL`. */
  readonly discard?: 'old' | 'new' | undefined
}

/** What `append` takes besides subject and payload. */
export interface AppendOptions {
  readonly headers?: Headers | undefined
  /** Appending the same id again within the dedup window answers with the first one's sequence. */
  readonly messageId?: string | undefined
  /** Append only if this is the log's last sequence (0: nothing was ever appended). */
  readonly expectedLastSequence?: number | undefined
  /** Append only if this is the last sequence of the subject (0: the subject holds nothing). */
  readonly expectedLastSubjectSequence?: number | undefined
}

/** Where a message went. */
export interface AppendResult {
  readonly sequence: number
  /** True when the id was known: nothing was added and `sequence` is that of the first append. */
  readonly duplicate: boolean
}

/** A message of a log. */
export interface LogMessage extends Message {
  /** Position in the log: from 1, growing, never used twice. */
  readonly sequence: number
  /** Wall clock of whoever keeps the log. */
  readonly timestampMs: number
}

/** What `read` goes through. */
export interface ReadOptions {
  /** Default: the first message that the log holds. */
  readonly fromSequence?: number | undefined
  /** Only subjects that match; wildcards allowed. */
  readonly subject?: string | undefined
  readonly limit?: number | undefined
  /** Go on with new messages as they come instead of ending at the present last one. */
  readonly live?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** A log in figures. */
export interface LogInfo {
  /** Lowest sequence held, or `lastSequence + 1` when the log is empty. */
  readonly firstSequence: number
  /** Highest sequence ever given out, 0 when there was none. */
  readonly lastSequence: number
  readonly messages: number
  readonly bytes: number
}

/** What `purge` removes: all of it when empty. */
export interface PurgeOptions {
  readonly subject?: string | undefined
  /** Removes sequences below this one. */
  readonly beforeSequence?: number | undefined
}

/**
 * An ordered, retained sequence of messages.
 *
 * `append` resolves when the message is kept as the driver's `supports.durable` says. Everything
 * here rejects with `CLOSED` after the transport closed and with `DISCONNECTED` while the
 * connection is known to be down (then nothing happened).
 */
export interface Log {
  readonly name: string
  /** Rejects with `LOG_MISMATCH` (subject not of this log), `LOG_CONFLICT`, `LOG_FULL`, `UNKNOWN_OUTCOME`. */
  append(subject: string, payload: Payload, options?: AppendOptions): Promise<AppendResult>
  /** Opens a consumer; the same `durable` opened several times shares its messages among them. */
  consume(options?: ConsumeOptions): Promise<Consumer>
  /** Goes through the messages without acknowledgement. */
  read(options?: ReadOptions): AsyncIterable<LogMessage>
  /** The newest message of one subject. */
  last(subject: string): Promise<LogMessage | undefined>
  info(): Promise<LogInfo>
  /** Removes messages and tells how many. */
  purge(options?: PurgeOptions): Promise<number>
  /** Forgets a durable consumer; false when there is none. Its open iterations end. */
  deleteConsumer(durable: string): Promise<boolean>
  /** Removes the log with its messages and consumers. */
  destroy(): Promise<void>
}

/** How a log is consumed. */
export interface ConsumeOptions {
  /** Name under which the position is kept. Without it the position ends with the consumer. */
  readonly durable?: string | undefined
  /** Only subjects that match; wildcards allowed. */
  readonly subject?: string | undefined
  /** Where a new consumer starts (a durable that exists goes on where it was). Default: the first. */
  readonly startSequence?: number | undefined
  /** Start at the first message not older than this. */
  readonly startTimeMs?: number | undefined
  /** A delivery not settled for this long is delivered again. Default 30,000. */
  readonly ackWaitMs?: number | undefined
  /** Deliveries not settled at a time, over all members of a durable. 1 is strict order. Default 256. */
  readonly maxInFlight?: number | undefined
  /** Deliveries of one message after which it is given up. Default no limit. */
  readonly maxDeliveries?: number | undefined
  /** Told of each message given up after `maxDeliveries`, once, best effort. */
  readonly onExhausted?: ((message: ExhaustedMessage) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A message that was delivered `maxDeliveries` times and never acknowledged. */
export interface ExhaustedMessage {
  readonly sequence: number
  readonly deliveries: number
}

/** A consumer in figures. */
export interface ConsumerInfo {
  /** Everything up to here is settled. */
  readonly ackFloor: number
  /** Matching messages not delivered yet. */
  readonly pending: number
  /** Delivered and not settled, including those that wait for redelivery. */
  readonly inFlight: number
}

/**
 * At-least-once delivery: each message comes until it is settled. New messages come in sequence
 * order, those due again before new ones. Iterate it once; `break` closes it.
 */
export interface Consumer extends AsyncIterable<Delivery> {
  info(): Promise<ConsumerInfo>
  /** Ends the iteration. What it left unsettled comes again after the ack wait. */
  close(): Promise<void>
}

/** One delivery of a message. The first settling call counts, later ones do nothing. */
export interface Delivery extends LogMessage {
  /** 1 for the first delivery. */
  readonly deliveries: number
  /** Settles the message, also when this delivery is already overdue. Resolves when it is recorded. */
  ack(): Promise<void>
  /** Asks for redelivery, at once or after `delayMs`. */
  nak(options?: { readonly delayMs?: number | undefined }): void
  /** Starts the ack wait anew. */
  inProgress(): void
  /** Settles the message as a failure: it does not come again. */
  terminate(): void
}
