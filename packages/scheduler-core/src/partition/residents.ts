import type { Task } from '../task/task.ts'

/** Every task of a partition that memory holds, by sequence, running ones included. */
export class Residents extends Map<number, Task> {
  /** Due tasks that have not started. */
  *unstarted(): Generator<Task> {
    for (const task of this.values()) {
      if (task.area === 'due' && !task.started) yield task
    }
  }

  /** The earliest time of a due task, if it is before `limit`. */
  lowest(limit: number): number {
    let low = limit
    for (const task of this.values()) {
      if (task.area === 'due' && task.at < low) low = task.at
    }
    return low
  }
}
