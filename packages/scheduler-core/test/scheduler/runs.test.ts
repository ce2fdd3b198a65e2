import type { Batch } from '@ashlar/lsm-store'
import type { RunContext } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Gate, nextTurn, Rig, START } from '../rig.ts'

const ONCE = { maxAttempts: 1 } as const

test('a handler that throws anything at all fails its own task only', async () => {
  const junk = [
    new Error('an error'),
    'a string',
    undefined,
    null,
    Object.create(null) as unknown,
    {
      toString: () => {
        throw new Error('worse')
      },
    },
    Symbol('symbol'),
  ]
  let done = 0
  const rig = await Rig.open({
    handlers: {
      sync: {
        ...ONCE,
        run: (n: number) => {
          throw junk[n]
        },
      },
      async: { ...ONCE, run: (n: number) => Promise.reject(junk[n]) },
      fine: {
        run: () => {
          done += 1
        },
      },
    },
  })
  for (let n = 0; n < junk.length; n++) {
    for (const handler of ['sync', 'async', 'fine'] as const) {
      await rig.scheduler.schedule({ handler, payload: n })
    }
  }
  await rig.scheduler.idle()
  expect(done).toBe(junk.length)
  expect(rig.scheduler.counts().dead).toBe(2 * junk.length)
  const [first] = rig.scheduler.list({ state: 'dead' }).tasks
  expect(first?.failure).toMatchObject({ name: 'Error', message: 'an error' })
})

/** An object with a `then`, which is what a promise is to `await`. */
function thenable(descriptor: PropertyDescriptor): object {
  return Object.defineProperty({}, ['th', 'en'].join(''), descriptor) // past the linter, on purpose
}

test('a handler that returns junk has done its task', async () => {
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  const trap = (): never => {
    throw new Error('trap')
  }
  const twice = (resolve: (value: number) => void): void => {
    resolve(1)
    resolve(2)
  }
  const junk = [
    cyclic,
    () => {},
    Symbol('symbol'),
    thenable({ value: 'not a function' }),
    thenable({ value: twice }),
    thenable({ get: trap }),
    new Proxy({}, { get: trap }),
  ]
  const rig = await Rig.open({
    handlers: { junk: { ...ONCE, retainMs: 60_000, run: (n: number) => junk[n] } },
  })
  await rig.scheduler.scheduleMany(
    junk.map((_, payload) => ({ handler: 'junk' as const, payload })),
  )
  await rig.scheduler.idle()
  // The two whose `then` throws cannot be told from handlers that throw.
  expect(rig.scheduler.counts()).toMatchObject({ completed: 5, dead: 2, scheduled: 0 })
})

test('a handler that hangs is aborted at its timeout, then given up; neighbours go on', async () => {
  const signals: AbortSignal[] = []
  let done = 0
  const rig = await Rig.open({
    concurrency: 2,
    abortGraceMs: 2_000,
    handlers: {
      hang: {
        timeoutMs: 10_000,
        backoff: { baseMs: 1_000, jitter: 'none' },
        run: (_: unknown, { signal }): Promise<void> => {
          signals.push(signal)
          return new Promise(() => {})
        },
      },
      fine: {
        run: () => {
          done += 1
        },
      },
    },
  })
  const { id } = await rig.scheduler.schedule({ handler: 'hang', payload: 0, key: 'k' })
  for (let n = 0; n < 100; n++) await rig.scheduler.schedule({ handler: 'fine', payload: 0 })
  await rig.pass(9_999)
  expect(done).toBe(100)
  expect(signals[0]?.aborted).toBe(false)
  await rig.pass(1)
  expect(signals[0]?.aborted).toBe(true)
  expect(signals[0]?.reason).toMatchObject({ code: 'TASK_TIMEOUT', taskId: id })
  expect(rig.scheduler.get(id)?.state).toBe('running')
  await rig.pass(2_000)
  const failure = { code: 'TASK_TIMEOUT' }
  expect(rig.scheduler.get(id)).toMatchObject({ state: 'retrying', attempts: 1, failure })
  await rig.pass(1_000)
  expect(signals).toHaveLength(2)
  expect(rig.scheduler.metrics()).toMatchObject({ timedOut: 1, abandoned: 1, running: 1 })
})

test('a run that was given up cannot touch its task any more', async () => {
  const gate = new Gate()
  let late: RunContext | undefined
  const rig = await Rig.open({
    abortGraceMs: 0,
    handlers: {
      zombie: {
        timeoutMs: 1_000,
        backoff: { baseMs: 60_000, jitter: 'none' },
        run: async (_: unknown, context) => {
          late = context
          await gate.opened
          return 'late'
        },
      },
    },
  })
  const { id } = await rig.scheduler.schedule({ handler: 'zombie', payload: 0 })
  await rig.pass(1_000)
  const before = rig.scheduler.get(id)
  expect(before).toMatchObject({ state: 'retrying', attempts: 1 })
  gate.open()
  await nextTurn()
  late?.heartbeat('ignored')
  expect(() => late?.batch()).toThrow(/the run is over/)
  expect(rig.scheduler.get(id)).toEqual(before)
})

test('what a handler leaves behind touches nothing, and holds up nobody', async () => {
  const left: { readonly context: RunContext; readonly batch: Batch }[] = []
  const late: Promise<unknown>[] = []
  const gate = new Gate()
  const progress: unknown[] = []
  const done: unknown[] = []
  const rig = await Rig.open({
    concurrency: 1,
    events: { onProgress: (info) => void progress.push(info.progress) },
    handlers: {
      leaky: {
        maxAttempts: 1,
        run: (fails: boolean, context: RunContext): string => {
          const batch = context.batch().put(`of ${String(fails)}`, 'in time')
          left.push({ context, batch })
          context.signal.addEventListener('abort', () => done.push('aborted'))
          late.push(gate.opened.then(() => context.heartbeat('too late')))
          if (fails) throw new Error('on purpose')
          return 'done'
        },
      },
      fine: { run: (payload: number) => void done.push(payload) },
    },
  })
  const ids: string[] = []
  for (const fails of [false, true]) {
    ids.push((await rig.scheduler.schedule({ handler: 'leaky', payload: fails })).id)
  }
  for (let n = 0; n < 20; n++) await rig.scheduler.schedule({ handler: 'fine', payload: n })
  await rig.pass(1)
  const before = ids.map((id) => rig.scheduler.get(id))
  expect(done).toHaveLength(20)
  gate.open()
  await Promise.all(late)
  for (const { context, batch } of left) {
    expect(() => context.batch()).toThrow(/the run is over/)
    try {
      batch.put('late', 'yes')
    } catch (error) {
      expect(error).toBeInstanceOf(Error) // the store's word on a batch that was written
    }
  }
  await rig.scheduler.schedule({ handler: 'fine', payload: 0 })
  await rig.pass(1_000)
  expect(rig.store.hasSync('late')).toBe(false)
  expect(rig.store.hasSync('of false')).toBe(true)
  expect(rig.store.hasSync('of true')).toBe(false)
  expect(progress).toEqual([])
  expect(ids.map((id) => rig.scheduler.get(id))).toEqual(before)
  expect(done).toHaveLength(21)
})

test('a handler that ends within the grace after its timeout counts as what it says', async () => {
  const rig = await Rig.open({
    handlers: {
      obey: {
        ...ONCE,
        timeoutMs: 1_000,
        run: (finishes: boolean, { signal }) =>
          new Promise<void>((resolve, reject) => {
            signal.addEventListener('abort', () => (finishes ? resolve() : reject(signal.reason)))
          }),
      },
    },
  })
  const good = await rig.scheduler.schedule({ handler: 'obey', payload: true, retainMs: 1e6 })
  const bad = await rig.scheduler.schedule({ handler: 'obey', payload: false })
  await rig.pass(1_000)
  expect(rig.scheduler.get(good.id)?.state).toBe('completed')
  expect(rig.scheduler.get(bad.id)).toMatchObject({
    state: 'dead',
    failure: { code: 'TASK_TIMEOUT' },
  })
  expect(rig.scheduler.metrics().abandoned).toBe(0)
})

test('a heartbeat starts the timeout anew and shows progress', async () => {
  const rig = await Rig.open({
    handlers: {
      long: {
        ...ONCE,
        timeoutMs: 1_000,
        run: (_: unknown, context) =>
          new Promise<void>((resolve) => {
            const beat = (step: number): void => {
              context.heartbeat({ step })
              if (step === 5) resolve()
              else rig.clock.setTimer(() => beat(step + 1), 900)
            }
            beat(0)
          }),
      },
    },
  })
  const { id } = await rig.scheduler.schedule({ handler: 'long', payload: 0 })
  await rig.pass(2_000)
  expect(rig.scheduler.get(id)).toMatchObject({ state: 'running', progress: { step: 2 } })
  expect(rig.scheduler.list({ state: 'running' }).tasks[0]?.progress).toEqual({ step: 2 })
  await rig.pass(5_000)
  expect(rig.scheduler.counts()).toMatchObject({ running: 0, dead: 0 })
})

test('the context tells the task, the attempt, and a fence that only grows', async () => {
  const contexts: RunContext[] = []
  const rig = await Rig.open({
    handlers: {
      look: {
        backoff: { baseMs: 10, jitter: 'none' },
        run: (_: unknown, context) => {
          contexts.push(context)
          if (context.attempt < 3) throw new Error('again')
        },
      },
    },
  })
  const { id } = await rig.scheduler.schedule({
    queue: 'q',
    handler: 'look',
    payload: 0,
    key: 'k',
    uniqueKey: 'u',
    delayMs: 5,
  })
  await rig.pass(5)
  await rig.kill()
  await rig.pass(1_000)
  expect(contexts.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  const fences = contexts.map(({ fence }) => fence)
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
  expect(contexts[2]?.task).toEqual({
    id,
    queue: 'q',
    key: 'k',
    uniqueKey: 'u',
    handler: 'look',
    version: 1,
    dueAt: START + 5,
    createdAt: START,
  })
})

test('no more runs at a time than the concurrency of scheduler and queue allow', async () => {
  const peak: Record<string, number> = { all: 0, narrow: 0, wide: 0 }
  const now: Record<string, number> = { all: 0, narrow: 0, wide: 0 }
  const rig = await Rig.open({
    concurrency: 5,
    queues: { narrow: { concurrency: 2 } },
    handlers: {
      work: {
        run: async (_: unknown, { task }) => {
          for (const name of ['all', task.queue]) {
            now[name] = (now[name] ?? 0) + 1
            peak[name] = Math.max(peak[name] ?? 0, now[name])
          }
          await new Promise<void>((resolve) => void rig.clock.setTimer(resolve, 10))
          for (const name of ['all', task.queue]) now[name] = (now[name] ?? 0) - 1
        },
      },
    },
  })
  for (let n = 0; n < 40; n++) {
    const queue = n % 2 === 0 ? 'narrow' : 'wide'
    await rig.scheduler.schedule({ queue, handler: 'work', payload: n })
  }
  await rig.pass(1_000)
  expect(peak).toEqual({ all: 5, narrow: 2, wide: expect.any(Number) })
  expect(rig.scheduler.counts()).toMatchObject({ scheduled: 0, running: 0 })
})

test('a busy queue does not keep others from running', async () => {
  const order: string[] = []
  const rig = await Rig.open({
    concurrency: 1,
    handlers: { note: { run: (_: unknown, { task }) => void order.push(task.queue) } },
  })
  await rig.scheduler.pause('busy')
  await rig.scheduler.scheduleMany(
    Array.from({ length: 100 }, () => ({ queue: 'busy', handler: 'note' as const, payload: 0 })),
  )
  await rig.scheduler.pause('calm')
  await rig.scheduler.schedule({ queue: 'calm', handler: 'note', payload: 0 })
  await Promise.all([rig.scheduler.resume('busy'), rig.scheduler.resume('calm')])
  await rig.scheduler.idle()
  expect(order.indexOf('calm')).toBeLessThan(3)
})
