import { expect, test } from 'vitest'
import { ClusterRig, settled, shares, until } from './rig.ts'

const handlers = {
  double: { run: (n: number) => n * 2 },
  fail: { run: () => Promise.reject(new Error('no')), maxAttempts: 1 },
}

test('any member schedules, and any member sees the result', async () => {
  const rig = new ClusterRig()
  const { scheduler: worker } = await rig.join({ handlers })
  const { scheduler: client } = await rig.join({ handlers: {}, run: false })
  const tasks = await Promise.all(
    Array.from({ length: 20 }, (_, n) => {
      const from = n % 2 === 0 ? worker : client
      const task = { handler: 'double', payload: n, key: `k${n}`, retainMs: 60_000 }
      return from.schedule(task as never)
    }),
  )
  const outcomes = await Promise.all(tasks.map(({ id }) => client.waitFor(id)))
  expect(outcomes).toEqual(
    Array.from({ length: 20 }, (_, n) => ({ state: 'completed', result: n * 2 })),
  )
  expect(shares(worker, client)).toEqual([4, 0])
  expect(rig.errors).toEqual([])
})

test('what is refused is refused in the same way from afar', async () => {
  const rig = new ClusterRig()
  const { scheduler: worker } = await rig.join({ handlers })
  const { scheduler: client } = await rig.join({ handlers: {}, run: false })
  const missing = { handler: 'nobody', payload: 1 } as never
  await expect(client.schedule(missing)).rejects.toMatchObject({ code: 'HANDLER_MISSING' })
  const bad = { handler: 'double', payload: 1, priority: 11 } as never
  await expect(client.schedule(bad)).rejects.toThrow(RangeError)
  const { id } = await worker.schedule({ handler: 'fail', payload: 1 as never })
  expect(await client.waitFor(id)).toMatchObject({ state: 'dead', failure: { message: 'no' } })
  expect(await client.get(id)).toMatchObject({ state: 'dead', attempts: 1 })
  expect(await client.redrive('00000000000000000000000000')).toBe(0)
  expect(await client.discard(id)).toBe(true)
  expect(await client.get(id)).toBeUndefined()
})

test('tasks are cancelled, moved and edited from any member', async () => {
  const rig = new ClusterRig()
  await rig.join({ handlers })
  const { scheduler: client } = await rig.join({ handlers, run: false })
  const far = { handler: 'double', payload: 1, delayMs: 3_600_000 } as const
  const gone = await client.schedule(far)
  expect(await client.cancel(gone.id)).toBe('cancelled')
  expect(await client.cancel(gone.id)).toBe('unknown')
  const moved = await client.schedule({ ...far, uniqueKey: 'u' })
  expect(await client.edit({ queue: 'default', uniqueKey: 'u' }, { payload: 4 })).toBe('edited')
  expect(await client.reschedule(moved.id, { delayMs: 0 })).toBe('rescheduled')
  await until('it has run', async () => (await client.get(moved.id)) === undefined)
  expect(await client.waitFor(moved.id)).toEqual({ state: 'unknown' })
  const kept = await client.schedule({ ...far, key: 'k', uniqueKey: 'v', retainMs: 60_000 })
  expect(await client.edit(kept.id, { payload: 5 })).toBe('edited')
  expect(
    await client.reschedule({ queue: 'default', uniqueKey: 'v', key: 'k' }, { delayMs: 0 }),
  ).toBe('rescheduled')
  expect(await client.waitFor(kept.id)).toEqual({ state: 'completed', result: 10 })
  expect(await client.cancel(kept.id)).toBe('too-late')
})

test('a unique key has one live task, whichever member schedules it', async () => {
  const rig = new ClusterRig()
  const { scheduler: worker } = await rig.join({ handlers })
  const { scheduler: client } = await rig.join({ handlers, run: false })
  const spec = { handler: 'double', payload: 1, delayMs: 3_600_000, uniqueKey: 'u' } as const
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? worker : client).schedule(spec)),
  )
  expect(new Set(results.map(({ id }) => id)).size).toBe(1)
  expect(results.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
  const rejected = client.schedule({ ...spec, onConflict: 'reject' })
  await expect(rejected).rejects.toMatchObject({ code: 'TASK_EXISTS', taskId: results[0]?.id })
})

test('bulk, lists, counts and pauses are of the whole cluster', async () => {
  const rig = new ClusterRig()
  const { scheduler: a } = await rig.join({ handlers })
  const { scheduler: b } = await rig.join({ handlers })
  await settled(4, a, b)
  const specs = Array.from({ length: 50 }, (_, n) => ({
    handler: 'double' as const,
    payload: n,
    key: `k${n}`,
    queue: 'q',
    delayMs: 3_600_000,
  }))
  const results = await a.scheduleMany(specs)
  expect(new Set(results.map(({ id }) => id)).size).toBe(50)
  expect((await b.get(results[7]?.id ?? ''))?.payload).toBe(7)
  expect((await b.counts()).scheduled).toBe(50)
  const listed = []
  for await (const task of b.inspect({ queue: 'q', limit: 7 })) listed.push(task.payload)
  expect(listed.sort((x, y) => Number(x) - Number(y))).toEqual(specs.map(({ payload }) => payload))
  await b.pause('q')
  await a.scheduleMany(specs.map((spec) => ({ ...spec, delayMs: 0 })))
  expect((await a.stats())['q']).toMatchObject({ scheduled: 100, paused: true })
  await a.resume('q')
  await until('what was due has run', async () => (await b.counts('q')).scheduled === 50)
})

test('a flow runs in one partition, and has no keys', async () => {
  const rig = new ClusterRig()
  const { scheduler } = await rig.join({
    handlers: { ...handlers, sum: { run: (_: null, context) => context.children() } },
  })
  const ids = await scheduler.scheduleFlow({
    a: { handler: 'double', payload: 1 },
    b: { handler: 'double', payload: 2 },
    both: { handler: 'sum', payload: null, children: ['a', 'b'] },
  })
  expect(await scheduler.waitFor(ids.both)).toMatchObject({
    state: 'completed',
    result: { a: { status: 'completed', result: 2 }, b: { status: 'completed', result: 4 } },
  })
  const keyed = { a: { handler: 'double', payload: 1, key: 'k' } } as const
  expect(() => scheduler.scheduleFlow(keyed)).toThrow(RangeError)
})

test('schedules recur, whoever makes them, and are listed in order', async () => {
  const rig = new ClusterRig()
  const { scheduler: a } = await rig.join({ handlers })
  const { scheduler: b } = await rig.join({ handlers, run: false })
  const hourly = { handler: 'double', payload: 3, cron: '0 * * * *' } as const
  for (const id of ['c', 'a', 'b']) expect(await b.schedules.upsert(id, hourly)).toBe('created')
  expect(await a.schedules.upsert('a', hourly)).toBe('unchanged')
  const page = await a.schedules.list({ limit: 2 })
  expect(page.schedules.map(({ id }) => id)).toEqual(['a', 'b'])
  const rest = await b.schedules.list({ cursor: page.cursor ?? '' })
  expect(rest).toMatchObject({ schedules: [{ id: 'c' }], cursor: undefined })
  expect(await a.schedules.preview('b', { count: 3 })).toHaveLength(3)
  const made = await b.schedules.trigger('b')
  expect(await a.waitFor(made?.id ?? '')).toMatchObject({
    state: expect.stringMatching(/completed|unknown/),
  })
  expect(await a.schedules.remove('b')).toBe(true)
  expect(await b.schedules.get('b')).toBeUndefined()
})
