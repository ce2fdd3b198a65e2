// A subscription service: reminders a year ahead, in order per customer, that outlive a crash and a
// deploy. The clock is virtual and the disk in memory, so the year takes a moment.
import { seededRandom, VirtualClock } from '@ashlar/codec'
import { type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { failTask, type RunContext, Scheduler } from '@ashlar/scheduler-core'

const DAY = 24 * 3_600_000
const START = Date.UTC(2026, 0, 1)
/** A clock that never steps need not be watched. */
const clockCheckMs = Infinity
const disk: MemoryFileSystem = memoryFileSystem()
let clock = new VirtualClock({ startMs: START })
let gatewayIsDown = false

const say = (text: string): void => {
  console.log(`day ${String(Math.round((clock.now() - START) / DAY)).padStart(3)}  ${text}`)
}

/** The first release: a reminder is a text. */
const firstRelease = {
  remind: {
    run: (text: string, { task }: RunContext): void => say(`${task.key}: ${text}`),
  },
}

/** The second: a reminder has a channel, and payments are tried again until they go through. */
const secondRelease = {
  remind: {
    version: 2,
    upgrade: { 1: (text: string) => ({ text, channel: 'mail' }) },
    run: ({ text, channel }: { text: string; channel: string }, { task }: RunContext): void =>
      say(`${task.key}: ${text} (${channel})`),
  },
  charge: {
    maxAttempts: 3,
    backoff: { baseMs: DAY, factor: 1, jitter: 'none' },
    run: ({ cents }: { cents: number }, { task, attempt }: RunContext): void => {
      if (gatewayIsDown) {
        say(`${task.key}: charge fails, attempt ${attempt}`)
        throw failTask('the payment gateway is down')
      }
      say(`${task.key}: charged ${cents / 100} at attempt ${attempt}`)
    },
  },
} as const

async function openStore(): Promise<Store> {
  return Store.open('/subscriptions', { fileSystem: disk, clock, sync: 'always' })
}

/** The power goes; a new process finds the disk as it was. */
function powerCut(): void {
  disk.powerCut()
  clock = new VirtualClock({ startMs: clock.now() })
}

async function pass(days: number, scheduler: { idle(): Promise<void> }): Promise<void> {
  for (let day = 0; day < days; day++) {
    await clock.advance(DAY)
    await scheduler.idle()
  }
}

async function firstLife(): Promise<void> {
  const store = await openStore()
  const random = seededRandom(1)
  const scheduler = await Scheduler.open({
    store,
    clock,
    clockCheckMs,
    random,
    handlers: firstRelease,
  })
  for (const key of ['ada', 'bob']) {
    const reminder = { handler: 'remind', key } as const
    await scheduler.scheduleMany([
      { ...reminder, payload: 'renew by tomorrow', delayMs: 364 * DAY },
      { ...reminder, payload: 'welcome', delayMs: DAY },
      { ...reminder, payload: 'first month is over', delayMs: 30 * DAY },
    ])
  }
  const winBack = { handler: 'remind', payload: 'win back', key: 'bob', delayMs: 5 * DAY } as const
  const { id } = await scheduler.schedule(winBack)
  console.log(`win back: ${await scheduler.cancel(id)}`)
  await pass(10, scheduler)
  console.log(`the power goes with ${scheduler.counts().scheduled} tasks pending`)
  powerCut()
}

async function refusedDeploy(): Promise<void> {
  const store = await openStore()
  const { charge } = secondRelease
  await Scheduler.open({ store, clock, handlers: { charge } }).catch((error: Error) =>
    console.log(`deploy refused: ${error.message}`),
  )
  await store.close()
}

async function secondLife(): Promise<void> {
  const store = await openStore()
  const scheduler = await Scheduler.open({ store, clock, clockCheckMs, handlers: secondRelease })
  await pass(25, scheduler)
  const invoice = { handler: 'charge', key: 'ada', uniqueKey: 'ada:2027' } as const
  const due = START + 364 * DAY
  // In one batch with our own data: the order and its charge, or neither.
  const batch = store.batch().put('order:ada', 'renewed')
  scheduler.scheduleInto(batch, {
    handler: 'charge',
    key: 'ada',
    payload: { cents: 900 },
    dueAt: due,
  })
  await scheduler.commit(batch)
  await scheduler.schedule({ ...invoice, payload: { cents: 100 }, dueAt: due + 1 })
  const twice = await scheduler.schedule({ ...invoice, payload: { cents: 100 }, dueAt: due + 1 })
  console.log(`scheduled twice: ${twice.outcome}`)

  gatewayIsDown = true
  await pass(333, scheduler)
  const { tasks } = scheduler.list({ state: 'dead' })
  console.log(`dead letters: ${tasks.map(({ failure }) => failure?.message).join(', ')}`)
  gatewayIsDown = false
  console.log('the gateway is up again')
  await scheduler.redrive({ queue: 'default' })
  await pass(3, scheduler)
  const { completed, failed, interrupted } = scheduler.metrics()
  console.log({ completed, failed, interrupted, left: scheduler.counts().scheduled })
  await scheduler.close()
  await store.close()
}

await firstLife()
await refusedDeploy()
await secondLife()
