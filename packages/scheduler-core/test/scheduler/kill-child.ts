// The process that the crash test kills. It schedules and runs tasks without end and notes every
// step in a file before it goes on; with `drain` it only works off what is there.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Scheduler } from '@ashlar/scheduler-core'

const [folder = '', from = '0', mode = 'work'] = process.argv.slice(2)
const KEYS = 20

interface Job {
  readonly n: number
  readonly dueAt: number
}

function note(line: string): void {
  appendFileSync(`${folder}/diary`, `${line}\n`)
}

note('open')
const scheduler = await Scheduler.open({
  path: `${folder}/store`,
  concurrency: 10,
  lookAheadTasks: 50,
  maxInterruptions: 1_000,
  handlers: {
    work: {
      backoff: { baseMs: 5 },
      run: async ({ n, dueAt }: Job, { attempt }): Promise<void> => {
        note(`start ${n} ${Date.now()} ${dueAt}`)
        if (n % 3 === 0) await sleep(n % 5)
        if (n % 17 === 0 && attempt === 1) throw new Error('fails once')
        note(`end ${n}`)
      },
    },
  },
})
if (mode === 'drain') {
  while (scheduler.counts().scheduled + scheduler.counts().running > 0) await sleep(5)
  await scheduler.close()
  note(`closed ${JSON.stringify(scheduler.counts())}`)
  process.disconnect?.()
} else {
  for (let n = Number(from); ; n += 5) {
    const jobs = [0, 1, 2, 3, 4].map((m) => ({ n: n + m, dueAt: Date.now() + ((n * 7 + m) % 60) }))
    for (const { n: number, dueAt } of jobs) note(`call ${number} ${number % KEYS} ${dueAt}`)
    await scheduler.scheduleMany(
      jobs.map((payload) => ({
        handler: 'work' as const,
        payload,
        key: String(payload.n % KEYS),
        dueAt: payload.dueAt,
      })),
    )
    for (const { n: number } of jobs) note(`ack ${number}`)
    process.send?.(n)
    if (n % 25 === 0) await sleep(1)
  }
}
