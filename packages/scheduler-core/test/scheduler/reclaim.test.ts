// Streams of tenants and priorities that hold nothing are forgotten, and their numbers used again.
import type { HandlerMap } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Layout } from '../../src/storage/layout.ts'
import { encodeCounts, Queue } from '../../src/storage/queue.ts'
import { Diary, Gate, Rig } from '../rig.ts'

const layout = new Layout('~s/')
const ROUNDS_MS = 5_000

async function open(options: Partial<Parameters<typeof Rig.open>[0]> = {}) {
  const diary = new Diary()
  const gate = new Gate()
  const handlers: HandlerMap = {
    note: { run: (payload: unknown): void => diary.note(String(payload)) },
    keep: { run: (payload: unknown): unknown => payload, retainMs: 60_000 },
    wait: { run: (): Promise<void> => gate.opened },
  }
  return { rig: await Rig.open<HandlerMap>({ handlers, ...options }), diary, gate }
}

/** What the store has of streams: the entry of each, and everything else that names one. */
function streamsOf(rig: Rig<HandlerMap>): number {
  let count = 0
  for (const tag of ['queue', 'counters', 'lowMark', 'bucket'] as const) {
    using iterator = rig.store.iterator({ ...layout.bounds(tag), keysOnly: true })
    let here = 0
    while (iterator.nextSync() !== undefined) here += 1
    count = Math.max(count, here)
  }
  return count
}

const TENANTS = Number(process.env['SCHEDULER_TENANTS'] ?? 1_000)

test(`${TENANTS} tenants that come once take the room of a few`, {
  timeout: 3_600_000,
}, async () => {
  const maxQueues = Math.min(1_000, TENANTS / 10)
  const { rig } = await open({ maxQueues })
  const bulk = maxQueues / 2
  let most = 0
  for (let from = 0; from < TENANTS; from += bulk) {
    const stored = rig.scheduler.scheduleMany(
      Array.from({ length: bulk }, (_, n) => ({
        handler: 'note',
        payload: n,
        tenant: `t${from + n}`,
        key: 'k',
      })),
    )
    await rig.through(stored)
    await rig.through(rig.scheduler.idle())
    // A look passes everything that was removed and is not compacted yet: not in every round of many.
    if (from < 20 * bulk || from % (50 * bulk) === 0) most = Math.max(most, streamsOf(rig))
  }
  expect(rig.scheduler.metrics().completed).toBe(Math.ceil(TENANTS / bulk) * bulk)
  expect(most).toBeLessThanOrEqual(maxQueues)
  await rig.pass(ROUNDS_MS)
  expect(streamsOf(rig)).toBe(1)
  await rig.reopen()
  expect(rig.scheduler.queues()).toEqual(['default'])
  expect(rig.errors).toEqual([])
})

test('as many streams as may be are all in use: the next is refused, until one is free', async () => {
  const { rig, diary } = await open({ maxQueues: 3 })
  const { scheduler } = rig
  const later = { handler: 'note', delayMs: 1_000 }
  await scheduler.schedule({ ...later, payload: 'a', tenant: 'a' })
  await scheduler.schedule({ ...later, payload: 'b', tenant: 'b' })
  const third = () => scheduler.schedule({ handler: 'note', payload: 'c', tenant: 'c' })
  await expect(third()).rejects.toMatchObject({ code: 'SCHEDULER_BUSY' })
  const both = ['c', 'd'].map((tenant) => ({ handler: 'note', payload: tenant, tenant }))
  await rig.pass(1_000)
  // They are made for one bulk: neither may be taken for the other.
  await scheduler.scheduleMany(both)
  await scheduler.idle()
  expect(diary.take()).toEqual(['a', 'b', 'c', 'd'])
  const three = ['e', 'f', 'g'].map((tenant) => ({ handler: 'note', payload: tenant, tenant }))
  await expect(scheduler.scheduleMany(three)).rejects.toMatchObject({ code: 'SCHEDULER_BUSY' })
  expect(scheduler.counts().scheduled).toBe(0)
  await rig.pass(ROUNDS_MS)
  await scheduler.scheduleMany(both)
  await scheduler.idle()
  expect(diary.take()).toEqual(['c', 'd'])
})

test('a stream stays while anything remembers it', async () => {
  const { rig, gate } = await open({ maxQueues: 100 })
  const { scheduler } = rig
  await scheduler.schedule({ handler: 'note', payload: 0, tenant: 'due', delayMs: 3_600_000 })
  const kept = await scheduler.schedule({ handler: 'keep', payload: 'x', tenant: 'result' })
  const runs = await scheduler.schedule({ handler: 'wait', payload: 0, tenant: 'runs' })
  await scheduler.pause('default', { key: 'k', tenant: 'paused' })
  const batch = rig.store.batch()
  scheduler.scheduleInto(batch, { handler: 'note', payload: 'later', tenant: 'promised' })
  const away = { handler: 'keep', payload: 'away', tenant: 'away', delayMs: 3_600_000 }
  const { id } = await scheduler.schedule(away)
  await scheduler.edit(id, { priority: 4 })
  await rig.pass(ROUNDS_MS)
  expect(streamsOf(rig)).toBe(8)
  await scheduler.schedule({ handler: 'note', payload: 0, tenant: 'new' })
  await scheduler.schedule({ handler: 'note', payload: 0, queue: 'other' })
  await rig.pass(ROUNDS_MS)
  await scheduler.commit(batch)
  expect(scheduler.get(kept.id)).toMatchObject({ tenant: 'result', result: 'x' })
  expect(scheduler.get(runs.id)).toMatchObject({ tenant: 'runs', state: 'running' })
  expect(scheduler.get(id)).toMatchObject({ tenant: 'away', priority: 4 })
  await rig.reopen()
  expect(rig.scheduler.get(id)).toMatchObject({ tenant: 'away', priority: 4 })
  gate.open()
  await rig.scheduler.resume('default', { key: 'k', tenant: 'paused' })
  await rig.pass(3_600_000)
  expect(rig.scheduler.get(id)).toMatchObject({ state: 'completed', tenant: 'away' })
  await rig.pass(60_000 + ROUNDS_MS)
  expect(rig.scheduler.get(id)).toBeUndefined()
  await rig.pass(ROUNDS_MS)
  expect(streamsOf(rig)).toBe(2)
})

test('a number is used again, also below that of the base of its queue, and ids do not mix', async () => {
  const { rig, diary } = await open()
  await rig.scheduler.schedule({ handler: 'note', payload: 1, queue: 'a' })
  const old = await rig.scheduler.schedule({ handler: 'keep', payload: 2, queue: 'a', tenant: 't' })
  await rig.scheduler.schedule({ handler: 'note', payload: 3, queue: 'b' })
  await rig.pass(60_000 + ROUNDS_MS)
  await rig.pass(ROUNDS_MS)
  expect(streamsOf(rig)).toBe(2)
  await rig.scheduler.pause('b')
  const made = await rig.scheduler.schedule({
    handler: 'note',
    payload: 4,
    queue: 'b',
    tenant: 'u',
  })
  expect(made.id.slice(0, 4)).toBe(old.id.slice(0, 4)) // the number of the stream
  expect(rig.scheduler.get(old.id)).toBeUndefined()
  expect(await rig.scheduler.cancel(old.id)).toBe('unknown')
  diary.take()
  await rig.kill()
  expect(rig.scheduler.metrics().queues['b']).toMatchObject({ paused: true, scheduled: 1 })
  await rig.scheduler.schedule({ handler: 'note', payload: 5, queue: 'b' })
  const { tasks } = rig.scheduler.list({ state: 'scheduled' })
  expect(tasks.map(({ payload }) => payload)).toEqual([4, 5])
  await rig.scheduler.resume('b')
  await rig.scheduler.idle()
  expect(diary.take().toSorted()).toEqual(['4', '5'])
  expect(rig.errors).toEqual([])
})

test('what an older version knows of moved tasks is counted once', async () => {
  const { rig } = await open()
  const spec = { handler: 'keep', payload: 1, tenant: 't', delayMs: 3_600_000 }
  const { id } = await rig.scheduler.schedule(spec)
  await rig.scheduler.edit(id, { priority: 7 })
  await rig.close()
  // As format 2 had it: the home of the task, stream 2, counts nothing.
  await rig.store.put(layout.single('format'), Uint8Array.of(2))
  await rig.store.put(layout.perQueue('counters', 2), encodeCounts(new Queue(2, 'x').counts))
  await rig.start()
  await rig.scheduler.schedule({ handler: 'note', payload: 1 })
  await rig.pass(ROUNDS_MS)
  expect(rig.scheduler.get(id)).toMatchObject({ tenant: 't', priority: 7 })
  expect(await rig.scheduler.cancel(id)).toBe('cancelled')
  await rig.pass(ROUNDS_MS)
  expect(streamsOf(rig)).toBe(1)
})
