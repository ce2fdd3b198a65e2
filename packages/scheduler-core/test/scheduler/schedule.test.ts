import { isSchedulerError, type RunContext } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Diary, Rig, START } from '../rig.ts'

async function rigWithDiary(options: { clockCheckMs?: number } = {}) {
  const diary = new Diary()
  const rig = await Rig.open({
    ...options,
    handlers: {
      note: { run: (name: string): void => diary.note(`${name}@${rig.clock.now() - START}`) },
    },
  })
  return { rig, diary, scheduler: rig.scheduler }
}

test('a task runs at its time, not before', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  await scheduler.schedule({ handler: 'note', payload: 'delay', delayMs: 1_000 })
  await scheduler.schedule({ handler: 'note', payload: 'date', dueAt: new Date(START + 2_000) })
  await scheduler.schedule({ handler: 'note', payload: 'number', dueAt: START + 3_000.2 })
  await rig.pass(999)
  expect(diary.take()).toEqual([])
  await rig.pass(1)
  expect(diary.take()).toEqual(['delay@1000'])
  await rig.pass(2_000)
  expect(diary.take()).toEqual(['date@2000'])
  await rig.pass(1)
  expect(diary.take()).toEqual(['number@3001'])
})

test('a task without a time, or with one gone by, runs now', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  await scheduler.schedule({ handler: 'note', payload: 'now' })
  await scheduler.schedule({ handler: 'note', payload: 'past', dueAt: 0 })
  await scheduler.idle()
  expect(diary.take()).toEqual(['now@0', 'past@0'])
  expect(rig.scheduler.counts().scheduled).toBe(0)
})

test('a wall clock stepped back starts nothing early', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  await scheduler.schedule({ handler: 'note', payload: 'a', delayMs: 10_000 })
  rig.clock.step(-3_600_000)
  await rig.pass(3_609_999)
  expect(diary.take()).toEqual([])
  await rig.pass(1)
  expect(diary.take()).toEqual(['a@10000'])
})

test('steps of an hour either way start nothing early: tasks, retries, schedules, parents', async () => {
  const HOUR_MS = 3_600_000
  const due = new Map<string, number>()
  const early: string[] = []
  const ran = new Set<string>()
  const rig = await Rig.open({
    clockCheckMs: 1_000,
    lookAheadTasks: 8,
    lookAheadMs: 60_000,
    events: {
      onFailed: ({ id, retryAt }) => void (retryAt !== undefined && due.set(id, retryAt)),
    },
    handlers: {
      note: {
        maxAttempts: 3,
        backoff: { baseMs: HOUR_MS / 3, factor: 3, jitter: 'none' },
        run: (fails: number, { task, attempt }: RunContext): void => {
          const at = due.get(task.id) ?? task.dueAt
          if (rig.clock.now() < at) early.push(`${task.id}: ${at - rig.clock.now()} ms early`)
          ran.add(task.id)
          if (attempt <= fails) throw new Error('on purpose')
        },
      },
    },
  })
  const { scheduler } = rig
  for (let n = 0; n < 60; n++) {
    const key = n % 3 === 0 ? {} : { key: `k${n % 5}` }
    await scheduler.schedule({
      handler: 'note',
      payload: n % 4,
      delayMs: (n * HOUR_MS) / 12,
      ...key,
    })
  }
  await scheduler.schedules.upsert('beat', { handler: 'note', payload: 0, cron: '*/20 * * * *' })
  await scheduler.scheduleFlow({
    child: { handler: 'note', payload: 1, delayMs: HOUR_MS },
    parent: { handler: 'note', payload: 0, delayMs: 3 * HOUR_MS, children: ['child'] },
  })
  for (const step of [1, -1, -1, 1, -1, 1, 1, -1]) {
    await rig.pass(HOUR_MS * 0.7)
    rig.clock.step(step * HOUR_MS)
    await rig.pass(1_000)
  }
  await rig.pass(12 * HOUR_MS)
  expect(early).toEqual([])
  expect(ran.size).toBeGreaterThan(60 + 2 + 15)
  expect(scheduler.counts().scheduled).toBe(0)
})

test('a wall clock stepped forward is noticed within clockCheckMs', async () => {
  const { rig, diary, scheduler } = await rigWithDiary({ clockCheckMs: 5_000 })
  await scheduler.schedule({ handler: 'note', payload: 'a', delayMs: 3_600_000 })
  await rig.pass(1_000)
  rig.clock.step(3_600_000)
  await rig.pass(4_000)
  expect(diary.take()).toEqual(['a@3605000'])
})

test('a task that was due before the clock went back waits for its time again', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  await scheduler.pause('default')
  await scheduler.schedule({ handler: 'note', payload: 'free', delayMs: 1_000 })
  await scheduler.schedule({ handler: 'note', payload: 'keyed', key: 'k', delayMs: 1_000 })
  await rig.pass(5_000)
  rig.clock.step(-60_000)
  await scheduler.resume('default')
  await rig.pass(55_999)
  expect(diary.take()).toEqual([])
  await rig.pass(1)
  expect(diary.take().toSorted()).toEqual(['free@1000', 'keyed@1000'])
})

test('scheduleMany stores all tasks or none', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  const results = await scheduler.scheduleMany([
    { handler: 'note', payload: 'a' },
    { handler: 'note', payload: 'b', delayMs: 5 },
  ])
  expect(results.map(({ outcome }) => outcome)).toEqual(['created', 'created'])
  const endless: Record<string, unknown> = {}
  endless['self'] = endless
  const bad = [
    { handler: 'note', payload: 'c' },
    { handler: 'note', payload: endless as unknown as string },
  ] as const
  await expect(scheduler.scheduleMany(bad)).rejects.toMatchObject({ code: 'PAYLOAD_INVALID' })
  await rig.pass(10)
  expect(diary.take()).toEqual(['a@0', 'b@5'])
})

test('a bulk of 10 000 is one atomic batch and runs in its order', async () => {
  const { diary, scheduler } = await rigWithDiary()
  const specs = Array.from({ length: 10_000 }, (_, n) => ({
    handler: 'note' as const,
    payload: String(n),
    key: 'k',
  }))
  await scheduler.scheduleMany(specs)
  await scheduler.idle()
  expect(diary.take()).toEqual(specs.map(({ payload }) => `${payload}@0`))
  const more = [...specs, ...specs]
  await expect(scheduler.scheduleMany(more)).rejects.toThrow(/at most 10000/)
})

test('payloads come back as they were stored', async () => {
  const seen: unknown[] = []
  const rig = await Rig.open({
    handlers: { see: { run: (payload: unknown) => seen.push(payload) } },
  })
  const payloads = [
    { text: 'é', nested: [1, { two: 2n }], at: new Date(START), bytes: Uint8Array.of(1, 2) },
    null,
    undefined,
    'text',
    0.5,
  ]
  for (const payload of payloads) await rig.scheduler.schedule({ handler: 'see', payload })
  await rig.scheduler.idle()
  expect(seen).toEqual(payloads)
})

test.each([
  [{ handler: 'note', payload: 'a', dueAt: 1, delayMs: 1 }, /either dueAt or delayMs/],
  [{ handler: 'note', payload: 'a', delayMs: -1 }, /delayMs/],
  [{ handler: 'note', payload: 'a', dueAt: Number.NaN }, /dueAt/],
  [{ handler: 'note', payload: 'a', dueAt: -5 }, /dueAt/],
  [{ handler: 'note', payload: 'a', key: '' }, /key/],
  [{ handler: 'note', payload: 'a', key: 'x'.repeat(1_025) }, /key/],
  [{ handler: 'note', payload: 'a', key: '\ud800' }, /well-formed/],
  [{ handler: 'note', payload: 'a', queue: '' }, /queue/],
  [{ handler: 'note', payload: 'a', maxAttempts: 0 }, /maxAttempts/],
  [{ handler: 'note', payload: 'a', timeoutMs: 0 }, /timeoutMs/],
  [{ handler: 'note', payload: 'a', retainMs: -1 }, /retainMs/],
  [{ handler: 'note', payload: 'a', backoff: { factor: 0 } }, /backoff.factor/],
  [{ handler: 'note', payload: 'a', onConflict: 'maybe' }, /onConflict/],
  [{ handler: 'note', payload: 'a', version: 0 }, /version/],
])('schedule refuses %j', async (spec, message) => {
  const { scheduler } = await rigWithDiary()
  await expect(scheduler.schedule(spec as never)).rejects.toThrow(message)
  expect(scheduler.counts().scheduled).toBe(0)
})

test('calls beyond maxUnacknowledged are refused at once', async () => {
  const rig = await Rig.open({ maxUnacknowledged: 2, handlers: { noop: { run: () => {} } } })
  const put = () => rig.scheduler.schedule({ handler: 'noop', payload: 1, delayMs: 1e6 })
  const results = await Promise.allSettled([put(), put(), put()])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(isSchedulerError((results[2] as PromiseRejectedResult).reason, 'SCHEDULER_BUSY')).toBe(
    true,
  )
  expect((await put()).outcome).toBe('created')
})

test('a queue beyond maxQueues is refused', async () => {
  const rig = await Rig.open({ maxQueues: 1, handlers: { noop: { run: () => {} } } })
  await rig.scheduler.schedule({ handler: 'noop', payload: 1, queue: 'one' })
  const second = rig.scheduler.schedule({ handler: 'noop', payload: 1, queue: 'two' })
  await expect(second).rejects.toMatchObject({ code: 'SCHEDULER_BUSY' })
})

test('an acknowledged task survives the process, and runs once though it was due meanwhile', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  await scheduler.schedule({ handler: 'note', payload: 'a', delayMs: 1_000 })
  await scheduler.schedule({ handler: 'note', payload: 'b', delayMs: 1_000, key: 'k' })
  rig.clock.step(60_000)
  await rig.kill()
  await rig.scheduler.idle()
  expect(diary.take()).toEqual(['a@60000', 'b@60000'])
  await rig.kill()
  await rig.scheduler.idle()
  expect(diary.take()).toEqual([])
})
