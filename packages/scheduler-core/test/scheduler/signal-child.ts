// The process that the signal test tells to end. It notes each start and end, and tells its parent of
// them; nothing but the scheduler keeps it alive.

import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeOnSignal, Scheduler } from '@ashlar/scheduler-core'

const [folder = '', tasks = '0', runMs = '0', drainMs = '10000', holdFrom = 'Infinity'] =
  process.argv.slice(2)
/** Tasks from this number on end after the signal only, however late it comes. */
const signalled = once(process, 'SIGTERM')

const scheduler = await Scheduler.open({
  path: `${folder}/store`,
  concurrency: 5,
  abortGraceMs: 0,
  keepAlive: true,
  handlers: {
    work: {
      run: async (n: number): Promise<void> => {
        appendFileSync(`${folder}/diary`, `start ${n}\n`)
        process.send?.('start')
        if (n >= Number(holdFrom)) await signalled
        await sleep(Number(runMs), undefined, { ref: false })
        appendFileSync(`${folder}/diary`, `end ${n}\n`)
      },
    },
  },
})
const { closed } = closeOnSignal([() => scheduler.close({ drainMs: Number(drainMs) })])
if (Number(tasks) > 0) {
  await scheduler.scheduleMany(
    Array.from({ length: Number(tasks) }, (_, n) => ({ handler: 'work' as const, payload: n })),
  )
} else {
  await scheduler.idle()
  process.send?.('idle')
}
appendFileSync(`${folder}/diary`, `closed by ${await closed}\n`)
process.disconnect?.()
