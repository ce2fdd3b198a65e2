// The process that the drain test ends with SIGTERM: it works, and closes when it is told to.

import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Scheduler } from '@ashlar/scheduler-core'

const [folder = '', mode = 'work'] = process.argv.slice(2)
/** The last quarter ends after the signal only, however late it comes: not all are done before. */
const HOLD_FROM = mode === 'work' ? 300 : Number.POSITIVE_INFINITY
const signalled = once(process, 'SIGTERM')
const note = (line: string): void => appendFileSync(`${folder}/diary`, `${line}\n`)

const scheduler = await Scheduler.open({
  path: `${folder}/store`,
  concurrency: 20,
  keepAlive: true,
  drainMs: 20_000,
  handlers: {
    work: {
      run: async (n: number): Promise<void> => {
        note(`start ${n}`)
        if (n >= HOLD_FROM) await signalled
        await sleep(5 + (n % 40))
        note(`end ${n}`)
      },
    },
  },
})
process.once('SIGTERM', () => {
  scheduler.close().then(
    () => process.disconnect?.(),
    (error: unknown) => {
      note(`failed ${String(error)}`)
      process.exitCode = 1
    },
  )
})

if (mode === 'work') {
  for (let from = 0; from < 400; from += 100) {
    const tasks = Array.from({ length: 100 }, (_, m) => ({
      handler: 'work' as const,
      payload: from + m,
      key: String(m % 30),
    }))
    await scheduler.scheduleMany(tasks)
  }
  process.send?.('scheduled')
} else {
  while (scheduler.counts().scheduled + scheduler.counts().running > 0) await sleep(5)
  await scheduler.close()
  process.disconnect?.()
}
