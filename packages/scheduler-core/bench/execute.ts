import type { Row } from '@ashlar/bench-kit'
import type { Store } from '@ashlar/lsm-store'
import type { HandlerMap, Scheduler } from '@ashlar/scheduler-core'
import { openPair, PAYLOAD, RECORD } from './setup.ts'

const SLOTS = 50
const BULK = 1_000
const BURST = 10_000

export const executeRows: readonly Row[] = [
  {
    name: 'execute no-op, concurrency 50',
    unit: 'task/s',
    peer: 'lsm-store alone',
    must: 0.04,
    aim: 0.1,
    notes: 'each task has a key of its own; the peer writes and deletes as many records, no more',
    open: ({ quick }) => contest(quick ? 5_000 : 20_000, Number.POSITIVE_INFINITY),
  },
  {
    name: 'execute no-op, 200 keys in order',
    unit: 'task/s',
    peer: 'lsm-store alone',
    must: 0.04,
    aim: 0.1,
    notes: 'one run per key at a time',
    open: ({ quick }) => contest(quick ? 5_000 : 20_000, 200),
  },
  {
    name: '10k due at one instant, max lag',
    unit: 'ms',
    peer: 'setTimeout',
    less: true,
    rounds: 5,
    must: 0.02,
    aim: 0.1,
    notes: 'the peer keeps nothing and writes nothing: 10k timers of one time',
    async open() {
      const { scheduler, close } = await openPair()
      return { ours: () => burst(scheduler), theirs: burstOfTimers, close }
    },
  },
]

async function contest(tasks: number, keys: number) {
  const { scheduler, store, close } = await openPair()
  return {
    ours: () => execute(scheduler, tasks, keys),
    theirs: () => writeAndDelete(store, tasks),
    close,
  }
}

/** Tasks that are due, from the moment when they may run until the last is done and recorded. */
async function execute(
  scheduler: Scheduler<HandlerMap>,
  tasks: number,
  keys: number,
): Promise<number> {
  await scheduler.pause('default')
  for (let from = 0; from < tasks; from += BULK) {
    const spec = (_: unknown, m: number) => ({
      handler: 'noop',
      payload: PAYLOAD,
      key: String((from + m) % keys),
    })
    await scheduler.scheduleMany(Array.from({ length: BULK }, spec))
  }
  const start = performance.now()
  await scheduler.resume('default')
  await scheduler.idle()
  return (tasks * 1_000) / (performance.now() - start)
}

/** What any runner of durable tasks must write: per task a mark of its start, and its end. */
async function writeAndDelete(store: Store, tasks: number): Promise<number> {
  const start = performance.now()
  for (let from = 0; from < tasks; from += SLOTS) {
    const batch = store.batch()
    for (let slot = 0; slot < SLOTS; slot++) {
      batch.put(`slot:${slot}`, RECORD.subarray(0, 20)).delete(`task:${from + slot}`)
    }
    await store.write(batch)
  }
  return (tasks * 1_000) / (performance.now() - start)
}

async function burst(scheduler: Scheduler<HandlerMap>): Promise<number> {
  const dueAt = Date.now() + 700
  for (let from = 0; from < BURST; from += BULK) {
    await scheduler.scheduleMany(
      Array.from({ length: BULK }, () => ({ handler: 'noop', payload: PAYLOAD, dueAt })),
    )
  }
  await timer(dueAt - Date.now())
  await scheduler.idle()
  return Date.now() - dueAt
}

async function burstOfTimers(): Promise<number> {
  const start = performance.now()
  await Promise.all(Array.from({ length: BURST }, () => timer(50)))
  return Math.max(0.1, performance.now() - start - 50)
}

function timer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
