import { RequestError } from '@ashlar/service-kit'
import type { ListQuery } from '../scheduler/list-query.ts'
import { DEFAULT_POLL_MS, MAX_POLL_MS } from './long-polls.ts'
import { param, type Route } from './route.ts'
import { dueOf, editOf, traceOf, withTrace } from './spec-of-json.ts'

const STATES = ['scheduled', 'waiting', 'blocked', 'running', 'dead', 'completed']

/** Single tasks: to schedule, find, change, await and end them. */
export const TASK_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/tasks',
    id: 'listTasks',
    summary: 'A page of tasks, searched by what is given',
    query: {
      state: { type: 'string', enum: STATES, description: 'Absent: all' },
      queue: { type: 'string' },
      key: { type: 'string' },
      tenant: { type: 'string' },
      handler: { type: 'string' },
      scheduleId: { type: 'string' },
      text: { type: 'string', description: 'In key, unique key, failure or payload' },
      from: { type: 'integer', minimum: 0, description: 'runAt is at this time or later' },
      to: { type: 'integer', minimum: 0, description: 'runAt is before this time' },
      limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
      cursor: { type: 'string' },
    },
    status: 200,
    answer: 'TaskPage',
    run: (scheduler, request) => scheduler.list(request.query as ListQuery),
  },
  {
    method: 'POST',
    path: '/tasks',
    id: 'schedule',
    summary: 'Stores a task; it is stored when this is answered',
    body: 'TaskSpec',
    status: 201,
    answer: 'ScheduleResult',
    failures: [409, 422],
    run: (scheduler, request) =>
      scheduler.schedule(withTrace(request.body, traceOf(request.headers))),
  },
  {
    method: 'POST',
    path: '/tasks/bulk',
    id: 'scheduleMany',
    summary: 'Stores many tasks, all or none',
    body: 'TaskSpecs',
    status: 201,
    answer: 'ScheduleResults',
    failures: [409, 422],
    run: async (scheduler, request) => {
      const trace = traceOf(request.headers)
      const { tasks } = request.body as { readonly tasks: readonly unknown[] }
      return { results: await scheduler.scheduleMany(tasks.map((task) => withTrace(task, trace))) }
    },
  },
  {
    method: 'GET',
    path: '/tasks/:id',
    id: 'getTask',
    summary: 'One task as it is now',
    status: 200,
    answer: 'Task',
    failures: [404],
    run: async (scheduler, request) =>
      (await scheduler.get(param(request, 'id'))) ?? fail('unknown'),
  },
  {
    method: 'GET',
    path: '/tasks/:id/end',
    id: 'awaitTask',
    summary: 'Waits for the end of a task; `pending` when it has not come in time: ask again',
    query: {
      timeoutMs: { type: 'integer', minimum: 0, maximum: MAX_POLL_MS, default: DEFAULT_POLL_MS },
    },
    status: 200,
    answer: 'TaskEnd',
    failures: [404],
    run: async (scheduler, request, polls) => {
      const { timeoutMs = DEFAULT_POLL_MS } = request.query as { readonly timeoutMs?: number }
      const end = await polls.end(scheduler, param(request, 'id'), timeoutMs, request.raw.socket)
      return end.state === 'unknown' ? fail('unknown') : end
    },
  },
  {
    method: 'DELETE',
    path: '/tasks/:id',
    id: 'cancelTask',
    summary: 'Cancels a task: after this it never starts',
    status: 200,
    answer: 'Outcome',
    failures: [404, 409],
    run: async (scheduler, request) => {
      const outcome = await scheduler.cancel(param(request, 'id'))
      return outcome === 'cancelled' ? { outcome } : fail(outcome)
    },
  },
  {
    method: 'PATCH',
    path: '/tasks/:id',
    id: 'rescheduleTask',
    summary: 'Gives a task another time, or with payload or priority another content',
    body: 'TaskChange',
    status: 200,
    answer: 'Outcome',
    failures: [404, 409],
    run: async (scheduler, request) => {
      const id = param(request, 'id')
      const change = editOf(request.body)
      const due = dueOf(request.body)
      const outcome =
        change === undefined
          ? await scheduler.reschedule(id, due)
          : await scheduler.edit(id, change)
      return outcome === 'rescheduled' || outcome === 'edited' ? { outcome } : fail(outcome)
    },
  },
  {
    method: 'POST',
    path: '/tasks/:id/redrive',
    id: 'redriveTask',
    summary: 'Brings back one dead letter',
    status: 200,
    answer: 'Redriven',
    failures: [404, 409, 422],
    run: async (scheduler, request) => {
      const redriven = await scheduler.redrive(param(request, 'id'))
      return redriven === 1 ? { redriven } : fail('unknown')
    },
  },
  {
    method: 'POST',
    path: '/tasks/:id/discard',
    id: 'discardTask',
    summary: 'Forgets one dead letter for good',
    status: 200,
    answer: 'Outcome',
    failures: [404],
    run: async (scheduler, request) => {
      const discarded = await scheduler.discard(param(request, 'id'))
      return discarded ? { outcome: 'discarded' } : fail('unknown')
    },
  },
]

function fail(outcome: 'too-late' | 'unknown'): never {
  if (outcome === 'too-late') {
    throw new RequestError(409, 'TASK_TOO_LATE', 'the task has started or ended')
  }
  throw new RequestError(404, 'TASK_UNKNOWN', 'there is no such task')
}
