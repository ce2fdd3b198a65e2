import type { HandlerMap } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Diary, Gate, Rig, START } from '../rig.ts'

/** Notes what runs; a payload that is a gate holds its run until it opens. */
function working(diary: Diary, gate: Gate): HandlerMap {
  return {
    note: { run: (payload: unknown): void => diary.note(String(payload)) },
    wait: {
      run: async (payload: unknown): Promise<void> => {
        diary.note(String(payload))
        await gate.opened
      },
    },
  }
}

const many = (count: number, make: (n: number) => object) =>
  Array.from({ length: count }, (_, n) => ({ handler: 'note', ...make(n) }) as never)

async function open(options: Partial<Parameters<typeof Rig.open>[0]> = {}) {
  const diary = new Diary()
  const gate = new Gate()
  const rig = await Rig.open<HandlerMap>({ handlers: working(diary, gate), ...options })
  return { rig, diary, gate }
}

test('one task of a tenant starts among the first, whatever another has piled up', async () => {
  const { rig, diary } = await open({ lookAheadTasks: 100, concurrency: 1 })
  const { scheduler } = rig
  await scheduler.pause('default')
  for (let round = 0; round < 5; round++) {
    await scheduler.scheduleMany(many(1_000, () => ({ payload: 'big', tenant: 'big' })))
  }
  await scheduler.schedule({ handler: 'note', payload: 'small', tenant: 'small' })
  await scheduler.schedule({ handler: 'note', payload: 'none' })
  expect(scheduler.counts('default').scheduled).toBe(5_002)
  await scheduler.resume('default')
  await scheduler.idle()
  const ran = diary.take()
  expect(ran).toHaveLength(5_002)
  expect(ran.indexOf('small')).toBeLessThan(4)
  expect(ran.indexOf('none')).toBeLessThan(4)
})

test('tenants share a queue by their weights', async () => {
  const queues = { default: { tenants: { weights: { gold: 3 } } } }
  const { rig, diary } = await open({ queues, concurrency: 1 })
  await rig.scheduler.pause('default')
  for (const tenant of ['gold', 'tin']) {
    await rig.scheduler.scheduleMany(many(100, () => ({ payload: tenant, tenant })))
  }
  await rig.scheduler.resume('default')
  await rig.scheduler.idle()
  const first = diary.take().slice(0, 100)
  expect(first.filter((tenant) => tenant === 'gold')).toHaveLength(75)
})

test('the same key of two tenants is two keys', async () => {
  const { rig, diary, gate } = await open()
  const task = { handler: 'wait', key: 'k' }
  await rig.scheduler.schedule({ ...task, payload: 'a', tenant: 'a' })
  await rig.scheduler.schedule({ ...task, payload: 'b', tenant: 'b' })
  await rig.scheduler.schedule({ ...task, payload: 'c', tenant: 'b' })
  await rig.pass(1)
  expect(diary.take()).toEqual(['a', 'b'])
  gate.open()
  await rig.scheduler.idle()
  expect(diary.take()).toEqual(['c'])
})

test('a unique key is unique in its queue, over all tenants', async () => {
  const { rig } = await open()
  const task = { handler: 'note', payload: 1, uniqueKey: 'u', delayMs: 10 }
  const { id } = await rig.scheduler.schedule({ ...task, tenant: 'a' })
  expect(await rig.scheduler.schedule({ ...task, tenant: 'b', priority: 3 })).toEqual({
    id,
    outcome: 'existing',
  })
  expect(await rig.scheduler.cancel({ queue: 'default', uniqueKey: 'u' })).toBe('cancelled')
})

test('a higher priority passes any backlog, and none is starved', async () => {
  const { rig, diary } = await open({ lookAheadTasks: 50, concurrency: 1 })
  const { scheduler } = rig
  await scheduler.pause('default')
  await scheduler.scheduleMany(many(500, (n) => ({ payload: `low${n}` })))
  await scheduler.scheduleMany(many(100, (n) => ({ payload: `mid${n}`, priority: 5 })))
  await scheduler.scheduleMany(many(200, (n) => ({ payload: `high${n}`, priority: 9 })))
  await scheduler.resume('default')
  await scheduler.idle()
  const ran = diary.take()
  const share = (name: string) => ran.slice(0, 160).filter((one) => one.startsWith(name)).length
  expect([share('high'), share('mid'), share('low')]).toEqual([140, 10, 10])
  const highs = ran.filter((one) => one.startsWith('high'))
  expect(highs).toEqual(Array.from({ length: 200 }, (_, n) => `high${n}`))
})

test('among the tasks of a key the order stays, and the key hurries along', async () => {
  const { rig, diary } = await open({ concurrency: 1 })
  const { scheduler } = rig
  await scheduler.pause('default')
  await scheduler.scheduleMany(many(5, (n) => ({ payload: `plain${n}`, key: `p${n}` })))
  await scheduler.schedule({ handler: 'note', payload: 'first', key: 'k' })
  await scheduler.schedule({ handler: 'note', payload: 'urgent', key: 'k', priority: 9 })
  await scheduler.schedule({ handler: 'note', payload: 'last', key: 'k' })
  await scheduler.resume('default')
  await scheduler.idle()
  const ran = diary.take()
  expect(ran.slice(0, 2)).toEqual(['first', 'urgent'])
  expect(ran.at(-1)).toBe('last')
})

test('a rate limit of a queue holds over any length of time', async () => {
  const queues = { default: { rate: { limit: 10, perMs: 1_000, burst: 4 } } }
  const { rig } = await open({ queues })
  const starts: number[] = []
  const run = (): void => void starts.push(rig.clock.now() - START)
  await rig.reopen({ handlers: { note: { run }, wait: { run } } })
  starts.length = 0
  const began = rig.clock.now() - START
  await rig.scheduler.scheduleMany(many(40, (n) => ({ payload: n })))
  // step by step, so that each start is stored before the clock goes on
  for (let step = 0; step < 36; step++) await rig.pass(100)
  expect(starts).toHaveLength(40)
  const wanted = Array.from({ length: 40 }, (_, n) => began + Math.max(0, n - 3) * 100)
  expect(starts).toEqual(wanted)
})

test('a scheduler whose rates let nothing start is idle until time passes', async () => {
  const rate = { limit: 1, perMs: 1_000 }
  const { rig, diary } = await open({ queues: { whole: { rate }, each: { tenants: { rate } } } })
  for (const queue of ['whole', 'each']) {
    await rig.scheduler.scheduleMany(many(3, () => ({ queue, payload: queue, tenant: 't' })))
  }
  for (let second = 0; second < 3; second++) {
    await rig.scheduler.idle()
    expect(diary.take().sort()).toEqual(['each', 'whole'])
    await rig.clock.advance(1_000)
  }
  await rig.scheduler.idle()
  expect(rig.scheduler.counts().scheduled).toBe(0)
})

test('keys and tasks without one share a priority', async () => {
  const { rig, diary } = await open({ concurrency: 1 })
  await rig.scheduler.pause('default')
  await rig.scheduler.scheduleMany(many(50, () => ({ payload: 'free', priority: 5 })))
  await rig.scheduler.scheduleMany(
    many(50, (n) => ({ payload: 'keyed', priority: 5, key: `${n}` })),
  )
  await rig.scheduler.resume('default')
  await rig.scheduler.idle()
  expect(
    diary
      .take()
      .slice(0, 40)
      .filter((name) => name === 'keyed').length,
  ).toBeGreaterThan(10)
})

test('a rate and a concurrency of tenants hold back one, not the others', async () => {
  const rate = { limit: 2, perMs: 1_000 }
  const { rig, diary, gate } = await open({
    queues: { rated: { tenants: { rate } }, narrow: { tenants: { concurrency: 1 } } },
  })
  const rated = { queue: 'rated' }
  await rig.scheduler.scheduleMany(many(6, () => ({ ...rated, payload: 'a', tenant: 'a' })))
  await rig.scheduler.scheduleMany(many(1, () => ({ ...rated, payload: 'b', tenant: 'b' })))
  await rig.pass(0)
  expect(diary.take()).toEqual(['a', 'a', 'b'])
  await rig.pass(1_000)
  expect(diary.take()).toEqual(['a', 'a'])
  const narrow = { queue: 'narrow', handler: 'wait' }
  for (const tenant of ['a', 'a', 'b']) {
    await rig.scheduler.schedule({ ...narrow, payload: `narrow ${tenant}`, tenant })
  }
  await rig.pass(0)
  expect(diary.take()).toEqual(['narrow a', 'narrow b'])
  gate.open()
  await rig.pass(1_000)
  expect(diary.take().sort()).toEqual(['a', 'a', 'narrow a'])
})

test('a paused key stays still, also over a restart, and its tasks do not fill memory', async () => {
  const { rig, diary } = await open({ lookAheadTasks: 10 })
  await rig.scheduler.pause('default', { key: 'k' })
  await rig.scheduler.scheduleMany(many(50, (n) => ({ payload: `k${n}`, key: 'k' })))
  await rig.scheduler.schedule({ handler: 'note', payload: 'other', key: 'o' })
  await rig.pass(10)
  expect(diary.take()).toEqual(['other'])
  await rig.kill()
  await rig.scheduler.schedule({ handler: 'note', payload: 'more', key: 'o' })
  await rig.pass(10)
  expect(diary.take()).toEqual(['more'])
  await rig.scheduler.resume('default', { key: 'k' })
  await rig.pass(10)
  expect(diary.take()).toEqual(Array.from({ length: 50 }, (_, n) => `k${n}`))
  expect(rig.scheduler.counts()).toMatchObject({ scheduled: 0, waiting: 0 })
})

test('tenants and priorities outlive a restart', async () => {
  const { rig, diary } = await open({ concurrency: 1 })
  await rig.scheduler.pause('default')
  const { id } = await rig.scheduler.schedule({ handler: 'note', payload: 'a', tenant: 't' })
  await rig.scheduler.scheduleMany(many(3, (n) => ({ payload: n, tenant: 't', priority: n })))
  await rig.kill()
  expect(rig.scheduler.get(id)).toMatchObject({ tenant: 't', priority: 0, state: 'scheduled' })
  const { tasks } = rig.scheduler.list({ state: 'scheduled', queue: 'default' })
  expect(tasks.map(({ priority }) => priority)).toEqual([0, 0, 1, 2])
  await rig.scheduler.resume('default')
  await rig.scheduler.idle()
  expect(diary.take()).toEqual(['2', '1', 'a', '0'])
})

test('limits that cannot be meant are refused', async () => {
  const { rig } = await open()
  const task = { handler: 'note', payload: 1 }
  await expect(rig.scheduler.schedule({ ...task, priority: 10 })).rejects.toThrow(/priority/)
  await expect(rig.scheduler.schedule({ ...task, tenant: '' })).rejects.toThrow(/tenant/)
  for (const queue of [
    { rate: { limit: 0, perMs: 1 } },
    { rate: { limit: 1, perMs: 0 } },
    { tenants: { concurrency: 0 } },
    { tenants: { weights: { a: 0 } } },
  ]) {
    await rig.close()
    await expect(rig.start({ queues: { q: queue } })).rejects.toThrow(RangeError)
    await rig.start({ queues: {} })
  }
})
