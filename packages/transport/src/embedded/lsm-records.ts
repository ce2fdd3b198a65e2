import type { LogRecord, LogRecords } from '../log/log-records.ts'
import { MemoryRecords } from '../memory/memory-records.ts'
import type { Payload } from '../message/message.ts'
import {
  encodeSequence,
  kindKey,
  moveSequenceKey,
  namedPrefix,
  namedSequenceKey,
  nameKey,
  nameOf,
  readSequence,
  sequenceKey,
  sequenceOf,
} from './keys.ts'
import { decodeRecord, encodeRecord } from './record-value.ts'
import { RecordWindows } from './record-windows.ts'
import type { StoreWriter } from './store-writer.ts'

/** Newest records kept in memory, where consumers that keep up find them. */
const MAX_TAIL_RECORDS = 1024
const MAX_TAIL_BYTES: number = 1024 * 1024
/** Records read at once by a reader that is behind. */
const WINDOW_RECORDS = 256
const MAX_WINDOW_BYTES: number = 1024 * 1024
/** Subjects of which the newest sequence, or all sequences, are remembered. */
const MAX_CACHED_SUBJECTS = 16_384
const TOTALS_BYTES = 24
const EMPTY = new Uint8Array(0)

/** The records of one log in the store, under the scope of the log. */
export class LsmRecords implements LogRecords {
  readonly #writer: StoreWriter
  readonly #scope: number
  readonly #maxPerSubject: number
  readonly #key: Uint8Array
  /** Everything from `#tailStart` on, also what the store does not have yet. */
  readonly #tail = new MemoryRecords()
  #tailStart: number
  readonly #windows = new RecordWindows()
  #first: LogRecord | undefined
  readonly #lastOf = new Map<string, number>()
  /** Newest sequences that the next batch will tell the store. */
  readonly #unwritten = new Map<string, number>()
  readonly #sequencesOf = new Map<string, number[]>()
  #lastSequence = 0
  #messages = 0
  #bytes = 0

  constructor(writer: StoreWriter, scope: number, maxPerSubject: number) {
    this.#writer = writer
    this.#scope = scope
    this.#maxPerSubject = maxPerSubject
    this.#key = sequenceKey(scope, 'm', 0)
    const totals = writer.store.getSync(kindKey(scope, 't'))
    if (totals !== undefined) {
      const view = new DataView(totals.buffer, totals.byteOffset, totals.byteLength)
      this.#lastSequence = view.getFloat64(0)
      this.#messages = view.getFloat64(8)
      this.#bytes = view.getFloat64(16)
    }
    this.#tailStart = this.#lastSequence + 1
  }

  get lastSequence(): number {
    return this.#lastSequence
  }

  get messages(): number {
    return this.#messages
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Nothing yet: `add` copies a payload once, into the value of its record. */
  copy(payload: Payload): Payload {
    return payload
  }

  add(record: LogRecord): void {
    const { sequence, subject } = record
    const { value, payload } = encodeRecord(record)
    // A batch copies what it is given, so one key serves for all.
    moveSequenceKey(this.#key, sequence)
    this.#writer.put(this.#key, value)
    this.#unwritten.set(subject, sequence)
    if (this.#keepsSequences) {
      const sequences = this.#sequences(subject)
      this.#writer.put(namedSequenceKey(this.#scope, 's', subject, sequence), EMPTY)
      sequences.push(sequence)
    }
    remember(this.#lastOf, subject, sequence)
    this.#lastSequence = sequence
    this.#messages += 1
    this.#bytes += record.bytes
    this.#writer.onFlush(this.#onFlush)
    this.#tail.add({ ...record, payload })
    this.#trimTail()
  }

  get(sequence: number): LogRecord | undefined {
    if (sequence >= this.#tailStart) return this.#tail.get(sequence)
    const cached = this.#windows.get(sequence)
    if (cached.known) return cached.record
    const value = this.#writer.store.getSync(sequenceKey(this.#scope, 'm', sequence))
    return value === undefined ? undefined : decodeRecord(sequence, value)
  }

  ceiling(sequence: number): LogRecord | undefined {
    if (this.#messages === 0) return undefined
    if (sequence >= this.#tailStart) return this.#tail.ceiling(sequence)
    if (this.#first !== undefined && sequence <= this.#first.sequence) return this.#first
    const cached = this.#windows.ceiling(sequence)
    const record = cached.known ? cached.record : this.#readWindow(sequence)
    if (sequence <= 1) this.#first = record
    return record
  }

  remove(sequence: number): LogRecord | undefined {
    const record = this.get(sequence)
    if (record === undefined) return undefined
    const { subject } = record
    this.#writer.delete(sequenceKey(this.#scope, 'm', sequence))
    if (this.#lastSequenceOf(subject) === sequence) {
      this.#writer.delete(nameKey(this.#scope, 'u', subject))
      this.#lastOf.delete(subject)
      this.#unwritten.delete(subject)
    }
    if (this.#keepsSequences) {
      const sequences = this.#sequences(subject)
      this.#writer.delete(namedSequenceKey(this.#scope, 's', subject, sequence))
      sequences.splice(sequences.indexOf(sequence), 1)
    }
    this.#messages -= 1
    this.#bytes -= record.bytes
    this.#writer.onFlush(this.#onFlush)
    this.#tail.remove(sequence)
    this.#windows.remove(sequence)
    if (this.#first?.sequence === sequence) this.#first = undefined
    return record
  }

  lastOf(subject: string): LogRecord | undefined {
    const sequence = this.#lastSequenceOf(subject)
    return sequence === undefined ? undefined : this.get(sequence)
  }

  firstOf(subject: string): LogRecord | undefined {
    const first = this.#knownSequences(subject)[0]
    return first === undefined ? undefined : this.get(first)
  }

  countOf(subject: string): number {
    return this.#knownSequences(subject).length
  }

  sequencesOf(subject: string): readonly number[] {
    return [...this.#knownSequences(subject)]
  }

  *subjects(): IterableIterator<string> {
    const prefix = kindKey(this.#scope, 'u')
    using iterator = this.#writer.store.iterator({ prefix, keysOnly: true })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      yield nameOf(entry[0])
    }
  }

  /** Several but not all messages of a subject are kept: then each has a key under its subject. */
  get #keepsSequences(): boolean {
    return this.#maxPerSubject > 1 && this.#maxPerSubject !== Infinity
  }

  #knownSequences(subject: string): readonly number[] {
    if (this.#keepsSequences) return this.#sequences(subject)
    if (this.#maxPerSubject === Infinity) return this.#scanSequences(subject)
    const last = this.#lastSequenceOf(subject)
    return last === undefined ? [] : [last]
  }

  /** Adds to a batch what would otherwise be written with every record. */
  readonly #onFlush = (): void => {
    for (const [subject, sequence] of this.#unwritten) {
      this.#writer.put(nameKey(this.#scope, 'u', subject), encodeSequence(sequence))
    }
    this.#unwritten.clear()
    const totals = new Uint8Array(TOTALS_BYTES)
    const view = new DataView(totals.buffer)
    view.setFloat64(0, this.#lastSequence)
    view.setFloat64(8, this.#messages)
    view.setFloat64(16, this.#bytes)
    this.#writer.put(kindKey(this.#scope, 't'), totals)
  }

  #trimTail(): void {
    const tail = this.#tail
    while (tail.messages > MAX_TAIL_RECORDS || tail.bytes > MAX_TAIL_BYTES) {
      const oldest = tail.ceiling(0)
      if (oldest === undefined || tail.messages === 1) return
      tail.remove(oldest.sequence)
      this.#tailStart = oldest.sequence + 1
    }
  }

  #readWindow(from: number): LogRecord | undefined {
    const records: LogRecord[] = []
    let to = this.#tailStart - 1
    using iterator = this.#writer.store.iterator({
      gte: sequenceKey(this.#scope, 'm', from),
      lt: sequenceKey(this.#scope, 'm', this.#tailStart),
    })
    let bytes = 0
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const record = decodeRecord(sequenceOf(entry[0]), entry[1])
      records.push(record)
      bytes += record.bytes
      if (records.length < WINDOW_RECORDS && bytes < MAX_WINDOW_BYTES) continue
      to = record.sequence
      break
    }
    if (records.length === 0) return this.#tail.ceiling(this.#tailStart)
    this.#windows.add(from, to, records)
    return records[0]
  }

  #lastSequenceOf(subject: string): number | undefined {
    const cached = this.#lastOf.get(subject)
    if (cached !== undefined) return cached
    const value = this.#writer.store.getSync(nameKey(this.#scope, 'u', subject))
    if (value === undefined) return undefined
    const sequence = readSequence(value, 0)
    remember(this.#lastOf, subject, sequence)
    return sequence
  }

  /** All sequences of a subject, to be changed along with the store. */
  #sequences(subject: string): number[] {
    const cached = this.#sequencesOf.get(subject)
    if (cached !== undefined) return cached
    const sequences: number[] = []
    const prefix = namedPrefix(this.#scope, 's', subject)
    using iterator = this.#writer.store.iterator({ prefix, keysOnly: true })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      sequences.push(sequenceOf(entry[0]))
    }
    remember(this.#sequencesOf, subject, sequences)
    return sequences
  }

  #scanSequences(subject: string): number[] {
    const sequences: number[] = []
    for (
      let record = this.ceiling(0);
      record !== undefined;
      record = this.ceiling(record.sequence + 1)
    ) {
      if (record.subject === subject) sequences.push(record.sequence)
    }
    return sequences
  }
}

/** Sets an entry of a cache; the oldest goes when there are too many. */
function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  cache.set(key, value)
  if (cache.size <= MAX_CACHED_SUBJECTS) return
  const oldest = cache.keys().next()
  if (!oldest.done) cache.delete(oldest.value)
}
