import type { Clock } from '@ashlar/codec'
import type { Journal } from '../storage/journal.ts'
import type { Queue } from '../storage/queue.ts'
import type { TaskReader } from '../storage/task-reader.ts'
import type { TaskTable } from '../storage/task-table.ts'

/**
 * What happens to the other tasks of a key when one fails:
 *
 * - `skip`: they wait while it is retried; when its attempts are used up they go on without it.
 * - `block`: they wait while it is retried; when its attempts are used up they wait on, until the
 *   dead letter is redriven or discarded.
 * - `park`: the failed task steps aside at once and is retried out of turn; they go on.
 */
export type FailedHeadPolicy = 'block' | 'skip' | 'park'

export interface PartitionSettings {
  readonly onFailedHead: FailedHeadPolicy
  /** Tasks held in memory; up to twice as many for a moment. */
  readonly lookAheadTasks: number
  /** How far ahead of their time tasks are read. */
  readonly lookAheadMs: number
}

/** What partitions share with the scheduler they belong to. */
export interface PartitionParts {
  readonly clock: Clock
  readonly journal: Journal
  readonly table: TaskTable
  readonly reader: TaskReader
  readonly onError: (error: unknown, where: string) => void
  /** The scheduler, or this stream of a queue, is not at work any more. */
  readonly stopped: (queue: Queue) => boolean
}
