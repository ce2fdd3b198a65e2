import type { FlowTaskSpec } from '../flow/flow-spec.ts'
import type { QueueCounts, QueueMetrics, SchedulerMetrics } from '../observe/metrics.ts'
import type { StaleTasks } from '../observe/stale.ts'
import type { MissedEvents, SchedulerEvent, WatchOptions } from '../observe/watch.ts'
import type { PreviewOptions } from '../recurrence/preview.ts'
import type { Timing } from '../recurrence/timing.ts'
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
import type { ScheduleView } from '../schedules/schedule-view.ts'
import type {
  ScheduleListPage,
  ScheduleListQuery,
  ScheduleSpec,
  UpsertOutcome,
} from '../schedules/schedules.ts'
import type { DueSpec, TaskSpec } from '../task/spec.ts'
import type { TaskView } from '../task/view.ts'

/** At once, from the store of this process; or when the member that knows has answered. */
export type MaybeLater<T> = T | Promise<T>

/** What HTTP and bull-board need of `scheduler.schedules`. */
export interface HttpSchedules {
  upsert(id: string, spec: ScheduleSpec): Promise<UpsertOutcome>
  get(id: string): MaybeLater<ScheduleView | undefined>
  list(query: ScheduleListQuery): MaybeLater<ScheduleListPage>
  preview(what: string | Timing, options: PreviewOptions): MaybeLater<number[]>
  pause(id: string): Promise<boolean>
  resume(id: string): Promise<boolean>
  remove(id: string): Promise<boolean>
  trigger(id: string): Promise<ScheduleResult | undefined>
}

/**
 * What HTTP and bull-board need of a scheduler: a `Scheduler` has it, and a `ClusterScheduler`, whose
 * `metrics` are those of the member, and everything else of the whole cluster.
 */
export interface HttpScheduler {
  readonly state: string
  readonly schedules: HttpSchedules
  schedule(spec: TaskSpec): Promise<ScheduleResult>
  scheduleMany(specs: readonly TaskSpec[]): Promise<ScheduleResult[]>
  scheduleFlow(
    tasks: Readonly<Record<string, FlowTaskSpec>>,
  ): Promise<Readonly<Record<string, string>>>
  waitFor(ref: string, options: WaitOptions): Promise<TaskOutcome>
  cancel(ref: string): Promise<CancelOutcome>
  reschedule(ref: string, due: DueSpec): Promise<RescheduleOutcome>
  edit(ref: string, change: TaskEdit): Promise<EditOutcome>
  get(ref: string): MaybeLater<TaskView | undefined>
  list(query: ListQuery): MaybeLater<ListPage>
  counts(queue?: string): MaybeLater<QueueCounts>
  stats(): MaybeLater<Readonly<Record<string, QueueMetrics>>>
  queues(): MaybeLater<string[]>
  pause(queue: string, of?: PauseOptions): Promise<void>
  resume(queue: string, of?: PauseOptions): Promise<void>
  redrive(what: string | { readonly queue: string }): Promise<number>
  discard(id: string): Promise<boolean>
  metrics(): SchedulerMetrics
  stale(olderThanMs?: number): MaybeLater<StaleTasks>
  watch(options?: WatchOptions): AsyncIterableIterator<SchedulerEvent | MissedEvents>
}
