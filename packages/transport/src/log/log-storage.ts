import type { ResolvedConsumeOptions } from './log-options.ts'
import type { LogRecords } from './log-records.ts'

/** A message id that was appended within the dedup window, as it is kept. */
export interface KeptMessageId {
  readonly id: string
  readonly sequence: number
  /** Wall clock of the append. */
  readonly atMs: number
}

/** What a durable consumer had settled when its storage was opened. */
export interface KeptPosition {
  /** Everything up to here is settled. */
  readonly floor: number
  /** What is settled above the floor. */
  readonly settled: ReadonlySet<number>
  /** Deliveries counted of what is not settled. */
  readonly deliveries: ReadonlyMap<number, number>
}

/** Keeps the position of one durable consumer. */
export interface ConsumerJournal {
  readonly kept: KeptPosition
  /** A message was settled; the floor may have moved. */
  settled(sequence: number, floor: number): void
  delivered(sequence: number, deliveries: number): void
  destroy(): void
}

/** A durable consumer that was there when its storage was opened. */
export interface KeptConsumer {
  readonly durable: string
  readonly options: ResolvedConsumeOptions
  readonly journal: ConsumerJournal
}

/** Keeps what a log knows besides its records. Without one it is forgotten with the process. */
export interface LogJournal {
  /** Oldest first. */
  readonly messageIds: readonly KeptMessageId[]
  readonly consumers: readonly KeptConsumer[]
  rememberId(messageId: KeptMessageId): void
  forgetId(id: string): void
  createConsumer(
    durable: string,
    options: ResolvedConsumeOptions,
    position: KeptPosition,
  ): ConsumerJournal
  destroy(): void
}

/** Where a log lives. */
export interface LogStorage {
  readonly records: LogRecords
  readonly journal?: LogJournal | undefined
}
