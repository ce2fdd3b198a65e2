import type { LogRecord } from '../log/log-records.ts'
import type { RecordTail } from './record-tail.ts'

/** How the records of a log stand in the store. */
export interface RecordLayout {
  /** Writes a record, sequences without gaps, and shows the tail where it stands in memory. */
  add(record: LogRecord, tail: RecordTail): void
  get(sequence: number): LogRecord | undefined
  /** Removes a record that is there. `lowest`: no record before it is. */
  remove(record: LogRecord, lowest: boolean): void
  /** The first records from one sequence on, before another; some hundred, or all when `complete`. */
  read(from: number, before: number): RecordRange
  /** Adds what was collected to the batch that is about to be written. Nothing is left below `floor`. */
  flush(floor: number): void
}

/** Consecutive records. */
export interface RecordRange {
  readonly records: LogRecord[]
  /** There are no more in the range that was asked for. */
  readonly complete: boolean
}

/** A read ends when it has so many records, or so many bytes. */
export const READ_RECORDS = 256
/** @see READ_RECORDS */
export const READ_BYTES: number = 1024 * 1024
