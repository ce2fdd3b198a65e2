import { expect, test } from 'vitest'
import { Gate, Rig } from '../rig.ts'

const HOUR_MS = 3_600_000

test('what is overdue in a paused queue is stale, what runs or is due later is not', async () => {
  const gate = new Gate()
  const rig = await Rig.open({
    handlers: { hang: { run: () => gate.opened, timeoutMs: Number.POSITIVE_INFINITY } },
  })
  const { scheduler } = rig
  await scheduler.pause('stuck')
  await scheduler.schedule({ handler: 'hang', payload: 0 })
  await scheduler.schedule({ handler: 'hang', payload: 0, queue: 'stuck' })
  await scheduler.schedule({ handler: 'hang', payload: 0, queue: 'stuck', delayMs: HOUR_MS })
  await rig.pass(HOUR_MS / 2)
  expect(scheduler.stale()).toEqual({ count: 1, oldestMs: HOUR_MS / 2 })
  expect(scheduler.stale(HOUR_MS)).toEqual({ count: 0, oldestMs: 0 })
  await rig.pass(HOUR_MS)
  expect(scheduler.stale()).toEqual({ count: 2, oldestMs: 1.5 * HOUR_MS })
  await scheduler.resume('stuck')
  await rig.pass(1)
  expect(scheduler.stale()).toEqual({ count: 0, oldestMs: 0 })
  gate.open()
  await rig.pass(1)
})

test('tasks set aside behind their key count too', async () => {
  const gate = new Gate()
  const rig = await Rig.open({
    lookAheadTasks: 4,
    handlers: { hang: { run: () => gate.opened, timeoutMs: Number.POSITIVE_INFINITY } },
  })
  const { scheduler } = rig
  const key = 'slow'
  await scheduler.scheduleMany(
    Array.from({ length: 20 }, () => ({ handler: 'hang', payload: 0, key }) as const),
  )
  await rig.pass(HOUR_MS)
  expect(scheduler.counts().waiting).toBeGreaterThan(0)
  expect(scheduler.stale()).toEqual({ count: 19, oldestMs: HOUR_MS })
  gate.open()
  await rig.pass(1)
  expect(() => scheduler.stale(-1)).toThrow(RangeError)
})
