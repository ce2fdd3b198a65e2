import type { LogRecord, LogRecords } from '../log/log-records.ts'
import { copyExact } from '../message/copy-payload.ts'
import type { Payload } from '../message/message.ts'

/** Below this many slots the arrays are not compacted. */
const MIN_COMPACTION = 64

/**
 * Records in two parallel arrays in sequence order. Removal leaves a hole; when half the slots
 * are holes the arrays are rewritten, so memory stays within twice what is held and a lookup is a
 * subtraction (no holes cut out yet) or a binary search.
 */
export class MemoryRecords implements LogRecords {
  #sequences: number[] = []
  #records: (LogRecord | undefined)[] = []
  /** Slots before it are holes. */
  #head = 0
  #lastSequence = 0
  #messages = 0
  #bytes = 0
  readonly #subjects = new Map<string, SequenceQueue>()
  readonly copy: (payload: Payload) => Payload

  /** `copy`: how payloads are taken over; pooled only where the oldest records go first. */
  constructor(copy: (payload: Payload) => Payload = copyExact) {
    this.copy = copy
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

  /** Slots in use, holes included. */
  get slots(): number {
    return this.#records.length
  }

  add(record: LogRecord): void {
    this.#sequences.push(record.sequence)
    this.#records.push(record)
    this.#lastSequence = record.sequence
    this.#messages += 1
    this.#bytes += record.bytes
    const queue = this.#subjects.get(record.subject)
    if (queue === undefined) this.#subjects.set(record.subject, new SequenceQueue(record.sequence))
    else queue.push(record.sequence)
  }

  get(sequence: number): LogRecord | undefined {
    const slot = this.#slotOf(sequence)
    return this.#sequences[slot] === sequence ? this.#records[slot] : undefined
  }

  ceiling(sequence: number): LogRecord | undefined {
    for (let slot = this.#slotOf(sequence); slot < this.#records.length; slot += 1) {
      const record = this.#records[slot]
      if (record !== undefined) return record
    }
    return undefined
  }

  remove(sequence: number): LogRecord | undefined {
    const slot = this.#slotOf(sequence)
    const record = this.#sequences[slot] === sequence ? this.#records[slot] : undefined
    if (record === undefined) return undefined
    this.#records[slot] = undefined
    this.#messages -= 1
    this.#bytes -= record.bytes
    const queue = this.#subjects.get(record.subject)
    if (queue?.remove(sequence) === 0) this.#subjects.delete(record.subject)
    while (this.#head < this.#records.length && this.#records[this.#head] === undefined) {
      this.#head += 1
    }
    if (this.#records.length >= MIN_COMPACTION && this.#messages * 2 < this.#records.length) {
      this.#compact()
    }
    return record
  }

  lastOf(subject: string): LogRecord | undefined {
    const sequence = this.#subjects.get(subject)?.last
    return sequence === undefined ? undefined : this.get(sequence)
  }

  firstOf(subject: string): LogRecord | undefined {
    const sequence = this.#subjects.get(subject)?.first
    return sequence === undefined ? undefined : this.get(sequence)
  }

  countOf(subject: string): number {
    return this.#subjects.get(subject)?.length ?? 0
  }

  sequencesOf(subject: string): readonly number[] {
    return this.#subjects.get(subject)?.toArray() ?? []
  }

  subjects(): IterableIterator<string> {
    return this.#subjects.keys()
  }

  /** First slot whose sequence is at least this one. */
  #slotOf(sequence: number): number {
    const sequences = this.#sequences
    const first = sequences[this.#head]
    const last = sequences.at(-1)
    if (first === undefined || last === undefined || sequence > last) return sequences.length
    if (sequence <= first) return this.#head
    if (last - first === sequences.length - 1 - this.#head) return this.#head + sequence - first
    let low = this.#head
    let high = sequences.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sequences[middle] ?? 0) < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  #compact(): void {
    const records = this.#records.filter((record) => record !== undefined)
    this.#records = records
    this.#sequences = records.map((record) => record.sequence)
    this.#head = 0
  }
}

/** Sequences of one subject: added at the end, removed mostly at the front. */
class SequenceQueue {
  #items: number[]
  #head = 0

  constructor(first: number) {
    this.#items = [first]
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): number | undefined {
    return this.#items[this.#head]
  }

  get last(): number | undefined {
    return this.length === 0 ? undefined : this.#items.at(-1)
  }

  push(sequence: number): void {
    this.#items.push(sequence)
  }

  /** Tells how many are left. */
  remove(sequence: number): number {
    if (this.#items[this.#head] === sequence) {
      this.#head += 1
      if (this.#head * 2 > this.#items.length) {
        this.#items = this.#items.slice(this.#head)
        this.#head = 0
      }
    } else {
      const index = this.#items.indexOf(sequence, this.#head)
      if (index !== -1) this.#items.splice(index, 1)
    }
    return this.length
  }

  toArray(): number[] {
    return this.#items.slice(this.#head)
  }
}
