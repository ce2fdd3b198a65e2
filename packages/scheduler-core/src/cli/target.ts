import { existsSync } from 'node:fs'
import type { SchedulerMetrics } from '../observe/metrics.ts'
import type { StaleTasks } from '../observe/stale.ts'
import type {
  CancelOutcome,
  EditOutcome,
  RescheduleOutcome,
  TaskEdit,
} from '../scheduler/bookings.ts'
import type { ListPage } from '../scheduler/inspector.ts'
import type { ListQuery } from '../scheduler/list-query.ts'
import type { PauseOptions } from '../scheduler/pausing.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import type { DueSpec } from '../task/spec.ts'
import type { TaskView } from '../task/view.ts'
import { natsTarget } from './nats-target.ts'
import { remoteTarget } from './remote-target.ts'
import { localSchedules, type ScheduleTarget } from './schedule-target.ts'
import { TOKEN_VARIABLE } from './token.ts'

/** What `stats` shows. */
export type Stats = Pick<SchedulerMetrics, 'queues'> & { readonly stale: StaleTasks }

/** The tasks that a command works on: in a folder, or those of a running server. */
export interface Target extends AsyncDisposable {
  readonly schedules: ScheduleTarget
  list(query: ListQuery): Promise<ListPage>
  get(id: string): Promise<TaskView | undefined>
  cancel(id: string): Promise<CancelOutcome>
  reschedule(id: string, due: DueSpec): Promise<RescheduleOutcome>
  edit(id: string, change: TaskEdit): Promise<EditOutcome>
  redrive(what: string | { readonly queue: string }): Promise<number>
  pause(queue: string, of?: PauseOptions): Promise<void>
  resume(queue: string, of?: PauseOptions): Promise<void>
  stats(): Promise<Stats>
}

/** Where the tasks are, as the command line says it. */
export interface TargetFlags {
  readonly store?: string
  readonly nats?: string
  readonly namespace?: string
  readonly url?: string
}

export async function openTarget({ store, url, nats, namespace }: TargetFlags): Promise<Target> {
  const given = [store, url, nats].filter((one) => one !== undefined)
  if (given.length !== 1) {
    const message = 'give one of --store <dir>, --url <url of a running server>, --nats <urls>'
    throw new RangeError(message)
  }
  if (nats !== undefined) return natsTarget(nats, namespace)
  if (url !== undefined) return remoteTarget(url, process.env[TOKEN_VARIABLE])
  return localTarget(store ?? '')
}

/** Opens the folder without running anything. */
async function localTarget(path: string): Promise<Target> {
  if (!existsSync(path)) throw new Error(`there is no store at ${path}`)
  const scheduler = await openLocal(path)
  return {
    schedules: localSchedules(scheduler),
    list: async (query) => scheduler.list(query),
    get: async (id) => scheduler.get(id),
    cancel: (id) => scheduler.cancel(id),
    reschedule: (id, due) => scheduler.reschedule(id, due),
    edit: (id, change) => scheduler.edit(id, change),
    redrive: (what) => scheduler.redrive(what),
    pause: (queue, of) => scheduler.pause(queue, of),
    resume: (queue, of) => scheduler.resume(queue, of),
    stats: async () => ({ queues: scheduler.metrics().queues, stale: scheduler.stale() }),
    [Symbol.asyncDispose]: () => scheduler.close(),
  }
}

async function openLocal(path: string): Promise<Scheduler> {
  try {
    return await Scheduler.open({ path, handlers: {}, run: false })
  } catch (error) {
    const { code } = Object(error) as { readonly code?: unknown }
    if (code !== 'STORE_LOCKED') throw error
    const message = `${path} is open in another process: give --url of its HTTP surface instead`
    throw new Error(message, { cause: error })
  }
}
