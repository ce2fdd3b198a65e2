import { failTask, type HandlerMap, type ListQuery } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Gate, Rig, START } from '../rig.ts'

const HOUR = 3_600_000

test('tasks are listed by state, queue and key, page by page', async () => {
  const rig = await Rig.open({ handlers: { noop: { run: () => {} } } })
  const { scheduler } = rig
  await scheduler.scheduleMany(
    Array.from({ length: 250 }, (_, n) => ({
      queue: n % 5 === 0 ? 'few' : 'many',
      handler: 'noop' as const,
      payload: n,
      key: `k${n % 10}`,
      delayMs: HOUR + n,
    })),
  )
  const seen: unknown[] = []
  let cursor: string | undefined
  let pages = 0
  do {
    const page = scheduler.list({
      state: 'scheduled',
      queue: 'many',
      limit: 60,
      ...(cursor !== undefined && { cursor }),
    })
    seen.push(...page.tasks.map(({ payload }) => payload))
    cursor = page.cursor
    pages += 1
  } while (cursor !== undefined)
  expect(seen).toEqual(Array.from({ length: 250 }, (_, n) => n).filter((n) => n % 5 !== 0))
  expect(pages).toBe(4)
  const keyed = scheduler.list({ state: 'scheduled', key: 'k5', limit: 1_000 })
  expect(keyed.tasks).toHaveLength(25)
  expect(keyed.tasks.every(({ queue, key }) => queue === 'few' && key === 'k5')).toBe(true)
  expect(scheduler.list({ state: 'scheduled', queue: 'none' }).tasks).toEqual([])
  expect(scheduler.queues().sort()).toEqual(['few', 'many'])
  expect(() => scheduler.list({ state: 'scheduled', limit: 0 })).toThrow(/limit/)
  expect(() => scheduler.list({ state: 'scheduled', cursor: 'x' })).toThrow(/cursor/)
  expect(() => scheduler.list({ state: 'odd' as never })).toThrow(/state/)
})

test('counts are exact in every state, also after a restart', async () => {
  const gate = new Gate()
  const rig = await Rig.open({
    handlers: {
      wait: { run: () => gate.opened },
      fail: {
        maxAttempts: 1,
        run: () => {
          throw new Error('no')
        },
      },
      done: { retainMs: HOUR, run: () => 'result' },
    },
  })
  const { scheduler } = rig
  for (let n = 0; n < 3; n++) {
    await scheduler.schedule({ handler: 'wait', payload: n, key: 'k' })
    await scheduler.schedule({ handler: 'wait', payload: n, delayMs: HOUR })
    await scheduler.schedule({ handler: 'fail', payload: n })
    await scheduler.schedule({ handler: 'done', payload: n, queue: 'other' })
  }
  await rig.pass(0)
  const expected = { scheduled: 5, waiting: 0, blocked: 0, running: 1, dead: 3, completed: 3 }
  expect(scheduler.counts()).toEqual(expected)
  expect(scheduler.counts('other')).toEqual({ ...expected, scheduled: 0, running: 0, dead: 0 })
  expect(scheduler.counts('none').scheduled).toBe(0)
  expect(scheduler.list({ state: 'scheduled' }).tasks).toHaveLength(5)
  expect(scheduler.list({ state: 'running' }).tasks).toHaveLength(1)
  await rig.kill()
  await rig.pass(0)
  expect(rig.scheduler.counts()).toEqual(expected)
  gate.open()
  await rig.pass(HOUR)
  expect(rig.scheduler.counts()).toEqual({ ...expected, scheduled: 0, running: 0, completed: 0 })
})

test('a result is kept for as long as it was asked for', async () => {
  const rig = await Rig.open({
    handlers: { add: { retainMs: 10_000, run: ([a, b]: [number, number]) => ({ sum: a + b }) } },
  })
  const { id } = await rig.scheduler.schedule({ handler: 'add', payload: [1, 2], key: 'k' })
  const longer = await rig.scheduler.schedule({ handler: 'add', payload: [2, 2], retainMs: HOUR })
  await rig.pass(0)
  expect(rig.scheduler.get(id)).toMatchObject({
    id,
    state: 'completed',
    key: 'k',
    result: { sum: 3 },
    attempts: 1,
    finishedAt: START,
  })
  expect(rig.scheduler.list({ state: 'completed' }).tasks.map((task) => task.result)).toEqual([
    { sum: 3 },
    { sum: 4 },
  ])
  await rig.reopen()
  await rig.pass(12_000)
  expect(rig.scheduler.get(id)).toBeUndefined()
  expect(rig.scheduler.get(longer.id)?.result).toEqual({ sum: 4 })
  expect(rig.scheduler.counts().completed).toBe(1)
  await rig.pass(HOUR)
  expect(rig.scheduler.counts().completed).toBe(0)
})

test('metrics count what happened, and measure lag and runs', async () => {
  const rig = await Rig.open({
    concurrency: 1,
    handlers: {
      work: {
        maxAttempts: 2,
        backoff: { baseMs: 100, jitter: 'none' },
        run: (fails: boolean) =>
          new Promise<void>((resolve, reject) => {
            rig.clock.setTimer(() => (fails ? reject(new Error('no')) : resolve()), 50)
          }),
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'work', payload: false })
  await rig.scheduler.schedule({ handler: 'work', payload: false })
  await rig.scheduler.schedule({ handler: 'work', payload: true })
  await rig.pass(10_000)
  const metrics = rig.scheduler.metrics()
  expect(metrics).toMatchObject({
    scheduled: 3,
    started: 4,
    completed: 2,
    failed: 2,
    retried: 1,
    died: 1,
    running: 0,
    queues: { default: { scheduled: 0, dead: 1, resident: 0, paused: false } },
  })
  expect(metrics.run).toMatchObject({ count: 4, sumMs: 200, maxMs: 50, p50Ms: 50 })
  expect(metrics.lag).toMatchObject({ count: 4, maxMs: 100 })
  expect(Object.isFrozen(metrics)).toBe(true)
})

test('finds tasks by handler, time, text, tenant and schedule, over pages', async () => {
  const { rig } = await searchable()
  const { scheduler } = rig
  const found = async (query: ListQuery): Promise<unknown[]> => {
    const names: unknown[] = []
    for await (const { payload } of scheduler.inspect({ limit: 2, ...query })) names.push(payload)
    return names
  }
  expect(await found({ from: START + 2_000, to: START + 5_000 })).toEqual(['n2', 'n3', 'n4'])
  expect(await found({ state: 'scheduled', handler: 'other' })).toEqual(['n0', 'n5'])
  expect(await found({ tenant: 't' })).toEqual(['n1', 'n4'])
  expect(await found({ text: '3' })).toEqual(['n3'])
  expect(await found({ key: 'k' })).toEqual(['n2'])
  expect(await found({ scheduleId: 'none' })).toEqual([])
  expect(await found({ queue: 'none' })).toEqual([])
  expect(new Set(await found({}))).toEqual(new Set(['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'dead']))
  expect(await found({ state: ['dead', 'scheduled'], text: 'd' })).toEqual(['dead'])
  expect(await found({ text: 'refused by' })).toEqual(['dead'])
  expect(() => scheduler.list({ state: 'gone' as never })).toThrow(RangeError)
  expect(() => scheduler.list({ cursor: 'scheduled.x' })).toThrow(RangeError)
})

async function searchable() {
  const rig = await Rig.open<HandlerMap>({
    handlers: {
      note: { run: (): void => {} },
      other: { run: (): void => {} },
      poor: {
        run: (): never => {
          throw failTask('refused by the bank', { retry: false })
        },
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'poor', payload: 'dead' })
  await rig.pass(0)
  for (let n = 0; n < 6; n++) {
    await rig.scheduler.schedule({
      handler: n % 5 === 0 ? 'other' : 'note',
      payload: `n${n}`,
      dueAt: START + n * 1_000 + 1,
      ...(n % 3 === 1 && { tenant: 't' }),
      ...(n === 2 && { key: 'k' }),
    })
  }
  return { rig }
}
