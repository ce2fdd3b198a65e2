import { type Log, memory, type Transport } from '@ashlar/transport'
import { expect, test } from 'vitest'
import { replaced } from './replaced.ts'
import { ClusterRig, until } from './rig.ts'

const FAR = { delayMs: 3_600_000 } as const

test('partitions that are split keep every task, whatever it is about', async () => {
  const rig = new ClusterRig()
  const ran: string[] = []
  const handlers = {
    note: { run: (name: string) => void ran.push(name), retainMs: 600_000 },
    fail: { run: () => Promise.reject(new Error('no')), maxAttempts: 1 },
  }
  const queues = { strict: { onFailedHead: 'block' } } as const
  const options = { handlers, queues, partitions: 2 }
  const { scheduler: worker } = await rig.join(options)
  const { scheduler: client } = await rig.join({ ...options, run: false })
  const names = Array.from({ length: 24 }, (_, n) => `k${n}`)
  const ids = new Map<string, string>()
  for (const key of names) {
    const keyed = { handler: 'note', payload: key, key, ...FAR } as const
    ids.set(`keyed ${key}`, (await client.schedule({ ...keyed, tenant: `t${key.length}` })).id)
    ids.set(`unique ${key}`, (await client.schedule({ ...keyed, key: 'x', uniqueKey: key })).id)
    const { uniqueKey = key } = keyed as { uniqueKey?: string }
    const lone = { handler: 'note', payload: key, uniqueKey, queue: 'lone', ...FAR } as const
    ids.set(`lone ${key}`, (await client.schedule(lone)).id)
    ids.set(`free ${key}`, (await client.schedule({ ...lone, uniqueKey: undefined } as never)).id)
    const dead = await client.schedule({
      handler: 'fail',
      payload: null as never,
      key,
      queue: 'strict',
    })
    await client.waitFor(dead.id)
    ids.set(`dead ${key}`, dead.id)
    const behind = { handler: 'note', payload: `after ${key}`, key, queue: 'strict' } as const
    ids.set(`behind ${key}`, (await client.schedule(behind)).id)
    const done = await client.schedule({ handler: 'note', payload: `done ${key}`, key })
    await client.waitFor(done.id)
    ids.set(`done ${key}`, done.id)
    await client.schedules.upsert(key, {
      handler: 'note',
      payload: key,
      everyMs: 3_600_000,
    } as never)
    await client.pause('default', { key })
  }
  const flow = await client.scheduleFlow({
    one: { handler: 'note', payload: 'one', ...FAR },
    two: { handler: 'note', payload: 'two', children: ['one'] },
  })
  const before = await client.counts()
  const states = async (): Promise<unknown> => {
    const views = await Promise.all(Array.from(ids, ([, id]) => client.get(id)))
    return Array.from(ids.keys(), (name, n) => [name, views[n]?.state, views[n]?.dueAt])
  }
  const seen = await states()
  ran.length = 0

  await client.grow(7)

  expect(client.partitions()).toHaveLength(7)
  await until('all know of it', () => worker.partitions().length === 7)
  expect(await client.counts()).toEqual(before)
  expect(await states()).toEqual(seen)
  expect((await client.schedules.list({ limit: 100 })).schedules).toHaveLength(names.length)
  const { length: listed } = await Array.fromAsync(client.inspect({ limit: 10 }))
  expect(listed).toBe(
    before.scheduled + before.waiting + before.blocked + before.dead + before.completed,
  )
  for (const key of names) {
    const again = { handler: 'note', payload: 'again', ...FAR } as const
    const lone = await client.schedule({ ...again, uniqueKey: key, queue: 'lone' })
    expect([lone.outcome, lone.id]).toEqual(['existing', ids.get(`lone ${key}`)])
    expect(await client.edit(ids.get(`free ${key}`) ?? '', { payload: `new ${key}` })).toBe(
      'edited',
    )
    expect(await client.cancel(ids.get(`lone ${key}`) ?? '')).toBe('cancelled')
    // what blocked the key blocks it still, and lets it go when it is gone
    expect(await client.discard(ids.get(`dead ${key}`) ?? '')).toBe(true)
    expect(await client.waitFor(ids.get(`behind ${key}`) ?? '')).toMatchObject({
      state: 'completed',
    })
    await client.resume('default', { key })
    expect(await client.schedules.remove(key)).toBe(true)
  }
  expect(ran.toSorted()).toEqual(names.map((key) => `after ${key}`).toSorted())
  await client.reschedule(flow.one, { delayMs: 0 })
  expect(await client.waitFor(flow.two)).toMatchObject({ state: 'completed' })
  expect(rig.errors).toEqual([])
}, 60_000)

test('what is scheduled, changed and run while partitions are split happens once, in order', async () => {
  const rig = new ClusterRig()
  const ran = new Map<string, number[]>()
  const fences = new Map<string, number>()
  const note = {
    run: ({ key, n }: { key: string; n: number }, { fence }: { fence: number }): void => {
      ran.set(key, [...(ran.get(key) ?? []), n])
      expect(fence).toBeGreaterThan(fences.get(key) ?? 0)
      fences.set(key, fence)
    },
  }
  const options = { handlers: { note }, partitions: 1, drainMs: 1_000 }
  const { scheduler: one } = await rig.join(options)
  const { scheduler: two } = await rig.join(options)
  let growing = true
  const grown = one.grow(6).finally(() => {
    growing = false
  })
  const next = new Map<string, number>()
  let bulk = 0
  for (let round = 0; growing || round < 40; round++) {
    const tasks = Array.from({ length: 10 }, (_, slot) => {
      const key = `k${(round * 3 + slot) % 13}`
      const n = next.get(key) ?? 0
      next.set(key, n + 1)
      return { handler: 'note', payload: { key, n }, key } as const
    })
    const scheduler = round % 2 === 0 ? one : two
    if (round % 3 === 0) for (const task of tasks) await scheduler.schedule(task)
    else bulk += (await scheduler.scheduleMany(tasks)).length
  }
  await grown
  expect(bulk).toBeGreaterThan(0)
  const all = (): number => [...ran.values()].reduce((sum, { length }) => sum + length, 0)
  const made = [...next.values()].reduce((sum, count) => sum + count, 0)
  await until('all have run', () => all() >= made)
  for (const [key, count] of next) expect(ran.get(key)).toEqual([...Array(count).keys()])
  expect(rig.errors).toEqual([])
}, 60_000)

test('partitions never become fewer, and not more than their numbers allow', async () => {
  const rig = new ClusterRig()
  const { scheduler } = await rig.join({ handlers: {}, partitions: 3 })
  await expect(scheduler.grow(2)).rejects.toThrow(RangeError)
  await expect(scheduler.grow(1_025)).rejects.toThrow(RangeError)
  await scheduler.grow(3)
  await scheduler.grow(4)
  expect(scheduler.partitions().map(({ partition }) => partition)).toEqual([0, 1, 2, 3])
})

test('a split that is hindered in its middle leaves nothing behind, and is done when it can be', async () => {
  const rig = new ClusterRig()
  const ran: string[] = []
  const handlers = { note: { run: (name: string) => void ran.push(name) } }
  let hindered = true
  const transport = memory({ hub: rig.hub, clock: rig.clock })
  const scheduler = await rig.joinOn(
    failing(transport, 'default_tasks_1', () => hindered),
    { handlers, partitions: 1, compactBytes: 1e9 },
  )
  const names = Array.from({ length: 400 }, (_, n) => `k${n}`)
  // larger than one message, so that some of it is copied before the copy fails
  const tasks = names.map((key) => ({
    handler: 'note' as const,
    payload: key.padEnd(2_000, '.'),
    key,
    delayMs: 600_000,
  }))
  const ids = (await scheduler.scheduleMany(tasks)).map(({ id }) => id)
  const grown = scheduler.grow(2)
  await until('the copy has failed', () => rig.errors.length > 0)
  expect(String(rig.errors[0])).toContain('no space')
  expect(scheduler.partitions()).toHaveLength(1)
  // the partition goes on with its work, unsplit
  for (const id of ids.slice(0, 200)) expect(await scheduler.cancel(id)).toBe('cancelled')
  hindered = false
  for (let at = 0; at < 31_000; at += 100) await rig.clock.advance(100) // it is tried again
  await grown
  expect(await scheduler.counts()).toMatchObject({ scheduled: 200, waiting: 0 })
  for (let at = 0; at < 600_000; at += 1_000) await rig.clock.advance(1_000)
  await until('the others have run', () => ran.length >= 200)
  await rig.clock.advance(1_000)
  expect(ran.map((text) => text.replaceAll('.', '')).toSorted()).toEqual(
    names.slice(200).toSorted(),
  )
}, 60_000)

/** A connection on which the second message to a log that is no take-over cannot be stored. */
function failing(transport: Transport, name: string, isFull: () => boolean): Transport {
  let messages = 0
  return replaced(transport, 'log', async (...args: Parameters<Transport['log']>) => {
    const log = await transport.log(...args)
    if (args[0] !== name) return log
    const append: Log['append'] = async (subject, payload, options) => {
      if (payload[0] !== 1 && isFull() && ++messages > 1) throw new Error('no space for it')
      return await log.append(subject, payload, options)
    }
    return replaced(log, 'append', append)
  })
}
