import { expect, test } from 'vitest'
import { Diary, Gate, Rig } from '../rig.ts'

const YEAR = 365 * 24 * 3_600_000

async function rigWithDiary(lookAheadTasks: number, lookAheadMs = 60_000) {
  const diary = new Diary()
  const rig = await Rig.open({
    lookAheadTasks,
    lookAheadMs,
    clockCheckMs: Infinity,
    handlers: { note: { run: (name: string) => diary.note(name) } },
  })
  const resident = () => rig.scheduler.metrics().queues['default']?.resident
  return { rig, diary, scheduler: rig.scheduler, resident }
}

test('tasks far ahead take no memory, and run in their time', async () => {
  const { rig, diary, scheduler, resident } = await rigWithDiary(100)
  for (let n = 0; n < 20; n++) {
    await scheduler.scheduleMany(
      Array.from({ length: 100 }, (_, m) => ({
        handler: 'note' as const,
        payload: 'far',
        delayMs: YEAR + m * 1_000 + n,
      })),
    )
  }
  expect(resident()).toBe(0)
  await scheduler.schedule({ handler: 'note', payload: 'near', delayMs: 10 })
  expect(resident()).toBe(1)
  await rig.pass(10)
  expect(diary.take()).toEqual(['near'])
  await rig.pass(YEAR - 20_000)
  expect(resident()).toBeGreaterThan(0)
  expect(resident()).toBeLessThanOrEqual(100)
  await rig.pass(200_000)
  expect(diary.take()).toHaveLength(2_000)
})

test('memory is bounded however many tasks are due soon', async () => {
  const { rig, diary, scheduler, resident } = await rigWithDiary(100)
  await scheduler.pause('default')
  let most = 0
  for (let n = 0; n < 2_000; n++) {
    await scheduler.schedule({
      handler: 'note',
      payload: String(n),
      delayMs: (n * 7_919) % 2_000,
      ...(n % 2 === 0 && { key: `k${n % 20}` }),
    })
    most = Math.max(most, resident() ?? 0)
  }
  expect(most).toBeLessThanOrEqual(201)
  await scheduler.resume('default')
  await rig.pass(10_000)
  const ran = diary.take().map(Number)
  expect(ran.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 2_000 }, (_, n) => n))
})

test('a key with many tasks behind a busy head does not keep other keys from running', async () => {
  const gate = new Gate()
  const diary = new Diary()
  const rig = await Rig.open({
    lookAheadTasks: 20,
    handlers: {
      note: {
        run: async (name: string) => {
          if (name === 'slow') await gate.opened
          diary.note(name)
        },
      },
    },
  })
  const { scheduler } = rig
  await scheduler.schedule({ handler: 'note', payload: 'slow', key: 'k' })
  const behind = Array.from({ length: 200 }, (_, n) => `behind ${n}`)
  await scheduler.scheduleMany(
    behind.map((payload) => ({ handler: 'note' as const, payload, key: 'k' })),
  )
  const others = await scheduler.scheduleMany(
    Array.from({ length: 50 }, (_, n) => ({
      handler: 'note' as const,
      payload: `other ${n}`,
      delayMs: 10,
    })),
  )
  await rig.pass(100)
  expect(diary.take()).toHaveLength(others.length)
  expect(scheduler.counts().waiting).toBeGreaterThan(100)
  const { tasks } = scheduler.list({ state: 'waiting', key: 'k', limit: 1_000 })
  expect(tasks).toHaveLength(scheduler.counts().waiting)
  // Set aside they can still be found, cancelled and rescheduled.
  const [first, second, third] = tasks
  expect(scheduler.get(first?.id ?? '')?.state).toBe('waiting')
  expect(await scheduler.cancel(first?.id ?? '')).toBe('cancelled')
  expect(await scheduler.reschedule(second?.id ?? '', { delayMs: 10_000 })).toBe('rescheduled')
  const moved = [first?.payload, second?.payload]
  gate.open()
  await rig.pass(0)
  const left = behind.filter((name) => !moved.includes(name))
  expect(diary.take()).toEqual(['slow', ...left])
  await rig.pass(10_000)
  expect(diary.take()).toEqual([second?.payload])
  expect(third?.state).toBe('waiting')
  expect(scheduler.counts()).toMatchObject({ scheduled: 0, waiting: 0 })
})

test('tasks set aside behind a key are found again after a crash, in order', async () => {
  const diary = new Diary()
  let hang = true
  const rig = await Rig.open({
    lookAheadTasks: 10,
    handlers: {
      note: {
        run: (name: string): Promise<void> | undefined => {
          if (hang && name === '0') return new Promise(() => {})
          diary.note(name)
          return undefined
        },
      },
    },
  })
  const names = Array.from({ length: 100 }, (_, n) => String(n))
  await rig.scheduler.scheduleMany(
    names.map((payload) => ({ handler: 'note' as const, payload, key: 'k' })),
  )
  await rig.pass(1_000)
  expect(rig.scheduler.counts().waiting).toBeGreaterThan(0)
  hang = false
  await rig.kill()
  await rig.pass(1_000)
  expect(diary.take()).toEqual(names)
  expect(rig.scheduler.counts()).toMatchObject({ scheduled: 0, waiting: 0 })
})

test('the low-water mark rises behind finished tasks and never passes a waiting one', async () => {
  const { rig, diary, scheduler } = await rigWithDiary(100)
  const mark = () =>
    Buffer.from(rig.store.getSync(Buffer.from('~s/m\0\0\u0001')) ?? []).readUIntBE(0, 6) -
    Date.UTC(2026, 0, 1)
  await scheduler.schedule({ handler: 'note', payload: 'a', delayMs: 1_000 })
  await scheduler.schedule({ handler: 'note', payload: 'b', delayMs: 5_000 })
  await rig.pass(2_500)
  expect(mark()).toBe(2_000)
  await scheduler.schedule({ handler: 'note', payload: 'past', dueAt: Date.UTC(2026, 0, 1) - 7 })
  expect(mark()).toBe(-7)
  await rig.pass(60_000)
  expect(mark()).toBeGreaterThanOrEqual(5_000)
  expect(diary.take()).toEqual(['a', 'past', 'b'])
})
