import type { Schema } from '@ashlar/service-kit'
import { RequestError } from '@ashlar/service-kit'
import type { FastifyRequest } from 'fastify'
import type { PauseOptions } from '../scheduler/pausing.ts'
import { param, type Route } from './route.ts'

const OF_KEY: Readonly<Record<string, Schema>> = {
  key: { type: 'string', description: 'Only this key' },
  tenant: { type: 'string', description: 'Whose key it is' },
}

/** Queues, and single keys in them. */
export const QUEUE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/queues',
    id: 'listQueues',
    summary: 'All queues with their counts',
    status: 200,
    answer: 'Queues',
    run: async (scheduler) => {
      const queues = await scheduler.stats()
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
    run: async (scheduler, request) => {
      const name = param(request, 'queue')
      const queue = (await scheduler.stats())[name]
      if (queue === undefined) throw unknownQueue(name)
      return { name, ...queue }
    },
  },
  {
    method: 'POST',
    path: '/queues/:queue/pause',
    id: 'pauseQueue',
    summary: 'Nothing of the queue, or of one key in it, starts any more',
    query: OF_KEY,
    status: 200,
    answer: 'Outcome',
    run: async (scheduler, request) => {
      await scheduler.pause(param(request, 'queue'), keyOf(request))
      return { outcome: 'paused' }
    },
  },
  {
    method: 'POST',
    path: '/queues/:queue/resume',
    id: 'resumeQueue',
    summary: 'Tasks of the queue, or of one key in it, start again',
    query: OF_KEY,
    status: 200,
    answer: 'Outcome',
    run: async (scheduler, request) => {
      await scheduler.resume(param(request, 'queue'), keyOf(request))
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
]

function unknownQueue(name: string): RequestError {
  return new RequestError(404, 'QUEUE_UNKNOWN', `there is no queue '${name}'`)
}

function keyOf({ query }: FastifyRequest): PauseOptions | undefined {
  const { key, tenant } = query as { readonly key?: string; readonly tenant?: string }
  if (key !== undefined) return { key, ...(tenant !== undefined && { tenant }) }
  if (tenant === undefined) return undefined
  throw new TypeError('tenant tells whose key it is: give the key too')
}
