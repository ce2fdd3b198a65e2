import { expect, test } from 'vitest'
import { Rig } from '../rig.ts'

test('a reader is told what happens to a task, in order, with its facts', async () => {
  const rig = await Rig.open({
    handlers: {
      once: {
        maxAttempts: 2,
        backoff: { baseMs: 1_000, jitter: 'none' },
        run: () => {
          throw new Error('no')
        },
      },
      fine: { run: () => {} },
    },
  })
  const { scheduler } = rig
  const events = scheduler.watch()
  const { id } = await scheduler.schedule({ handler: 'once', payload: 1, key: 'k', queue: 'q' })
  await rig.pass(1)
  await rig.pass(2_000)
  await scheduler.pause('q')
  await scheduler.redrive(id)
  await scheduler.cancel(id)
  const soon = await scheduler.schedule({ handler: 'fine', payload: 1, delayMs: 5_000 })
  await scheduler.reschedule(soon.id, { delayMs: 10 })
  await rig.pass(10)
  await rig.close()
  const seen: string[] = []
  for await (const { type, info } of events) {
    seen.push(type)
    if ('id' in info && info.id === id) {
      expect(info).toMatchObject({ queue: 'q', key: 'k', handler: 'once' })
    }
  }
  expect(seen).toEqual(
    ['scheduled', 'started', 'failed', 'started', 'failed', 'died', 'paused', 'redriven']
      // it was due at once, but its queue is paused
      .concat(['cancelled', 'scheduled', 'rescheduled', 'started', 'completed']),
  )
})

test('a slow reader loses the newest and is told how many', async () => {
  const rig = await Rig.open({ handlers: { noop: { run: () => {} } } })
  const { scheduler } = rig
  const events = scheduler.watch({ maxBuffered: 2 })
  const spec = { handler: 'noop', payload: 0, delayMs: 1_000 } as const
  for (let n = 0; n < 5; n++) await scheduler.schedule(spec)
  const next = async () => (await events.next()).value
  expect(await next()).toMatchObject({ type: 'scheduled' })
  await scheduler.schedule(spec) // there is room, but not in this place
  expect(await next()).toMatchObject({ type: 'scheduled' })
  expect(await next()).toEqual({ type: 'missed', info: { count: 4 } })
  await scheduler.pause('q')
  expect(await next()).toEqual({ type: 'paused', info: { queue: 'q' } })
})

test('an aborted or left iteration ends, and nothing is collected any more', async () => {
  const rig = await Rig.open({ handlers: { noop: { run: () => {} } } })
  const { scheduler } = rig
  const controller = new AbortController()
  const aborted = scheduler.watch({ signal: controller.signal })
  const waiting = aborted.next()
  controller.abort()
  expect(await waiting).toEqual({ value: undefined, done: true })
  for await (const { type } of scheduler.watch({ signal: AbortSignal.abort() })) {
    expect.unreachable(type)
  }
  const left = scheduler.watch()
  await scheduler.pause('q')
  for await (const { type } of left) {
    expect(type).toBe('paused')
    break
  }
  await scheduler.resume('q')
  expect(await left.next()).toEqual({ value: undefined, done: true })
})

test('tasks that come with a batch of the caller or in a flow are told of too', async () => {
  const rig = await Rig.open({ handlers: { noop: { run: () => {} } } })
  const { scheduler, store } = rig
  const events = scheduler.watch()
  const spec = { handler: 'noop', payload: 0, delayMs: 1_000 } as const
  const batch = store.batch()
  const id = scheduler.scheduleInto(batch, spec)
  await scheduler.commit(batch)
  const ids = await scheduler.scheduleFlow({ one: spec, two: { ...spec, children: ['one'] } })
  const seen: string[] = []
  for await (const { info } of events) {
    if ('id' in info) seen.push(info.id)
    if (seen.length === 3) break
  }
  expect(seen.toSorted()).toEqual([id, ids.one, ids.two].toSorted())
})
