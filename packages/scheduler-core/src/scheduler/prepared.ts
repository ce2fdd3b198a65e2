import type { Batch } from '@ashlar/lsm-store'
import { SchedulerError } from '../errors.ts'
import type { Queue } from '../storage/queue.ts'
import type { TaskTable } from '../storage/task-table.ts'
import type { Task } from '../task/task.ts'

export interface PreparedParts {
  readonly table: TaskTable
  readonly admit: (task: Task) => void
  /** Tasks in unwritten batches at one time. */
  readonly limit: number
}

/**
 * Tasks in batches of the caller's that are not written yet. They hold the low-water marks down, so
 * that none can be written below a mark; and each is looked for in the store now and then, in case
 * its batch was written past the scheduler.
 */
export class Prepared {
  readonly #parts: PreparedParts
  readonly #batches = new Map<Batch, Task[]>()
  #size = 0

  constructor(parts: PreparedParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#size
  }

  add(batch: Batch, task: Task): void {
    if (this.#size >= this.#parts.limit) {
      throw new SchedulerError(
        'SCHEDULER_BUSY',
        `${this.#size} tasks stand in unwritten batches: commit or abandon those batches first`,
      )
    }
    const tasks = this.#batches.get(batch)
    if (tasks === undefined) this.#batches.set(batch, [task])
    else tasks.push(task)
    this.#size += 1
  }

  /** The batch is about to be written: its tasks go into the counts that go with it. */
  count(batch: Batch): void {
    for (const task of this.#batches.get(batch) ?? []) this.#parts.table.countInserted(task.queue)
  }

  /** The batch was handed to the store. */
  announce(batch: Batch): void {
    for (const task of this.#take(batch)) this.#parts.admit(task)
  }

  /** The batch will not be written. */
  abandon(batch: Batch): void {
    this.#take(batch)
  }

  /** The earliest time of a prepared task of the queue. */
  lowest(queue: Queue): number {
    let low = Number.POSITIVE_INFINITY
    for (const tasks of this.#batches.values()) {
      for (const task of tasks) if (task.queue === queue) low = Math.min(low, task.at)
    }
    return low
  }

  /** The streams that prepared tasks are to stand in. */
  streams(): Set<Queue> {
    const streams = new Set<Queue>()
    for (const tasks of this.#batches.values()) for (const { queue } of tasks) streams.add(queue)
    return streams
  }

  /** Finds batches that were written by `store.write` instead of `commit`. */
  sweep(): void {
    const { table } = this.#parts
    for (const [batch, tasks] of this.#batches) {
      const [first] = tasks
      if (first === undefined || !table.has(first)) continue
      this.count(batch)
      this.announce(batch)
    }
  }

  #take(batch: Batch): readonly Task[] {
    const tasks = this.#batches.get(batch) ?? []
    this.#batches.delete(batch)
    this.#size -= tasks.length
    return tasks
  }
}
