// The real bull-board server, over HTTP, on queues of a scheduler.
import { bullBoardQueues } from '@ashlar/scheduler-core/bull-board'
import { createBullBoard } from '@bull-board/api'
import { FastifyAdapter } from '@bull-board/fastify'
import { fastify } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { Gate, Rig, START } from '../rig.ts'

const HOUR_MS = 3_600_000

async function start() {
  const gate = new Gate()
  const rig = await Rig.open({
    handlers: {
      hang: { run: () => gate.opened, timeoutMs: Number.POSITIVE_INFINITY },
      mail: { run: () => ({ sent: 2n }), retainMs: HOUR_MS },
      broken: {
        maxAttempts: 1,
        run: () => {
          throw new TypeError('on purpose')
        },
      },
    },
  })
  const { scheduler } = rig
  const queue = 'mails'
  await scheduler.schedule({ handler: 'hang', payload: 0, queue, key: 'k' })
  await scheduler.schedule({ handler: 'mail', payload: { to: 'ada' }, queue })
  await scheduler.schedule({ handler: 'broken', payload: 1, queue })
  await scheduler.schedule({ handler: 'broken', payload: 2, queue })
  const later = await scheduler.schedule({
    handler: 'mail',
    payload: { to: 'bob' },
    queue,
    delayMs: HOUR_MS,
  })
  await rig.pass(1)
  const serverAdapter = new FastifyAdapter()
  serverAdapter.setBasePath('/board')
  createBullBoard({ queues: bullBoardQueues(scheduler), serverAdapter })
  const app = fastify()
  await app.register(serverAdapter.registerPlugin(), { prefix: '/board' })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    gate.open()
    await app.close()
  })
  const call = async (method: string, path: string) => {
    const headers = { 'content-type': 'application/json' }
    const body = method === 'GET' ? {} : { headers, body: '{}' }
    const response = await fetch(`${url}/board/api${path}`, { method, ...body })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  const jobs = async (status: string) => {
    const { body } = await call('GET', `/queues?activeQueue=${queue}&status=${status}&page=1`)
    return body.queues.find(({ name }: { name: string }) => name === queue)
  }
  return { rig, scheduler, url, call, jobs, later: later.id }
}

test('the board shows queues, counts and tasks of each state', async () => {
  const { url, jobs, call, later } = await start()
  const page = await fetch(`${url}/board/`)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toContain('text/html')
  const failed = await jobs('failed')
  expect(failed.counts).toMatchObject({ active: 1, completed: 1, failed: 2, delayed: 1 })
  expect(failed.isPaused).toBe(false)
  expect(failed.jobs).toMatchObject([
    { name: 'broken', failedReason: 'TypeError: on purpose', attempts: 1 },
    { name: 'broken' },
  ])
  expect((await jobs('completed')).jobs).toMatchObject([{ returnValue: { sent: '2' } }])
  expect((await jobs('active')).jobs).toMatchObject([{ name: 'hang' }])
  expect((await jobs('delayed')).jobs).toMatchObject([{ id: later, data: { to: 'bob' } }])
  expect((await jobs('latest')).jobs).toHaveLength(5)
  const one = await call('GET', `/queues/mails/${later}`)
  expect(one.body).toMatchObject({ status: 'delayed', job: { id: later } })
})

test('its buttons do what they say', async () => {
  const { rig, scheduler, jobs, call, later } = await start()
  const [first, second] = (await jobs('failed')).jobs
  expect((await call('PUT', '/queues/mails/pause')).status).toBe(200)
  expect((await jobs('failed')).isPaused).toBe(true)
  expect((await call('PUT', `/queues/mails/${first.id}/retry`)).status).toBe(204)
  expect((await call('PUT', `/queues/mails/${second.id}/clean`)).status).toBe(204)
  expect((await call('PUT', `/queues/mails/${later}/promote`)).status).toBe(204)
  expect(scheduler.get(later)?.dueAt).toBe(rig.clock.now())
  expect(scheduler.counts('mails')).toMatchObject({ scheduled: 2, dead: 0 })
  await call('PUT', '/queues/mails/resume')
  await rig.pass(1)
  expect(scheduler.counts('mails')).toMatchObject({ scheduled: 0, dead: 1, completed: 2 })
  expect((await call('PUT', '/queues/mails/clean/failed')).status).toBe(200)
  expect((await call('PUT', '/queues/mails/clean/active')).status).toBeGreaterThanOrEqual(400)
})

test('schedules are its job schedulers, which can be run and removed', async () => {
  const { rig, scheduler, call } = await start()
  const payload = { to: 'ada' }
  const cron = { cron: '0 9 * * *', timeZone: 'Europe/Berlin' }
  await scheduler.schedules.upsert('daily', { handler: 'mail', payload, queue: 'mails', ...cron })
  await scheduler.schedules.upsert('beat', {
    handler: 'mail',
    payload,
    queue: 'mails',
    everyMs: 60_000,
  })
  await scheduler.schedules.upsert('other', { handler: 'mail', payload, everyMs: 60_000 })
  const list = async () => (await call('GET', '/job-schedulers')).body.schedulers
  expect(await list()).toMatchObject([
    { id: 'beat', queueName: 'mails', every: 60_000, next: START + 60_001 },
    {
      id: 'daily',
      name: 'mail',
      pattern: '0 9 * * *',
      tz: 'Europe/Berlin',
      template: { data: payload },
    },
  ])
  const before = scheduler.metrics().completed
  const run = await call('PUT', '/queues/mails/job-schedulers/daily/run')
  expect(run).toMatchObject({ status: 200, body: { job: { name: 'mail' } } })
  await rig.pass(1)
  expect(scheduler.metrics().completed).toBe(before + 1)
  expect((await call('PUT', '/queues/mails/job-schedulers/other/run')).status).toBe(404)
  expect((await call('PUT', '/queues/mails/job-schedulers/beat/remove')).status).toBe(204)
  expect(await list()).toHaveLength(1)
})
