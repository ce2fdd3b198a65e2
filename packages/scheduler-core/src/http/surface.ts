import type { QueueCounts, SchedulerMetrics } from '../observe/metrics.ts'
import type { StaleTasks } from '../observe/stale.ts'
import type { MissedEvents, SchedulerEvent, WatchOptions } from '../observe/watch.ts'
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
import type { DueSpec, TaskSpec } from '../task/spec.ts'
import type { TaskView } from '../task/view.ts'

/** The part of a `Scheduler` that HTTP and the command line use. */
export interface HttpScheduler {
  readonly state: string
  schedule(spec: TaskSpec): Promise<ScheduleResult>
  scheduleMany(specs: readonly TaskSpec[]): Promise<ScheduleResult[]>
  cancel(ref: TaskRef): Promise<CancelOutcome>
  reschedule(ref: TaskRef, due: DueSpec): Promise<RescheduleOutcome>
  edit(ref: TaskRef, change: TaskEdit): Promise<EditOutcome>
  get(ref: TaskRef): TaskView | undefined
  list(query: ListQuery): ListPage
  counts(queue?: string): QueueCounts
  queues(): string[]
  pause(queue: string): Promise<void>
  resume(queue: string): Promise<void>
  redrive(what: TaskRef | { readonly queue: string }): Promise<number>
  discard(id: string): Promise<boolean>
  metrics(): SchedulerMetrics
  stale(olderThanMs?: number): StaleTasks
  watch(options?: WatchOptions): AsyncIterableIterator<SchedulerEvent | MissedEvents>
}
