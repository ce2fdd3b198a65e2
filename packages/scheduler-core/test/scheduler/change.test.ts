import { expect, test } from 'vitest'
import { Diary, Gate, Rig, START } from '../rig.ts'

async function rigWithDiary(lookAheadTasks?: number) {
  const diary = new Diary()
  const rig = await Rig.open({
    ...(lookAheadTasks !== undefined && { lookAheadTasks }),
    handlers: {
      note: { run: (name: string): void => diary.note(`${name}@${rig.clock.now() - START}`) },
    },
  })
  const put = (payload: string, delayMs: number, rest: object = {}) =>
    rig.scheduler.schedule({ handler: 'note', payload, delayMs, ...rest })
  return { rig, diary, put, scheduler: rig.scheduler }
}

/** A handler that waits until the test lets it go on. */
async function rigWithGate() {
  const gate = new Gate()
  const rig = await Rig.open({ handlers: { wait: { retainMs: 60_000, run: () => gate.opened } } })
  return { rig, gate, scheduler: rig.scheduler }
}

test('a cancelled task never starts, wherever it was', async () => {
  const { rig, diary, put, scheduler } = await rigWithDiary(2)
  const near = await put('near', 10)
  const keyed = await put('keyed', 10, { key: 'k' })
  const far = await put('far', 10 * 24 * 3_600_000)
  expect(await scheduler.cancel(near.id)).toBe('cancelled')
  expect(await scheduler.cancel(keyed.id)).toBe('cancelled')
  expect(await scheduler.cancel(far.id)).toBe('cancelled')
  expect(await scheduler.cancel(near.id)).toBe('unknown')
  expect(scheduler.counts().scheduled).toBe(0)
  await rig.kill()
  await rig.pass(20 * 24 * 3_600_000)
  expect(diary.take()).toEqual([])
})

test('cancelling too late says so', async () => {
  const { rig, gate, scheduler } = await rigWithGate()
  const { id } = await scheduler.schedule({ handler: 'wait', payload: 0 })
  await rig.pass(0)
  expect(await scheduler.cancel(id)).toBe('too-late')
  gate.open()
  await scheduler.idle()
  expect(await scheduler.cancel(id)).toBe('too-late')
  expect(await scheduler.cancel('not an id')).toBe('unknown')
  expect(await scheduler.cancel('0'.repeat(26))).toBe('unknown')
})

test('of a cancel and a start in the same instant exactly one wins', async () => {
  const started = new Set<number>()
  const rig = await Rig.open({ handlers: { race: { run: (n: number) => void started.add(n) } } })
  const cancelled = new Set<number>()
  const calls: Promise<void>[] = []
  for (let n = 0; n < 2_000; n++) {
    const dueAt = START + 100 + (n % 50)
    const { id } = await rig.scheduler.schedule({ handler: 'race', payload: n, dueAt })
    rig.clock.setTimer(
      () =>
        calls.push(
          rig.scheduler.cancel(id).then((outcome) => {
            if (outcome === 'cancelled') cancelled.add(n)
          }),
        ),
      100 + (n % 51),
    )
  }
  await rig.pass(1_000)
  await Promise.all(calls)
  expect(cancelled.size + started.size).toBe(2_000)
  for (const n of cancelled) expect(started.has(n)).toBe(false)
})

test('a rescheduled task runs at its new time only, and keeps its id', async () => {
  const { rig, diary, put, scheduler } = await rigWithDiary()
  const later = await put('later', 10)
  const sooner = await put('sooner', 10_000_000)
  expect(await scheduler.reschedule(later.id, { delayMs: 5_000_000 })).toBe('rescheduled')
  expect(await scheduler.reschedule(sooner.id, { dueAt: START + 20 })).toBe('rescheduled')
  expect(scheduler.get(later.id)).toMatchObject({ id: later.id, dueAt: START + 5_000_000 })
  await rig.pass(1_000)
  expect(diary.take()).toEqual(['sooner@20'])
  await rig.kill()
  expect(rig.scheduler.get(later.id)?.id).toBe(later.id)
  expect(await rig.scheduler.reschedule(later.id, { delayMs: 1 })).toBe('rescheduled')
  await rig.pass(1)
  expect(diary.take()).toEqual(['later@1001'])
  expect(await rig.scheduler.reschedule(later.id, { delayMs: 1 })).toBe('unknown')
})

test('rescheduling gives a task of a key another turn', async () => {
  const { rig, diary, put, scheduler } = await rigWithDiary()
  const a = await put('a', 10, { key: 'k' })
  await put('b', 20, { key: 'k' })
  await scheduler.reschedule(a.id, { delayMs: 30 })
  await rig.pass(30)
  expect(diary.take()).toEqual(['b@20', 'a@30'])
})

test('a unique key holds one live task, and is free when that has ended', async () => {
  const { rig, diary, put, scheduler } = await rigWithDiary()
  const first = await put('a', 10, { uniqueKey: 'u' })
  expect(first.outcome).toBe('created')
  expect(await put('b', 20, { uniqueKey: 'u' })).toEqual({ id: first.id, outcome: 'existing' })
  const other = await put('c', 30, { uniqueKey: 'u', queue: 'other' })
  expect(other.outcome).toBe('created')
  await expect(put('d', 0, { uniqueKey: 'u', onConflict: 'reject' })).rejects.toMatchObject({
    code: 'TASK_EXISTS',
    taskId: first.id,
  })
  await rig.kill()
  await rig.pass(30)
  expect(diary.take()).toEqual(['a@10', 'c@30'])
  expect(
    (await rig.scheduler.schedule({ handler: 'note', payload: 'e', uniqueKey: 'u' })).outcome,
  ).toBe('created')
  expect(scheduler).not.toBe(rig.scheduler)
})

test('many calls with one unique key at once make one task', async () => {
  const { rig, diary, put } = await rigWithDiary()
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, n) => put(`n${n}`, 10, { uniqueKey: 'u' })),
  )
  expect(results.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
  expect(new Set(results.map(({ id }) => id)).size).toBe(1)
  await rig.pass(10)
  expect(diary.take()).toEqual(['n0@10'])
})

test('replace and reschedule act on the live task of a unique key', async () => {
  const { rig, diary, put, scheduler } = await rigWithDiary()
  const first = await put('old', 10, { uniqueKey: 'u' })
  const second = await put('new', 20, { uniqueKey: 'u', onConflict: 'replace' })
  expect(second.outcome).toBe('replaced')
  expect(scheduler.get(first.id)).toBeUndefined()
  const third = await put('ignored', 30, { uniqueKey: 'u', onConflict: 'reschedule' })
  expect(third).toEqual({ id: second.id, outcome: 'rescheduled' })
  expect(scheduler.get({ queue: 'default', uniqueKey: 'u' })?.id).toBe(second.id)
  await rig.pass(100)
  expect(diary.take()).toEqual(['new@30'])
  expect(await scheduler.cancel({ queue: 'default', uniqueKey: 'u' })).toBe('unknown')
})

test('replace and reschedule leave a task alone that has started', async () => {
  const { rig, gate, scheduler } = await rigWithGate()
  const spec = { handler: 'wait', payload: 0, uniqueKey: 'u' } as const
  await scheduler.schedule(spec)
  await rig.pass(0)
  for (const onConflict of ['replace', 'reschedule'] as const) {
    const late = scheduler.schedule({ ...spec, onConflict })
    await expect(late).rejects.toMatchObject({ code: 'TASK_STARTED' })
  }
  expect((await scheduler.schedule(spec)).outcome).toBe('existing')
  gate.open()
  await scheduler.idle()
})

test('one bulk holds a unique key once', async () => {
  const { scheduler } = await rigWithDiary()
  const spec = { handler: 'note', payload: 'a', uniqueKey: 'u' } as const
  await expect(scheduler.scheduleMany([spec, spec])).rejects.toThrow(/appears twice/)
  expect(scheduler.counts().scheduled).toBe(0)
})

test('cancel by unique key frees it', async () => {
  const { put, scheduler } = await rigWithDiary()
  await put('a', 1_000, { uniqueKey: 'u' })
  expect(await scheduler.cancel({ queue: 'default', uniqueKey: 'u' })).toBe('cancelled')
  expect((await put('b', 1_000, { uniqueKey: 'u' })).outcome).toBe('created')
})
