// Partitions change hands: nothing is lost, keys stay in order, and who is cut off is refused.
import { setTimeout as sleep } from 'node:timers/promises'
import type { HandlerMap } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import type { RunContext } from '../../src/run/handler.ts'
import { Gate } from '../rig.ts'
import { ClusterRig, settled, shares, until } from './rig.ts'

interface Line {
  readonly key: string
  readonly n: number
  readonly fence: number
  readonly what: 'start' | 'end'
}

/** One handler for all members, that writes down when it starts and ends. */
class Book {
  readonly lines: Line[] = []

  handlers(runMs: number): HandlerMap {
    return {
      note: {
        run: async ({ n }: { n: number }, { task, fence, signal }: RunContext) => {
          const key = task.key ?? ''
          this.lines.push({ key, n, fence, what: 'start' })
          await sleep(runMs, undefined, { signal })
          this.lines.push({ key, n, fence, what: 'end' })
        },
      },
    }
  }

  get ended(): number {
    return new Set(this.lines.filter(({ what }) => what === 'end').map(({ key, n }) => key + n))
      .size
  }

  /** I4 and I5: each key's tasks start in order, one at a time, with growing fences. */
  check(keys: number, perKey: number): void {
    for (let k = 0; k < keys; k++) {
      const lines = this.lines.filter(({ key }) => key === `k${k}`)
      const starts = lines.filter(({ what }) => what === 'start')
      expect(starts.map(({ n }) => n).filter((n, at, all) => n !== all[at - 1])).toEqual(
        Array.from({ length: perKey }, (_, n) => n),
      )
      const fences = starts.map(({ fence }) => fence)
      expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
      for (const [at, line] of lines.entries()) {
        if (line.what === 'end') expect(lines[at - 1]).toMatchObject({ n: line.n, what: 'start' })
      }
    }
  }
}

const KEYS = 12
const PER_KEY = 8

function specs() {
  return Array.from({ length: KEYS * PER_KEY }, (_, n) => ({
    handler: 'note',
    payload: { n: Math.floor(n / KEYS) },
    key: `k${n % KEYS}`,
  }))
}

test('members come and go in the middle of the work: all of it is done, once, in order', async () => {
  const rig = new ClusterRig()
  const book = new Book()
  const options = { handlers: book.handlers(10), partitions: 16, concurrency: 4 }
  const { scheduler: a } = await rig.join(options)
  await settled(16, a)
  await a.scheduleMany(specs())
  const { scheduler: b } = await rig.join(options)
  await settled(16, a, b)
  expect(Math.min(...shares(a, b))).toBeGreaterThan(0)
  await a.close()
  await settled(16, b)
  await until('all has run', () => book.ended === KEYS * PER_KEY)
  book.check(KEYS, PER_KEY)
  expect(book.lines).toHaveLength(2 * KEYS * PER_KEY)
  expect(rig.errors).toEqual([])
})

test('a join moves only what falls to the new member', async () => {
  const rig = new ClusterRig()
  const { scheduler: a } = await rig.join({ handlers: {}, partitions: 16 })
  const { scheduler: b } = await rig.join({ handlers: {}, partitions: 16 })
  await settled(16, a, b)
  const before = a.partitions()
  const { scheduler: c } = await rig.join({ handlers: {}, partitions: 16 })
  await settled(16, a, b, c)
  await until(
    'all know it',
    () => a.partitions().filter(({ member }) => member === c.id).length === shares(c)[0],
  )
  for (const [at, { member, epoch }] of a.partitions().entries()) {
    if (member === c.id) continue
    expect({ member, epoch }).toEqual({ member: before[at]?.member, epoch: before[at]?.epoch })
  }
})

test('a member that is cut off is refused: its late completion counts for nothing', async () => {
  const rig = new ClusterRig()
  const gate = new Gate()
  const runs: string[] = []
  const closed: string[] = []
  const late = {
    run: async (_: null, { fence }: RunContext) => {
      runs.push(`a${fence}`)
      await gate.opened
      return 'late'
    },
  }
  const quick = {
    run: (_: null, { fence }: RunContext) => {
      runs.push(`b${fence}`)
      return 'good'
    },
  }
  const { scheduler: a, transport } = await rig.join({
    handlers: { job: late },
    partitions: 1,
    events: { onPartitionClosed: ({ reason }) => closed.push(reason) },
  })
  await settled(1, a)
  const { id } = await a.schedule({ handler: 'job', payload: null, key: 'k', retainMs: 60_000 })
  await until('it runs', () => runs.length === 1)
  transport.disconnect()
  const { scheduler: b } = await rig.join({ handlers: { job: quick }, partitions: 1 })
  expect(await b.waitFor(id)).toEqual({ state: 'completed', result: 'good' })
  gate.open() // the zombie's handler ends long after
  transport.reconnect()
  await until('the zombie knows', () => closed.length === 1)
  expect(closed).toEqual(['lost'])
  expect(await b.get(id)).toMatchObject({ state: 'completed', result: 'good' })
  expect(await a.get(id)).toMatchObject({ state: 'completed', result: 'good' })
  const [first = '', second = ''] = runs
  expect(runs).toHaveLength(2)
  expect(Number(second.slice(1))).toBeGreaterThan(Number(first.slice(1)))
})

test('what a member had that is gone is taken over a ttl after its last sign of life, not later', async () => {
  const rig = new ClusterRig()
  const leaseTtlMs = 20_000
  const options = { handlers: {}, partitions: 8, leaseTtlMs }
  const { scheduler: a, transport } = await rig.join(options)
  const { scheduler: b, transport: there } = await rig.join(options)
  await settled(8, a, b)
  const renewals = new Map<string, { readonly owner: string; readonly at: number }[]>()
  const kv = await there.kv('default_scheduler')
  const watching = (async () => {
    for await (const { key, value } of kv.watch({ key: 'lease.*' })) {
      const { owner } = JSON.parse(Buffer.from(value).toString()) as { readonly owner: string }
      const seen = renewals.get(key) ?? []
      renewals.set(key, [...seen, { owner, at: rig.clock.monotonic() }])
    }
  })()
  watching.catch(() => undefined) // until it is closed
  for (let at = 0; at < leaseTtlMs; at += 200) await rig.clock.advance(200) // renewed by now
  const had = shares(a)[0] ?? 0
  expect(had).toBeGreaterThan(0)
  transport.disconnect()
  while (shares(b)[0] !== 8) await rig.clock.advance(50)
  const waits: number[] = []
  for (const seen of renewals.values()) {
    const taken = seen.findIndex(({ owner }, n) => owner === b.id && seen[n - 1]?.owner === a.id)
    if (taken > 0) waits.push((seen[taken]?.at ?? 0) - (seen[taken - 1]?.at ?? 0))
  }
  expect(waits).toHaveLength(had)
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(leaseTtlMs)
  expect(Math.max(...waits)).toBeLessThan(leaseTtlMs * 1.2)
})

test('an ended handler that was fenced runs again, and its first end was never stored', async () => {
  const rig = new ClusterRig()
  const gate = new Gate()
  let runs = 0
  const handlers = {
    job: {
      run: async () => {
        runs += 1
        if (runs === 1) await gate.opened
        return runs
      },
    },
  }
  const { scheduler: a, transport } = await rig.join({ handlers, partitions: 1 })
  await settled(1, a)
  const { id } = await a.schedule({ handler: 'job', payload: null, retainMs: 60_000 })
  await until('it runs', () => runs === 1)
  transport.disconnect()
  gate.open() // ends while the log cannot be reached
  const { scheduler: b } = await rig.join({ handlers, partitions: 1 })
  expect(await b.waitFor(id)).toEqual({ state: 'completed', result: 2 })
})

test('what has no handler is refused loudly, and another member takes it', async () => {
  const rig = new ClusterRig()
  const old = { job: { run: () => 'old' } }
  const { scheduler: a } = await rig.join({ handlers: old, partitions: 1 })
  await settled(1, a)
  const { id } = await a.schedule({
    handler: 'job',
    payload: null,
    delayMs: 1_500,
    retainMs: 60_000,
  })
  await a.close()
  const { scheduler: b } = await rig.join({ handlers: {}, partitions: 1 })
  await until('it was refused', () => rig.errors.length > 0)
  expect(rig.errors[0]).toMatchObject({ code: 'HANDLER_MISSING' })
  const { scheduler: c } = await rig.join({ handlers: old, partitions: 1 })
  expect(await c.waitFor(id)).toEqual({ state: 'completed', result: 'old' })
  expect(shares(b, c)).toEqual([0, 1])
})

test('stale tasks are counted where nobody works on them, too', async () => {
  const rig = new ClusterRig()
  const { scheduler: a, transport } = await rig.join({ handlers: { job: { run: () => {} } } })
  await settled(4, a)
  await a.pause('default')
  const dueAt = Date.now() - 600_000
  await a.scheduleMany(
    Array.from({ length: 20 }, (_, n) => ({
      handler: 'job' as const,
      payload: undefined,
      key: `k${n}`,
      dueAt,
    })),
  )
  expect(await a.stale()).toMatchObject({ count: 20, unowned: [] })
  transport.disconnect()
  // Far too patient to take over what nobody works on.
  const { scheduler: client } = await rig.join({ handlers: {}, run: false, leaseTtlMs: 600_000 })
  const stale = await client.stale()
  expect(stale).toMatchObject({ count: 20, unowned: [0, 1, 2, 3] })
  expect(stale.oldestMs).toBeGreaterThanOrEqual(600_000)
  expect(await client.stale(3_600_000)).toMatchObject({ count: 0 })
})

test('logs are compacted: what a new owner reads is bounded, and all that is alive', async () => {
  const rig = new ClusterRig()
  const handlers = { job: { run: () => {} } }
  const options = { handlers, partitions: 1, compactBytes: 20_000, leaseTtlMs: 30_000 }
  const { scheduler: a, transport } = await rig.join(options)
  await settled(1, a)
  const kept = await a.schedule({
    handler: 'job',
    payload: undefined,
    key: 'kept',
    delayMs: 3_600_000,
  })
  const log = await transport.log('default_tasks_0')
  for (let round = 0; (await log.info()).firstSequence < 100; round++) {
    await a.scheduleMany(
      Array.from({ length: 100 }, (_, n) => ({
        handler: 'job' as const,
        payload: undefined,
        key: `k${n}`,
      })),
    )
    await until('they have run', async () => (await a.counts()).scheduled === 1)
    await rig.clock.advance(100) // its size is looked at now and then
    if (round > 200) throw new Error('the log was never compacted')
  }
  const { scheduler: b } = await rig.join(options)
  await a.close()
  expect(await b.get(kept.id)).toMatchObject({ key: 'kept', state: 'scheduled' })
  expect(await b.counts()).toMatchObject({ scheduled: 1, waiting: 0 })
  expect((await log.info()).bytes).toBeLessThan(500_000)
})

test('tasks are taken while nobody runs them, and run when somebody does', async () => {
  const rig = new ClusterRig()
  const { scheduler: client } = await rig.join({ handlers: {}, run: false })
  const { id } = await client.schedule({ handler: 'job', payload: 2, retainMs: 60_000 } as never)
  expect(await client.get(id)).toMatchObject({ state: 'scheduled', payload: 2 })
  expect(shares(client)).toEqual([4])
  const { scheduler: worker } = await rig.join({ handlers: { job: { run: (n: number) => n * 2 } } })
  expect(await client.waitFor(id)).toEqual({ state: 'completed', result: 4 })
  await settled(4, worker)
  expect(shares(client)).toEqual([0])
})
