// Writes a golden store: node --conditions=@ashlar/source write-golden.ts <new directory>. The copy
// is taken while runs are under way, as a killed process leaves it. test/fixtures/v1 was written by
// the first version of this package, and so had no schedules, flows, tenants and priorities. A new
// format gets a directory of its own, and the old stay.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@ashlar/codec'
import { Store } from '@ashlar/lsm-store'
import { failTask, type Handler, type HandlerMap, Scheduler } from '@ashlar/scheduler-core'

const [target = ''] = process.argv.slice(2)
const START = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
const folder = mkdtempSync(join(tmpdir(), 'golden-'))
const clock = new VirtualClock({ startMs: START })
const ids: Record<string, string> = {}

const hang = (): Promise<void> => new Promise(() => {})
const invoice = (version: number): Handler => ({
  version,
  upgrade: { 1: (x: never) => x, 2: (x: never) => x },
  run: hang,
})
const others: HandlerMap = {
  echo: { run: (payload: unknown): unknown => payload, retainMs: 1_000 * 24 * HOUR },
  poor: {
    run: (): never => {
      throw failTask('no funds', { retry: false })
    },
  },
  shaky: {
    run: (): never => {
      throw new TypeError('not yet')
    },
    backoff: { baseMs: 2 * HOUR, jitter: 'none' },
  },
  hang: { run: hang, timeoutMs: Number.POSITIVE_INFINITY },
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((done) => setImmediate(done))
}

/** One deploy: the handler of invoices takes payloads of this version. */
async function deploy(version: number, work: (scheduler: Scheduler<HandlerMap>) => Promise<void>) {
  const store = await Store.open(folder, { clock })
  const scheduler = await Scheduler.open<HandlerMap>({
    store,
    clock,
    handlers: { ...others, invoice: invoice(version) },
    queues: {
      strict: { onFailedHead: 'block' },
      small: { concurrency: 2 },
      rated: { rate: { limit: 1, perMs: 24 * HOUR } },
    },
    lookAheadTasks: 4,
  })
  const payload = { 1: 12, 2: { cents: 1200 }, 3: { cents: 1200, currency: 'EUR' } }[version]
  const far = { handler: 'invoice', payload, delayMs: HOUR }
  ids[`invoice v${version}`] = (await scheduler.schedule({ ...far, key: 'ada' })).id
  const unique = { ...far, queue: 'money', uniqueKey: `inv-${version}`, maxAttempts: 3 }
  ids[`unique v${version}`] = (await scheduler.schedule(unique)).id
  await work(scheduler)
  await store.sync()
  assert.equal(scheduler.counts('small').waiting > 0, version === 3)
  if (version === 3) cpSync(folder, target, { recursive: true })
  const closing = scheduler.close({ drainMs: 0 })
  await turns()
  await clock.advance(10_000)
  await closing
  await store.close()
}

await deploy(1, async (scheduler) => {
  ids['result'] = (await scheduler.schedule({ handler: 'echo', payload: { kept: true } })).id
  ids['dead'] = (await scheduler.schedule({ handler: 'poor', payload: 7 })).id
  const strict = { queue: 'strict', key: 'k', payload: 0 }
  ids['blocking'] = (await scheduler.schedule({ ...strict, handler: 'poor' })).id
  ids['blocked'] = (await scheduler.schedule({ ...strict, handler: 'echo' })).id
  ids['retrying'] = (await scheduler.schedule({ handler: 'shaky', payload: null, key: 'r' })).id
  await turns()
})
await deploy(2, async (scheduler) => {
  const moved = await scheduler.schedule({ handler: 'echo', payload: 'moved', delayMs: HOUR })
  await scheduler.reschedule(moved.id, { delayMs: 3 * HOUR })
  ids['moved'] = moved.id
  await scheduler.pause('still')
  ids['paused'] = (await scheduler.schedule({ queue: 'still', handler: 'echo', payload: 1 })).id
  await turns()
})
await deploy(3, async (scheduler) => {
  const nightly = { handler: 'echo', payload: 'nightly', cron: '30 2 * * *' }
  await scheduler.schedules.upsert('nightly', { ...nightly, timeZone: 'Europe/Berlin' })
  const mixed = { queue: 'mixed', handler: 'echo', delayMs: HOUR }
  ids['tenant'] = (await scheduler.schedule({ ...mixed, payload: 't', tenant: 't' })).id
  ids['urgent'] = (await scheduler.schedule({ ...mixed, payload: 'u', priority: 9 })).id
  ids['edited'] = (await scheduler.schedule({ ...mixed, payload: 'e' })).id
  await scheduler.edit(ids['edited'], { payload: 'E', priority: 5 })
  const away = { ...mixed, payload: 'a', tenant: 'away' }
  ids['away'] = (await scheduler.schedule(away)).id
  await scheduler.edit(ids['away'], { priority: 4 })
  const rated = { queue: 'rated', handler: 'echo', retainMs: 0 }
  await scheduler.schedule({ ...rated, payload: 'r1' })
  ids['rated'] = (await scheduler.schedule({ ...rated, payload: 'r2' })).id
  await scheduler.pause('mixed', { key: 'p' })
  ids['key paused'] = (await scheduler.schedule({ ...mixed, payload: 'p', key: 'p' })).id
  const flow = await scheduler.scheduleFlow({
    child: { handler: 'echo', payload: 'child', delayMs: HOUR },
    parent: { handler: 'echo', payload: 'parent', children: ['child'] },
  })
  ids['parent'] = flow.parent
  const small = { queue: 'small', key: 'busy' }
  ids['cut off'] = (await scheduler.schedule({ ...small, handler: 'hang', payload: 0 })).id
  await turns()
  for (let n = 0; n < 12; n++) {
    ids[`spilled ${n}`] = (await scheduler.schedule({ ...small, handler: 'echo', payload: n })).id
  }
  ids['free'] = (await scheduler.schedule({ queue: 'small', handler: 'echo', payload: 'f' })).id
  await clock.advance(10) // memory is full: room is made on disk
  await turns()
})
writeFileSync(join(target, 'golden.json'), `${JSON.stringify({ at: clock.now(), ids }, null, 2)}\n`)
rmSync(folder, { recursive: true })
