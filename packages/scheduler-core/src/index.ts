export type { ClusterMetrics } from './cluster/cluster-metrics.ts'
export {
  ClusterScheduler,
  type ClusterTaskRef,
  type PartitionView,
} from './cluster/cluster-scheduler.ts'
export type { ClusterSchedules } from './cluster/cluster-schedules.ts'
export type { ClusterStale } from './cluster/cluster-stale.ts'
export type { ClusterEvents, ClusterOptions, PartitionEvent } from './cluster/options.ts'
export {
  isSchedulerError,
  SchedulerError,
  type SchedulerErrorCode,
  type SchedulerErrorOptions,
} from './errors.ts'
export type { FlowIds } from './flow/flow-bookings.ts'
export type { FlowSpecOf, FlowTaskSpec } from './flow/flow-spec.ts'
export type { ChildOutcome } from './flow/flow-table.ts'
export type {
  QueueEvent,
  SchedulerEvents,
  TaskAbandoned,
  TaskCompleted,
  TaskDied,
  TaskEvent,
  TaskFailed,
  TaskProgressed,
  TaskRescheduled,
  TaskScheduled,
  TaskStarted,
  TaskTimedOut,
} from './observe/events.ts'
export type { HistogramBucket, HistogramSnapshot } from './observe/histogram.ts'
export type { QueueCounts, QueueMetrics, SchedulerMetrics } from './observe/metrics.ts'
export { formatPrometheus, type PrometheusOptions } from './observe/prometheus.ts'
export type { StaleTasks } from './observe/stale.ts'
export type { TracedRun, TracedSchedule, Tracing } from './observe/tracing.ts'
export type { MissedEvents, SchedulerEvent, WatchOptions } from './observe/watch.ts'
export type { FailedHeadPolicy } from './partition/parts.ts'
export type { RateLimit } from './partition/token-bucket.ts'
export type { MisfirePolicy } from './recurrence/misfire.ts'
export type { PreviewOptions } from './recurrence/preview.ts'
export type { CronTiming, EveryTiming, RuleTiming, Timing } from './recurrence/timing.ts'
export type { Backoff } from './run/backoff.ts'
export { type FailTaskOptions, failTask, type TaskFailedError } from './run/fail-task.ts'
export type { Handler, HandlerMap, PayloadOf, RunContext, TaskInfo } from './run/handler.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './run/standard-schema.ts'
export type { TaskOutcome, WaitOptions } from './run/waiters.ts'
export type {
  CancelOutcome,
  EditOutcome,
  RescheduleOutcome,
  ScheduleResult,
  TaskEdit,
  TaskRef,
} from './scheduler/bookings.ts'
export {
  type CloseOnSignalOptions,
  type Closing,
  closeOnSignal,
  type SignalWatch,
} from './scheduler/close-on-signal.ts'
export type { ListPage } from './scheduler/inspector.ts'
export type { SchedulerState } from './scheduler/kernel.ts'
export type { ListQuery, ListState } from './scheduler/list-query.ts'
export type { QueueOptions, SchedulerOptions, TenantOptions } from './scheduler/options.ts'
export type { PauseOptions } from './scheduler/pausing.ts'
export { type CloseOptions, Scheduler } from './scheduler/scheduler.ts'
export type { ScheduleView } from './schedules/schedule-view.ts'
export type {
  ScheduleListPage,
  ScheduleListQuery,
  ScheduleSpec,
  ScheduleSpecOf,
  Schedules,
  UpsertOutcome,
} from './schedules/schedules.ts'
export type { ConflictPolicy, DueSpec, TaskSpec, TaskSpecOf } from './task/spec.ts'
export type { ChildFailurePolicy, TaskFailure } from './task/task.ts'
export type { TaskState, TaskView } from './task/view.ts'
