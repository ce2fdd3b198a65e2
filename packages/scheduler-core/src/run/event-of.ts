import type { TaskEvent } from '../observe/events.ts'
import type { Task } from '../task/task.ts'

/** What every event says of its task. */
export function eventOf(task: Task): TaskEvent {
  return { id: task.id, queue: task.queue.name, key: task.key, handler: task.handler }
}
