import { failTask } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Rig, START } from '../rig.ts'

const NO_JITTER = { baseMs: 1_000, jitter: 'none' } as const

test('a failed task is retried with exponential backoff, up to maxMs', async () => {
  const times: number[] = []
  const rig = await Rig.open({
    handlers: {
      fail: {
        maxAttempts: 6,
        backoff: { ...NO_JITTER, maxMs: 5_000 },
        run: () => {
          times.push(rig.clock.now() - START)
          throw new Error('no')
        },
      },
    },
  })
  const { id } = await rig.scheduler.schedule({ handler: 'fail', payload: 0 })
  await rig.pass(1_000)
  expect(rig.scheduler.get(id)).toMatchObject({
    state: 'retrying',
    attempts: 2,
    runAt: START + 3_000,
    failure: { name: 'Error', message: 'no', at: START + 1_000 },
  })
  await rig.pass(60_000)
  expect(times).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000])
  expect(rig.scheduler.get(id)).toMatchObject({ state: 'dead', attempts: 6 })
})

test('jitter spreads retries within its bounds', async () => {
  const times: number[] = []
  const rig = await Rig.open({
    handlers: {
      fail: {
        maxAttempts: 2,
        backoff: { baseMs: 1_000, jitter: 'half' },
        run: (_: unknown, { attempt }) => {
          if (attempt === 2) times.push(rig.clock.now() - START)
          throw new Error('no')
        },
      },
    },
  })
  await rig.scheduler.scheduleMany(
    Array.from({ length: 100 }, () => ({ handler: 'fail' as const, payload: 0 })),
  )
  await rig.pass(5_000)
  expect(times).toHaveLength(100)
  expect(Math.min(...times)).toBeGreaterThanOrEqual(500)
  expect(Math.max(...times)).toBeLessThanOrEqual(1_000)
  expect(new Set(times).size).toBeGreaterThan(50)
})

test('a task may differ from its handler in attempts and backoff', async () => {
  let runs = 0
  const rig = await Rig.open({
    handlers: {
      fail: {
        run: () => {
          runs += 1
          throw new Error('no')
        },
      },
    },
  })
  const own = { maxAttempts: 2, backoff: { ...NO_JITTER, baseMs: 50 } }
  await rig.scheduler.schedule({ handler: 'fail', payload: 0, ...own })
  await rig.reopen()
  await rig.pass(49)
  expect(runs).toBe(1)
  await rig.pass(1)
  expect(runs).toBe(2)
  expect(rig.scheduler.counts().dead).toBe(1)
})

test('failTask says whether and when a task is retried', async () => {
  const times: number[] = []
  const rig = await Rig.open({
    handlers: {
      later: {
        run: (_: unknown, { attempt }) => {
          times.push(rig.clock.now() - START)
          if (attempt === 1) throw failTask('slow down', { retryAfterMs: 30_000 })
        },
      },
      never: {
        run: () => {
          throw failTask('gone', { retry: false })
        },
      },
    },
  })
  const { id } = await rig.scheduler.schedule({ handler: 'never', payload: 0 })
  await rig.scheduler.schedule({ handler: 'later', payload: 0 })
  await rig.pass(60_000)
  expect(times).toEqual([0, 30_000])
  const view = rig.scheduler.get(id)
  expect(view).toMatchObject({ state: 'dead', attempts: 1 })
  expect(view?.failure).toMatchObject({ message: 'gone', code: 'TASK_FAILED' })
})

test('dead letters are listed, redriven one by one or by queue, and discarded', async () => {
  let broken = true
  const done: number[] = []
  const rig = await Rig.open({
    handlers: {
      work: {
        maxAttempts: 1,
        run: (n: number) => {
          if (broken) throw new Error('down')
          done.push(n)
        },
      },
    },
  })
  for (let n = 0; n < 5; n++) {
    await rig.scheduler.schedule({ queue: 'q', handler: 'work', payload: n })
  }
  await rig.scheduler.idle()
  const { tasks } = rig.scheduler.list({ state: 'dead', queue: 'q' })
  expect(tasks.map(({ payload }) => payload)).toEqual([0, 1, 2, 3, 4])
  expect(tasks[0]).toMatchObject({ state: 'dead', failure: { message: 'down' }, finishedAt: START })
  broken = false
  await rig.reopen()
  const { scheduler } = rig
  expect(await scheduler.redrive(tasks[3]?.id ?? '')).toBe(1)
  await scheduler.idle()
  expect(done).toEqual([3])
  expect(await scheduler.discard(tasks[0]?.id ?? '')).toBe(true)
  expect(await scheduler.discard(tasks[0]?.id ?? '')).toBe(false)
  expect(await scheduler.redrive({ queue: 'q' })).toBe(3)
  await scheduler.idle()
  expect(done).toEqual([3, 1, 2, 4])
  expect(scheduler.counts('q')).toMatchObject({ scheduled: 0, dead: 0 })
  expect(await scheduler.redrive({ queue: 'nowhere' })).toBe(0)
  expect(await scheduler.redrive('no-id')).toBe(0)
})

test('a task can be redriven in the very turn in which it died', async () => {
  let broken = true
  let runs = 0
  const rig = await Rig.open({
    handlers: {
      work: {
        maxAttempts: 1,
        run: () => {
          runs += 1
          if (broken) throw new Error('down')
        },
      },
    },
    events: {
      onDied: ({ id }) => {
        broken = false
        queueMicrotask(() => void rig.scheduler.redrive(id))
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'work', payload: 0, key: 'k' })
  await rig.pass(0)
  expect(runs).toBe(2)
  expect(rig.scheduler.counts()).toMatchObject({ scheduled: 0, dead: 0 })
})

test('a dead letter whose unique key is taken stays dead', async () => {
  const rig = await Rig.open({
    handlers: {
      work: {
        maxAttempts: 1,
        run: (fails: boolean) => {
          if (fails) throw new Error('no')
        },
      },
    },
  })
  const { scheduler } = rig
  const first = await scheduler.schedule({ handler: 'work', payload: true, uniqueKey: 'u' })
  await scheduler.idle()
  const spec = { handler: 'work', payload: false, uniqueKey: 'u', delayMs: 1_000 } as const
  expect((await scheduler.schedule(spec)).outcome).toBe('created')
  await expect(scheduler.redrive(first.id)).rejects.toMatchObject({ code: 'TASK_EXISTS' })
  expect(await scheduler.redrive({ queue: 'default' })).toBe(0)
  await rig.pass(1_000)
  await scheduler.pause('default')
  expect(await scheduler.redrive(first.id)).toBe(1)
  const again = await scheduler.schedule({ ...spec, onConflict: 'ignore' })
  expect(again).toEqual({ id: first.id, outcome: 'existing' })
})
