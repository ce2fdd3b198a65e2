import type { Store } from '@ashlar/lsm-store'
import type { Lease, Log, Responder, Transport } from '@ashlar/transport'
import { isSchedulerError, SchedulerError } from '../errors.ts'
import type { EventFeed, Observer } from '../observe/events.ts'
import type { Meters } from '../observe/metrics.ts'
import { Compaction } from '../replica/compaction.ts'
import { LocalCopy } from '../replica/local-copy.ts'
import { readLog, takeOver } from '../replica/log-reader.ts'
import { LogWriter } from '../replica/log-writer.ts'
import type { HandlerMap } from '../run/handler.ts'
import type { Permits } from '../run/permits.ts'
import type { SchedulerOptions } from '../scheduler/options.ts'
import { openReplica, type ReplicaScheduler, type Scheduler } from '../scheduler/scheduler.ts'
import { Division } from './division.ts'
import type { LeaseWatch } from './lease-watch.ts'
import { copyPrefix, firstSequenceOf, LOG_SUBJECT } from './names.ts'
import { type Local, OPERATIONS } from './operations.ts'
import type { ClusterEvents, PartitionEvent, ResolvedClusterOptions } from './options.ts'
import type { Owners } from './owners.ts'
import type { Topology } from './topology.ts'
import type { Turnstile } from './turnstile.ts'
import { type Answer, type Call, decodeCall, encodeAnswer } from './wire.ts'

/** Calls of others that one partition works on at a time; the rest waits. */
const MAX_CALLS = 4_096

/** What the partitions of one member share. */
export interface PartitionHost {
  readonly options: ResolvedClusterOptions
  readonly scheduling: Omit<SchedulerOptions, 'path' | 'store' | 'prefix' | 'keepAlive'>
  readonly store: Store
  readonly permits: Permits
  readonly meters: Meters
  readonly owners: Owners
  readonly topology: Topology
  readonly leases: LeaseWatch
  /** Whoever reads a log passes here: what is on its way for all of them would need room at once. */
  readonly reading: Turnstile
  readonly member: string
  readonly events: ClusterEvents
  readonly feed: EventFeed
  readonly observer: Observer
  readonly onError: (error: unknown, where: string) => void
}

/** A partition that this member works on: its log, the copy that makes it readable, a scheduler. */
export class OwnedPartition {
  readonly number: number
  readonly #host: PartitionHost
  readonly #lease: Lease
  readonly #ended = Promise.withResolvers<'handed-over' | 'lost'>()
  #told = false
  #splitFailed = false
  /** What it did last may not be stored. */
  #cutOff = false
  #modulus = 0
  #copy: LocalCopy | undefined
  #writer: LogWriter | undefined
  #compaction: Compaction | undefined
  #replica: ReplicaScheduler | undefined
  #responder: Responder | undefined
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening'

  constructor(host: PartitionHost, number: number, lease: Lease) {
    this.#host = host
    this.number = number
    this.#lease = lease
  }

  /**
   * Takes the partition over: from its first message on, the log refuses every earlier owner; then it
   * is read, and work begins. Rejects when that is not possible, and gives the lease back.
   */
  async open(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      await this.#close('lost')
      await this.#dispose() // of what was made since it was lost
      throw error
    }
  }

  get epoch(): number {
    return this.#lease.epoch
  }

  get #info(): PartitionEvent {
    return { partition: this.number, epoch: this.epoch }
  }

  /** Resolves when this member does not work on the partition any more, and has let go of it. */
  get ended(): Promise<'handed-over' | 'lost'> {
    return this.#ended.promise
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** The scheduler, while its answers can be trusted. */
  get scheduler(): Scheduler<HandlerMap> | undefined {
    if (this.#state !== 'open' || !this.#lease.held) return undefined
    const scheduler = this.#replica?.scheduler
    return scheduler?.state === 'open' ? scheduler : undefined
  }

  /** The scheduler for what need not be of now: gauges. */
  get local(): Scheduler<HandlerMap> | undefined {
    return this.#replica?.scheduler
  }

  /** It should have been split when it was taken over, and could not be. */
  get splitFailed(): boolean {
    return this.#splitFailed
  }

  /** Whether it is the next one to be split, which is done when it is taken over. */
  get isDueToSplit(): boolean {
    return this.#state === 'open' && this.#host.topology.due?.parent === this.number
  }

  /**
   * Does what was asked, as its owner, or says that it is not the owner, or that the caller believes
   * in another map of partitions.
   */
  async answer({ operation, args, modulus }: Call): Promise<Answer> {
    const { scheduler } = this
    const asked = modulus ?? this.#host.topology.base
    if (scheduler === undefined || asked !== this.#modulus) return { is: 'elsewhere' }
    if (!Object.hasOwn(OPERATIONS, operation)) {
      const message = `this member does not know ${String(operation)}: it is of another version`
      return { is: 'error', error: new RangeError(message) }
    }
    const step = OPERATIONS[operation] as (local: Local, ...rest: unknown[]) => unknown
    try {
      return {
        is: 'value',
        value: await step({ scheduler, clock: this.#host.options.clock }, ...args),
      }
    } catch (error) {
      // It was open when it began, so it was in the middle.
      const cut =
        isSchedulerError(error, 'SCHEDULER_FAILED') || isSchedulerError(error, 'SCHEDULER_CLOSED')
      return cut ? { is: 'unknown', cause: error } : { is: 'error', error }
    }
  }

  /** Starts nothing more, waits for what runs, then gives the partition to whoever wants it. */
  async handOver(drainMs: number): Promise<void> {
    if (this.#state !== 'open') return
    await this.#replica?.quiesce(drainMs)
    await this.#close('handed-over')
  }

  /** It belongs, or may soon belong, to somebody else. */
  lose(cause: unknown): void {
    const message = `partition ${this.number} is, or may soon be, somebody else's`
    this.#writer?.abandon(new SchedulerError('PARTITION_LOST', message, { cause }))
    void this.#close('lost')
  }

  async #open(): Promise<void> {
    const { options, store, owners, reading, member } = this.#host
    const { transport, names, clock } = options
    const log = await transport.log(names.log(this.number), { subjects: [LOG_SUBJECT] })
    const sequence = await takeOver(log, LOG_SUBJECT, this.epoch)
    const copy = new LocalCopy(store, copyPrefix(this.number))
    this.#copy = copy
    const logBytes = await reading.pass(() => {
      this.#assertOpening()
      return readLog(log, sequence, copy)
    })
    this.#assertOpening()
    const writer = new LogWriter({
      log,
      subject: LOG_SUBJECT,
      epoch: this.epoch,
      sequence,
      maxPayloadBytes: transport.supports.maxPayloadBytes,
      clock,
      isHeld: () => this.#lease.held,
    })
    this.#writer = writer
    this.#modulus = await this.#divide(copy, writer)
    this.#assertOpening()
    this.#told = true // from here on tasks run
    const { events, observer } = this.#host
    observer.call(() => events.onPartitionOpened?.(this.#info), 'onPartitionOpened')
    this.#replica = await this.#openScheduler(copy, writer)
    this.#assertOpening()
    this.#compaction = this.#compact(log, copy, writer, logBytes)
    this.#responder = this.#respond(transport)
    await transport.flush()
    await owners.announce(this.number, { member, epoch: this.epoch })
    this.#assertOpening()
    this.#state = 'open'
  }

  /** Splits it when that is due, and removes what is another's. */
  #divide(copy: LocalCopy, writer: LogWriter): Promise<number> {
    const { options, topology, onError } = this.#host
    const division = new Division({
      options,
      topology,
      partition: this.number,
      epoch: this.epoch,
      copy,
      writer,
      isHeld: () => this.#lease.held,
      onError: (error) => {
        this.#splitFailed = true
        onError(error, `splitting partition ${this.number}`)
      },
    })
    return division.settle()
  }

  #openScheduler(copy: LocalCopy, writer: LogWriter): Promise<ReplicaScheduler> {
    const { scheduling, permits, meters, feed } = this.#host
    return openReplica(
      { ...scheduling, store: copy.store, prefix: copy.prefix },
      {
        ledger: copy.ledger(writer),
        firstSequence: firstSequenceOf(this.number),
        permits,
        meters,
        feed,
        onFailed: (error) => {
          this.#cutOff = true
          if (!isSchedulerError(error, 'PARTITION_LOST')) {
            this.#host.onError(error, `partition ${this.number}`)
          }
          this.lose(error)
        },
      },
    )
  }

  #compact(log: Log, copy: LocalCopy, writer: LogWriter, logBytes: number): Compaction {
    const { options, onError } = this.#host
    return new Compaction({
      log,
      writer,
      copy,
      clock: options.clock,
      minBytes: options.compactBytes,
      logBytes,
      onError: (error) => onError(error, `compaction of partition ${this.number}`),
    })
  }

  #respond(transport: Transport): Responder {
    const { options, onError } = this.#host
    return transport.respond(
      options.names.calls(this.number, this.epoch),
      async ({ payload }) => {
        const answer = encodeAnswer(await this.answer(decodeCall(payload)))
        if (answer.length <= transport.supports.maxPayloadBytes) return answer
        const error = new RangeError('the answer is too large for a message: ask for less')
        return encodeAnswer({ is: 'error', error })
      },
      {
        maxInFlight: MAX_CALLS,
        onError: (error) => onError(error, `calls of partition ${this.number}`),
      },
    )
  }

  /** It may be lost at any time. */
  #assertOpening(): void {
    if (this.#state !== 'opening') throw new SchedulerError('PARTITION_LOST', 'its lease is over')
  }

  /** Never rejects. Idempotent. */
  async #close(reason: 'handed-over' | 'lost'): Promise<void> {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#state = 'closing'
    await this.#dispose()
    try {
      await this.#lease.release()
    } catch {
      // It expires by itself.
    }
    this.#state = 'closed'
    const { events, observer } = this.#host
    const how = this.#cutOff ? 'lost' : reason
    const info = { ...this.#info, reason: how } as const
    if (this.#told) observer.call(() => events.onPartitionClosed?.(info), 'onPartitionClosed')
    this.#ended.resolve(how)
  }

  /** Never rejects. Idempotent. */
  async #dispose(): Promise<void> {
    try {
      await this.#compaction?.stop()
      await this.#replica?.scheduler.close({ drainMs: 0 })
      await this.#responder?.stop()
      this.#writer?.abandon(new Error('the partition is closed'))
      await this.#copy?.clear()
    } catch (error) {
      this.#host.onError(error, `closing partition ${this.number}`)
    }
  }
}
