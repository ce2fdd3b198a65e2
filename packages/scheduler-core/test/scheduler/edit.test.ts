import type { HandlerMap, RunContext } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Diary, Gate, Rig, START } from '../rig.ts'

async function open(diary = new Diary(), gate = new Gate()) {
  const handlers: HandlerMap = {
    note: {
      run: (payload: unknown, { task }: RunContext): void =>
        diary.note(`${String(payload)}@${task.dueAt - START}`),
    },
    wait: { run: (): Promise<void> => gate.opened },
  }
  return { rig: await Rig.open({ handlers, concurrency: 1 }), diary, gate }
}

const later = { handler: 'note', payload: 'old', delayMs: 100 }

test('a task runs with the payload that it was given last', async () => {
  const { rig, diary } = await open()
  const { id } = await rig.scheduler.schedule(later)
  const stored = await rig.scheduler.schedule({ ...later, delayMs: 400_000, uniqueKey: 'u' })
  expect(await rig.scheduler.edit(id, { payload: 'new' })).toBe('edited')
  expect(await rig.scheduler.edit({ queue: 'default', uniqueKey: 'u' }, { payload: 'far' })).toBe(
    'edited',
  )
  await rig.kill()
  expect(rig.scheduler.get(stored.id)?.payload).toBe('far')
  await rig.pass(400_000)
  expect(diary.take()).toEqual(['new@100', 'far@400000'])
  expect(rig.scheduler.metrics().edited).toBe(0)
})

test('one that has started, or is gone, is not edited', async () => {
  const { rig, gate } = await open()
  const { id } = await rig.scheduler.schedule({ handler: 'wait', payload: 0, retainMs: 1_000 })
  await rig.pass(0)
  expect(await rig.scheduler.edit(id, { payload: 1 })).toBe('too-late')
  gate.open()
  await rig.pass(0)
  expect(await rig.scheduler.edit(id, { payload: 1 })).toBe('too-late')
  await rig.pass(10_000)
  expect(await rig.scheduler.edit(id, { payload: 1 })).toBe('unknown')
})

test('an edited priority counts, and the id stays', async () => {
  const { rig, diary } = await open()
  const { scheduler } = rig
  await scheduler.pause('default')
  const ids: string[] = []
  for (const payload of ['a', 'b', 'c', 'd']) {
    const key = payload === 'd' ? 'k' : undefined
    const task = { handler: 'note', payload, retainMs: 1_000, ...(key !== undefined && { key }) }
    ids.push((await scheduler.schedule(task)).id)
  }
  const [a = '', b = '', c = '', d = ''] = ids
  expect(await scheduler.edit(c, { priority: 9 })).toBe('edited')
  expect(await scheduler.edit(d, { priority: 8 })).toBe('edited')
  expect(await scheduler.edit(b, { priority: 7 })).toBe('edited')
  expect(await scheduler.edit(b, { priority: 0, payload: 'B' })).toBe('edited')
  expect(scheduler.get(c)).toMatchObject({ id: c, priority: 9, payload: 'c', state: 'scheduled' })
  expect(
    scheduler
      .list({ state: 'scheduled' })
      .tasks.map(({ id }) => id)
      .sort(),
  ).toEqual(ids.sort())
  await rig.kill()
  expect(rig.scheduler.get(c)).toMatchObject({ id: c, priority: 9 })
  await rig.scheduler.resume('default')
  await rig.scheduler.idle()
  expect(diary.take()).toEqual(['c@0', 'd@0', 'a@0', 'B@0'])
  for (const id of [a, b, c, d]) expect(rig.scheduler.get(id)?.state).toBe('completed')
  await rig.pass(10_000)
  expect(rig.scheduler.counts()).toMatchObject({ scheduled: 0, completed: 0 })
})

test('a moved task can be cancelled, rescheduled and buried under its id', async () => {
  const { rig, diary } = await open()
  const { scheduler } = rig
  const make = async () => {
    const { id } = await scheduler.schedule(later)
    await scheduler.edit(id, { priority: 4 })
    return id
  }
  const [gone, moved] = [await make(), await make()]
  expect(await scheduler.cancel(gone)).toBe('cancelled')
  expect(scheduler.get(gone)).toBeUndefined()
  expect(await scheduler.reschedule(moved, { dueAt: START + 500 })).toBe('rescheduled')
  expect(await scheduler.edit(moved, { payload: 'x', priority: 0 })).toBe('edited')
  await rig.pass(1_000)
  expect(diary.take()).toEqual(['x@500'])
  expect(await scheduler.edit(await make(), { priority: 11 }).catch(String)).toMatch(/priority/)
})
