import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js'
import type {
  AppJobScheduler,
  JobCleanStatus,
  JobCounts,
  JobSchedulerUpdateResult,
  JobStatus,
  QueueAdapterOptions,
  QueueJob,
  QueueJobOptions,
  QueueMetrics,
  Status,
} from '@bull-board/api/dist/types.js'
import type { HttpScheduler } from '../http/surface.ts'
import type { ListState } from '../scheduler/list-query.ts'
import type { ScheduleView } from '../schedules/schedule-view.ts'
import type { TaskView } from '../task/view.ts'
import { endedJob, jobOf } from './job.ts'
import { jobSchedulerOf } from './job-scheduler.ts'

/** Options of the board for one queue. */
export type AshlarAdapterOptions = Partial<Omit<QueueAdapterOptions, 'prefix' | 'delimiter'>>

/** The board's lists, and ours. Our `scheduled` is what it calls delayed, due or not. */
const LISTS: Readonly<Partial<Record<JobStatus, ListState>>> = {
  active: 'running',
  waiting: 'waiting',
  'waiting-children': 'blocked',
  delayed: 'scheduled',
  failed: 'dead',
  completed: 'completed',
}
const CLEANED: Readonly<Record<JobCleanStatus, ListState>> = {
  completed: 'completed',
  wait: 'waiting',
  active: 'running',
  delayed: 'scheduled',
  failed: 'dead',
}
const STATUSES = [
  'active',
  'waiting',
  'waiting-children',
  'completed',
  'failed',
  'delayed',
] as const

/** Tasks that one list or one click on the board goes through at most. */
const MAX_TASKS = 10_000
const PAGE = 1_000

/** One queue of a scheduler on a bull-board: https://github.com/felixmosh/bull-board */
export class AshlarQueueAdapter extends BaseAdapter {
  readonly #scheduler: HttpScheduler
  readonly #queue: string

  constructor(scheduler: HttpScheduler, queue: string, options: AshlarAdapterOptions = {}) {
    super('bullmq', { ...options, allowCompletedRetries: false })
    this.#scheduler = scheduler
    this.#queue = queue
  }

  getName(): string {
    return this.#queue
  }

  getStatuses(): Status[] {
    return ['latest', ...STATUSES]
  }

  getJobStatuses(): JobStatus[] {
    return [...STATUSES]
  }

  async getJobCounts(): Promise<JobCounts> {
    const counts = await this.#scheduler.counts(this.#queue)
    const { scheduled, waiting, blocked, running, dead, completed } = counts
    return {
      latest: 0,
      active: running,
      waiting,
      'waiting-children': blocked,
      prioritized: 0,
      completed,
      failed: dead,
      delayed: scheduled,
      paused: 0,
    }
  }

  async getJob(id: string): Promise<QueueJob | undefined> {
    const task = await this.#scheduler.get(id)
    return task?.queue === this.#queue ? jobOf(this.#scheduler, task) : undefined
  }

  async getJobs(statuses: JobStatus[], start = 0, end: number = MAX_TASKS): Promise<QueueJob[]> {
    const tasks: TaskView[] = []
    const most = Math.min(MAX_TASKS, end < 0 ? MAX_TASKS : end + 1)
    for (const status of statuses) {
      const state = LISTS[status]
      if (state === undefined) continue
      tasks.push(...(await this.#tasks(state, most - tasks.length)))
    }
    return tasks.slice(start, most).map((task) => jobOf(this.#scheduler, task))
  }

  async addJob(name: string, data: unknown, options: QueueJobOptions): Promise<QueueJob> {
    const { delay = 0, attempts } = options
    const { id } = await this.#scheduler.schedule({
      queue: this.#queue,
      handler: name,
      payload: data,
      delayMs: delay,
      ...(attempts !== undefined && { maxAttempts: attempts }),
    })
    const job = await this.getJob(id)
    if (job === undefined) throw new Error('the task has already run')
    return job
  }

  async isPaused(): Promise<boolean> {
    return (await this.#scheduler.stats())[this.#queue]?.paused ?? false
  }

  pause(): Promise<void> {
    return this.#scheduler.pause(this.#queue)
  }

  resume(): Promise<void> {
    return this.#scheduler.resume(this.#queue)
  }

  /** Cancels what has not started. */
  async empty(): Promise<void> {
    for (const state of ['scheduled', 'waiting'] as const) {
      for (const { id } of await this.#tasks(state, MAX_TASKS)) await this.#scheduler.cancel(id)
    }
  }

  async clean(status: JobCleanStatus, graceTimeMs: number): Promise<void> {
    const state = CLEANED[status]
    if (state === 'running' || state === 'completed') {
      throw new Error(
        state === 'running' ? 'running tasks are not removed' : 'results expire by themselves',
      )
    }
    const before = Date.now() - graceTimeMs
    for (const { id, createdAt } of await this.#tasks(state, MAX_TASKS)) {
      if (createdAt > before) continue
      if (state === 'dead') await this.#scheduler.discard(id)
      else await this.#scheduler.cancel(id)
    }
  }

  async promoteAll(): Promise<void> {
    for (const { id } of await this.#tasks('scheduled', MAX_TASKS)) {
      await this.#scheduler.reschedule(id, { delayMs: 0 })
    }
  }

  async obliterate(): Promise<void> {
    throw new Error('a queue is not removed; empty it instead')
  }

  async getJobLogs(): Promise<string[]> {
    return []
  }

  async getMetrics(): Promise<QueueMetrics> {
    return { meta: { count: 0, prevTS: 0, prevCount: 0 }, data: [], count: 0 }
  }

  async getRedisInfo(): Promise<null> {
    return null
  }

  async getJobSchedulers(): Promise<Omit<AppJobScheduler, 'queueName'>[]> {
    return (await this.#schedules()).map(jobSchedulerOf)
  }

  async getJobSchedulersCount(): Promise<number> {
    return (await this.#schedules()).length
  }

  async removeJobScheduler(id: string): Promise<boolean> {
    return (await this.#has(id)) && (await this.#scheduler.schedules.remove(id))
  }

  /** Never asked for: the board knows less of a timing than there is to it. */
  async updateJobScheduler(): Promise<JobSchedulerUpdateResult> {
    return 'not-found'
  }

  override get supportsJobSchedulerRun(): boolean {
    return true
  }

  async runJobSchedulerNow(id: string): Promise<QueueJob | 'not-found'> {
    const { schedules } = this.#scheduler
    const schedule = (await this.#has(id)) ? await schedules.get(id) : undefined
    const made = schedule === undefined ? undefined : await schedules.trigger(id)
    if (schedule === undefined || made === undefined) return 'not-found'
    const { handler, payload } = schedule
    return (await this.getJob(made.id)) ?? endedJob(made.id, handler, payload)
  }

  async getGlobalConcurrency(): Promise<null> {
    return null
  }

  async setGlobalConcurrency(): Promise<void> {
    throw new Error('the concurrency of a queue is an option of the scheduler')
  }

  async #has(scheduleId: string): Promise<boolean> {
    const schedule = await this.#scheduler.schedules.get(scheduleId)
    return schedule?.queue === this.#queue
  }

  /** Of this queue. */
  async #schedules(): Promise<ScheduleView[]> {
    const found: ScheduleView[] = []
    let cursor: string | undefined
    for (let read = 0; read < MAX_TASKS; read += PAGE) {
      const page = await this.#scheduler.schedules.list({
        limit: PAGE,
        ...(cursor !== undefined && { cursor }),
      })
      found.push(...page.schedules.filter(({ queue }) => queue === this.#queue))
      cursor = page.cursor
      if (cursor === undefined) break
    }
    return found
  }

  /** The first tasks of a list, page by page. */
  async #tasks(state: ListState, most: number): Promise<TaskView[]> {
    const tasks: TaskView[] = []
    let cursor: string | undefined
    while (tasks.length < most) {
      const limit = Math.min(PAGE, most - tasks.length)
      const query = { state, queue: this.#queue, limit }
      const page = await this.#scheduler.list(cursor === undefined ? query : { ...query, cursor })
      tasks.push(...page.tasks)
      cursor = page.cursor
      if (cursor === undefined) break
    }
    return tasks
  }
}

/**
 * Adapters of all queues that a scheduler has now, for `createBullBoard({ queues })`; of a
 * `ClusterScheduler` a promise of them.
 *
 * @example
 * ```ts
 * const serverAdapter = new FastifyAdapter()
 * createBullBoard({ queues: bullBoardQueues(scheduler), serverAdapter })
 * await app.register(serverAdapter.registerPlugin())
 * ```
 */
export function bullBoardQueues(
  scheduler: HttpScheduler & { queues(): string[] },
  options?: AshlarAdapterOptions,
): AshlarQueueAdapter[]
export function bullBoardQueues(
  scheduler: HttpScheduler,
  options?: AshlarAdapterOptions,
): Promise<AshlarQueueAdapter[]>
export function bullBoardQueues(
  scheduler: HttpScheduler,
  options?: AshlarAdapterOptions,
): AshlarQueueAdapter[] | Promise<AshlarQueueAdapter[]> {
  const adapters = (queues: readonly string[]): AshlarQueueAdapter[] =>
    queues.map((queue) => new AshlarQueueAdapter(scheduler, queue, options))
  const queues = scheduler.queues()
  return Array.isArray(queues) ? adapters(queues) : queues.then(adapters)
}
