import type { Timer } from '@ashlar/codec'
import { createSubjectFilter } from '../message/subject.ts'
import { DueHeap } from './due-heap.ts'
import type { ConsumerInfo, ExhaustedMessage } from './log.ts'
import type { ResolvedConsumeOptions } from './log-options.ts'
import type { LogRecord } from './log-records.ts'
import type { LogListener, LogSource } from './log-source.ts'

/** One reader of a consumer; a durable may have several. */
export interface ConsumerMember {
  /** False while its connection is down. */
  readonly reachable: boolean
  /** Messages it waits for. */
  readonly wanted: number
  offer(record: LogRecord, deliveries: number): void
  onExhausted(message: ExhaustedMessage): void
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
  #turn = 0
  #cursor: number
  #timer: Timer | undefined
  #timerAt = Infinity
  #destroyed = false

  constructor(log: LogSource, options: ResolvedConsumeOptions) {
    this.#log = log
    this.options = options
    this.#filter = options.subject === undefined ? undefined : createSubjectFilter(options.subject)
    this.#cursor = this.#start()
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
      const record = this.#takeRecord()
      if (record === undefined) return
      const entry = this.#inFlight.get(record.sequence)
      member.offer(record, entry?.deliveries ?? 1)
    }
  }

  /** True when the message was still to be settled. */
  settle(sequence: number): boolean {
    const settled = this.#inFlight.delete(sequence)
    if (settled) this.dispatch()
    return settled
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
    let ackFloor = this.#cursor - 1
    for (const sequence of this.#inFlight.keys()) ackFloor = Math.min(ackFloor, sequence - 1)
    return { ackFloor, pending, inFlight: this.#inFlight.size }
  }

  onRecords(): void {
    this.dispatch()
  }

  onDestroyed(): void {
    this.destroy()
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#timer?.cancel()
    this.#log.unlisten(this)
    for (const member of this.#members) member.onDestroyed()
  }

  #start(): number {
    const { startSequence, startTimeMs } = this.options
    if (startTimeMs === undefined) return startSequence ?? 1
    let record = this.#log.records.ceiling(0)
    while (record !== undefined && record.timestampMs < startTimeMs) {
      record = this.#log.records.ceiling(record.sequence + 1)
    }
    return record?.sequence ?? this.#log.records.lastSequence + 1
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
    for (;;) {
      const sequence = this.#ready.shift()
      if (sequence === undefined) break
      const entry = this.#inFlight.get(sequence)
      if (entry === undefined || entry.dueAt !== -1) continue
      const record = this.#log.records.get(sequence)
      if (record === undefined) {
        this.#inFlight.delete(sequence)
        continue
      }
      entry.deliveries += 1
      this.#schedule(sequence, entry, this.options.ackWaitMs)
      return record
    }
    if (this.#inFlight.size >= this.options.maxInFlight) return undefined
    const record = this.#log.next(this.#cursor, this.#filter)
    this.#cursor = (record?.sequence ?? this.#log.records.lastSequence) + 1
    if (record === undefined) return undefined
    const entry = { deliveries: 1, dueAt: 0 }
    this.#inFlight.set(record.sequence, entry)
    this.#schedule(record.sequence, entry, this.options.ackWaitMs)
    return record
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
      this.#inFlight.delete(sequence)
      const message = { sequence, deliveries: entry.deliveries }
      for (const member of this.#members) member.onExhausted(message)
      return
    }
    entry.dueAt = -1
    this.#ready.push(sequence)
  }
}
