import type { LogRecord } from '../log/log-records.ts'
import { headerBytes, NO_HEADERS } from '../message/headers.ts'
import type { Headers } from '../message/message.ts'

/** Newest records kept in memory, where consumers that keep up find them; a power of two. */
const MAX_RECORDS = 1024
const MAX_BYTES: number = 1024 * 1024
const FIRST_SLOTS = 16

/**
 * The newest records of a log, in a ring by sequence. What an append leaves here are fields in
 * arrays; the record is made of them when somebody reads it, which most appends never see.
 */
export class RecordTail {
  #slots = 0
  #subjects: string[] = []
  #headers: Headers[] = []
  #times: number[] = []
  /** Where the payload stands; undefined for a record that was removed. */
  #homes: (Uint8Array | undefined)[] = []
  #starts: number[] = []
  #lengths: number[] = []
  /** What was made of the fields. */
  #made: (LogRecord | undefined)[] = []
  #bytes = 0
  /** Everything from here on is in the ring. */
  #start: number
  /** The next sequence. */
  #end: number

  constructor(start: number) {
    this.#start = start
    this.#end = start
  }

  /** The lowest sequence that the tail knows about. */
  get start(): number {
    return this.#start
  }

  /** Adds the next record, whose payload stands at this place in `home` and stays there. */
  add({ subject, headers, timestampMs, payload }: LogRecord, home: Uint8Array, at: number): void {
    const { byteLength } = payload
    this.#makeRoom(byteLength)
    const slot = this.#end & (this.#slots - 1)
    this.#subjects[slot] = subject
    this.#headers[slot] = headers
    this.#times[slot] = timestampMs
    this.#homes[slot] = home
    this.#starts[slot] = at
    this.#lengths[slot] = byteLength
    this.#made[slot] = undefined
    this.#bytes += byteLength
    this.#end += 1
  }

  get(sequence: number): LogRecord | undefined {
    return sequence < this.#start || sequence >= this.#end ? undefined : this.#read(sequence)
  }

  /** The first record at this sequence or after it. */
  ceiling(sequence: number): LogRecord | undefined {
    for (let next = Math.max(sequence, this.#start); next < this.#end; next += 1) {
      const record = this.#read(next)
      if (record !== undefined) return record
    }
    return undefined
  }

  remove(sequence: number): void {
    if (sequence < this.#start || sequence >= this.#end) return
    const slot = sequence & (this.#slots - 1)
    if (this.#homes[slot] === undefined) return
    this.#bytes -= this.#lengths[slot] ?? 0
    this.#homes[slot] = undefined
    this.#made[slot] = undefined
  }

  #read(sequence: number): LogRecord | undefined {
    const slot = sequence & (this.#slots - 1)
    const home = this.#homes[slot]
    if (home === undefined) return undefined
    const made = this.#made[slot]
    if (made !== undefined) return made
    const subject = this.#subjects[slot] ?? ''
    const headers = this.#headers[slot] ?? NO_HEADERS
    const length = this.#lengths[slot] ?? 0
    const record: LogRecord = {
      subject,
      payload: new Uint8Array(home.buffer, home.byteOffset + (this.#starts[slot] ?? 0), length),
      headers,
      reply: undefined,
      sequence,
      timestampMs: this.#times[slot] ?? 0,
      bytes: length + subject.length + headerBytes(headers),
    }
    this.#made[slot] = record
    return record
  }

  /** Lets go of the oldest until one more of this size may come. */
  #makeRoom(bytes: number): void {
    while (
      this.#end - this.#start >= MAX_RECORDS ||
      (this.#bytes + bytes > MAX_BYTES && this.#start < this.#end)
    ) {
      this.remove(this.#start)
      this.#start += 1
    }
    if (this.#end - this.#start >= this.#slots) this.#grow()
  }

  #grow(): void {
    const slots = Math.max(FIRST_SLOTS, this.#slots * 2)
    const moved = <T>(from: readonly T[], empty: T): T[] => {
      const to = new Array<T>(slots).fill(empty)
      for (let sequence = this.#start; sequence < this.#end; sequence += 1) {
        to[sequence & (slots - 1)] = from[sequence & (this.#slots - 1)] ?? empty
      }
      return to
    }
    this.#subjects = moved(this.#subjects, '')
    this.#headers = moved(this.#headers, NO_HEADERS)
    this.#times = moved(this.#times, 0)
    this.#homes = moved<Uint8Array | undefined>(this.#homes, undefined)
    this.#starts = moved(this.#starts, 0)
    this.#lengths = moved(this.#lengths, 0)
    this.#made = moved<LogRecord | undefined>(this.#made, undefined)
    this.#slots = slots
  }
}
