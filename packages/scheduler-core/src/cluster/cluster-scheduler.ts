import { checkName, integer } from '../checks.ts'
import type { FlowIds } from '../flow/flow-bookings.ts'
import type { FlowSpecOf, FlowTaskSpec } from '../flow/flow-spec.ts'
import type { QueueCounts, QueueMetrics } from '../observe/metrics.ts'
import { traced } from '../observe/tracing.ts'
import type { MissedEvents, SchedulerEvent, WatchOptions } from '../observe/watch.ts'
import type { HandlerMap } from '../run/handler.ts'
import type { TaskOutcome, WaitOptions } from '../run/waiters.ts'
import type {
  CancelOutcome,
  EditOutcome,
  RescheduleOutcome,
  ScheduleResult,
  TaskEdit,
} from '../scheduler/bookings.ts'
import type { ListPage } from '../scheduler/inspector.ts'
import type { ListQuery } from '../scheduler/list-query.ts'
import type { PauseOptions } from '../scheduler/pausing.ts'
import type { CloseOptions } from '../scheduler/scheduler.ts'
import type { DueSpec, TaskSpec, TaskSpecOf } from '../task/spec.ts'
import type { TaskView } from '../task/view.ts'
import { abortable } from './abortable.ts'
import { aboutId } from './about-id.ts'
import { type ClusterMetrics, clusterMetrics } from './cluster-metrics.ts'
import { ClusterSchedules } from './cluster-schedules.ts'
import { type ClusterStale, countStaleTasks } from './cluster-stale.ts'
import { listPages } from './list-pages.ts'
import { Member } from './member.ts'
import { MAX_PARTITIONS } from './names.ts'
import type { OperationName, ResultOf } from './operations.ts'
import type { ClusterOptions } from './options.ts'
import { hashOfKey, hashOfTask, hashOfUnique } from './routes.ts'
import { scheduleMany } from './schedule-many.ts'

/** A task by its id, or a live one by its unique key, and by its key where it has one. */
export type ClusterTaskRef =
  | string
  | {
      readonly queue: string
      readonly uniqueKey: string
      readonly key?: string
      readonly tenant?: string
    }

/** Who works on a partition. */
export interface PartitionView {
  readonly partition: number
  /** Undefined: nobody yet. It may be late by a moment. */
  readonly member: string | undefined
  readonly epoch: number | undefined
}

/**
 * A member of a cluster of schedulers that share their tasks over a transport: any member schedules,
 * cancels and asks, and whatever runs tasks takes its part of the partitions.
 *
 * A promise resolves when the change is in the log of the task's partition. Each change is made by the
 * partition's owner, in one step: it happens before or after the start of a run, never in its middle.
 *
 * @example
 * ```ts
 * const transport = await nats({ servers: 'nats://n1:4222', streams: { replicas: 3 } })
 * await using scheduler = await ClusterScheduler.open({ transport, handlers: { remind } })
 * await scheduler.schedule({ handler: 'remind', payload: { to: 'ada' }, key: 'ada', delayMs: 60_000 })
 * ```
 */
export class ClusterScheduler<H extends HandlerMap = HandlerMap> implements AsyncDisposable {
  /** Tasks that recur. */
  readonly schedules: ClusterSchedules<H>
  readonly #member: Member
  readonly #options: ClusterOptions<H>
  #closing: Promise<void> | undefined

  private constructor(member: Member, options: ClusterOptions<H>) {
    this.#member = member
    this.#options = options
    this.schedules = new ClusterSchedules<H>(member)
  }

  /**
   * Joins the cluster of the namespace, making it when it is not there. Resolves before the member
   * has its part of the partitions: see `events.onPartitionOpened`.
   *
   * @throws SchedulerError `SCHEDULER_FORMAT` when a newer version of this package made the namespace.
   * @throws TransportError what the transport throws.
   * @throws TypeError, RangeError for an option that is out of range, naming it.
   */
  static async open<const H extends HandlerMap>(
    options: ClusterOptions<H>,
  ): Promise<ClusterScheduler<H>> {
    const member = await Member.open(options)
    return new ClusterScheduler<H>(member, options)
  }

  /** This member's name among the workers. */
  get id(): string {
    return this.#member.id
  }

  get state(): 'open' | 'closing' | 'closed' {
    return this.#member.state
  }

  /**
   * Stores a task. It never starts before its time by the wall clock of the partition's owner, which
   * also adds `delayMs`.
   *
   * A `uniqueKey` is unique in its queue; beside a `key` it must belong to that key, as an invoice
   * belongs to a customer: the same one under two keys is not noticed.
   *
   * @throws SchedulerError what `Scheduler.schedule` throws; `PARTITION_UNAVAILABLE` when nothing was
   * stored because the partition has no owner; `OUTCOME_UNKNOWN` when its owner was lost in the middle:
   * the task may be stored, and may even have run. It is never stored twice by one call.
   */
  schedule(spec: TaskSpecOf<H>): Promise<ScheduleResult> {
    const prepared = this.#prepared(spec as TaskSpec)
    const hash = hashOfTask(prepared, this.#member.options.random)
    return this.#at(hash, 'schedule', [prepared])
  }

  /**
   * Stores many tasks. Those of one partition are stored in batches of up to 1 000, each all or not
   * at all; the whole is not atomic. Tasks without any key go into one partition together.
   */
  scheduleMany(specs: readonly TaskSpecOf<H>[]): Promise<ScheduleResult[]> {
    const prepared = specs.map((spec) => this.#prepared(spec as TaskSpec))
    return scheduleMany(this.#member, prepared)
  }

  /**
   * Stores tasks that wait for one another, in one partition and one batch. They have no keys.
   *
   * @throws RangeError for a cycle, an unknown child, or a task with a key.
   */
  scheduleFlow<F extends FlowSpecOf<H>>(tasks: F): Promise<FlowIds<F>> {
    const given = Object.entries(tasks as Readonly<Record<string, FlowTaskSpec>>)
    for (const [name, { key }] of given) {
      if (key !== undefined) throw new RangeError(`task ${name} of a flow in a cluster has a key`)
    }
    const prepared = Object.fromEntries(
      given.map(([name, spec]) => [name, this.#prepared(spec as TaskSpec)]),
    )
    const hash = hashOfTask({}, this.#member.options.random)
    const stored: Promise<unknown> = this.#at(hash, 'scheduleFlow', [prepared])
    return stored as Promise<FlowIds<F>>
  }

  /** Cancels a task. After `cancelled` it never starts; `too-late` means that it has. */
  cancel(ref: ClusterTaskRef): Promise<CancelOutcome> {
    return this.#about(ref, 'cancel', [])
  }

  /** Gives a task another time, and with it another turn among the tasks of its key. */
  reschedule(ref: ClusterTaskRef, due: DueSpec): Promise<RescheduleOutcome> {
    return this.#about(ref, 'reschedule', [due])
  }

  /** Gives a task that has not started another payload or priority. */
  edit(ref: ClusterTaskRef, change: TaskEdit): Promise<EditOutcome> {
    return this.#about(ref, 'edit', [change])
  }

  /** A task as its partition's owner has it; `undefined` when it is unknown or gone without trace. */
  get(ref: ClusterTaskRef): Promise<TaskView | undefined> {
    return this.#about(ref, 'get', [])
  }

  /**
   * Waits for the end of a task, as `Scheduler.waitFor` does. When the owner changes meanwhile, an end
   * whose result is not kept may be `unknown`.
   */
  async waitFor(ref: ClusterTaskRef, { signal }: WaitOptions = {}): Promise<TaskOutcome> {
    for (;;) {
      const outcome = await abortable(this.#about(ref, 'wait', []), signal)
      if (outcome.state !== 'pending') return outcome
    }
  }

  /** A page of tasks, by state, one partition after another. */
  list(query: ListQuery = {}): Promise<ListPage> {
    return listPages(this.#member.topology.all, query, (partition, one) =>
      this.#on(partition, 'list', [one]),
    )
  }

  /** All tasks that a query is for, page after page. */
  async *inspect(query: ListQuery = {}): AsyncGenerator<TaskView, void, undefined> {
    let { cursor } = query
    do {
      const page = await this.list({ ...query, ...(cursor !== undefined && { cursor }) })
      yield* page.tasks
      cursor = page.cursor
    } while (cursor !== undefined)
  }

  /** Tasks of a queue, or of all, by state, over all partitions. */
  async counts(queue?: string): Promise<QueueCounts> {
    const each = await this.#everywhere('counts', [queue])
    return each.reduce(addCounts)
  }

  /** All queues with their counts, over all partitions. */
  async stats(): Promise<Readonly<Record<string, QueueMetrics>>> {
    const queues: Record<string, QueueMetrics> = {}
    for (const some of await this.#everywhere('stats', [])) {
      for (const [name, queue] of Object.entries(some)) {
        const known = queues[name]
        if (known === undefined) queues[name] = queue
        else {
          const resident = known.resident + queue.resident
          const paused = known.paused || queue.paused
          queues[name] = { ...addCounts(known, queue), resident, paused }
        }
      }
    }
    return queues
  }

  /** The names of all queues. */
  async queues(): Promise<string[]> {
    return Object.keys(await this.stats())
  }

  /** Nothing of the queue, or of one key in it, starts any more, on any member, until `resume`. */
  async pause(queue: string, of?: PauseOptions): Promise<void> {
    await this.#setPaused('pause', queue, of)
  }

  async resume(queue: string, of?: PauseOptions): Promise<void> {
    await this.#setPaused('resume', queue, of)
  }

  /** Brings back one dead letter, or up to 1 000 of a queue in each partition. */
  async redrive(what: ClusterTaskRef | { readonly queue: string }): Promise<number> {
    if (typeof what === 'string' || 'uniqueKey' in what) {
      return await this.#about(what, 'redrive', [])
    }
    const counts = await this.#everywhere('redrive', [what])
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** Forgets a dead letter for good; a key that it blocked goes on. */
  discard(id: string): Promise<boolean> {
    return this.#about(id, 'discard', [])
  }

  /** What this member has done since it was opened, and the queues of the partitions it has now. */
  metrics(): ClusterMetrics {
    return clusterMetrics(this.#member)
  }

  /**
   * What happens from now on, on all members: those that have just been told that somebody watches say
   * so from then on, and what is lost on the way is not said again. Errors come without their stack.
   * Ends when this member is closed.
   */
  watch(options?: WatchOptions): AsyncIterableIterator<SchedulerEvent | MissedEvents> {
    return this.#member.exchange.watch(options)
  }

  /**
   * Counts the tasks of all partitions that are overdue by more than `olderThanMs` (default 300 000)
   * and do not run. What nobody works on is counted too, from its log: that is what this is for.
   */
  stale(olderThanMs?: number): Promise<ClusterStale> {
    return countStaleTasks(this.#member, olderThanMs)
  }

  /**
   * Makes more partitions on the running cluster, one after the other, and resolves when there are so
   * many. Each takes half of the keys of one other, which nobody works on meanwhile: what runs in it has
   * `drainMs` to end, then its waiting tasks are copied. Tasks without any key stay where they are, new
   * ones spread over all. It goes on after a crash of whoever is at it, also when the signal is aborted.
   *
   * @throws RangeError for fewer than there are, or more than 1 024.
   */
  async grow(partitions: number, { signal }: WaitOptions = {}): Promise<void> {
    const { topology } = this.#member
    await topology.grow(integer('partitions', partitions, 1, MAX_PARTITIONS))
    await topology.reached(partitions, signal)
  }

  /** All partitions, and who works on them. */
  partitions(): PartitionView[] {
    const { topology, owners } = this.#member
    return topology.all.map((partition) => {
      const owner = owners.get(partition)
      return { partition, member: owner?.member, epoch: owner?.epoch }
    })
  }

  /** The workers that this member takes for alive. */
  workers(): string[] {
    return this.#member.workers
  }

  /**
   * Lets go of this member's partitions, each when what runs in it has ended or `drainMs` is over, and
   * leaves. The others go on with them at once. Idempotent. The transport stays open.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { drainMs = this.#member.options.drainMs } = options
    this.#closing ??= this.#member.close(drainMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** With what only the caller knows. */
  #prepared(spec: TaskSpec): TaskSpec {
    const { handlers, tracing } = this.#options
    const version = spec.version ?? handlers[spec.handler]?.version
    const with_ = version === undefined ? spec : { ...spec, version }
    return traced(with_, tracing)
  }

  #on<N extends OperationName>(
    partition: number,
    operation: N,
    args: readonly unknown[],
  ): Promise<ResultOf<N>> {
    return this.#member.caller.call(partition, operation, args)
  }

  #everywhere<N extends OperationName>(
    operation: N,
    args: readonly unknown[],
  ): Promise<ResultOf<N>[]> {
    return this.#member.caller.everywhere(operation, args)
  }

  #at<N extends OperationName>(
    hash: number,
    operation: N,
    args: readonly unknown[],
  ): Promise<ResultOf<N>> {
    const { caller, topology } = this.#member
    return caller.choose(() => topology.partitionOf(hash), operation, args)
  }

  /** Asks where the task is. */
  #about<N extends OperationName>(
    ref: ClusterTaskRef,
    operation: N,
    args: readonly unknown[],
  ): Promise<ResultOf<N>> {
    if (typeof ref === 'string') return aboutId(this.#member, ref, operation, args)
    const { queue, uniqueKey, key, tenant = '' } = ref
    checkName(queue, 'queue')
    checkName(uniqueKey, 'uniqueKey')
    const hash = key === undefined ? hashOfUnique(queue, uniqueKey) : hashOfKey(queue, tenant, key)
    return this.#at(hash, operation, [{ queue, uniqueKey }, ...args])
  }

  async #setPaused(
    operation: 'pause' | 'resume',
    queue: string,
    of: PauseOptions | undefined,
  ): Promise<void> {
    checkName(queue, 'queue')
    if (of === undefined) await this.#everywhere(operation, [queue])
    else {
      checkName(of.key, 'key')
      const hash = hashOfKey(queue, of.tenant ?? '', of.key)
      await this.#at(hash, operation, [queue, of])
    }
  }
}

function addCounts(a: QueueCounts, b: QueueCounts): QueueCounts {
  return {
    scheduled: a.scheduled + b.scheduled,
    waiting: a.waiting + b.waiting,
    blocked: a.blocked + b.blocked,
    running: a.running + b.running,
    dead: a.dead + b.dead,
    completed: a.completed + b.completed,
  }
}
