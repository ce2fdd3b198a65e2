// HTTP, bull-board and watching over a member that does not run the tasks itself.
import { fastify } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { bullBoardQueues } from '../../src/bull-board/index.ts'
import { schedulerHttp } from '../../src/http/index.ts'
import { ClusterRig, until } from './rig.ts'

const handlers = {
  double: { run: (n: number) => n * 2, retainMs: 60_000 },
  fail: { run: () => Promise.reject(new Error('no')), maxAttempts: 1 },
}

async function rigged() {
  const rig = new ClusterRig()
  const { scheduler: worker } = await rig.join({ handlers })
  const { scheduler: client } = await rig.join({ handlers, run: false })
  return { rig, worker, client }
}

test('a cluster is served over HTTP by any member', async () => {
  const { rig, client } = await rigged()
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(schedulerHttp, { scheduler: client, authorize: () => true })
  const ask = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: object) => {
    const { statusCode, payload } = await app.inject({
      method,
      url,
      ...(body !== undefined && { payload: body }),
    })
    return [statusCode, JSON.parse(payload)] as const
  }
  const [created, { id }] = await ask('POST', '/tasks', { handler: 'double', payload: 4, key: 'k' })
  expect(created).toBe(201)
  expect(await ask('GET', `/tasks/${id}/end`)).toEqual([200, { state: 'completed', result: 8 }])
  expect(await ask('GET', `/tasks/${id}`)).toMatchObject([200, { id, state: 'completed' }])
  expect(await ask('GET', '/tasks/00000000000000000000000000')).toMatchObject([404, {}])
  const far = { handler: 'double', payload: 1, delayMs: 3_600_000 }
  const [, { results }] = await ask('POST', '/tasks/bulk', { tasks: [far, far, far] })
  expect(results).toHaveLength(3)
  expect(await ask('GET', `/tasks/${results[0].id}/end?timeoutMs=20`)).toEqual([
    200,
    { state: 'pending' },
  ])
  expect(await ask('DELETE', `/tasks/${results[0].id}`)).toEqual([200, { outcome: 'cancelled' }])
  expect((await ask('GET', '/tasks?state=scheduled'))[1].tasks).toHaveLength(2)
  expect(await ask('GET', '/counts')).toMatchObject([200, { scheduled: 2, completed: 1 }])
  expect(await ask('GET', '/queues')).toMatchObject([
    200,
    { queues: [{ name: 'default', scheduled: 2 }] },
  ])
  expect(await ask('POST', '/queues/default/pause')).toEqual([200, { outcome: 'paused' }])
  expect(await ask('GET', '/queues/default')).toMatchObject([200, { paused: true }])
  const timing = { everyMs: 60_000 }
  const schedule = { handler: 'double', payload: 1, ...timing }
  expect(await ask('PUT', '/schedules/s', schedule)).toEqual([200, { outcome: 'created' }])
  expect((await ask('GET', '/schedules/s/times?count=3'))[1].times).toHaveLength(3)
  expect((await ask('POST', '/schedules/preview', { ...timing, count: 2 }))[1].times).toHaveLength(
    2,
  )
  expect(await ask('DELETE', '/schedules/s')).toEqual([200, { outcome: 'removed' }])
  expect(await ask('GET', '/metrics.json')).toMatchObject([
    200,
    { state: 'open', stale: { count: 0 } },
  ])
  expect(rig.errors).toEqual([])
})

test('a cluster stands on a bull-board', async () => {
  const { client } = await rigged()
  const dead = await client.schedule({ handler: 'fail', payload: null as never, key: 'k' })
  await client.waitFor(dead.id)
  const far = await client.schedule({ handler: 'double', payload: 1, delayMs: 3_600_000 })
  const queues = await bullBoardQueues(client)
  expect(queues.map((queue) => queue.getName())).toEqual(['default'])
  const [board] = queues
  expect(await board?.getJobCounts()).toMatchObject({ failed: 1, delayed: 1 })
  expect(await board?.getJobs(['failed'])).toHaveLength(1)
  await (await board?.getJob(far.id))?.remove()
  expect(await client.get(far.id)).toBeUndefined()
  await (await board?.getJob(dead.id))?.remove()
  expect(await board?.getJobCounts()).toMatchObject({ failed: 0, delayed: 0 })
})

test('whoever watches is told what happens on every member, until it stops', async () => {
  const { rig, worker, client } = await rigged()
  const stop = new AbortController()
  const seen: string[] = []
  const events = client.watch({ signal: stop.signal })
  const own = worker.watch({ signal: stop.signal })
  const reading = (async () => {
    for await (const { type, info } of events) {
      seen.push(type)
      if (type === 'failed') expect(info.error).toEqual({ name: 'Error', message: 'no' })
    }
  })()
  // the worker is told that somebody watches; what it does before is not sent
  await until('events come', async () => {
    await client.schedule({ handler: 'double', payload: 1 })
    return seen.includes('completed')
  })
  const { id } = await client.schedule({ handler: 'fail', payload: null as never })
  await until('it is dead', () => seen.includes('died'))
  expect(await client.get(id)).toMatchObject({ state: 'dead' })
  expect(seen).toEqual(expect.arrayContaining(['scheduled', 'started', 'completed', 'failed']))
  expect((await own.next()).value?.type).toBe('scheduled')
  stop.abort()
  await reading
  const before = seen.length
  await client.waitFor((await client.schedule({ handler: 'double', payload: 1 })).id)
  expect(seen.length).toBe(before)
  const last = client.watch()
  await client.close()
  expect(await last.next()).toEqual({ value: undefined, done: true })
  expect(rig.errors).toEqual([])
})
