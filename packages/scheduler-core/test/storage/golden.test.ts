// Stores that old versions of this package wrote, opened by this one: nothing of them may be lost,
// and each task runs on today's handler or is refused loudly. write-golden.ts says what is in them.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, VirtualClock } from '@ashlar/codec'
import { isStoreError, Store } from '@ashlar/lsm-store'
import { type HandlerMap, Scheduler } from '@ashlar/scheduler-core'
import { expect, onTestFinished, test } from 'vitest'
import { nextTurn } from '../rig.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures')
const VERSIONS = ['v1', 'v2', 'v3']
const DAY = 24 * 3_600_000

interface Golden {
  readonly at: number
  readonly ids: Readonly<Record<string, string>>
}

async function openGolden(version: string) {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'))
  cpSync(join(FIXTURES, version), folder, { recursive: true })
  const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden
  rmSync(join(folder, 'golden.json'))
  const clock = new VirtualClock({ startMs: golden.at })
  const store = await Store.open(folder, { clock })
  onTestFinished(async () => {
    await store.close().catch((error: unknown) => {
      if (!isStoreError(error, 'STORE_CLOSED')) throw error
    })
    rmSync(folder, { recursive: true })
  })
  return { golden, clock, store }
}

function handlersOf(ran: [string, unknown][]): HandlerMap {
  const note =
    (name: string) =>
    (payload: unknown): void =>
      void ran.push([name, payload])
  return {
    echo: { run: note('echo') },
    poor: { run: note('poor') },
    shaky: { run: note('shaky') },
    hang: { run: note('hang') },
    invoice: {
      version: 4,
      upgrade: {
        1: (amount: number) => ({ cents: amount * 100 }),
        2: ({ cents }: { cents: number }) => ({ cents, currency: 'EUR' }),
        3: ({ cents, currency }: { cents: number; currency: string }) => `${currency} ${cents}`,
      },
      run: note('invoice'),
    },
  }
}

for (const version of VERSIONS) {
  test(`a store of format ${version} loses nothing and runs on the handlers of today`, async () => {
    const { golden, clock, store } = await openGolden(version)
    const ran: [string, unknown][] = []
    const scheduler = await Scheduler.open({
      store,
      clock,
      random: seededRandom(1),
      handlers: handlersOf(ran),
      queues: { strict: { onFailedHead: 'block' }, small: { concurrency: 2 } },
    })
    onTestFinished(() => scheduler.close())
    expect(scheduler.metrics().interrupted).toBe(1)
    expect(scheduler.get(golden.ids['result'] ?? '')).toMatchObject({
      state: 'completed',
      result: { kept: true },
    })
    expect(scheduler.get(golden.ids['dead'] ?? '')).toMatchObject({
      state: 'dead',
      failure: { code: 'TASK_FAILED', message: 'no funds' },
    })
    expect(scheduler.get(golden.ids['retrying'] ?? '')).toMatchObject({
      state: 'retrying',
      attempts: 1,
    })
    expect(scheduler.get(golden.ids['moved'] ?? '')?.dueAt).toBe(golden.at - 20_010 + 3 * 3_600_000)
    expect(scheduler.get({ queue: 'money', uniqueKey: 'inv-1' })?.id).toBe(golden.ids['unique v1'])

    await clock.advance(DAY)
    await scheduler.idle()
    expect(scheduler.get(golden.ids['blocked'] ?? '')?.state).not.toBe('completed')
    expect(await scheduler.redrive(golden.ids['blocking'] ?? '')).toBe(1)
    await scheduler.resume('still')
    await scheduler.resume('mixed', { key: 'p' })
    await scheduler.idle()
    for (let turn = 0; turn < 20; turn++) await nextTurn()

    const small = ran.filter(([, payload]) => typeof payload === 'number' && payload < 12)
    expect(ran.filter(([name]) => name === 'invoice')).toEqual(
      Array.from({ length: 6 }, () => ['invoice', 'EUR 1200']),
    )
    expect(small.filter(([name]) => name === 'echo').length).toBe(12 + 2)
    const names = ran.map(([name]) => name)
    for (const name of ['poor', 'shaky', 'hang']) expect(names, name).toContain(name)
    expect(ran).toContainEqual(['echo', 'moved'])
    const kept = scheduler.list({ state: 'completed' }).tasks.length
    expect(kept).toBe(2)
    expect(scheduler.counts()).toEqual({
      scheduled: 0,
      waiting: 0,
      blocked: 0,
      running: 0,
      dead: 1,
      completed: 2,
    })
  })

  test(`a store of format ${version} is not opened by handlers that lack an upgrade`, async () => {
    const { clock, store } = await openGolden(version)
    const { invoice, ...rest } = handlersOf([])
    const old = { ...invoice, run: (): void => {}, upgrade: { 2: (x: never) => x } }
    const opening = Scheduler.open({ store, clock, handlers: { ...rest, invoice: old } })
    await expect(opening).rejects.toMatchObject({ code: 'HANDLER_MISSING' })
    const none = Scheduler.open({ store, clock, handlers: rest })
    await expect(none).rejects.toMatchObject({ code: 'HANDLER_MISSING' })
  })
}

test.for(['v2', 'v3'])('a store of format %s keeps all that format 2 brought', async (version) => {
  const { golden, clock, store } = await openGolden(version)
  const ran: [string, unknown][] = []
  const scheduler = await Scheduler.open({ store, clock, handlers: handlersOf(ran) })
  onTestFinished(() => scheduler.close())
  const view = (name: string) => scheduler.get(golden.ids[name] ?? '')
  expect(scheduler.schedules.get('nightly')).toMatchObject({
    pattern: '30 2 * * *',
    timeZone: 'Europe/Berlin',
    nextAt: Date.UTC(2026, 0, 1, 1, 30),
  })
  expect(view('tenant')).toMatchObject({ tenant: 't', state: 'scheduled' })
  expect(view('urgent')).toMatchObject({ priority: 9, state: 'scheduled' })
  expect(view('edited')).toMatchObject({ priority: 5, payload: 'E' })
  expect(view('parent')?.state).toBe('blocked')
  await clock.advance(3 * 3_600_000)
  await scheduler.idle()
  const payloads = ran.map(([, payload]) => payload)
  for (const payload of ['nightly', 't', 'u', 'E', 'child', 'parent']) {
    expect(payloads.filter((each) => each === payload)).toHaveLength(1)
  }
  expect(payloads).not.toContain('p')
  await scheduler.resume('mixed', { key: 'p' })
  await scheduler.idle()
  expect(ran.at(-1)).toEqual(['echo', 'p'])
})

test('a store of format v3 keeps streams that tasks have left, and rates that were used', async () => {
  const { golden, clock, store } = await openGolden('v3')
  const ran: [string, unknown][] = []
  const scheduler = await Scheduler.open({
    store,
    clock,
    handlers: handlersOf(ran),
    queues: { rated: { rate: { limit: 1, perMs: DAY } } },
  })
  onTestFinished(() => scheduler.close())
  await clock.advance(30_000)
  await scheduler.idle()
  expect(scheduler.get(golden.ids['away'] ?? '')).toMatchObject({ tenant: 'away', priority: 4 })
  expect(scheduler.get(golden.ids['rated'] ?? '')?.state).toBe('scheduled')
  await clock.advance(DAY)
  await scheduler.idle()
  const payloads = ran.map(([, payload]) => payload)
  expect(payloads).toContain('a')
  expect(payloads).toContain('r2')
  expect(payloads).not.toContain('r1')
})
