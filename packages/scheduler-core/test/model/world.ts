// A scheduler on a virtual clock and a memory disk, beside a naive model of what it must do. The
// handler reports every start and end to the model, which checks the invariants on the spot.
import assert from 'node:assert/strict'
import { seededRandom, VirtualClock } from '@ashlar/codec'
import { type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import {
  type FailedHeadPolicy,
  type HandlerMap,
  isSchedulerError,
  type QueueOptions,
  type RunContext,
  Scheduler,
  type TaskSpec,
} from '@ashlar/scheduler-core'
import { Recurring } from './recurring.ts'

export const POLICIES: readonly FailedHeadPolicy[] = ['skip', 'block', 'park']
export const MAX_ATTEMPTS = 3
/** Of the queues: one is plain, one has its tenants limited, one is limited itself. */
const LIMITS: readonly QueueOptions[] = [
  {},
  { tenants: { concurrency: 2, rate: { limit: 50, perMs: 50 }, weights: { t: 3 } } },
  { concurrency: 2, rate: { limit: 20, perMs: 20, burst: 3 } },
]

export interface Job {
  readonly queue: number
  readonly key: string | undefined
  readonly tenant: string | undefined
  readonly priority: number
  /** Attempts that fail before one succeeds. */
  readonly fails: number
  readonly runMs: number
}

/** `unknown`: a crash has left open whether the task exists, or whether its end was stored. */
type ModelState = 'pending' | 'done' | 'dead' | 'cancelled' | 'unknown'

export interface ModelTask extends Job {
  readonly n: number
  id: string
  order: number
  runAt: number
  state: ModelState
  acked: boolean
  /** It failed in its turn, and its key waits for it. */
  held: boolean
  running: boolean
  starts: number
  failures: number
  cutOff: number
  /** When, in ticks of the model, it last started or ended. */
  touchedAt: number
  uniqueKey: string | undefined
  /** A crash has left open whether its last failure was stored, so whether it holds its key. */
  vague: boolean
  /** Editions of the payload with which it may start. */
  editions: Set<number>
  /** What it waits for, as a parent. */
  children: readonly ModelTask[]
  /** It was dead, and lives again with its attempts forgotten. */
  redriven: boolean
}

interface Payload {
  readonly n: number
  readonly edition: number
}

export interface WorldOptions {
  readonly seed: number
  readonly lookAheadTasks: number
  readonly concurrency: number
}

export class World {
  readonly disk: MemoryFileSystem
  readonly tasks: ModelTask[] = []
  readonly paused = new Set<number>()
  readonly pausedKeys = new Set<string>()
  readonly recurring = new Recurring()
  clock: VirtualClock = new VirtualClock({ startMs: 1_700_000_000_000 })
  store!: Store
  scheduler!: Scheduler<HandlerMap>
  operation = 0
  crashes = 0
  #life = 0
  #tick = 0
  /** What the model saw up to here is stored. */
  #storedTick = 0
  readonly #options: WorldOptions
  #errors: unknown[] = []

  constructor(options: WorldOptions) {
    this.#options = options
    this.disk = memoryFileSystem({ seed: options.seed })
  }

  async open(): Promise<void> {
    this.#life += 1
    const life = this.#life
    const { clock } = this
    this.store = await Store.open('/store', { fileSystem: this.disk, clock, sync: 'always' })
    const run = (job: Payload, context: RunContext): Promise<number> =>
      this.#run(job, context, life)
    const tick = (_: string, context: RunContext): void => this.#runTick(context, life)
    this.scheduler = await Scheduler.open({
      store: this.store,
      clock,
      random: seededRandom(this.#options.seed),
      handlers: {
        job: { run, maxAttempts: MAX_ATTEMPTS, timeoutMs: Infinity },
        tick: { run: tick },
      } as HandlerMap,
      queues: Object.fromEntries(
        POLICIES.map((onFailedHead, queue) => [`q${queue}`, { onFailedHead, ...LIMITS[queue] }]),
      ),
      concurrency: this.#options.concurrency,
      lookAheadTasks: this.#options.lookAheadTasks,
      lookAheadMs: 5_000,
      maxInterruptions: 1_000,
      events: { onError: ({ error }) => life === this.#life && this.#errors.push(error) },
    })
    await this.recurring.deploy(this.scheduler)
  }

  /** What must never have happened. */
  check(): void {
    const [first] = this.#errors
    if (first !== undefined) throw first
  }

  /** Gives runs the time that they take; fails instead of waiting for ever. */
  async idle(): Promise<void> {
    const idle = this.scheduler.idle().then(() => true)
    for (let turn = 0; turn < 2_000; turn++) {
      if (await Promise.race([idle, nextTurn()])) return
      await this.clock.advance(1)
    }
    assert.fail(`never idle: ${JSON.stringify(this.scheduler.metrics().queues)}`)
  }

  /** A change of the scheduler: when it is acknowledged, so is all that was handed over before. */
  async acked<T>(change: () => Promise<T>): Promise<T> {
    await nextTurn()
    const tick = this.#tick
    const result = await change()
    this.#storedTick = tick
    return result
  }

  add(job: Job, order: number, uniqueKey?: string): ModelTask {
    const task: ModelTask = {
      ...job,
      n: this.tasks.length,
      id: '',
      order,
      runAt: order,
      state: 'pending',
      acked: false,
      held: false,
      running: false,
      starts: 0,
      failures: 0,
      cutOff: 0,
      touchedAt: 0,
      uniqueKey,
      vague: false,
      redriven: false,
      children: [],
      editions: new Set([0]),
    }
    this.tasks.push(task)
    return task
  }

  spec(task: ModelTask): TaskSpec {
    const { queue, n, order, key, uniqueKey, tenant, priority } = task
    return {
      queue: `q${queue}`,
      handler: 'job',
      payload: { n, edition: 0 },
      dueAt: order,
      priority,
      ...(key !== undefined && { key }),
      ...(tenant !== undefined && { tenant }),
      ...(uniqueKey !== undefined && { uniqueKey }),
    }
  }

  /** Power cut: what was acknowledged is there afterwards, what was not may be. */
  async crash(): Promise<void> {
    this.#life += 1
    this.crashes += 1
    this.recurring.interrupted()
    this.disk.powerCut()
    this.clock = new VirtualClock({ startMs: this.clock.now() })
    for (const task of this.tasks) {
      if (task.running) task.cutOff += 1
      task.running = false
      const fresh = task.touchedAt > this.#storedTick
      if (!task.acked && task.state === 'pending') task.state = 'unknown'
      else if (fresh && (task.state === 'done' || task.state === 'dead')) task.state = 'unknown'
      if (!fresh || task.starts === 0) continue
      task.vague = true
      task.runAt = 0
    }
    await this.open()
  }

  /** Ends orderly and opens again. */
  async reopen(): Promise<void> {
    this.recurring.interrupted()
    const closing = this.scheduler.close({ drainMs: 1_000 })
    await this.clock.advance(10_000)
    await closing
    await this.store.close()
    for (const task of this.tasks) {
      if (task.running) task.cutOff += 1
      task.running = false
    }
    await this.open()
  }

  #runTick(context: RunContext, life: number): void {
    if (life !== this.#life) return
    try {
      this.recurring.run(context, this.clock.now())
    } catch (violation) {
      this.#errors.push(violation)
    }
  }

  async #run({ n, edition }: Payload, context: RunContext, life: number): Promise<number> {
    if (life !== this.#life) return new Promise(() => {})
    const task = this.tasks[n]
    if (task === undefined) throw new Error(`task ${n} was never scheduled`)
    // A crash may have undone a failure: the attempt tells what the store knows of.
    if (context.attempt === 1 && !task.redriven) task.held = false
    try {
      this.#checkStart(task, context)
      const known = [...task.editions].join()
      assert.ok(task.editions.has(edition), `task ${n} starts as edition ${edition}, not ${known}`)
    } catch (violation) {
      this.#errors.push(violation) // thrown in here it would only fail the task
    }
    task.running = true
    task.starts += 1
    task.touchedAt = ++this.#tick
    task.vague = false
    if (task.state === 'unknown') task.state = 'pending'
    if (task.runMs > 0) await this.#pause(task.runMs, context.signal)
    if (life !== this.#life) return new Promise(() => {})
    task.running = false
    task.touchedAt = ++this.#tick
    if (context.signal.aborted) {
      task.cutOff += 1
      throw context.signal.reason
    }
    if (context.attempt <= task.fails) this.#fail(task, context)
    task.held = false
    task.state = 'done'
    return n
  }

  #fail(task: ModelTask, context: RunContext): never {
    task.failures += 1
    const policy = POLICIES[task.queue]
    if (context.attempt >= MAX_ATTEMPTS) {
      task.state = 'dead'
      task.held = policy === 'block' && task.key !== undefined
    } else {
      task.runAt = this.clock.now() + 1
      if (policy === 'park' || task.key === undefined) task.order = Number.POSITIVE_INFINITY
      else task.held = true
    }
    throw new Error(`task ${task.n} fails`)
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimer(resolve, ms)
      signal.addEventListener('abort', () => {
        timer.cancel()
        resolve()
      })
    })
  }

  #checkStart(task: ModelTask, context: RunContext): void {
    const about = `task ${task.n} (attempt ${context.attempt}) at operation ${this.operation}`
    assert.equal(task.running, false, `${about} runs already`)
    assert.ok(
      task.state === 'pending' || task.state === 'unknown',
      `${about} started after its end`,
    )
    assert.ok(this.clock.now() >= task.runAt, `${about} is early`)
    assert.ok(!this.paused.has(task.queue), `${about} is of a paused queue`)
    for (const child of task.children) {
      const open = child.state === 'pending' && !child.redriven && !child.vague
      assert.ok(!open, `${about} does not wait for its child ${child.n}`)
      if (child.state === 'done')
        assert.ok(`c${child.n}` in context.children(), `${about} is not told of ${child.n}`)
    }
    if (task.key === undefined) return
    assert.ok(!this.pausedKeys.has(laneOf(task)), `${about} is of a paused key`)
    for (const other of this.tasks) {
      if (other === task || laneOf(other) !== laneOf(task)) continue
      assert.ok(!other.running, `${about} overlaps with ${other.n}`)
      // One that was parked has no turn.
      if (!other.acked || other.vague || task.vague || task.order === Infinity) continue
      if (other.held) assert.fail(`${about} passes ${other.n}, which holds the key`)
      if (task.held || other.state !== 'pending') continue
      const first = other.order < task.order || (other.order === task.order && other.n < task.n)
      if (first) assert.fail(`${about} passes ${other.n}`)
    }
  }
}

/** Tasks with the same lane run one at a time, in order. */
export function laneOf({ queue, tenant, key }: Pick<Job, 'queue' | 'tenant' | 'key'>): string {
  return JSON.stringify([queue, tenant ?? '', key])
}

function nextTurn(): Promise<boolean> {
  return new Promise((resolve) => setImmediate(resolve, false))
}

/** A change that may be refused because its task has started; then `undefined`. */
export async function unlessStarted<T>(change: () => Promise<T>): Promise<T | undefined> {
  try {
    return await change()
  } catch (error) {
    if (isSchedulerError(error, 'TASK_STARTED')) return undefined
    throw error
  }
}
