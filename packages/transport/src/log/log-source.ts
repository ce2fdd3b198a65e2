import type { Clock } from '@ashlar/codec'
import type { LogRecord, LogRecords } from './log-records.ts'

/** Somebody who waits for records. */
export interface LogListener {
  onRecords(): void
  onDestroyed(): void
}

/** A log as those see it who read from it. */
export interface LogSource {
  readonly clock: Clock
  readonly records: LogRecords
  /** Removes what is older than the log's age. */
  expire(): void
  /** The first record at this sequence or after it that matches. */
  next(sequence: number, filter: ((subject: string) => boolean) | undefined): LogRecord | undefined
  listen(listener: LogListener): void
  unlisten(listener: LogListener): void
}
