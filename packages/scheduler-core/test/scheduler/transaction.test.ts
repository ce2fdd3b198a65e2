import { expect, test } from 'vitest'
import { Diary, Rig } from '../rig.ts'

async function rigWithDiary() {
  const diary = new Diary()
  const rig = await Rig.open({ handlers: { note: { run: (name: string) => diary.note(name) } } })
  return { rig, diary, scheduler: rig.scheduler }
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()

test('a task and the caller’s data are written together or not at all', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  const batch = rig.store.batch().put('order:1', 'paid')
  const id = scheduler.scheduleInto(batch, { handler: 'note', payload: 'ship', delayMs: 10 })
  expect(scheduler.get(id)).toBeUndefined()
  expect(scheduler.counts().scheduled).toBe(0)
  await scheduler.commit(batch)
  expect(scheduler.get(id)).toMatchObject({ state: 'scheduled', payload: 'ship' })
  expect(scheduler.counts().scheduled).toBe(1)
  expect(text(rig.store.getSync('order:1'))).toBe('paid')
  await rig.kill()
  await rig.pass(10)
  expect(diary.take()).toEqual(['ship'])
  expect(rig.scheduler.counts().scheduled).toBe(0)
})

test('a batch that is never written schedules nothing', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  const batch = rig.store.batch()
  scheduler.scheduleInto(batch, { handler: 'note', payload: 'lost' })
  scheduler.abandon(batch)
  await rig.pass(10_000)
  await rig.kill()
  await rig.pass(10_000)
  expect(diary.take()).toEqual([])
})

test('a batch that is committed long after it was prepared loses nothing', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  const batch = rig.store.batch()
  scheduler.scheduleInto(batch, { handler: 'note', payload: 'old', delayMs: 10 })
  // Time and other tasks go by, so that the low-water mark would have passed it.
  for (let n = 0; n < 5; n++) {
    await scheduler.schedule({ handler: 'note', payload: 'other' })
    await rig.pass(5_000)
  }
  await scheduler.pause('default')
  await scheduler.commit(batch)
  await rig.kill()
  await rig.scheduler.resume('default')
  await rig.pass(0)
  expect(diary.take().filter((name) => name === 'old')).toEqual(['old'])
})

test('a batch written past the scheduler is found within about a second', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  const batch = rig.store.batch()
  scheduler.scheduleInto(batch, { handler: 'note', payload: 'found', delayMs: 10 })
  await rig.store.write(batch)
  await rig.pass(1_000)
  expect(diary.take()).toEqual(['found'])
  expect(scheduler.counts().scheduled).toBe(0)
})

test('a unique key cannot stand in an unwritten batch, and unwritten tasks are bounded', async () => {
  const { rig, scheduler } = await rigWithDiary()
  const batch = rig.store.batch()
  const spec = { handler: 'note', payload: 'a', delayMs: 1e6 } as const
  expect(() => scheduler.scheduleInto(batch, { ...spec, uniqueKey: 'u' })).toThrow(TypeError)
  for (let n = 0; n < 10_000; n++) scheduler.scheduleInto(batch, spec)
  expect(() => scheduler.scheduleInto(batch, spec)).toThrow(
    expect.objectContaining({ code: 'SCHEDULER_BUSY' }),
  )
  await scheduler.commit(batch)
  expect(scheduler.counts().scheduled).toBe(10_000)
})

test('what a handler puts into its batch is written once, with its completion', async () => {
  let attempts = 0
  const diary = new Diary()
  const rig = await Rig.open({
    handlers: {
      count: {
        backoff: { baseMs: 10, jitter: 'none' },
        run: (name: string, context) => {
          attempts += 1
          const before = Number(text(rig.store.getSync('total')) || '0')
          context.batch().put('total', String(before + 1))
          rig.scheduler.scheduleInto(context.batch(), {
            handler: 'note',
            payload: `after ${name}`,
            delayMs: 5,
          })
          if (context.attempt === 1) throw new Error('fails after its writes')
        },
      },
      note: { run: (name: string) => diary.note(name) },
    },
  })
  await rig.scheduler.schedule({ handler: 'count', payload: 'a', key: 'k' })
  await rig.scheduler.schedule({ handler: 'count', payload: 'b', key: 'k' })
  await rig.pass(1_000)
  expect(attempts).toBe(4)
  expect(text(rig.store.getSync('total'))).toBe('2')
  expect(diary.take()).toEqual(['after a', 'after b'])
  expect(rig.scheduler.counts().scheduled).toBe(0)
})

test('two schedulers share a store under different prefixes', async () => {
  const { rig, diary, scheduler } = await rigWithDiary()
  await scheduler.schedule({ handler: 'note', payload: 'mine', delayMs: 10 })
  await expect(rig.start()).rejects.toMatchObject({ code: 'SCHEDULER_OPEN' })
  await expect(rig.start({ prefix: '~s/x' })).rejects.toMatchObject({ code: 'SCHEDULER_OPEN' })
  await rig.start({ prefix: '~t/' })
  expect(rig.scheduler.counts().scheduled).toBe(0)
  await rig.scheduler.schedule({ handler: 'note', payload: 'theirs', delayMs: 10 })
  await rig.pass(10)
  expect(diary.take().sort()).toEqual(['mine', 'theirs'])
  await scheduler.close()
})
