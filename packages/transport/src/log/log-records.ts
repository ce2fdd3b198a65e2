import type { Headers, Payload } from '../message/message.ts'
import type { LogMessage } from './log.ts'

/** A message as a log keeps it. */
export interface LogRecord extends LogMessage {
  readonly subject: string
  readonly payload: Payload
  readonly headers: Headers
  readonly sequence: number
  readonly timestampMs: number
  /** What it counts against `maxBytes`. */
  readonly bytes: number
}

/**
 * Where a log's messages live. Calls are synchronous and see each other at once; how soon they
 * are durable is the implementation's affair.
 */
export interface LogRecords {
  /** Highest sequence ever added. */
  readonly lastSequence: number
  readonly messages: number
  readonly bytes: number
  /** The copy of a caller's bytes that a record is to hold. */
  copy(payload: Payload): Payload
  /** Sequences are added in growing order. */
  add(record: LogRecord): void
  get(sequence: number): LogRecord | undefined
  /** The first record at this sequence or after it. */
  ceiling(sequence: number): LogRecord | undefined
  remove(sequence: number): LogRecord | undefined
  lastOf(subject: string): LogRecord | undefined
  firstOf(subject: string): LogRecord | undefined
  countOf(subject: string): number
  /** Sequences of one subject, growing. */
  sequencesOf(subject: string): readonly number[]
  subjects(): IterableIterator<string>
}
