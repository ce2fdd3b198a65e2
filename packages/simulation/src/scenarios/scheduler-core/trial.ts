import type { Clock } from '@ashlar/codec'
import { Store } from '@ashlar/lsm-store'
import {
  type HandlerMap,
  isSchedulerError,
  type RunContext,
  Scheduler,
} from '@ashlar/scheduler-core'
import { NodeClock } from '../../node/node-clock.ts'
import { SimulatedDisk } from '../../node/simulated-disk.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { type Job, Jobs } from './jobs.ts'
import { MAX_ATTEMPTS, QUEUES, type SchedulerEvent, type SchedulerSettings } from './plan.ts'

const HASTE_MS = 300
/** At the end the clock shows a time at which everything is due. */
const END_STEP_MS = 3 * 3_600_000
const END_ROUNDS = 200
const END_ROUND_MS = 2_000

export type SchedulerBreak = 'lying-disk' | 'hasty-clock'

interface Process {
  readonly clock: NodeClock
  readonly store: Store
  readonly scheduler: Scheduler<HandlerMap>
}

/** One scheduler, what it was asked for, and what its handler saw. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: SchedulerSettings
  readonly #broken: SchedulerBreak | undefined
  readonly #disk: SimulatedDisk
  readonly #jobs = new Jobs()
  #offsetMs = 0
  #process: Process | undefined
  /** Handlers of an earlier process are not heard any more. */
  #life = 0

  constructor(world: Simulation, settings: SchedulerSettings, broken: SchedulerBreak | undefined) {
    this.#world = world
    this.#settings = settings
    this.#broken = broken
    const lies = broken === 'lying-disk' ? /\.log$/ : undefined
    this.#disk = new SimulatedDisk(world, 'disk', { lies })
  }

  async start(): Promise<void> {
    const { driftPpm, concurrency, lookAheadTasks } = this.#settings
    const life = ++this.#life
    const clock = new NodeClock(this.#world.clock, { driftPpm, offsetMs: this.#offsetMs })
    const fileSystem = this.#disk.mount()
    const store = await Store.open('/tasks', { fileSystem, clock, sync: 'always' })
    const run = (payload: { readonly n: number }, context: RunContext): Promise<void> =>
      this.#run(payload.n, context, life)
    const handler = { run, maxAttempts: MAX_ATTEMPTS, backoff: { baseMs: 50, maxMs: 500 } }
    const scheduler = await Scheduler.open({
      store,
      clock: this.#broken === 'hasty-clock' ? hasty(clock) : clock,
      random: this.#world.random(`scheduler/${life}`),
      handlers: { job: handler } as HandlerMap,
      queues: Object.fromEntries(QUEUES.map((name) => [name, { onFailedHead: name }])),
      concurrency,
      lookAheadTasks,
      lookAheadMs: 5_000,
      clockCheckMs: 1_000,
      maxInterruptions: 1_000,
      events: {
        onError: ({ error }) => {
          if (life === this.#life) this.#world.fail(error)
        },
      },
    })
    this.#process = { clock, store, scheduler }
  }

  async take(event: SchedulerEvent): Promise<void> {
    const running = this.#process
    if (running === undefined) return
    if (event.do === 'step') running.clock.step(event.ms)
    else if (event.do === 'kill' || event.do === 'power-cut') await this.#crash(running, event)
    else if (event.do === 'restart') await this.#restart(running)
    else await this.#tolerating(running, () => this.#ask(running, event))
  }

  async end(): Promise<void> {
    while (this.#process === undefined) await this.#world.sleep(10)
    const { scheduler, clock, store } = this.#process
    clock.step(END_STEP_MS)
    for (let round = 0; round < END_ROUNDS; round++) {
      await this.#world.sleep(END_ROUND_MS)
      const { tasks } = scheduler.list({ state: 'dead', limit: 1_000 })
      const { scheduled, waiting, running } = scheduler.counts()
      if (scheduled + waiting + running + tasks.length === 0) break
      for (const { id } of tasks) await this.#discard(scheduler, id)
    }
    this.#jobs.checkEnd()
    await scheduler.close({ drainMs: 0 })
    await store.close()
  }

  /** What the store has as dead is dead, also when a crash has made us forget. */
  async #discard(scheduler: Scheduler<HandlerMap>, id: string): Promise<void> {
    const job = this.#jobs.all.find((one) => one.id === id)
    if (job !== undefined) job.state = 'dead'
    await scheduler.discard(id)
  }

  async #ask(running: Process, event: SchedulerEvent): Promise<void> {
    if (event.do === 'schedule') await this.#schedule(running, event)
    else if (event.do === 'cancel' || event.do === 'reschedule' || event.do === 'edit') {
      const made = this.#jobs.all.filter(({ id }) => id !== '')
      const job = made[event.pick % Math.max(1, made.length)]
      if (job === undefined) return
      job.vague += 1 // for good, when the process ends meanwhile
      if (event.do === 'cancel') await this.#cancel(running, job)
      else if (event.do === 'edit') await this.#edit(running, job, event.priority)
      else await this.#reschedule(running, job, event.delayMs)
      job.vague -= 1
    }
  }

  async #schedule(
    { scheduler, clock }: Process,
    event: Extract<SchedulerEvent, { do: 'schedule' }>,
  ): Promise<void> {
    const { queue, key, unique, tenant, priority, delayMs, fails, runMs } = event
    const dueAt = clock.now() + delayMs
    const job = this.#jobs.add({ queue, key, tenant, unique, fails, runMs, dueAt })
    const holders = unique === undefined ? [] : this.#jobs.holders(queue, unique)
    const { id, outcome } = await scheduler.schedule({
      queue,
      handler: 'job',
      payload: { n: job.n },
      dueAt,
      priority,
      ...(tenant !== undefined && { tenant }),
      ...(key !== undefined && { key }),
      ...(unique !== undefined && { uniqueKey: unique, onConflict: 'ignore' as const }),
    })
    this.#world.note(`task ${job.n} is ${outcome}`)
    if (outcome === 'existing') {
      job.state = 'unmade'
      return
    }
    job.id = id
    job.acked = true
    if (unique === undefined) return
    const still = new Set(this.#jobs.holders(queue, unique))
    const other = holders.find((one) => still.has(one))
    if (other !== undefined) {
      throw new Violation('I8 unique', `${job.n} and ${other.n} both hold ${unique} in ${queue}`)
    }
  }

  async #cancel({ scheduler }: Process, job: Job): Promise<void> {
    const outcome = await scheduler.cancel(job.id)
    this.#world.note(`cancelling ${job.n}: ${outcome}`)
    if (outcome === 'cancelled') {
      if (job.running || job.state === 'done') {
        throw new Violation('I7 cancel', `${job.n} was cancelled after it had started`)
      }
      job.state = 'cancelled'
    } else if (outcome === 'unknown' && job.state === 'pending' && job.starts === 0) {
      throw new Violation('I1 lost', `${job.n} is not known any more`)
    }
  }

  async #reschedule({ scheduler, clock }: Process, job: Job, delayMs: number): Promise<void> {
    const dueAt = clock.now() + delayMs
    const { earliest, starts } = job
    job.earliest = Math.min(earliest, dueAt)
    const outcome = await scheduler.reschedule(job.id, { dueAt })
    this.#world.note(`moving ${job.n}: ${outcome}`)
    const alone = job.vague === 1 && job.starts === starts && job.failures === 0
    if (outcome === 'rescheduled' && alone) {
      job.dueAt = dueAt
      job.earliest = dueAt
    } else if (outcome === 'rescheduled') job.vague += 1 // which of several was the last is open
  }

  /** Its place stays, and so does all that is known of it. */
  async #edit({ scheduler }: Process, job: Job, priority: number): Promise<void> {
    const { starts, state } = job
    const outcome = await scheduler.edit(job.id, { priority })
    this.#world.note(`editing ${job.n}: ${outcome}`)
    if (outcome === 'edited' && state === 'cancelled') {
      throw new Violation('I7 cancel', `${job.n} was edited after its cancellation`)
    }
    if (outcome === 'unknown' && job.state === 'pending' && starts + job.starts === 0) {
      throw new Violation('I1 lost', `${job.n} is not known any more`)
    }
  }

  async #run(n: number, context: RunContext, life: number): Promise<void> {
    if (life !== this.#life) return await new Promise(() => {})
    const job = this.#jobs.all[n] as Job
    const { clock } = this.#process ?? {}
    try {
      // the first ones may run before the scheduler is told to be open
      if (clock !== undefined) this.#jobs.started(job, context, clock.now())
      else this.#world.note('a run before its process is known')
    } catch (violation) {
      this.#world.fail(violation) // thrown in here it would only fail the task
    }
    this.#world.note(`task ${n} runs, attempt ${context.attempt}`)
    if (job.runMs > 0) await this.#world.sleep(job.runMs)
    if (life !== this.#life) return await new Promise(() => {})
    const now = this.#world.clock.monotonic()
    if (context.attempt > job.fails) {
      this.#jobs.succeeded(job, now)
      return
    }
    this.#jobs.failed(job, context.attempt, now)
    throw new Error(`task ${n} fails`)
  }

  async #crash(
    running: Process,
    event: Extract<SchedulerEvent, { do: 'kill' | 'power-cut' }>,
  ): Promise<void> {
    this.#leave(running)
    if (event.do === 'kill') this.#disk.kill()
    else this.#disk.powerCut()
    await this.#world.sleep(event.downMs)
    await this.start()
  }

  async #restart(running: Process): Promise<void> {
    this.#process = undefined
    await running.scheduler.close({ drainMs: 10_000 })
    await running.store.close()
    this.#leave(running)
    this.#disk.kill()
    await this.start()
  }

  #leave({ clock }: Process): void {
    this.#process = undefined
    this.#life += 1
    this.#offsetMs = clock.offsetMs
    clock.stop()
    this.#jobs.crashed(this.#world.clock.monotonic())
  }

  async #tolerating(running: Process, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      const closing = this.#process !== running
      if (error instanceof Violation || !(closing && isSchedulerError(error))) throw error
      this.#world.note(`refused: ${error.message}`)
    }
  }
}

/** A clock that is ahead of the one that the checks look at. */
function hasty(clock: NodeClock): Clock {
  return {
    now: () => clock.now() + HASTE_MS,
    monotonic: () => clock.monotonic(),
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
  }
}
