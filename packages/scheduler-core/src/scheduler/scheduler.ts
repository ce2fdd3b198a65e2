import { type Batch, Store } from '@ashlar/lsm-store'
import { bookFlow, type FlowIds } from '../flow/flow-bookings.ts'
import type { FlowSpecOf } from '../flow/flow-spec.ts'
import type { QueueCounts, QueueMetrics, SchedulerMetrics } from '../observe/metrics.ts'
import type { StaleTasks } from '../observe/stale.ts'
import type { MissedEvents, SchedulerEvent, WatchOptions } from '../observe/watch.ts'
import type { HandlerMap } from '../run/handler.ts'
import type { TaskOutcome, WaitOptions } from '../run/waiters.ts'
import { Schedules } from '../schedules/schedules.ts'
import { TaskReader } from '../storage/task-reader.ts'
import type { DueSpec, TaskSpec, TaskSpecOf } from '../task/spec.ts'
import type { TaskView } from '../task/view.ts'
import {
  Bookings,
  type CancelOutcome,
  type EditOutcome,
  type RescheduleOutcome,
  type ScheduleResult,
  type TaskEdit,
  type TaskRef,
} from './bookings.ts'
import { Changes } from './changes.ts'
import { claim } from './claim.ts'
import { DeadLetters } from './dead-letters.ts'
import { Gauges } from './gauges.ts'
import { Inspector, type ListPage } from './inspector.ts'
import { Kernel, type ReplicaParts, type SchedulerState } from './kernel.ts'
import type { ListQuery } from './list-query.ts'
import { resolveOptions, type SchedulerOptions } from './options.ts'
import { type PauseOptions, setPaused } from './pausing.ts'

/** What `close` may be told. */
export interface CloseOptions {
  /** Instead of the scheduler's. */
  readonly drainMs?: number
}

/** Tasks are small and mostly read in order: a store of our own needs little memory. */
const OWN_STORE = { memtableBytes: 8 * 1024 * 1024, blockCacheBytes: 16 * 1024 * 1024 }

interface Parts {
  readonly kernel: Kernel
  readonly ownStore: boolean
  readonly release: () => void
}

/** A scheduler on the local copy of a partition, made durable elsewhere. */
export interface ReplicaScheduler {
  readonly scheduler: Scheduler
  /** Starts nothing more; resolves when nothing runs, or after a time. */
  readonly quiesce: (forMs: number) => Promise<void>
}

/** For the cluster; not part of the package's surface. */
export let openReplica: (
  options: SchedulerOptions & { readonly store: Store; readonly prefix: string },
  replica: ReplicaParts,
) => Promise<ReplicaScheduler>

/**
 * Tasks that run at their time, in order within their key, at least once, also after a crash.
 *
 * A promise of `schedule`, `cancel` and the like resolves when the change is stored as the sync mode
 * says. Each is one step: it happens before or after the start of a run, never in its middle.
 *
 * @example
 * ```ts
 * const remind = { run: async (payload: { to: string }) => send(payload.to) }
 * await using scheduler = await Scheduler.open({ path: './tasks', handlers: { remind } })
 * await scheduler.schedule({
 *   handler: 'remind',
 *   payload: { to: 'ada' },
 *   key: 'ada',
 *   delayMs: 3_600_000,
 * })
 * ```
 */
export class Scheduler<H extends HandlerMap = HandlerMap> implements AsyncDisposable {
  readonly #kernel: Kernel
  /** Tasks that recur. */
  readonly schedules: Schedules<H>
  readonly #changes: Changes
  readonly #bookings: Bookings
  readonly #dead: DeadLetters
  readonly #inspector: Inspector
  readonly #gauges: Gauges
  readonly #ownStore: boolean
  readonly #release: () => void
  #closing: Promise<void> | undefined

  static {
    openReplica = async (options, replica) => {
      const resolved = resolveOptions(options)
      const release = claim(options.store, resolved.prefix)
      try {
        const kernel = new Kernel(options.store, options.handlers, resolved, replica)
        await kernel.start()
        const scheduler = new Scheduler({ kernel, ownStore: false, release })
        return { scheduler, quiesce: (forMs) => kernel.quiesce(forMs) }
      } catch (error) {
        release()
        throw error
      }
    }
  }

  private constructor({ kernel, ownStore, release }: Parts) {
    const { store, layout, journal, directory, results, runner, onDamage } = kernel
    this.#kernel = kernel
    this.#ownStore = ownStore
    this.#release = release
    this.#changes = new Changes(kernel)
    this.#bookings = new Bookings(kernel)
    this.schedules = new Schedules<H>(kernel, this.#bookings, this.#changes)
    this.#dead = new DeadLetters(kernel, this.#bookings, new TaskReader(store, layout, onDamage))
    this.#gauges = new Gauges(kernel)
    this.#inspector = new Inspector({
      store,
      layout,
      journal,
      directory,
      results,
      runs: () => runner.runs(),
      onDamage,
    })
  }

  /**
   * Opens the scheduler of a store, and starts what is due. Runs that the end of the last process
   * cut off are the first to run again.
   *
   * @throws SchedulerError `HANDLER_MISSING` when a stored task has no handler, is of a newer
   * version than its handler, or lacks an upgrade; `SCHEDULER_OPEN` when the store and prefix have
   * an open scheduler; `SCHEDULER_FORMAT` when a newer version of this package wrote the tasks.
   * @throws StoreError what opening or reading the store throws.
   * @throws TypeError, RangeError for an option that is out of range, naming it.
   */
  static async open<const H extends HandlerMap>(
    options: SchedulerOptions<H>,
  ): Promise<Scheduler<H>> {
    const resolved = resolveOptions(options)
    const { clock, logger } = resolved
    const sync = options.sync === undefined ? {} : { sync: options.sync }
    const own = { clock, logger, ...OWN_STORE, ...sync }
    const store = options.store ?? (await Store.open(options.path ?? '', own))
    const ownStore = options.store === undefined
    let release: (() => void) | undefined
    try {
      release = claim(store, resolved.prefix)
      const kernel = new Kernel(store, options.handlers, resolved)
      await kernel.start()
      return new Scheduler<H>({ kernel, ownStore, release })
    } catch (error) {
      release?.()
      if (ownStore) await store.close()
      throw error
    }
  }

  /** `failed`: the store refused a write; reads go on, everything else fails with that cause. */
  get state(): SchedulerState {
    return this.#kernel.state
  }

  /**
   * Stores a task. It never starts before its time by the wall clock.
   *
   * @throws SchedulerError `HANDLER_MISSING`, `PAYLOAD_INVALID`, `TASK_EXISTS` (policy `reject`),
   * `TASK_STARTED` (policies `replace`, `reschedule`), `SCHEDULER_BUSY`, `SCHEDULER_CLOSED`,
   * `SCHEDULER_FAILED`.
   */
  schedule(spec: TaskSpecOf<H>): Promise<ScheduleResult> {
    return this.#changes.make(() => this.#bookings.schedule(spec as TaskSpec))
  }

  /** Stores many tasks in one atomic batch: all or, when one is refused, none. */
  scheduleMany(specs: readonly TaskSpecOf<H>[]): Promise<ScheduleResult[]> {
    const { maxBulk } = this.#kernel.options
    return this.#changes.make(() => {
      if (specs.length > maxBulk) {
        throw new RangeError(`scheduleMany takes at most ${maxBulk} tasks, got ${specs.length}`)
      }
      return this.#bookings.scheduleMany(specs as readonly TaskSpec[])
    })
  }

  /**
   * Puts a task into a batch of the caller's on the same store, and returns its id: the task and the
   * caller's data are written together or not at all. Write the batch with {@link Scheduler.commit}.
   * Written by `store.write` the task is found within about a second.
   *
   * @throws TypeError for a `uniqueKey`; SchedulerError as `schedule` does, and `SCHEDULER_BUSY` when
   * 10 000 tasks stand in unwritten batches.
   */
  scheduleInto(batch: Batch, spec: TaskSpecOf<H>): string {
    this.#changes.check()
    return this.#bookings.scheduleInto(batch, spec as TaskSpec)
  }

  /** Writes a batch that `scheduleInto` has put tasks into, with all else that is in it. */
  commit(batch: Batch): Promise<void> {
    const refusal = this.#kernel.refusal()
    return refusal === undefined ? this.#bookings.commit(batch) : Promise.reject(refusal)
  }

  /** Forgets the tasks put into a batch that will not be written. */
  abandon(batch: Batch): void {
    this.#kernel.prepared.abandon(batch)
  }

  /** Cancels a task. After `cancelled` it never starts; `too-late` means that it has. */
  cancel(ref: TaskRef): Promise<CancelOutcome> {
    return this.#changes.make(() => this.#bookings.cancel(ref))
  }

  /**
   * Gives a task another time, and with it another turn among the tasks of its key. A task that waits
   * for a retry in its turn keeps the turn: only the retry moves.
   */
  reschedule(ref: TaskRef, due: DueSpec): Promise<RescheduleOutcome> {
    return this.#changes.make(() => this.#bookings.reschedule(ref, due))
  }

  /**
   * Stores tasks that wait for one another, in one batch: a task with `children` starts when all of
   * them have ended, and finds their results in `context.children()`.
   *
   * @throws RangeError for a cycle or an unknown child; SchedulerError as `schedule` does.
   *
   * @example
   * ```ts
   * const { page } = await scheduler.scheduleFlow({
   *   image: { handler: 'resize', payload: 'a.png' },
   *   text: { handler: 'translate', payload: 'a.md' },
   *   page: { handler: 'publish', payload: 'a', children: ['image', 'text'] },
   * })
   * ```
   */
  scheduleFlow<F extends FlowSpecOf<H>>(tasks: F): Promise<FlowIds<F>> {
    return this.#changes.make(() => bookFlow<H, F>(this.#kernel, tasks))
  }

  /**
   * Waits for the end of a task: its completion, death, or cancellation, as it is stored. The result
   * is given whether it is kept or not. One that has ended before is known by its kept result or as a
   * dead letter, and is else `unknown`.
   *
   * @throws SchedulerError `SCHEDULER_CLOSED`, `SCHEDULER_FAILED` when no end can come any more;
   * `SCHEDULER_BUSY` when 100 000 calls wait. The reason of an aborted signal.
   */
  async waitFor(ref: TaskRef, options: WaitOptions = {}): Promise<TaskOutcome> {
    this.#changes.check()
    const id = this.#bookings.idOf(ref)
    const task = id === undefined ? undefined : this.#bookings.get(id)
    if (id === undefined || task === undefined) return { state: 'unknown' }
    if (task.state === 'completed') return { state: 'completed', result: task.result }
    if (task.state === 'dead') return { state: 'dead', failure: task.failure }
    return this.#kernel.waiters.wait(id, options)
  }

  /**
   * Gives a task that has not started another payload or priority; its place in time and among the
   * tasks of its key stays. After `edited` it runs with what was given, and with nothing else.
   *
   * @throws SchedulerError `PAYLOAD_INVALID`; RangeError for a priority that is none.
   */
  edit(ref: TaskRef, change: TaskEdit): Promise<EditOutcome> {
    return this.#changes.make(() => this.#bookings.edit(ref, change))
  }

  /** A task as it is now; `undefined` when it is unknown or gone without trace. */
  get(ref: TaskRef): TaskView | undefined {
    this.#changes.checkReadable()
    return this.#bookings.get(ref)
  }

  /** A page of tasks, by state. Reads at most 10 000 entries of the store. */
  list(query: ListQuery = {}): ListPage {
    this.#changes.checkReadable()
    return this.#inspector.list(query)
  }

  /**
   * All tasks that a query is for, page after page, with pauses for other work in between. Tasks that
   * change their state meanwhile may be seen twice or not at all.
   */
  async *inspect(query: ListQuery = {}): AsyncGenerator<TaskView, void, undefined> {
    let { cursor } = query
    do {
      const page = this.list({ ...query, ...(cursor !== undefined && { cursor }) })
      yield* page.tasks
      cursor = page.cursor
      await new Promise((resolve) => setImmediate(resolve))
    } while (cursor !== undefined)
  }

  /** Tasks of a queue, or of all, by state. Kept with every change, so it costs nothing. */
  counts(queue?: string): QueueCounts {
    return this.#gauges.counts(queue)
  }

  /** All queues with their counts. */
  stats(): Readonly<Record<string, QueueMetrics>> {
    return this.#gauges.metrics().queues
  }

  /** The names of all queues. */
  queues(): string[] {
    return Array.from(this.#kernel.directory.groups(), ({ name }) => name)
  }

  /**
   * Nothing of the queue, or of one key in it, starts any more, also after a restart, until `resume`.
   * What runs goes on.
   */
  pause(queue: string, of?: PauseOptions): Promise<void> {
    return this.#changes.make(() => setPaused(this.#kernel, queue, of, true))
  }

  resume(queue: string, of?: PauseOptions): Promise<void> {
    return this.#changes.make(() => setPaused(this.#kernel, queue, of, false))
  }

  /**
   * Brings back one dead letter, or up to 1 000 of a queue, with its attempts forgotten. Resolves with
   * how many. Those of a queue that have no handler, or whose unique key is taken, stay.
   *
   * @throws SchedulerError `HANDLER_MISSING`, `TASK_EXISTS` for a single one.
   */
  redrive(what: TaskRef | { readonly queue: string }): Promise<number> {
    return this.#changes.make(() =>
      typeof what === 'string' || 'uniqueKey' in what
        ? this.#dead.redrive(what)
        : this.#dead.redriveQueue(what.queue),
    )
  }

  /** Forgets a dead letter for good; a key that it blocked goes on. */
  discard(id: string): Promise<boolean> {
    return this.#changes.make(() => this.#dead.discard(id))
  }

  /** Counters since opening, and gauges of now. */
  metrics(): SchedulerMetrics {
    return this.#gauges.metrics()
  }

  /**
   * Counts the tasks that are overdue by more than `olderThanMs` (default 300 000) and do not run, as
   * the store has them: whatever is wrong with the work on a queue, this shows it. Reads at most
   * 10 000 entries.
   */
  stale(olderThanMs?: number): StaleTasks {
    this.#changes.checkReadable()
    return this.#gauges.stale(olderThanMs)
  }

  /**
   * Everything that happens from now on, as events. A reader that is too slow finds one `missed`
   * event in the place of what it missed. Ends when the scheduler is closed.
   */
  watch(options?: WatchOptions): AsyncIterableIterator<SchedulerEvent | MissedEvents> {
    this.#changes.checkReadable()
    return this.#kernel.observer.watchers.watch(options)
  }

  /**
   * Resolves when nothing runs, nothing is being stored, and nothing can start until time passes or
   * something is scheduled. For tests, with a `VirtualClock`, and for tools that work off a backlog.
   */
  idle(): Promise<void> {
    return this.#kernel.idle()
  }

  /**
   * Stops starting tasks, waits for those that run up to `drainMs`, then aborts their signals and
   * gives up on those that do not end. What was not finished runs again at the next opening.
   * Idempotent. A store that was passed in stays open.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? this.#kernel.options.drainMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(drainMs: number): Promise<void> {
    try {
      await this.#kernel.stop(drainMs)
    } finally {
      this.#kernel.state = 'closed'
      this.#kernel.observer.watchers.end()
      this.#release()
      if (this.#ownStore) await this.#kernel.store.close()
    }
  }
}
