import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Scheduler } from '../scheduler/scheduler.ts'
import { Progress, printJson, printTable } from './output.ts'

export interface BenchFlags {
  readonly tasks: string
  readonly json?: boolean
}

const MAX_TASKS = 10_000_000
const BULK = 1_000
const HOUR_MS = 3_600_000

/** How fast this machine schedules and runs, in a folder that is removed again. */
export async function bench(flags: BenchFlags): Promise<void> {
  const tasks = Number(flags.tasks)
  if (!Number.isInteger(tasks) || tasks < BULK || tasks > MAX_TASKS) {
    throw new RangeError(
      `--tasks must be a number from ${BULK} to ${MAX_TASKS}, not ${flags.tasks}`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-scheduler-bench-'))
  const noop = { run: (): void => {} }
  const scheduler = await Scheduler.open({ path: folder, handlers: { noop }, keepAlive: true })
  try {
    const rates = {
      'schedule, one awaited': await rate('schedule', Math.ceil(tasks / 10), 1, () =>
        scheduler.schedule(specOf(0, HOUR_MS)),
      ),
      'schedule, 1,000 a call': await rate('schedule in bulk', tasks, BULK, () =>
        scheduler.scheduleMany(Array.from({ length: BULK }, (_, n) => specOf(n, HOUR_MS))),
      ),
      'run no-op, 50 at a time': await runRate(scheduler, tasks),
    }
    if (flags.json === true) return printJson(rates)
    printTable(
      ['', 'TASKS/S'],
      Object.entries(rates).map(([name, each]) => [name, Math.round(each).toLocaleString('en-US')]),
    )
  } finally {
    await scheduler.close({ drainMs: 0 })
    rmSync(folder, { recursive: true, force: true })
  }
}

function specOf(n: number, delayMs: number, queue = 'default') {
  const payload = { n, text: 'remind me at ten' }
  return { handler: 'noop', payload, key: `key-${n % BULK}`, delayMs, queue } as const
}

/** Steps of `each` tasks until all are done: tasks a second. */
async function rate(
  what: string,
  tasks: number,
  each: number,
  step: () => Promise<unknown>,
): Promise<number> {
  const progress = new Progress(what, tasks)
  const start = performance.now()
  let done = 0
  for (; done < tasks; done += each) {
    await step()
    if (done % BULK === 0) progress.at(done)
  }
  progress.end()
  return (done * 1_000) / (performance.now() - start)
}

async function runRate(
  scheduler: Pick<
    Scheduler<{ noop: { run: () => void } }>,
    'scheduleMany' | 'pause' | 'resume' | 'counts'
  >,
  tasks: number,
): Promise<number> {
  const queue = 'run'
  await scheduler.pause(queue)
  for (let from = 0; from < tasks; from += BULK) {
    await scheduler.scheduleMany(Array.from({ length: BULK }, (_, n) => specOf(n, 0, queue)))
  }
  const progress = new Progress('run', tasks)
  const left = (): number => {
    const { scheduled, waiting, running } = scheduler.counts(queue)
    return scheduled + waiting + running
  }
  const total = left()
  const start = performance.now()
  await scheduler.resume(queue)
  for (let open = left(); open > 0; open = left()) {
    progress.at(total - open)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  progress.end()
  return (total * 1_000) / (performance.now() - start)
}
