import type { LogRecord, LogRecords } from '../log/log-records.ts'
import type { Payload } from '../message/message.ts'
import { BlockLayout } from './block-layout.ts'
import {
  encodeSequence,
  kindKey,
  namedPrefix,
  namedSequenceKey,
  nameKey,
  nameOf,
  readSequence,
  sequenceOf,
} from './keys.ts'
import type { RecordLayout } from './record-layout.ts'
import { RecordTail } from './record-tail.ts'
import { RecordWindows } from './record-windows.ts'
import { SingleLayout } from './single-layout.ts'
import type { StoreWriter } from './store-writer.ts'

/** Subjects of which the newest sequence, or all sequences, are remembered. */
const MAX_CACHED_SUBJECTS = 16_384
const TOTALS_BYTES = 32
/** Totals of layout 2, which had no floor. */
const OLD_TOTALS_BYTES = 24
const EMPTY = new Uint8Array(0)

/** How the records of a log are kept. */
export interface LsmRecordsOptions {
  readonly scope: number
  /** Newest records kept of a subject. */
  readonly maxPerSubject: number
  /** Records that came together stand together: for logs that keep all of a subject. */
  readonly blocks: boolean
}

/** The newest sequence of a subject. */
interface SubjectEnd {
  readonly subject: string
  /** 0 when it was removed. */
  sequence: number
  /** The next batch will tell the store. */
  unwritten: boolean
}

/** The records of one log in the store, under the scope of the log. */
export class LsmRecords implements LogRecords {
  readonly #writer: StoreWriter
  readonly #scope: number
  readonly #maxPerSubject: number
  readonly #layout: RecordLayout
  readonly #windows = new RecordWindows()
  /** The newest records, also what the store does not have yet. */
  readonly #tail: RecordTail
  #first: LogRecord | undefined
  readonly #ends = new Map<string, SubjectEnd>()
  #unwritten: SubjectEnd[] = []
  readonly #sequencesOf = new Map<string, number[]>()
  /** Nothing is left below it. */
  #floor = 1
  #lastSequence = 0
  #messages = 0
  #bytes = 0

  constructor(writer: StoreWriter, { scope, maxPerSubject, blocks }: LsmRecordsOptions) {
    this.#writer = writer
    this.#scope = scope
    this.#maxPerSubject = maxPerSubject
    const totals = writer.store.getSync(kindKey(scope, 't'))
    if (totals !== undefined) {
      const view = new DataView(totals.buffer, totals.byteOffset, totals.byteLength)
      this.#lastSequence = view.getFloat64(0)
      this.#messages = view.getFloat64(8)
      this.#bytes = view.getFloat64(16)
      if (totals.byteLength > OLD_TOTALS_BYTES) this.#floor = view.getFloat64(OLD_TOTALS_BYTES)
    }
    this.#layout = blocks
      ? new BlockLayout(writer, scope, this.#lastSequence)
      : new SingleLayout(writer, scope)
    this.#tail = new RecordTail(this.#lastSequence + 1)
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
    this.#layout.add(record, this.#tail)
    this.#setEnd(subject, sequence)
    if (this.#keepsSequences) {
      const sequences = this.#sequences(subject)
      this.#writer.put(namedSequenceKey(this.#scope, 's', subject, sequence), EMPTY)
      sequences.push(sequence)
    }
    this.#lastSequence = sequence
    this.#messages += 1
    this.#bytes += record.bytes
    this.#writer.onFlush(this.#onFlush)
  }

  get(sequence: number): LogRecord | undefined {
    if (sequence < this.#floor) return undefined
    if (sequence >= this.#tail.start) return this.#tail.get(sequence)
    const cached = this.#windows.get(sequence)
    return cached.known ? cached.record : this.#layout.get(sequence)
  }

  ceiling(sequence: number): LogRecord | undefined {
    if (this.#messages === 0) return undefined
    if (sequence > this.#floor) return this.#find(sequence)
    this.#first ??= this.#find(this.#floor)
    this.#floor = this.#first?.sequence ?? this.#floor
    return this.#first
  }

  remove(sequence: number): LogRecord | undefined {
    const record = this.get(sequence)
    if (record === undefined) return undefined
    const { subject } = record
    const lowest = this.ceiling(0)?.sequence === sequence
    this.#layout.remove(record, lowest)
    if (this.#lastSequenceOf(subject) === sequence) this.#forgetEnd(subject)
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
    if (lowest) {
      this.#floor = sequence + 1
      this.#first = undefined
    }
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
    this.#layout.flush(this.#floor)
    const unwritten = this.#unwritten
    this.#unwritten = []
    for (const end of unwritten) {
      end.unwritten = false
      if (end.sequence === 0) continue
      this.#writer.put(nameKey(this.#scope, 'u', end.subject), encodeSequence(end.sequence))
    }
    const totals = new Uint8Array(TOTALS_BYTES)
    const view = new DataView(totals.buffer)
    view.setFloat64(0, this.#lastSequence)
    view.setFloat64(8, this.#messages)
    view.setFloat64(16, this.#bytes)
    view.setFloat64(OLD_TOTALS_BYTES, this.#floor)
    this.#writer.put(kindKey(this.#scope, 't'), totals)
  }

  /** The first record at this sequence or after it, where there are some and none below the floor. */
  #find(sequence: number): LogRecord | undefined {
    const { start } = this.#tail
    if (sequence >= start) return this.#tail.ceiling(sequence)
    const cached = this.#windows.ceiling(sequence)
    if (cached.known) return cached.record
    const { records, complete } = this.#layout.read(sequence, start)
    const last = records.at(-1)
    if (last === undefined) return this.#tail.ceiling(start)
    this.#windows.add(sequence, complete ? start - 1 : last.sequence, records)
    return records[0]
  }

  #setEnd(subject: string, sequence: number): void {
    let end = this.#ends.get(subject)
    if (end === undefined) {
      end = { subject, sequence, unwritten: false }
      remember(this.#ends, subject, end)
    }
    end.sequence = sequence
    if (end.unwritten) return
    end.unwritten = true
    this.#unwritten.push(end)
  }

  #forgetEnd(subject: string): void {
    const end = this.#ends.get(subject)
    if (end !== undefined) end.sequence = 0
    this.#ends.delete(subject)
    this.#writer.delete(nameKey(this.#scope, 'u', subject))
  }

  #lastSequenceOf(subject: string): number | undefined {
    const known = this.#ends.get(subject)
    if (known !== undefined) return known.sequence
    const value = this.#writer.store.getSync(nameKey(this.#scope, 'u', subject))
    if (value === undefined) return undefined
    const sequence = readSequence(value, 0)
    remember(this.#ends, subject, { subject, sequence, unwritten: false })
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
