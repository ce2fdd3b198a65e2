// The process whose memory the memory test reads: many tasks wait on disk, few in memory.
import { Scheduler } from '@ashlar/scheduler-core'

const [path = '', count = '0'] = process.argv.slice(2)
const gc = (globalThis as { gc?: () => void }).gc

/** Bytes that are in use, after what is garbage is gone. */
async function used(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const scheduler = await Scheduler.open({
  path,
  lookAheadTasks: 1_000,
  lookAheadMs: 3_600_000,
  handlers: { note: { run: (): void => {} } },
})
const total = Number(count)
const schedule = async (from: number, to: number): Promise<void> => {
  for (let n = from; n < to; n += 1_000) {
    await scheduler.scheduleMany(
      Array.from({ length: 1_000 }, (_, m) => ({
        handler: 'note' as const,
        payload: { n: n + m, text: 'remind me at ten' },
        // Half of them are near enough to be read ahead.
        delayMs: m % 2 === 0 ? 1_800_000 : 7_200_000 + ((n * 7 + m) % 3_600_000),
        key: String(m % 100),
        ...(m % 10 === 0 && { tenant: `t${m % 50}` }),
      })),
    )
  }
}
await schedule(0, total / 10)
const before = await used()
await schedule(total / 10, total)
const after = await used()
const { resident } = scheduler.metrics().queues['default'] ?? { resident: -1 }
process.send?.({ before, after, resident, scheduled: scheduler.counts().scheduled })
await scheduler.close()
process.disconnect?.()
