import type { Timer } from '@ashlar/codec'
import { createSubjectFilter } from '../message/subject.ts'
import { DueHeap } from './due-heap.ts'
import type { ConsumerInfo, ExhaustedMessage } from './log.ts'
import type { ResolvedConsumeOptions } from './log-options.ts'
import type { LogRecord } from './log-records.ts'
import type { LogListener, LogSource } from './log-source.ts'
import type { ConsumerJournal, KeptPosition } from './log-storage.ts'

/** One reader of a consumer; a durable may have several. */
export interface ConsumerMember {
  /** False while its connection is down. */
  readonly reachable: boolean
  /** Messages it waits for. */
  readonly wanted: number
  offer(record: LogRecord, deliveries: number): void
  onExhausted(message: ExhaustedMessage): void
  /** Records cannot be read: what it waits for fails. */
  onFailed(error: unknown): void
  onDestroyed(): void
}

/** A message delivered and not settled. */
interface InFlight {
  deliveries: number
  /** When it is due again, on the log's monotonic clock; -1 when it already waits its turn. */
  dueAt: number
}

/** The position of a consumer in its log, and what it owes. Shared by its members. */
export class ConsumerCore implements LogListener {
  readonly options: ResolvedConsumeOptions
  readonly #log: LogSource
  readonly #filter: ((subject: string) => boolean) | undefined
  readonly #inFlight = new Map<number, InFlight>()
  /** Sequences whose turn has come again. */
  #ready: number[] = []
  readonly #due = new DueHeap(this.#inFlight)
  readonly #members: ConsumerMember[] = []
  readonly #journal: ConsumerJournal | undefined
  /** What was settled, and how often the rest was delivered, before the storage was opened. */
  readonly #kept: KeptPosition
  #turn = 0
  /** The next sequence to deliver. */
  #cursor: number
  /** Everything up to here is settled. */
  #floor: number
  #timer: Timer | undefined
  #timerAt = Infinity
  #destroyed = false

  constructor(log: LogSource, options: ResolvedConsumeOptions, journal?: ConsumerJournal) {
    this.#log = log
    this.options = options
    this.#journal = journal
    this.#kept = journal?.kept ?? startPosition(log, options)
    this.#floor = this.#kept.floor
    this.#cursor = this.#floor + 1
    this.#filter = options.subject === undefined ? undefined : createSubjectFilter(options.subject)
    log.listen(this)
  }

  get destroyed(): boolean {
    return this.#destroyed
  }

  join(member: ConsumerMember): void {
    this.#members.push(member)
    this.#arm()
  }

  leave(member: ConsumerMember): void {
    const index = this.#members.indexOf(member)
    if (index !== -1) this.#members.splice(index, 1)
    if (this.#members.length > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  /** Offers messages to members that want them, in turn, for as long as there are any. */
  dispatch(): void {
    for (;;) {
      const member = this.#nextMember()
      if (member === undefined) return
      let record: LogRecord | undefined
      try {
        record = this.#takeRecord()
      } catch (error) {
        for (const each of this.#members) each.onFailed(error)
        return
      }
      if (record === undefined) return
      const entry = this.#inFlight.get(record.sequence)
      member.offer(record, entry?.deliveries ?? 1)
    }
  }

  /** True when the message was still to be settled. */
  settle(sequence: number): boolean {
    if (!this.#inFlight.has(sequence)) return false
    this.#remove(sequence)
    this.dispatch()
    return true
  }

  /** Makes a delivery due again after the delay. A delivery that was overtaken by a later one is ignored. */
  postpone(sequence: number, deliveries: number, delayMs: number): void {
    const entry = this.#inFlight.get(sequence)
    if (entry === undefined || entry.deliveries !== deliveries) return
    if (delayMs > 0) {
      this.#schedule(sequence, entry, delayMs)
      return
    }
    if (entry.dueAt === -1) return
    this.#makeReady(sequence, entry)
    this.dispatch()
  }

  /** Starts the ack wait of a delivery anew. */
  extend(sequence: number, deliveries: number): void {
    const entry = this.#inFlight.get(sequence)
    if (entry === undefined || entry.deliveries !== deliveries || entry.dueAt === -1) return
    this.#schedule(sequence, entry, this.options.ackWaitMs)
  }

  info(): ConsumerInfo {
    this.#log.expire()
    let pending = 0
    let record = this.#log.next(this.#cursor, this.#filter)
    while (record !== undefined) {
      pending += 1
      record = this.#log.next(record.sequence + 1, this.#filter)
    }
    this.#raiseFloor()
    return { ackFloor: this.#floor, pending, inFlight: this.#inFlight.size }
  }

  onRecords(): void {
    this.dispatch()
  }

  onDestroyed(): void {
    this.destroy()
  }

  /** Removes it with what is kept of it. */
  forget(): void {
    this.destroy()
    this.#journal?.destroy()
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#timer?.cancel()
    this.#log.unlisten(this)
    for (const member of this.#members) member.onDestroyed()
  }

  #nextMember(): ConsumerMember | undefined {
    for (let tried = 0; tried < this.#members.length; tried += 1) {
      const member = this.#members[this.#turn % this.#members.length]
      this.#turn = (this.#turn + 1) % this.#members.length
      if (member?.reachable && member.wanted > 0) return member
    }
    return undefined
  }

  /** The next record to deliver, already counted as in flight. */
  #takeRecord(): LogRecord | undefined {
    this.#log.expire()
    return this.#takeReady() ?? this.#takeNew()
  }

  #takeReady(): LogRecord | undefined {
    for (;;) {
      const sequence = this.#ready.shift()
      if (sequence === undefined) return undefined
      const entry = this.#inFlight.get(sequence)
      if (entry === undefined || entry.dueAt !== -1) continue
      const record = this.#log.records.get(sequence)
      if (record === undefined) {
        this.#remove(sequence)
        continue
      }
      entry.deliveries += 1
      this.#journal?.delivered(sequence, entry.deliveries)
      this.#schedule(sequence, entry, this.options.ackWaitMs)
      return record
    }
  }

  #takeNew(): LogRecord | undefined {
    const { settled, deliveries: earlier } = this.#kept
    while (this.#inFlight.size < this.options.maxInFlight) {
      const record = this.#log.next(this.#cursor, this.#filter)
      this.#cursor = (record?.sequence ?? this.#log.records.lastSequence) + 1
      if (record === undefined) return undefined
      const { sequence } = record
      if (settled.has(sequence)) continue
      const entry = { deliveries: earlier.get(sequence) ?? 0, dueAt: -1 }
      this.#inFlight.set(sequence, entry)
      if (entry.deliveries >= this.options.maxDeliveries) {
        this.#giveUp(sequence, entry.deliveries)
        continue
      }
      entry.deliveries += 1
      // The first delivery needs no note: a message that was not settled comes again anyway.
      if (entry.deliveries > 1 || this.options.maxDeliveries !== Infinity) {
        this.#journal?.delivered(sequence, entry.deliveries)
      }
      this.#schedule(sequence, entry, this.options.ackWaitMs)
      return record
    }
    return undefined
  }

  #remove(sequence: number): void {
    this.#inFlight.delete(sequence)
    this.#raiseFloor()
    this.#journal?.settled(sequence, this.#floor)
  }

  #raiseFloor(): void {
    const inFlight = this.#inFlight
    if (inFlight.size === 0) {
      this.#floor = this.#cursor - 1
      return
    }
    if (this.#cursor - this.#floor > 4 * inFlight.size) {
      let lowest = Infinity
      for (const sequence of inFlight.keys()) lowest = Math.min(lowest, sequence)
      this.#floor = lowest - 1
      return
    }
    while (this.#floor + 1 < this.#cursor && !inFlight.has(this.#floor + 1)) this.#floor += 1
  }

  #schedule(sequence: number, entry: InFlight, delayMs: number): void {
    entry.dueAt = this.#log.clock.monotonic() + delayMs
    this.#due.add(entry.dueAt, sequence)
    this.#arm()
  }

  #arm(): void {
    const at = this.#due.peek()
    if (at === undefined || at >= this.#timerAt || this.#members.length === 0) return
    this.#timer?.cancel()
    this.#timerAt = at
    // Keeps the process alive: somebody iterates, and a redelivery is sure to come.
    this.#timer = this.#log.clock.setTimer(
      () => this.#onDue(),
      Math.max(0, at - this.#log.clock.monotonic()),
      { keepAlive: true },
    )
  }

  #onDue(): void {
    this.#timer = undefined
    this.#timerAt = Infinity
    for (const sequence of this.#due.takeDue(this.#log.clock.monotonic())) {
      const entry = this.#inFlight.get(sequence)
      if (entry !== undefined && entry.dueAt !== -1) this.#makeReady(sequence, entry)
    }
    this.#arm()
    this.dispatch()
  }

  #makeReady(sequence: number, entry: InFlight): void {
    if (entry.deliveries >= this.options.maxDeliveries) {
      this.#giveUp(sequence, entry.deliveries)
      return
    }
    entry.dueAt = -1
    this.#ready.push(sequence)
  }

  #giveUp(sequence: number, deliveries: number): void {
    this.#remove(sequence)
    for (const member of this.#members) member.onExhausted({ sequence, deliveries })
  }
}

/** Where a new consumer starts: as if everything before were settled. */
export function startPosition(log: LogSource, options: ResolvedConsumeOptions): KeptPosition {
  return { floor: firstWanted(log, options) - 1, settled: new Set(), deliveries: new Map() }
}

function firstWanted(log: LogSource, options: ResolvedConsumeOptions): number {
  const { startSequence, startTimeMs } = options
  if (startTimeMs === undefined) return startSequence ?? 1
  let record = log.records.ceiling(0)
  while (record !== undefined && record.timestampMs < startTimeMs) {
    record = log.records.ceiling(record.sequence + 1)
  }
  return record?.sequence ?? log.records.lastSequence + 1
}
