import type { JobState, QueueJob, QueueJobJson } from '@bull-board/api/dist/types.js'
import type { HttpScheduler } from '../http/surface.ts'
import { toJson } from '../observe/json.ts'
import type { TaskView } from '../task/view.ts'

const STATES: Readonly<Record<TaskView['state'], JobState>> = {
  scheduled: 'delayed',
  retrying: 'delayed',
  waiting: 'waiting',
  blocked: 'waiting-children',
  running: 'active',
  dead: 'failed',
  completed: 'completed',
}

/** A task as the board's job. */
export function jobOf(scheduler: HttpScheduler, task: TaskView): QueueJob {
  const { id } = task
  return {
    opts: { delay: delayOf(task) },
    async promote() {
      expect(await scheduler.reschedule(id, { delayMs: 0 }), 'rescheduled')
    },
    async remove() {
      if (task.state === 'dead') expect(await scheduler.discard(id), true)
      else expect(await scheduler.cancel(id), 'cancelled')
    },
    async retry() {
      expect(await scheduler.redrive(id), 1)
    },
    async changeDelay(delayMs) {
      expect(await scheduler.reschedule(id, { delayMs }), 'rescheduled')
    },
    getState: async () => {
      const now = await scheduler.get(id)
      return now === undefined ? 'unknown' : STATES[now.state]
    },
    toJSON: () => jsonOf(task),
  }
}

/** A task that has run before the board could look at it. */
export function endedJob(id: string, name: string, payload: unknown): QueueJob {
  const gone = async (): Promise<void> => {
    throw new Error('the task has ended')
  }
  return {
    opts: {},
    promote: gone,
    remove: gone,
    retry: gone,
    changeDelay: gone,
    getState: async () => 'completed',
    toJSON: () => ({
      id,
      name,
      progress: 0,
      attemptsMade: 1,
      timestamp: Date.now(),
      failedReason: '',
      stacktrace: null,
      data: plain(payload),
      returnvalue: undefined,
      opts: {},
    }),
  }
}

function jsonOf(task: TaskView): QueueJobJson {
  const { id, handler, progress, attempts, createdAt, failure, payload, result, key } = task
  const { finishedAt, interruptions, uniqueKey } = task
  return {
    id,
    name: handler,
    progress: (plain(progress) ?? 0) as QueueJobJson['progress'],
    attemptsMade: attempts,
    stalledCounter: interruptions,
    finishedOn: finishedAt ?? null,
    // when it began is not stored; this is the time before which it did not
    ...(finishedAt !== undefined && { processedOn: task.runAt }),
    delay: delayOf(task),
    timestamp: createdAt,
    failedReason: failure === undefined ? '' : `${failure.name}: ${failure.message}`,
    stacktrace: null,
    data: plain(payload),
    returnvalue: plain(result),
    opts: { key, version: task.version, dueAt: task.dueAt, runAt: task.runAt },
    ...(uniqueKey !== undefined && { deduplicationId: uniqueKey }),
  }
}

/** The board adds it to the time of creation. */
function delayOf({ runAt, createdAt }: TaskView): number {
  return Math.max(0, runAt - createdAt)
}

/** What JSON can say of a value. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(toJson(value))
}

function expect<T>(outcome: T, wanted: T): void {
  if (outcome !== wanted) throw new Error(`the task has moved on: ${String(outcome)}`)
}
