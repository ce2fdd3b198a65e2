import type { Queue } from '../storage/queue.ts'
import type { StoredResult } from '../storage/result-table.ts'
import { formatId } from './id.ts'
import type { Task, TaskFailure } from './task.ts'

/**
 * What a task is doing. `scheduled`: due later, or due and waiting for room. `retrying`: as
 * scheduled, after a failed attempt. `waiting`: set aside behind its key. `blocked`: behind its
 * children.
 */
export type TaskState =
  | 'scheduled'
  | 'retrying'
  | 'waiting'
  | 'blocked'
  | 'running'
  | 'dead'
  | 'completed'

/** A task as `get` and `list` show it. */
export interface TaskView {
  readonly id: string
  readonly queue: string
  readonly state: TaskState
  readonly handler: string
  readonly version: number
  readonly key: string | undefined
  readonly tenant: string | undefined
  readonly priority: number
  readonly uniqueKey: string | undefined
  /** The schedule that made it; not kept with the result of a completed task. */
  readonly scheduleId: string | undefined
  /** The time that it was scheduled or rescheduled for. */
  readonly dueAt: number
  /** When it may run next: later than `dueAt` after a failure. */
  readonly runAt: number
  readonly createdAt: number
  /** Failed attempts; for a completed task, attempts. */
  readonly attempts: number
  /** Runs cut off by the end of the process. */
  readonly interruptions: number
  readonly payload: unknown
  /** Why the last failed attempt failed. */
  readonly failure: TaskFailure | undefined
  /** What its handler last gave to `heartbeat`. */
  readonly progress: unknown
  readonly result: unknown
  readonly finishedAt: number | undefined
}

export function viewOf(task: Task, progress?: unknown): TaskView {
  return {
    id: task.id,
    queue: task.queue.name,
    state: stateOf(task),
    handler: task.handler,
    version: task.version,
    key: task.key,
    tenant: task.queue.tenant || undefined,
    priority: task.priority,
    uniqueKey: task.uniqueKey,
    scheduleId: task.scheduleId,
    dueAt: task.order,
    runAt: task.area === 'dead' ? task.order : task.at,
    createdAt: task.createdAt,
    attempts: task.attempts,
    interruptions: task.interruptions,
    payload: task.payload,
    failure: task.failure,
    progress,
    result: undefined,
    finishedAt: task.area === 'dead' ? task.at : undefined,
  }
}

export function viewOfResult(queue: Queue, id: Uint8Array, stored: StoredResult): TaskView {
  const { handler, version, key, dueAt, createdAt, attempts, finishedAt, result } = stored
  return {
    id: formatId(id),
    queue: queue.name,
    state: 'completed',
    handler,
    version,
    key,
    tenant: queue.tenant || undefined,
    priority: queue.priority,
    uniqueKey: undefined,
    scheduleId: undefined,
    dueAt,
    runAt: dueAt,
    createdAt,
    attempts,
    interruptions: 0,
    payload: undefined,
    failure: undefined,
    progress: undefined,
    result,
    finishedAt,
  }
}

function stateOf(task: Task): TaskState {
  if (task.area === 'dead') return 'dead'
  if (task.started) return 'running'
  if (task.area === 'waiting' || task.area === 'blocked') return task.area
  return task.attempts > 0 ? 'retrying' : 'scheduled'
}
