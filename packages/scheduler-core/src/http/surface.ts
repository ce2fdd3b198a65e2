import type { FlowTaskSpec } from '../flow/flow-spec.ts'
import type { QueueCounts, SchedulerMetrics } from '../observe/metrics.ts'
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
  TaskRef,
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

/** The part of `scheduler.schedules` that HTTP and the command line use. */
export interface HttpSchedules {
  upsert(id: string, spec: ScheduleSpec): Promise<UpsertOutcome>
  get(id: string): ScheduleView | undefined
  list(query: ScheduleListQuery): ScheduleListPage
  preview(what: string | Timing, options: PreviewOptions): number[]
  pause(id: string): Promise<boolean>
  resume(id: string): Promise<boolean>
  remove(id: string): Promise<boolean>
  trigger(id: string): Promise<ScheduleResult | undefined>
}

/** The part of a `Scheduler` that HTTP and the command line use. */
export interface HttpScheduler {
  readonly state: string
  readonly schedules: HttpSchedules
  schedule(spec: TaskSpec): Promise<ScheduleResult>
  scheduleMany(specs: readonly TaskSpec[]): Promise<ScheduleResult[]>
  scheduleFlow(
    tasks: Readonly<Record<string, FlowTaskSpec>>,
  ): Promise<Readonly<Record<string, string>>>
  waitFor(ref: TaskRef, options: WaitOptions): Promise<TaskOutcome>
  cancel(ref: TaskRef): Promise<CancelOutcome>
  reschedule(ref: TaskRef, due: DueSpec): Promise<RescheduleOutcome>
  edit(ref: TaskRef, change: TaskEdit): Promise<EditOutcome>
  get(ref: TaskRef): TaskView | undefined
  list(query: ListQuery): ListPage
  counts(queue?: string): QueueCounts
  queues(): string[]
  pause(queue: string, of?: PauseOptions): Promise<void>
  resume(queue: string, of?: PauseOptions): Promise<void>
  redrive(what: TaskRef | { readonly queue: string }): Promise<number>
  discard(id: string): Promise<boolean>
  metrics(): SchedulerMetrics
  stale(olderThanMs?: number): StaleTasks
  watch(options?: WatchOptions): AsyncIterableIterator<SchedulerEvent | MissedEvents>
}
