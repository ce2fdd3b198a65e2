// A split broken off at each of its durable steps, once when the step was not made and once when only its
// answer was lost: whoever comes next finds every task once, in order, and ends what was begun.
import { type KeyValue, type Log, memory, type Transport, TransportError } from '@ashlar/transport'
import { expect, test } from 'vitest'
import type { HandlerMap, RunContext } from '../../src/run/handler.ts'
import { replaced } from './replaced.ts'
import { type ClusterMember, ClusterRig, until } from './rig.ts'

const KEYS = 20
const PER_KEY = 4
/** So much that what moves is more than one message. */
const PADDING = '.'.repeat(4_000)
const OVERDUE = 12
/** When tasks are due: later than the split is over. */
const FAR_MS = 180_000
const TTL_MS = 6_000

/** A connection that is cut at one of the steps that logs and the map of partitions record. */
class Mortal {
  readonly steps: string[] = []
  readonly transport: Transport
  counting = false
  isDead = false
  readonly #dieAt: number
  readonly #done: boolean
  readonly #cut: () => void

  /** `done`: the step is made before the connection is cut. */
  constructor(inner: ReturnType<typeof memory>, dieAt: number, done: boolean) {
    this.#dieAt = dieAt
    this.#done = done
    this.#cut = () => inner.disconnect()
    this.transport = replaced(
      replaced(inner, 'log', async (...args: Parameters<Transport['log']>) =>
        this.#logOf(await inner.log(...args)),
      ),
      'kv',
      async (...args: Parameters<Transport['kv']>) => this.#kvOf(await inner.kv(...args)),
    )
  }

  #logOf(log: Log): Log {
    const append: Log['append'] = (subject, payload, options) => {
      const kind = payload[0] === 1 ? 'takes over' : 'writes to'
      return this.#step(`${kind} ${log.name}`, () => log.append(subject, payload, options))
    }
    const purge: Log['purge'] = (options) =>
      this.#step(`empties ${log.name}`, () => log.purge(options))
    return replaced(replaced(log, 'append', append), 'purge', purge)
  }

  #kvOf(kv: KeyValue): KeyValue {
    const update: KeyValue['update'] = (key, value, revision) => {
      const change = (): Promise<number> => kv.update(key, value, revision)
      return key === 'config' ? this.#step('changes the map', change) : change()
    }
    return replaced(kv, 'update', update)
  }

  async #step<T>(name: string, make: () => Promise<T>): Promise<T> {
    if (!this.counting || this.isDead) return await make()
    this.steps.push(name)
    if (this.steps.length !== this.#dieAt) return await make()
    this.isDead = true
    if (this.#done) await make()
    this.#cut()
    throw new TransportError(this.#done ? 'UNKNOWN_OUTCOME' : 'DISCONNECTED', 'it was cut off')
  }
}

const OPTIONS = { partitions: 1, compactBytes: 1e9, drainMs: 0, leaseTtlMs: TTL_MS } as const

interface Start {
  readonly key: string
  readonly n: number
  readonly fence: number
}

/** A cluster of one partition with tasks of every sort, whose owner dies when it is split. */
class Scene {
  readonly rig = new ClusterRig()
  readonly starts: Start[] = []
  readonly ids: string[] = []
  readonly mortal: Mortal
  readonly #inner: ReturnType<typeof memory>
  readonly #handlers = {
    note: {
      run: ({ n }: { n: number }, { task, fence }: RunContext) => {
        this.starts.push({ key: task.key ?? '', n, fence })
      },
    },
  }

  constructor(dieAt: number, done: boolean) {
    this.#inner = memory({ hub: this.rig.hub, clock: this.rig.clock })
    this.mortal = new Mortal(this.#inner, dieAt, done)
  }

  async play(): Promise<void> {
    const options = { handlers: this.#handlers, ...OPTIONS }
    // too patient to take anything over itself
    const asking = await this.rig.join<HandlerMap>({ ...options, run: false, leaseTtlMs: 600_000 })
    const victim = await this.rig.joinOn(this.mortal.transport, options)
    await this.#store(asking)
    const before = await asking.scheduler.counts()
    this.mortal.counting = true
    const grown = asking.scheduler.grow(2)
    await until('the split is over, for one or both', () => {
      return this.mortal.isDead || victim.metrics().partitions.length === 2
    })
    this.mortal.counting = this.mortal.isDead
    // not one task is missing or counted twice, also where nobody works
    const stale = await this.#fast(asking.scheduler.stale())
    expect(stale.count).toBe(OVERDUE)
    const heir = await this.rig.join(options)
    await this.#fast(grown)
    if (this.mortal.isDead) {
      await this.#fast(until('it has all', () => heir.scheduler.metrics().partitions.length === 2))
      this.#inner.reconnect() // what it was about to do, it does now
    }
    expect(await this.#fast(asking.scheduler.counts())).toEqual(before)
    await this.#check(asking)
    expect(this.rig.errors).toEqual([])
  }

  async #store({ scheduler }: ClusterMember<HandlerMap>): Promise<void> {
    const one = { handler: 'note', delayMs: FAR_MS } as const
    const tasks = Array.from({ length: KEYS * PER_KEY }, (_, at) => {
      const n = Math.floor(at / KEYS)
      const key = `k${at % KEYS}`
      const payload = { n, text: PADDING }
      return { ...one, delayMs: FAR_MS + n, payload, key, uniqueKey: `${key}-${n}` }
    })
    const free = Array.from({ length: 5 }, (_, n) => ({ ...one, payload: { n }, queue: 'free' }))
    await scheduler.pause('late')
    const late = Array.from({ length: OVERDUE }, (_, n) => {
      const dueAt = this.rig.clock.now() - 2 * FAR_MS
      return { handler: 'note', payload: { n: 0 }, key: `l${n}`, queue: 'late', dueAt }
    })
    const schedule = scheduler.scheduleMany as (specs: unknown) => Promise<{ id: string }[]>
    const stored = await schedule.call(scheduler, [...tasks, ...free, ...late])
    for (const { id } of stored) this.ids.push(id)
    for (let n = 0; n < 6; n++) {
      const cron = { handler: 'note', payload: { n: -1 }, cron: '0 0 1 1 *' }
      await scheduler.schedules.upsert(`s${n}`, cron as never)
    }
  }

  async #check({ scheduler }: ClusterMember<HandlerMap>): Promise<void> {
    const views = await this.#fast(Promise.all(this.ids.map((id) => scheduler.get(id))))
    expect(views.map((view) => view?.id)).toEqual(this.ids)
    const { schedules } = await this.#fast(scheduler.schedules.list({ limit: 100 }))
    expect(schedules.map(({ id }) => id)).toEqual(['s0', 's1', 's2', 's3', 's4', 's5'])
    const again = { handler: 'note', payload: { n: 9 }, key: 'k3', uniqueKey: 'k3-1' }
    const { outcome } = await this.#fast(scheduler.schedule(again as never))
    expect(outcome).toBe('existing')
    expect(await this.#fast(scheduler.cancel(this.ids[0] ?? ''))).toBe('cancelled')
    expect(this.starts).toEqual([])
    await this.#fast(scheduler.resume('late'))
    await this.rig.clock.advance(FAR_MS + 1_000)
    const left = this.ids.length - 1
    await this.#fast(until('all have run', () => this.starts.length >= left))
    await this.#fast(
      until('no task is left', async () => (await scheduler.counts()).scheduled === 0),
    )
    expect(this.starts).toHaveLength(left)
    for (const [key, starts] of Map.groupBy(this.starts, (start) => start.key)) {
      if (!key.startsWith('k')) continue
      expect(starts.map(({ n }) => n)).toEqual(key === 'k0' ? [1, 2, 3] : [0, 1, 2, 3])
      const fences = starts.map(({ fence }) => fence)
      expect(fences).toEqual(fences.toSorted((a, b) => a - b))
    }
  }

  /** Time goes by faster than on the machine's clock while something is waited for. */
  async #fast<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const done = promise.finally(() => {
      settled = true
    })
    while (!settled) {
      await this.rig.clock.advance(100)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return await done
  }
}

test('a split that ends with each of its durable steps is ended by the next owner', async () => {
  const whole = new Scene(0, false)
  await whole.play()
  const { steps } = whole.mortal
  const from = steps.indexOf('takes over default_tasks_0')
  expect(steps.slice(from, from + 9)).toEqual([
    'takes over default_tasks_0',
    'changes the map',
    'writes to default_tasks_0',
    'takes over default_tasks_1',
    'empties default_tasks_1',
    'writes to default_tasks_1',
    'writes to default_tasks_1',
    'changes the map',
    'writes to default_tasks_0',
  ])
  for (let dieAt = 1; dieAt <= steps.length; dieAt++) {
    for (const done of [false, true]) {
      const scene = new Scene(dieAt, done)
      try {
        await scene.play()
      } catch (cause) {
        const at = `${done ? 'after' : 'before'} step ${dieAt}, ${steps[dieAt - 1]}`
        throw new Error(`cut off ${at}: ${String(cause)}`, { cause })
      }
    }
  }
}, 120_000)
