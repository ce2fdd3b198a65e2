import type { Clock } from '@ashlar/codec'
import type { FlowSpecOf } from '../flow/flow-spec.ts'
import type { QueueCounts, QueueMetrics } from '../observe/metrics.ts'
import type { StaleTasks } from '../observe/stale.ts'
import type { HandlerMap } from '../run/handler.ts'
import type { TaskOutcome } from '../run/waiters.ts'
import type {
  CancelOutcome,
  EditOutcome,
  RescheduleOutcome,
  ScheduleResult,
  TaskEdit,
  TaskRef,
} from '../scheduler/bookings.ts'
import type { ListPage } from '../scheduler/inspector.ts'
import type { ListQuery } from '../scheduler/list-query.ts'
import type { PauseOptions } from '../scheduler/pausing.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { ScheduleView } from '../schedules/schedule-view.ts'
import type {
  ScheduleListPage,
  ScheduleListQuery,
  ScheduleSpecOf,
  UpsertOutcome,
} from '../schedules/schedules.ts'
import type { DueSpec, TaskSpecOf } from '../task/spec.ts'
import type { TaskView } from '../task/view.ts'

/** How long the owner holds a call that waits, before it says that there is nothing yet. */
const WAIT_MS = 4_000

/** The scheduler of the partition, and the time of its member. */
export interface Local {
  readonly scheduler: Scheduler<HandlerMap>
  readonly clock: Clock
}

type Spec = TaskSpecOf<HandlerMap>

/** What each operation comes to. */
interface Results {
  readonly schedule: ScheduleResult
  readonly scheduleMany: ScheduleResult[]
  readonly scheduleFlow: Readonly<Record<string, string>>
  readonly cancel: CancelOutcome
  readonly reschedule: RescheduleOutcome
  readonly edit: EditOutcome
  readonly get: TaskView | undefined
  readonly list: ListPage
  readonly counts: QueueCounts
  readonly stats: Readonly<Record<string, QueueMetrics>>
  readonly stale: StaleTasks
  readonly pause: undefined
  readonly resume: undefined
  readonly redrive: number
  readonly discard: boolean
  readonly wait: TaskOutcome | { readonly state: 'pending' }
  readonly upsertSchedule: UpsertOutcome
  readonly getSchedule: ScheduleView | undefined
  readonly listSchedules: ScheduleListPage
  readonly previewSchedule: number[]
  readonly pauseSchedule: boolean
  readonly resumeSchedule: boolean
  readonly removeSchedule: boolean
  readonly triggerSchedule: ScheduleResult | undefined
}

export type OperationName = keyof Results
export type ResultOf<N extends OperationName> = Results[N]

/** Arguments come from a message: each step is called with those of its own kind. */
type Step<R> = (local: Local, ...args: never[]) => R | Promise<R>

/** What the owner of a partition does for others, and for itself: one step each. */
export const OPERATIONS: { readonly [N in OperationName]: Step<Results[N]> } = {
  schedule: ({ scheduler }: Local, spec: Spec) => scheduler.schedule(spec),
  scheduleMany: ({ scheduler }: Local, specs: readonly Spec[]) => scheduler.scheduleMany(specs),
  scheduleFlow: ({ scheduler }: Local, tasks: FlowSpecOf<HandlerMap>) =>
    scheduler.scheduleFlow(tasks),
  cancel: ({ scheduler }: Local, ref: TaskRef) => scheduler.cancel(ref),
  reschedule: ({ scheduler }: Local, ref: TaskRef, due: DueSpec) => scheduler.reschedule(ref, due),
  edit: ({ scheduler }: Local, ref: TaskRef, change: TaskEdit) => scheduler.edit(ref, change),
  get: ({ scheduler }: Local, ref: TaskRef) => scheduler.get(ref),
  list: ({ scheduler }: Local, query: ListQuery) => scheduler.list(query),
  counts: ({ scheduler }: Local, queue?: string) => scheduler.counts(queue),
  stats: ({ scheduler }: Local) => scheduler.metrics().queues,
  stale: ({ scheduler }: Local, olderThanMs?: number) => scheduler.stale(olderThanMs),
  pause: async ({ scheduler }: Local, queue: string, of?: PauseOptions) => {
    await scheduler.pause(queue, of)
    return undefined
  },
  resume: async ({ scheduler }: Local, queue: string, of?: PauseOptions) => {
    await scheduler.resume(queue, of)
    return undefined
  },
  redrive: ({ scheduler }: Local, what: TaskRef | { readonly queue: string }) =>
    scheduler.redrive(what),
  discard: ({ scheduler }: Local, id: string) => scheduler.discard(id),
  wait: waitAWhile,
  upsertSchedule: ({ scheduler }: Local, id: string, spec: ScheduleSpecOf<HandlerMap>) =>
    scheduler.schedules.upsert(id, spec),
  getSchedule: ({ scheduler }: Local, id: string) => scheduler.schedules.get(id),
  listSchedules: ({ scheduler }: Local, query: ScheduleListQuery) =>
    scheduler.schedules.list(query),
  previewSchedule: ({ scheduler }: Local, id: string, count?: number, after?: number) =>
    scheduler.schedules.preview(id, {
      ...(count !== undefined && { count }),
      ...(after !== undefined && { after }),
    }),
  pauseSchedule: ({ scheduler }: Local, id: string) => scheduler.schedules.pause(id),
  resumeSchedule: ({ scheduler }: Local, id: string) => scheduler.schedules.resume(id),
  removeSchedule: ({ scheduler }: Local, id: string) => scheduler.schedules.remove(id),
  triggerSchedule: ({ scheduler }: Local, id: string) => scheduler.schedules.trigger(id),
}

/** What comes to the same when it is done twice. */
export const REPEATABLE: ReadonlySet<OperationName> = new Set<OperationName>([
  'get',
  'list',
  'counts',
  'stats',
  'stale',
  'pause',
  'resume',
  'wait',
  'upsertSchedule',
  'getSchedule',
  'listSchedules',
  'previewSchedule',
  'pauseSchedule',
  'resumeSchedule',
])

/** Waits for the end of a task, but not long: `pending` asks to be asked again. */
async function waitAWhile({ scheduler, clock }: Local, ref: TaskRef): Promise<Results['wait']> {
  const stop = new AbortController()
  const timer = clock.setTimer(() => stop.abort(), WAIT_MS)
  try {
    return await scheduler.waitFor(ref, { signal: stop.signal })
  } catch (error) {
    if (stop.signal.aborted) return { state: 'pending' }
    throw error
  } finally {
    timer.cancel()
  }
}
