import type { Clock, Timer } from '@ashlar/codec'
import { TransportError } from '../errors.ts'
import { headerBytes } from '../message/headers.ts'
import type { Headers, Payload } from '../message/message.ts'
import { createSubjectFilter } from '../message/subject.ts'
import { ConsumerCore, startPosition } from './consumer-core.ts'
import { DedupWindow } from './dedup-window.ts'
import type { AppendResult, LogInfo, PurgeOptions } from './log.ts'
import type { ResolvedConsumeOptions, ResolvedLogOptions } from './log-options.ts'
import type { LogRecord, LogRecords } from './log-records.ts'
import type { LogListener, LogSource } from './log-source.ts'
import type { LogJournal, LogStorage } from './log-storage.ts'

/** Subjects of a log that are not matched again. */
const MAX_CACHED_SUBJECTS = 8192

/** What is appended; subject and headers are checked. */
export interface AppendRequest {
  readonly subject: string
  readonly payload: Payload
  readonly headers: Headers
  readonly messageId?: string | undefined
  readonly expectedLastSequence?: number | undefined
  readonly expectedLastSubjectSequence?: number | undefined
}

/**
 * The rules of a log, over whatever keeps its records: subjects, dedup, expected sequences,
 * limits, age and consumers. Synchronous; one owner.
 */
export class LogCore implements LogSource {
  readonly name: string
  readonly options: ResolvedLogOptions
  readonly clock: Clock
  readonly records: LogRecords
  readonly #accepts: readonly ((subject: string) => boolean)[]
  /** Subjects found to be the log's. */
  readonly #accepted = new Set<string>()
  readonly #dedup: DedupWindow
  readonly #journal: LogJournal | undefined
  readonly #durables = new Map<string, ConsumerCore>()
  readonly #listeners = new Set<LogListener>()
  #expiry: Timer | undefined
  #lastTimestampMs = 0
  #destroyed = false

  constructor(name: string, options: ResolvedLogOptions, storage: LogStorage, clock: Clock) {
    this.name = name
    this.options = options
    this.records = storage.records
    this.#journal = storage.journal
    this.clock = clock
    this.#accepts = options.subjects.map(createSubjectFilter)
    this.#dedup = new DedupWindow(options.dedupWindowMs, clock, this.#journal)
    for (const kept of this.#journal?.consumers ?? []) {
      this.#durables.set(kept.durable, new ConsumerCore(this, kept.options, kept.journal))
    }
    const { lastSequence } = this.records
    this.#lastTimestampMs = this.records.get(lastSequence)?.timestampMs ?? 0
    this.#armExpiry()
  }

  get destroyed(): boolean {
    return this.#destroyed
  }

  listen(listener: LogListener): void {
    this.#listeners.add(listener)
  }

  unlisten(listener: LogListener): void {
    this.#listeners.delete(listener)
  }

  /** True when something was appended to the subject lately: it need not be checked again. */
  knows(subject: string): boolean {
    return this.#accepted.has(subject)
  }

  /** True when the subject is one of the log's. */
  accepts(subject: string): boolean {
    if (this.#accepted.has(subject)) return true
    if (!this.#accepts.some((accepts) => accepts(subject))) return false
    if (this.#accepted.size >= MAX_CACHED_SUBJECTS) this.#accepted.clear()
    this.#accepted.add(subject)
    return true
  }

  append(request: AppendRequest): AppendResult {
    const { subject, messageId } = request
    if (!this.accepts(subject)) {
      throw new TransportError(
        'LOG_MISMATCH',
        `log ${this.name} holds ${this.options.subjects.join(', ')}, not ${subject}`,
      )
    }
    this.expire()
    const known = messageId === undefined ? undefined : this.#dedup.find(messageId)
    if (known !== undefined) return { sequence: known, duplicate: true }
    this.#checkExpected(request)
    const record = this.#createRecord(request)
    this.#makeRoom(record)
    if (messageId !== undefined) this.#dedup.add(messageId, record.sequence)
    this.records.add(record)
    if (this.#expiry === undefined) this.#armExpiry()
    for (const listener of this.#listeners) listener.onRecords()
    return { sequence: record.sequence, duplicate: false }
  }

  next(
    sequence: number,
    filter: ((subject: string) => boolean) | undefined,
  ): LogRecord | undefined {
    let record = this.records.ceiling(sequence)
    while (record !== undefined && filter !== undefined && !filter(record.subject)) {
      record = this.records.ceiling(record.sequence + 1)
    }
    return record
  }

  last(subject: string): LogRecord | undefined {
    this.expire()
    return this.records.lastOf(subject)
  }

  info(): LogInfo {
    this.expire()
    const { lastSequence, messages, bytes } = this.records
    const firstSequence = this.records.ceiling(0)?.sequence ?? lastSequence + 1
    return { firstSequence, lastSequence, messages, bytes }
  }

  purge(options: PurgeOptions): number {
    this.expire()
    const before = options.beforeSequence ?? Infinity
    const filter = options.subject === undefined ? undefined : createSubjectFilter(options.subject)
    let removed = 0
    let record = this.next(0, filter)
    while (record !== undefined && record.sequence < before) {
      this.records.remove(record.sequence)
      removed += 1
      record = this.next(record.sequence + 1, filter)
    }
    return removed
  }

  expire(): void {
    const { maxAgeMs } = this.options
    if (maxAgeMs === Infinity) return
    const oldest = this.clock.now() - maxAgeMs
    let record = this.records.ceiling(0)
    while (record !== undefined && record.timestampMs <= oldest) {
      this.records.remove(record.sequence)
      record = this.records.ceiling(0)
    }
  }

  durable(name: string): ConsumerCore | undefined {
    return this.#durables.get(name)
  }

  createConsumer(durable: string | undefined, options: ResolvedConsumeOptions): ConsumerCore {
    this.expire()
    if (durable === undefined) return new ConsumerCore(this, options)
    const position = startPosition(this, options)
    const journal = this.#journal?.createConsumer(durable, options, position)
    const consumer = new ConsumerCore(this, options, journal)
    this.#durables.set(durable, consumer)
    return consumer
  }

  deleteConsumer(durable: string): boolean {
    const consumer = this.#durables.get(durable)
    if (consumer === undefined) return false
    this.#durables.delete(durable)
    consumer.forget()
    return true
  }

  /** Removes it: ends everything that reads from it and forgets what is kept. */
  destroy(): void {
    if (this.#destroyed) return
    this.close()
    this.#journal?.destroy()
  }

  /** Ends everything that reads from it and its own timers; what is kept stays. */
  close(): void {
    this.#destroyed = true
    this.#expiry?.cancel()
    for (const consumer of this.#durables.values()) consumer.destroy()
    this.#durables.clear()
    for (const listener of this.#listeners) listener.onDestroyed()
    this.#listeners.clear()
  }

  #checkExpected(request: AppendRequest): void {
    const { subject, expectedLastSequence, expectedLastSubjectSequence } = request
    const last = this.records.lastSequence
    if (expectedLastSequence !== undefined && expectedLastSequence !== last) {
      throw new TransportError(
        'LOG_CONFLICT',
        `log ${this.name} is at sequence ${last}, expected ${expectedLastSequence}`,
        { actual: last },
      )
    }
    if (expectedLastSubjectSequence === undefined) return
    const actual = this.records.lastOf(subject)?.sequence ?? 0
    if (expectedLastSubjectSequence !== actual) {
      throw new TransportError(
        'LOG_CONFLICT',
        `${subject} is at sequence ${actual}, expected ${expectedLastSubjectSequence}`,
        { actual },
      )
    }
  }

  #createRecord({ subject, payload, headers }: AppendRequest): LogRecord {
    // A wall clock that stepped back must not make times run backwards within the log.
    this.#lastTimestampMs = Math.max(this.#lastTimestampMs, Math.floor(this.clock.now()))
    return {
      subject,
      payload: this.records.copy(payload),
      headers,
      reply: undefined,
      sequence: this.records.lastSequence + 1,
      timestampMs: this.#lastTimestampMs,
      bytes: payload.byteLength + subject.length + headerBytes(headers),
    }
  }

  #makeRoom(record: LogRecord): void {
    const { maxBytes, maxMessages, maxMessagesPerSubject, discard } = this.options
    const { records } = this
    if (record.bytes > maxBytes) throw this.#full(`${record.bytes} bytes can never fit`)
    if (!this.#dedup.hasRoom()) throw this.#full('too many message ids within dedupWindowMs')
    const perSubject = maxMessagesPerSubject === Infinity ? 0 : records.countOf(record.subject)
    const replaced =
      perSubject >= maxMessagesPerSubject ? records.firstOf(record.subject) : undefined
    const bytes = records.bytes - (replaced?.bytes ?? 0) + record.bytes
    const messages = records.messages + (replaced === undefined ? 1 : 0)
    if (discard === 'new' && (bytes > maxBytes || messages > maxMessages)) {
      throw this.#full('purge it or raise its limits')
    }
    if (replaced !== undefined) records.remove(replaced.sequence)
    while (records.messages >= maxMessages || records.bytes + record.bytes > maxBytes) {
      const oldest = records.ceiling(0)
      if (oldest === undefined) break
      records.remove(oldest.sequence)
    }
  }

  #full(reason: string): TransportError {
    return new TransportError('LOG_FULL', `log ${this.name} is full: ${reason}`)
  }

  #armExpiry(): void {
    const { maxAgeMs } = this.options
    const oldest = maxAgeMs === Infinity ? undefined : this.records.ceiling(0)
    if (oldest === undefined) {
      this.#expiry = undefined
      return
    }
    const delay = Math.max(1, oldest.timestampMs + maxAgeMs - this.clock.now())
    this.#expiry = this.clock.setTimer(() => {
      this.expire()
      this.#armExpiry()
    }, delay)
  }
}
