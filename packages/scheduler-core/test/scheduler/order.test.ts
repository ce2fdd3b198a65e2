import { type FailedHeadPolicy, failTask } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Diary, Gate, Rig } from '../rig.ts'

const RETRY = { baseMs: 1_000, jitter: 'none' } as const

/** Names that begin with `!` fail as often as there are `!`. */
async function rigWith(onFailedHead: FailedHeadPolicy, lookAheadTasks = 10_000) {
  const diary = new Diary()
  const rig = await Rig.open({
    lookAheadTasks,
    queues: { q: { onFailedHead } },
    handlers: {
      note: {
        maxAttempts: 3,
        backoff: RETRY,
        run: (name: string, { attempt }) => {
          diary.note(name)
          if (name.lastIndexOf('!') + 1 >= attempt) throw failTask('not yet')
        },
      },
    },
  })
  const put = (payload: string, delayMs = 0, key = 'k') =>
    rig.scheduler.schedule({ queue: 'q', handler: 'note', payload, key, delayMs })
  return { rig, diary, put, scheduler: rig.scheduler }
}

test('tasks of a key run in the order of their time, then of scheduling', async () => {
  const { rig, diary, put } = await rigWith('skip')
  await put('second', 10)
  await put('third', 10)
  await put('first', 5)
  await put('fourth', 11)
  await rig.pass(20)
  expect(diary.take()).toEqual(['first', 'second', 'third', 'fourth'])
})

test('one task of a key runs at a time, while other keys go on', async () => {
  const diary = new Diary()
  const gates = new Map<string, Gate>()
  const rig = await Rig.open({
    handlers: {
      wait: {
        run: async (name: string) => {
          diary.note(`${name} starts`)
          const gate = new Gate()
          gates.set(name, gate)
          await gate.opened
          diary.note(`${name} ends`)
        },
      },
    },
  })
  for (const [payload, key] of [
    ['a1', 'a'],
    ['a2', 'a'],
    ['b1', 'b'],
  ] as const) {
    await rig.scheduler.schedule({ handler: 'wait', payload, key })
  }
  await rig.pass(0)
  expect(diary.take()).toEqual(['a1 starts', 'b1 starts'])
  gates.get('a1')?.open()
  await rig.pass(0)
  expect(diary.take()).toEqual(['a1 ends', 'a2 starts'])
  gates.get('a2')?.open()
  gates.get('b1')?.open()
  await rig.scheduler.idle()
})

test('the same key in two queues is two keys', async () => {
  const gate = new Gate()
  let running = 0
  const rig = await Rig.open({
    handlers: {
      wait: {
        run: async () => {
          running += 1
          await gate.opened
        },
      },
    },
  })
  for (const queue of ['one', 'two']) {
    await rig.scheduler.schedule({ queue, handler: 'wait', payload: 0, key: 'k' })
  }
  await rig.pass(0)
  expect(running).toBe(2)
  gate.open()
  await rig.scheduler.idle()
})

test.each(['skip', 'block'] as const)(
  'with %s a retry lets no other of its key pass',
  async (policy) => {
    const { rig, diary, put } = await rigWith(policy)
    await put('!!a')
    await put('b')
    await put('c', 0, 'other')
    await rig.pass(0)
    expect(diary.take()).toEqual(['!!a', 'c'])
    await rig.pass(10_000)
    expect(diary.take()).toEqual(['!!a', '!!a', 'b'])
  },
)

test('with skip the others go on when the attempts are used up', async () => {
  const { rig, diary, put, scheduler } = await rigWith('skip')
  await put('!!!a')
  await put('b')
  await rig.pass(10_000)
  expect(diary.take()).toEqual(['!!!a', '!!!a', '!!!a', 'b'])
  expect(scheduler.counts('q').dead).toBe(1)
})

test('with park the others go on at once, and the failed one is retried out of turn', async () => {
  const { rig, diary, put } = await rigWith('park')
  await put('!a')
  await put('b')
  await put('c', 5_000)
  await rig.pass(10_000)
  expect(diary.take()).toEqual(['!a', 'b', '!a', 'c'])
})

test.each([2, 10_000])(
  'with block a dead head keeps its key until it is redriven (memory for %i)',
  async (room) => {
    const { rig, diary, put, scheduler } = await rigWith('block', room)
    const { id } = await put('!!!a')
    for (const name of ['b', 'c', 'd', 'e', 'f']) await put(name)
    await put('x', 0, 'other')
    await rig.pass(60_000)
    expect(diary.take().sort()).toEqual(['!!!a', '!!!a', '!!!a', 'x'])
    await put('g')
    await rig.kill()
    await rig.pass(60_000)
    expect(diary.take()).toEqual([])
    expect(rig.scheduler.get(id)).toMatchObject({ state: 'dead', attempts: 3 })
    // It fails again, and holds its key again.
    expect(await rig.scheduler.redrive(id)).toBe(1)
    await rig.pass(60_000)
    expect(diary.take()).toEqual(['!!!a', '!!!a', '!!!a'])
    expect(await rig.scheduler.discard(id)).toBe(true)
    await rig.pass(0)
    expect(diary.take()).toEqual(['b', 'c', 'd', 'e', 'f', 'g'])
    expect(rig.scheduler.counts('q')).toMatchObject({ scheduled: 0, waiting: 0, dead: 0 })
    expect(scheduler).not.toBe(rig.scheduler)
  },
)

test('cancelling a failed head lets its key go on', async () => {
  const { rig, diary, put, scheduler } = await rigWith('skip')
  const { id } = await put('!a')
  await put('b')
  await rig.pass(0)
  expect(await scheduler.cancel(id)).toBe('cancelled')
  await rig.pass(0)
  expect(diary.take()).toEqual(['!a', 'b'])
})

test('a failed head that is rescheduled keeps its turn', async () => {
  const { rig, diary, put, scheduler } = await rigWith('skip')
  const { id } = await put('!a')
  await put('b')
  await rig.pass(0)
  expect(await scheduler.reschedule(id, { delayMs: 60_000 })).toBe('rescheduled')
  await rig.pass(59_000)
  expect(diary.take()).toEqual(['!a'])
  await rig.pass(1_000)
  expect(diary.take()).toEqual(['!a', 'b'])
})

test('an interrupted head runs again before its successors', async () => {
  const diary = new Diary()
  let first = true
  const rig = await Rig.open({
    handlers: {
      note: {
        run: (name: string): Promise<void> | undefined => {
          diary.note(name)
          return first ? new Promise(() => {}) : undefined
        },
      },
    },
  })
  for (const payload of ['a', 'b', 'c']) {
    await rig.scheduler.schedule({ handler: 'note', payload, key: 'k' })
  }
  await rig.pass(0)
  first = false
  await rig.kill()
  await rig.pass(0)
  expect(diary.take()).toEqual(['a', 'a', 'b', 'c'])
  expect(rig.scheduler.metrics().interrupted).toBe(1)
})
