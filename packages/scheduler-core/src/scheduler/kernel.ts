import type { Timer } from '@ashlar/codec'
import type { Store, SyncMode } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import { FlowTable } from '../flow/flow-table.ts'
import { Flows } from '../flow/flows.ts'
import { type EventFeed, Observer } from '../observe/events.ts'
import { Meters } from '../observe/metrics.ts'
import { Front } from '../partition/front.ts'
import { Partition } from '../partition/partition.ts'
import type { PartitionParts } from '../partition/parts.ts'
import { eventOf } from '../run/event-of.ts'
import type { HandlerMap } from '../run/handler.ts'
import { HandlerRegistry } from '../run/handler-registry.ts'
import type { Permits } from '../run/permits.ts'
import { Runner } from '../run/runner.ts'
import { Settlement } from '../run/settlement.ts'
import { Slots } from '../run/slots.ts'
import { Waiters } from '../run/waiters.ts'
import { ScheduleTable } from '../schedules/schedule-table.ts'
import { Ticker } from '../schedules/ticker.ts'
import { BucketTable } from '../storage/bucket-table.ts'
import { HandlerMarks } from '../storage/handler-marks.ts'
import { Journal } from '../storage/journal.ts'
import { Layout } from '../storage/layout.ts'
import { type Ledger, storeLedger } from '../storage/ledger.ts'
import type { Queue, QueueGroup } from '../storage/queue.ts'
import { QueueDirectory } from '../storage/queue-directory.ts'
import { ResultTable } from '../storage/result-table.ts'
import { decodeCeiling, Sequence } from '../storage/sequence.ts'
import { type DamageReport, TaskReader } from '../storage/task-reader.ts'
import { TaskTable } from '../storage/task-table.ts'
import type { Task } from '../task/task.ts'
import { Maintenance } from './maintenance.ts'
import type { ResolvedSchedulerOptions } from './options.ts'
import { Prepared } from './prepared.ts'
import { settingsOf } from './queue-settings.ts'
import { Reclaimer } from './reclaimer.ts'
import { checkFormat, recoverInterrupted, upgradeFormat } from './recover.ts'

/** Tasks in batches of the caller's that are not written yet. */
const MAX_PREPARED = 10_000

/** Longer than any process lives. */
const FOR_EVER_MS = 1e13

/** How a kernel differs that is one of several in a process, on a store that is not what is durable. */
export interface ReplicaParts {
  readonly ledger: Ledger
  /** Sequence numbers are greater than this. */
  readonly firstSequence: number
  /** The right to run, shared with the other kernels. */
  readonly permits: Permits
  readonly meters: Meters
  /** Where events go too. */
  readonly feed?: EventFeed
  /** The ledger refused a batch: the kernel does nothing any more. */
  readonly onFailed: (error: unknown) => void
}

/** `failed`: the store refused a write; nothing is recorded or started any more. */
export type SchedulerState = 'open' | 'closing' | 'closed' | 'failed'

/**
 * The parts of one scheduler and how they hold together: scheduler, then partitions, then keys,
 * then runs; each answers for what is below it.
 */
export class Kernel {
  readonly store: Store
  readonly options: ResolvedSchedulerOptions
  readonly layout: Layout
  readonly journal: Journal
  readonly table: TaskTable
  readonly results: ResultTable
  readonly directory: QueueDirectory
  readonly sequence: Sequence
  readonly registry: HandlerRegistry
  readonly marks: HandlerMarks
  readonly runner: Runner
  readonly links: FlowTable
  readonly flows: Flows
  readonly waiters: Waiters = new Waiters()
  readonly schedules: ScheduleTable
  readonly ticker: Ticker
  readonly maintenance: Maintenance
  readonly prepared: Prepared
  readonly observer: Observer
  readonly meters: Meters
  readonly onDamage: DamageReport
  state: SchedulerState = 'open'
  failure: unknown
  readonly #slots: Slots
  readonly #settlement: Settlement
  readonly #buckets: BucketTable
  readonly #reclaimer: Reclaimer
  readonly #partitions = new Map<Queue, Partition>()
  readonly #fronts = new Map<QueueGroup, Front>()
  readonly #partitionParts: PartitionParts
  readonly #onFailed: ((error: unknown) => void) | undefined
  #started = false
  #alive: Timer | undefined
  #waiters: { readonly until: () => boolean; readonly resolve: () => void }[] = []

  // Long on purpose: the wiring, each part after those that it needs.
  constructor(
    store: Store,
    handlers: HandlerMap,
    options: ResolvedSchedulerOptions,
    replica?: ReplicaParts,
  ) {
    const { clock, random } = options
    this.store = store
    this.options = options
    this.meters = replica?.meters ?? new Meters()
    this.#onFailed = replica?.onFailed
    this.layout = new Layout(options.prefix)
    this.observer = new Observer(options.events, options.logger, replica?.feed)
    this.registry = new HandlerRegistry(handlers)
    const { layout, observer, registry, meters } = this
    this.journal = new Journal({
      ledger: replica?.ledger ?? storeLedger(store, syncOf(options)),
      layout,
      onFailure: (error) => this.#fail(error),
      onSettled: () => this.#settled(),
    })
    const { journal } = this
    this.onDamage = (queue, key, error) =>
      observer.error(error, `damaged task of queue ${queue.name} at ${toHex(key)}`)
    this.table = new TaskTable(store, layout, journal)
    const makeRoom = (): void => this.#reclaimer.now()
    this.directory = new QueueDirectory(layout, journal, options.maxQueues, makeRoom)
    this.#buckets = new BucketTable(store, layout, journal)
    this.results = new ResultTable(store, layout, journal, this.directory)
    this.marks = new HandlerMarks(store, layout)
    const stored = decodeCeiling(store.getSync(layout.single('sequence')))
    const ceiling = Math.max(stored, replica?.firstSequence ?? 0)
    this.sequence = new Sequence(journal, layout, ceiling)
    const { table, directory, results, sequence } = this
    this.prepared = new Prepared({
      table,
      admit: (task) => {
        observer.tell('onScheduled', { ...eventOf(task), dueAt: task.order, outcome: 'created' })
        this.partitionOf(task.queue).admit(task)
      },
      limit: MAX_PREPARED,
    })
    const { prepared } = this
    this.schedules = new ScheduleTable(store, layout, journal)
    const onError = (error: unknown, where: string): void => observer.error(error, where)
    this.ticker = new Ticker({ clock, onError })
    const { ticker } = this
    this.maintenance = new Maintenance({
      clock,
      journal,
      table,
      results,
      prepared,
      partitions: () => this.#partitions.values(),
      queues: () => directory.all(),
      ticker,
      reclaim: () => this.#reclaimer.round(),
      clockCheckMs: options.clockCheckMs,
      onError,
    })
    const { maintenance } = this
    this.#reclaimer = new Reclaimer({
      journal,
      directory,
      buckets: this.#buckets,
      prepared,
      partitions: this.#partitions,
      frontOf: (queue) => this.#frontOf(queue),
      soon: () => maintenance.soon(),
    })
    this.#slots = new Slots(layout, options.concurrency, replica?.permits)
    const partitionOf = (queue: Queue): Partition => this.partitionOf(queue)
    this.links = new FlowTable(store, layout)
    const onDead = (task: Task): void => this.#settlement.dead(task)
    const { links, waiters } = this
    const shared = { clock, journal, table, observer, meters, partitionOf }
    this.flows = new Flows({ ...shared, links, directory, onDead })
    const { flows } = this
    this.#settlement = new Settlement({
      ...shared,
      random,
      results,
      prepared,
      slots: this.#slots,
      flows,
      waiters,
      onRetained: (expiresAt) => maintenance.purgeAt(expiresAt),
    })
    this.runner = new Runner({
      clock,
      store: replica === undefined ? store : undefined,
      journal,
      sequence,
      registry,
      slots: this.#slots,
      settlement: this.#settlement,
      flows,
      observer,
      meters,
      tracing: options.tracing,
      abortGraceMs: options.abortGraceMs,
      partitionOf,
      onEnded: () => maintenance.soon(),
    })
    this.#partitionParts = {
      clock,
      journal,
      table,
      reader: new TaskReader(store, layout, this.onDamage),
      onError,
      stopped: (queue) => this.state !== 'open' || directory.get(queue.number) !== queue,
    }
  }

  /** Reads what an earlier process left, and starts to work. */
  async start(): Promise<void> {
    const { store, layout, journal, table, directory, registry, observer, meters } = this
    const { run, maxInterruptions, clock } = this.options
    const format = checkFormat(store, layout, journal)
    directory.load(store)
    upgradeFormat(format, this)
    if (run) {
      this.marks.check(registry, directory)
      const partitionOf = (queue: Queue): Partition => this.partitionOf(queue)
      const settlement = this.#settlement
      const recovery = { store, layout, journal, table, directory, observer, meters, settlement }
      recoverInterrupted({ ...recovery, partitionOf, maxInterruptions })
    }
    await journal.acknowledged()
    let kept = false
    let waiting = false
    for (const queue of directory.all()) {
      this.partitionOf(queue)
      kept ||= queue.counts.results > 0
      waiting ||= queue.counts.due > 0
    }
    this.#started = true
    if (this.options.keepAlive) this.#alive = this.#stayAlive()
    if (run) for (const partition of this.#partitions.values()) partition.start()
    if (kept) this.maintenance.purgeAt(clock.now())
    if (waiting) this.maintenance.watchClock()
  }

  /** The partition of a queue; a new queue's starts to work at once. */
  partitionOf(queue: Queue): Partition {
    const known = this.#partitions.get(queue)
    if (known !== undefined) return known
    const { queues, defaults, run } = this.options
    const settings = settingsOf(queue.group, queues.get(queue.name) ?? defaults)
    const partition = new Partition(queue, settings, this.#frontOf(queue), this.#partitionParts)
    this.#partitions.set(queue, partition)
    if (run && this.#started && this.state === 'open') partition.start()
    return partition
  }

  #frontOf({ group }: Queue): Front {
    const known = this.#fronts.get(group)
    if (known !== undefined) return known
    const { queues, defaults, clock } = this.options
    const { limits, tenants } = queues.get(group.name) ?? defaults
    const onReady = (front: Front): void => this.runner.enlist(front)
    const front = new Front(group, limits, tenants, { clock, buckets: this.#buckets, onReady })
    this.#fronts.set(group, front)
    return front
  }

  partitions(): Iterable<Partition> {
    return this.#partitions.values()
  }

  /** Resolves when nothing can start until time passes: see `Scheduler.idle`. */
  idle(): Promise<void> {
    return this.#until(() => {
      if (this.state !== 'open') return true
      if (!this.journal.idle || this.runner.running > 0) return false
      const now = this.options.clock.now()
      if (!this.ticker.quiet(now)) return false
      for (const partition of this.#partitions.values()) if (!partition.quiet(now)) return false
      return true
    })
  }

  /** Starts nothing more and takes every other change; resolves when nothing runs, or after a time. */
  async quiesce(forMs: number): Promise<void> {
    const { runner } = this
    runner.drain()
    const ended = this.#until(() => runner.running === 0 || this.state !== 'open')
    if (forMs > 0) await this.#atMost(ended, forMs)
  }

  /** Ends what runs, within `drainMs`; aborts the rest; writes the marks. */
  async stop(drainMs: number): Promise<void> {
    this.#alive?.cancel()
    if (this.state === 'failed') return
    this.state = 'closing'
    const { runner, journal, maintenance } = this
    this.ticker.stop()
    runner.drain()
    for (const partition of this.#partitions.values()) partition.stop()
    for (const front of this.#fronts.values()) front.stop()
    const ended = this.#until(() => runner.running === 0 || this.state === 'failed')
    if (drainMs > 0) await this.#atMost(ended, drainMs)
    if (runner.running > 0) {
      runner.abortAll(new SchedulerError('SCHEDULER_CLOSED', 'the scheduler is closing'))
      await ended
    }
    runner.stop()
    maintenance.raiseMarks()
    maintenance.stop()
    this.waiters.reject(this.refusal())
    await this.#until(() => journal.idle || this.state === 'failed')
  }

  /** The error that calls get when the scheduler does not work any more. */
  refusal(): SchedulerError | undefined {
    if (this.state === 'open') return undefined
    if (this.state !== 'failed') {
      return new SchedulerError('SCHEDULER_CLOSED', 'the scheduler is closed: open it again')
    }
    return new SchedulerError(
      'SCHEDULER_FAILED',
      'the store refused a write, so nothing can be recorded: reopen store and scheduler',
      { cause: this.failure },
    )
  }

  #fail(error: unknown): void {
    if (this.state === 'closed') return
    this.state = 'failed'
    this.failure = error
    this.ticker.stop()
    for (const partition of this.#partitions.values()) partition.stop()
    for (const front of this.#fronts.values()) front.stop()
    this.maintenance.stop()
    const reason = new SchedulerError('SCHEDULER_FAILED', 'the store refused a write', {
      cause: error,
    })
    this.runner.abortAll(reason)
    this.runner.stop()
    this.waiters.reject(this.refusal())
    this.#alive?.cancel()
    if (this.#onFailed === undefined) this.observer.error(error, 'journal')
    else this.#onFailed(error)
  }

  #settled(): void {
    this.runner.dispatch()
    if (this.#waiters.length > 0) queueMicrotask(() => this.#wakeWaiters())
  }

  #wakeWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = waiters.filter(({ until }) => !until())
    for (const waiter of waiters) if (!this.#waiters.includes(waiter)) waiter.resolve()
  }

  /** Somebody waits for it, so the process stays, though the timers of tasks would let it end. */
  #until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    const alive = this.#stayAlive()
    return new Promise((resolve) => {
      const waiter = { until: condition, resolve: () => resolve(alive.cancel()) }
      this.#waiters.push(waiter)
    })
  }

  #stayAlive(): Timer {
    return this.options.clock.setTimer(() => {}, FOR_EVER_MS, { keepAlive: true })
  }

  /** Waits for a promise, or no longer than the time. */
  #atMost(promise: Promise<void>, ms: number): Promise<void> {
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const timer = this.options.clock.setTimer(() => resolve(), ms, { keepAlive: true })
    return Promise.race([promise, done]).finally(() => timer.cancel())
  }
}

function syncOf({ sync }: ResolvedSchedulerOptions): { readonly sync?: SyncMode } {
  return sync === undefined ? {} : { sync }
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
