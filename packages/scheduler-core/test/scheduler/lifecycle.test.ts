import { isSchedulerError, Scheduler, type SchedulerOptions } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Diary, Gate, nextTurn, Rig } from '../rig.ts'

test('close lets what runs end, starts nothing more, and loses nothing', async () => {
  const gate = new Gate()
  const diary = new Diary()
  const rig = await Rig.open({
    concurrency: 1,
    handlers: {
      wait: {
        run: async (name: string) => {
          await gate.opened
          diary.note(name)
        },
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'wait', payload: 'a' })
  await rig.scheduler.schedule({ handler: 'wait', payload: 'b' })
  await rig.pass(0)
  const closing = rig.scheduler.close()
  expect(rig.scheduler.close()).toBe(closing)
  const refused = rig.scheduler.schedule({ handler: 'wait', payload: 'c' })
  await expect(refused).rejects.toMatchObject({ code: 'SCHEDULER_CLOSED' })
  gate.open()
  await closing
  expect(rig.scheduler.state).toBe('closed')
  expect(diary.take()).toEqual(['a'])
  await rig.start()
  await rig.scheduler.idle()
  expect(diary.take()).toEqual(['b'])
  expect(rig.scheduler.metrics().interrupted).toBe(0)
})

test('close aborts what does not end in time; it runs again, and the attempt does not count', async () => {
  const attempts: number[] = []
  const reasons: unknown[] = []
  const rig = await Rig.open({
    drainMs: 5_000,
    handlers: {
      slow: {
        run: (_: unknown, { attempt, signal }) => {
          attempts.push(attempt)
          if (attempts.length > 1) return undefined
          return new Promise<void>((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reasons.push(signal.reason)
              reject(signal.reason)
            })
          })
        },
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'slow', payload: 0, key: 'k' })
  await rig.pass(0)
  const closing = rig.scheduler.close()
  await rig.pass(4_999)
  expect(reasons).toEqual([])
  await rig.pass(1)
  await closing
  expect(isSchedulerError(reasons[0], 'SCHEDULER_CLOSED')).toBe(true)
  await rig.start()
  await rig.scheduler.idle()
  expect(attempts).toEqual([1, 1])
  expect(rig.scheduler.metrics()).toMatchObject({ interrupted: 0, failed: 0 })
})

test('close gives up on a run that ignores its signal', async () => {
  let runs = 0
  const rig = await Rig.open({
    drainMs: 1_000,
    abortGraceMs: 1_000,
    handlers: {
      deaf: {
        run: (): Promise<void> | undefined => {
          runs += 1
          return runs === 1 ? new Promise(() => {}) : undefined
        },
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'deaf', payload: 0 })
  await rig.pass(0)
  const closing = rig.scheduler.close()
  await rig.pass(2_000)
  await closing
  await rig.start()
  await rig.scheduler.idle()
  expect(runs).toBe(2)
})

test('a retry that falls due while the scheduler closes is not lost', async () => {
  const gate = new Gate()
  let runs = 0
  const rig = await Rig.open({
    handlers: {
      fail: {
        backoff: { baseMs: 10, jitter: 'none' },
        run: async () => {
          runs += 1
          if (runs > 1) return
          await gate.opened
          throw new Error('once')
        },
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'fail', payload: 0 })
  await rig.pass(0)
  const closing = rig.scheduler.close()
  gate.open()
  await nextTurn()
  await rig.pass(10_000)
  await closing
  await rig.start()
  await rig.pass(0)
  expect(runs).toBe(2)
})

test('interrupted tasks run again as soon as the store is opened', async () => {
  const diary = new Diary()
  let hang = true
  const rig = await Rig.open({
    handlers: {
      note: {
        run: (name: string, { attempt }): Promise<void> | undefined => {
          diary.note(`${name} ${attempt}`)
          return hang ? new Promise(() => {}) : undefined
        },
      },
    },
  })
  for (let n = 0; n < 50; n++) await rig.scheduler.schedule({ handler: 'note', payload: `n${n}` })
  await rig.pass(0)
  const first = diary.take()
  hang = false
  await rig.kill()
  await rig.pass(0)
  expect(diary.take()).toEqual(first)
  expect(rig.scheduler.metrics()).toMatchObject({ interrupted: 50, completed: 50 })
})

test('a task that keeps ending its process is dead at last', async () => {
  const rig = await Rig.open({
    maxInterruptions: 3,
    handlers: { poison: { run: (): Promise<void> => new Promise(() => {}) } },
  })
  const { id } = await rig.scheduler.schedule({ handler: 'poison', payload: 0 })
  for (let n = 1; n <= 3; n++) {
    await rig.pass(0)
    expect(rig.scheduler.get(id)).toMatchObject({ state: 'running', attempts: 0 })
    await rig.kill()
  }
  await rig.pass(0)
  const failure = { name: 'Interrupted' }
  expect(rig.scheduler.get(id)).toMatchObject({ state: 'dead', interruptions: 3, failure })
})

test('a paused queue starts nothing, also after a restart', async () => {
  const diary = new Diary()
  const rig = await Rig.open({
    handlers: { note: { run: (_: unknown, { task }) => diary.note(task.queue) } },
  })
  await rig.scheduler.pause('a')
  await rig.scheduler.schedule({ queue: 'a', handler: 'note', payload: 0 })
  await rig.scheduler.schedule({ queue: 'b', handler: 'note', payload: 0 })
  await rig.pass(1_000)
  expect(diary.take()).toEqual(['b'])
  await rig.kill()
  await rig.pass(1_000)
  expect(diary.take()).toEqual([])
  expect(rig.scheduler.metrics().queues['a']).toMatchObject({ paused: true, scheduled: 1 })
  await rig.scheduler.resume('a')
  await rig.pass(0)
  expect(diary.take()).toEqual(['a'])
})

test('when the store refuses a write the scheduler stops, and says why', async () => {
  const rig = await Rig.open({ handlers: { noop: { run: () => {} } } })
  await rig.scheduler.schedule({ handler: 'noop', payload: 0, delayMs: 1_000 })
  rig.disk.powerCut()
  const lost = rig.scheduler.schedule({ handler: 'noop', payload: 0 })
  await expect(lost).rejects.toMatchObject({ code: 'SCHEDULER_FAILED' })
  expect(rig.scheduler.state).toBe('failed')
  expect(rig.errors).toHaveLength(1)
  const later = rig.scheduler.schedule({ handler: 'noop', payload: 0 })
  await expect(later).rejects.toMatchObject({ code: 'SCHEDULER_FAILED', cause: rig.errors[0] })
  await rig.pass(10_000)
  expect(rig.scheduler.metrics().started).toBe(0)
})

test('a store that cannot be read stops its queue only, until it can', async () => {
  const diary = new Diary()
  const rig = await Rig.open({
    lookAheadMs: 1_000,
    handlers: { note: { run: (name: string) => diary.note(name) } },
  })
  const put = (payload: string, queue: string, delayMs: number) =>
    rig.scheduler.schedule({ handler: 'note', payload, queue, delayMs })
  await put('a1', 'a', 10_000)
  await put('a2', 'a', 20_000)
  await put('b', 'b', 15_000)
  const read = rig.store.iterator.bind(rig.store)
  let failures = 2
  rig.store.iterator = (options) => {
    if (failures-- > 0) throw new Error('cannot read')
    return read(options)
  }
  await rig.pass(30_000)
  expect(diary.take()).toEqual(['a1', 'b', 'a2'])
  expect(rig.errors).toHaveLength(2)
})

test('a damaged task is reported and does not stop the others', async () => {
  const diary = new Diary()
  const rig = await Rig.open({ handlers: { note: { run: (name: string) => diary.note(name) } } })
  for (const payload of ['a', 'b', 'c']) {
    await rig.scheduler.schedule({ handler: 'note', payload, delayMs: 600_000 })
  }
  using iterator = rig.store.iterator({ prefix: '~s/t' })
  const [key] = iterator.nextSync() ?? []
  await rig.store.put(key ?? '', Uint8Array.of(255, 255, 255))
  await rig.kill()
  await rig.pass(600_000)
  expect(diary.take()).toEqual(['b', 'c'])
  expect(rig.errors).toHaveLength(1)
})

test('a scheduler refuses a store that a newer version has written', async () => {
  const rig = await Rig.open({ handlers: {} })
  await rig.scheduler.close()
  await rig.store.put('~s/v', Uint8Array.of(99))
  await expect(rig.start()).rejects.toMatchObject({ code: 'SCHEDULER_FORMAT' })
})

test('listeners are told what happens, and what they throw harms nobody', async () => {
  const seen: string[] = []
  const tell = (name: string) => (): void => {
    seen.push(name)
    throw new Error(`listener of ${name}`)
  }
  const rig = await Rig.open({
    events: {
      onStarted: tell('started'),
      onCompleted: tell('completed'),
      onFailed: tell('failed'),
      onDied: tell('died'),
    },
    handlers: {
      work: {
        maxAttempts: 1,
        run: (fails: boolean) => {
          if (fails) throw new Error('no')
        },
      },
    },
  })
  await rig.scheduler.schedule({ handler: 'work', payload: false })
  await rig.scheduler.schedule({ handler: 'work', payload: true })
  await rig.scheduler.idle()
  expect(seen).toEqual(['started', 'completed', 'started', 'failed', 'died'])
})

test('nothing keeps a virtual clock busy while nothing is to do', async () => {
  const rig = await Rig.open({ handlers: { noop: { run: () => {} } } })
  await rig.scheduler.schedule({ handler: 'noop', payload: 0 })
  await rig.pass(600_000) // the timeout of the last run goes by
  expect(rig.clock.pendingTimers).toBe(0)
})

test.each([
  [{}, /either path or store/],
  [{ path: 'x', handlers: undefined }, /handlers/],
  [{ path: 'x', prefix: '' }, /prefix/],
  [{ path: 'x', concurrency: 0 }, /concurrency/],
  [{ path: 'x', lookAheadTasks: 1 }, /lookAheadTasks/],
  [{ path: 'x', lookAheadMs: 10 }, /lookAheadMs/],
  [{ path: 'x', clockCheckMs: 0 }, /clockCheckMs/],
  [{ path: 'x', drainMs: -1 }, /drainMs/],
  [{ path: 'x', queues: { q: { concurrency: 1.5 } } }, /queues\['q'\].concurrency/],
  [{ path: 'x', queues: { q: { onFailedHead: 'shrug' } } }, /onFailedHead/],
])('open refuses the options %j', async (options, message) => {
  const bad = { handlers: {}, ...options } as unknown as SchedulerOptions
  await expect(Scheduler.open(bad)).rejects.toThrow(message)
})
