import { createServer, type RespServer } from '@ashlar/resp-server'
import {
  FlowProducer,
  type Job,
  Queue,
  QueueEvents,
  type RedisConnection,
  UnrecoverableError,
  Worker,
} from 'bullmq'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

type Closable = Pick<RedisConnection, 'close'>

describe('BullMQ runs on this server', () => {
  let server: RespServer
  let opened: { close(): Promise<unknown> }[]

  beforeEach(async () => {
    server = await createServer({ port: 0 })
    opened = []
  })

  afterEach(async () => {
    for (const one of opened.reverse()) await one.close()
    await server.close()
  })

  const connection = () => ({ host: '127.0.0.1', port: server.address.port as number })
  const keep = <T extends Closable | { close(): Promise<unknown> }>(one: T): T => {
    opened.push(one)
    return one
  }
  const queue = (name: string): Queue => keep(new Queue(name, { connection: connection() }))
  const worker = (
    name: string,
    process: (job: Job) => Promise<unknown>,
    options: object = {},
  ): Worker => keep(new Worker(name, process, { connection: connection(), ...options }))
  async function events(name: string): Promise<QueueEvents> {
    const listening = keep(new QueueEvents(name, { connection: connection() }))
    await listening.waitUntilReady()
    return listening
  }

  test('jobs are done once each, with results, by priority', async () => {
    const jobs = queue('plain')
    const added = await jobs.addBulk(
      Array.from({ length: 50 }, (_, index) => ({
        name: 'double',
        data: { index },
        opts: { priority: index === 49 ? 1 : 2 },
      })),
    )
    const listening = await events('plain')
    const order: number[] = []
    worker('plain', async ({ data: { index } }: Job<{ index: number }>) => {
      order.push(index)
      return index * 2
    })
    const results = await Promise.all(added.map((job) => job.waitUntilFinished(listening)))
    expect(results).toEqual(added.map((_, index) => index * 2))
    expect(order[0]).toBe(49)
    expect(order.slice(1)).toEqual(Array.from({ length: 49 }, (_, index) => index))
    expect(await jobs.getJobCounts('completed', 'waiting')).toEqual({ completed: 50, waiting: 0 })
  })

  test('a delayed job waits, a failing one is tried again with backoff', async () => {
    const jobs = queue('later')
    const listening = await events('later')
    let attempts = 0
    worker('later', async (job) => {
      if (job.name === 'delayed') return Date.now() - job.timestamp
      attempts += 1
      if (attempts < 3) throw new Error('not yet')
      return 'at last'
    })
    const delayed = await jobs.add('delayed', {}, { delay: 150 })
    const backoff = { type: 'exponential', delay: 10 }
    const flaky = await jobs.add('flaky', {}, { attempts: 3, backoff })
    expect(await flaky.waitUntilFinished(listening)).toBe('at last')
    expect(await delayed.waitUntilFinished(listening)).toBeGreaterThanOrEqual(150)
  })

  test('a flow runs the children before their parent', async () => {
    const flows = keep(new FlowProducer({ connection: connection() }))
    const listening = await events('flow')
    worker('flow', async (job) => {
      if (job.name !== 'parent') return job.data.value as number
      const values = Object.values(await job.getChildrenValues<number>())
      return values.reduce((sum, value) => sum + value, 0)
    })
    const child = (value: number) => ({ name: 'child', queueName: 'flow', data: { value } })
    const { job } = await flows.add({
      name: 'parent',
      queueName: 'flow',
      children: [child(1), child(20), child(300)],
    })
    expect(await job.waitUntilFinished(listening)).toBe(321)
  })

  test('a rate limit is kept', async () => {
    const jobs = queue('limited')
    const listening = await events('limited')
    const started: number[] = []
    worker('limited', async () => void started.push(performance.now()), {
      limiter: { max: 2, duration: 200 },
    })
    const added = await jobs.addBulk(Array.from({ length: 5 }, () => ({ name: 'n', data: {} })))
    await Promise.all(added.map((job) => job.waitUntilFinished(listening)))
    // five jobs at two per window need three windows
    expect((started[4] as number) - (started[0] as number)).toBeGreaterThanOrEqual(200)
  })

  test('a job scheduler makes job after job', async () => {
    const jobs = queue('scheduled')
    let seen = 0
    const thrice = new Promise<void>((resolve) => {
      worker('scheduled', async () => {
        seen += 1
        if (seen === 3) resolve()
      })
    })
    await jobs.upsertJobScheduler('tick', { every: 30 }, { name: 'tick' })
    await thrice
    expect(await jobs.getJobSchedulersCount()).toBe(1)
    expect(await jobs.removeJobScheduler('tick')).toBe(true)
  })

  test('deduplication, pause, obliterate and failed jobs', async () => {
    const jobs = queue('various')
    const listening = await events('various')
    await jobs.pause()
    const deduplication = { id: 'same' }
    const first = await jobs.add('one', {}, { deduplication })
    const second = await jobs.add('one', {}, { deduplication })
    expect(second.id).toBe(first.id)
    worker('various', async (job) => {
      await job.updateProgress(50)
      await job.log('a line')
      throw new UnrecoverableError('never')
    })
    await jobs.resume()
    await expect(first.waitUntilFinished(listening)).rejects.toThrow('never')
    expect(await jobs.getJobLogs(first.id as string)).toEqual({ logs: ['a line'], count: 1 })
    expect((await jobs.getFailed()).map((job) => job.failedReason)).toEqual(['never'])
    await jobs.obliterate({ force: true })
    expect(await server.execute(['KEYS', 'bull:various:*'])).toEqual([])
  })
})
