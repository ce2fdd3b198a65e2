import type { FastifyRequest } from 'fastify'
import { formatPrometheus } from '../observe/prometheus.ts'
import type { ListQuery } from '../scheduler/list-query.ts'
import { RequestError } from './failure.ts'
import type { Schema, SchemaName } from './schemas.ts'
import { dueOf, editOf, traceOf, withTrace } from './spec-of-json.ts'
import type { HttpScheduler } from './surface.ts'

/** One route: what it takes, does and answers. The plugin and the OpenAPI document are made of these. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Parameters as `:name`. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly query?: Readonly<Record<string, Schema>>
  readonly body?: SchemaName
  readonly status: 200 | 201
  /** A schema's name, or a media type. */
  readonly answer: SchemaName | 'text/plain; version=0.0.4; charset=utf-8'
  /** Statuses of failures beside 400, 401 and 503. */
  readonly failures?: readonly number[]
  readonly run: (scheduler: HttpScheduler, request: FastifyRequest) => unknown
}

const STATES = ['scheduled', 'waiting', 'blocked', 'running', 'dead', 'completed']

export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/queues',
    id: 'listQueues',
    summary: 'All queues with their counts',
    status: 200,
    answer: 'Queues',
    run: (scheduler) => {
      const { queues } = scheduler.metrics()
      return { queues: Object.entries(queues).map(([name, queue]) => ({ name, ...queue })) }
    },
  },
  {
    method: 'GET',
    path: '/queues/:queue',
    id: 'getQueue',
    summary: 'One queue with its counts',
    status: 200,
    answer: 'Queue',
    failures: [404],
    run: (scheduler, request) => {
      const name = param(request, 'queue')
      const queue = scheduler.metrics().queues[name]
      if (queue === undefined) throw unknownQueue(name)
      return { name, ...queue }
    },
  },
  {
    method: 'POST',
    path: '/queues/:queue/pause',
    id: 'pauseQueue',
    summary: 'Nothing of the queue starts any more',
    status: 200,
    answer: 'Outcome',
    run: async (scheduler, request) => {
      await scheduler.pause(param(request, 'queue'))
      return { outcome: 'paused' }
    },
  },
  {
    method: 'POST',
    path: '/queues/:queue/resume',
    id: 'resumeQueue',
    summary: 'Tasks of the queue start again',
    status: 200,
    answer: 'Outcome',
    run: async (scheduler, request) => {
      await scheduler.resume(param(request, 'queue'))
      return { outcome: 'resumed' }
    },
  },
  {
    method: 'POST',
    path: '/queues/:queue/redrive',
    id: 'redriveQueue',
    summary: 'Brings back up to 1 000 dead letters of the queue',
    status: 200,
    answer: 'Redriven',
    run: async (scheduler, request) => ({
      redriven: await scheduler.redrive({ queue: param(request, 'queue') }),
    }),
  },
  {
    method: 'GET',
    path: '/counts',
    id: 'getCounts',
    summary: 'Tasks of all queues by state',
    status: 200,
    answer: 'Counts',
    run: (scheduler) => scheduler.counts(),
  },
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
    run: (scheduler, request) => scheduler.get(param(request, 'id')) ?? fail('unknown'),
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
  {
    method: 'GET',
    path: '/metrics',
    id: 'getPrometheus',
    summary: 'Metrics as Prometheus reads them',
    status: 200,
    answer: 'text/plain; version=0.0.4; charset=utf-8',
    run: (scheduler) => formatPrometheus(scheduler.metrics(), { stale: scheduler.stale() }),
  },
  {
    method: 'GET',
    path: '/metrics.json',
    id: 'getMetrics',
    summary: 'Metrics, and what is stale',
    status: 200,
    answer: 'Metrics',
    run: (scheduler) => ({
      state: scheduler.state,
      ...scheduler.metrics(),
      stale: scheduler.stale(),
    }),
  },
]

function param(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? ''
}

function unknownQueue(name: string): RequestError {
  return new RequestError(404, 'QUEUE_UNKNOWN', `there is no queue '${name}'`)
}

function fail(outcome: 'too-late' | 'unknown'): never {
  if (outcome === 'too-late') {
    throw new RequestError(409, 'TASK_TOO_LATE', 'the task has started or ended')
  }
  throw new RequestError(404, 'TASK_UNKNOWN', 'there is no such task')
}
