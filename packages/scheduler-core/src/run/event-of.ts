import type { TaskEvent } from '../observe/events.ts'
import type { Task } from '../task/task.ts'

/** What every event says of its task. */
export function eventOf({ id, queue, key, handler }: Task): TaskEvent {
  return { id, queue: queue.name, key, tenant: queue.tenant || undefined, handler }
}
