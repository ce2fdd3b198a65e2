// Random histories against a naive model: invariants I1 to I5, I7 and I8 of the package. A crash is
// a power cut: what was not synced is lost in part, at random.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Job,
  laneOf,
  MAX_ATTEMPTS,
  type ModelTask,
  unlessStarted,
  World,
  type WorldOptions,
} from './world.ts'

type Step = (world: World) => Promise<void>

const job: fc.Arbitrary<Job> = fc.record({
  queue: fc.nat(2),
  key: fc.constantFrom(undefined, 'a', 'b'),
  tenant: fc.constantFrom(undefined, undefined, 't'),
  priority: fc.constantFrom(0, 0, 0, 5, 9),
  fails: fc.constantFrom(0, 0, 0, 1, 2, MAX_ATTEMPTS),
  runMs: fc.constantFrom(0, 0, 5, 50),
})
const delay = fc.constantFrom(-1_000, 0, 0, 1, 10, 100, 1_000, 30_000)

async function put(world: World, one: Job, delayMs: number): Promise<void> {
  const task = world.add(one, world.clock.now() + delayMs)
  const { id } = await world.acked(() => world.scheduler.schedule(world.spec(task)))
  task.id = id
  task.acked = true
}

async function putMany(world: World, jobs: readonly Job[], delayMs: number): Promise<void> {
  const tasks = jobs.map((one) => world.add(one, world.clock.now() + delayMs))
  const results = await world.acked(() =>
    world.scheduler.scheduleMany(tasks.map((task) => world.spec(task))),
  )
  for (const [index, task] of tasks.entries()) {
    task.id = results[index]?.id ?? ''
    task.acked = true
  }
}

/** A parent without key, that goes on whatever becomes of its children. */
async function putFlow(
  world: World,
  jobs: readonly Job[],
  delayMs: number,
  onChildFailed: 'ignore' | 'wait',
): Promise<void> {
  const children = jobs.map((one, n) => world.add(one, world.clock.now() + n * 10))
  const job = { queue: 0, key: undefined, tenant: undefined, priority: 0, fails: 0, runMs: 5 }
  const parent = world.add(job, world.clock.now() + delayMs)
  parent.children = children
  const named = children.map((child) => [`c${child.n}`, world.spec(child)] as const)
  const names = named.map(([name]) => name)
  const tasks = {
    ...Object.fromEntries(named),
    p: { ...world.spec(parent), children: names, onChildFailed },
  }
  const ids: Readonly<Record<string, string>> = await world.acked(() =>
    world.scheduler.scheduleFlow(tasks),
  )
  for (const child of children) child.id = ids[`c${child.n}`] ?? ''
  parent.id = ids['p'] ?? ''
  for (const task of [...children, parent]) task.acked = true
}

/** A task in one batch with the caller's own data. */
async function putInto(world: World, one: Job, delayMs: number): Promise<void> {
  const task = world.add(one, world.clock.now() + delayMs)
  const batch = world.store.batch().put(`own:${task.n}`, 'here')
  task.id = world.scheduler.scheduleInto(batch, world.spec(task))
  await world.acked(() => world.scheduler.commit(batch))
  task.acked = true
}

async function putUnique(
  world: World,
  queue: number,
  name: string,
  delayMs: number,
  onConflict: 'ignore' | 'replace' | 'reschedule',
): Promise<void> {
  const tenant = delayMs % 20 === 0 ? undefined : 't'
  const uniqueJob = { queue, key: undefined, tenant, priority: 0, fails: 0, runMs: 5 }
  const task = world.add(uniqueJob, world.clock.now() + delayMs, name)
  const live = world.tasks.filter(
    (other) => other !== task && other.queue === queue && other.uniqueKey === name && isLive(other),
  )
  await undecided(live, task.order, async () => {
    const result = await unlessStarted(() =>
      world.acked(() => world.scheduler.schedule({ ...world.spec(task), onConflict })),
    )
    task.acked = true
    const holder = live.find((other) => other.id === result?.id)
    if (result === undefined || result.outcome === 'existing' || result.outcome === 'rescheduled') {
      assert.ok(result === undefined || holder !== undefined, 'no live task has the unique key')
      task.state = 'cancelled' // it was never made
      return result?.outcome === 'rescheduled' ? holder : undefined
    }
    task.id = result.id
    const certain = live.filter(({ state }) => state === 'pending')
    if (result.outcome === 'created') assert.deepEqual(certain, [], 'a second live task')
    for (const other of live) if (result.outcome === 'replaced') other.state = 'cancelled'
    return undefined
  })
}

const isLive = ({ state }: ModelTask): boolean => state === 'pending' || state === 'unknown'

async function cancel(world: World, pick: number): Promise<void> {
  const task = world.tasks[pick % Math.max(1, world.tasks.length)]
  if (task === undefined || task.id === '') return
  await undecided([task], task.runAt, async () => {
    const outcome = await world.acked(() => world.scheduler.cancel(task.id))
    if (outcome === 'cancelled') {
      assert.ok(isLive(task), `task ${task.n} was cancelled after its end`)
      assert.ok(!task.running, `task ${task.n} was cancelled while it ran`)
      task.state = 'cancelled'
      task.held = false
    } else if (!task.running && task.acked) {
      assert.ok(outcome !== 'unknown' || task.state !== 'pending', `task ${task.n} is lost`)
    }
    return undefined
  })
}

async function reschedule(world: World, pick: number, delayMs: number): Promise<void> {
  const task = world.tasks[pick % Math.max(1, world.tasks.length)]
  if (task === undefined || task.id === '') return
  const order = world.clock.now() + Math.max(0, delayMs)
  await undecided([task], order, async () => {
    const outcome = await world.acked(() => world.scheduler.reschedule(task.id, { dueAt: order }))
    return outcome === 'rescheduled' ? task : undefined
  })
}

async function edit(
  world: World,
  pick: number,
  edition: number,
  priority: number | undefined,
): Promise<void> {
  const task = world.tasks[pick % Math.max(1, world.tasks.length)]
  if (task === undefined || task.id === '') return
  const change = { payload: { n: task.n, edition }, ...(priority !== undefined && { priority }) }
  const before = new Set(task.editions)
  const { starts } = task
  task.editions.add(edition)
  const outcome = await world.acked(() => world.scheduler.edit(task.id, change))
  if (outcome !== 'edited') task.editions = before
  else if (task.starts === starts) task.editions = new Set([edition])
}

/**
 * While a call is under way its tasks may have either place: a run may start by the new one before
 * the caller's promise resolves. `change` returns the task that got the new place.
 */
async function undecided(
  tasks: readonly ModelTask[],
  order: number,
  change: () => Promise<ModelTask | undefined>,
): Promise<void> {
  const before = tasks.map(({ vague, runAt, starts }) => ({ vague, runAt, starts }))
  for (const task of tasks) {
    task.vague = true
    task.runAt = Math.min(task.runAt, order)
  }
  const moved = await change()
  for (const [index, task] of tasks.entries()) {
    const { vague, runAt, starts } = before[index] as (typeof before)[number]
    if (task === moved && !task.held && task.order !== Infinity) task.order = order
    if (task.starts > starts) continue
    task.vague = vague
    task.runAt = task === moved ? order : runAt
  }
}

async function redrive(world: World): Promise<void> {
  const { tasks } = world.scheduler.list({ state: 'dead' })
  for (const { id } of tasks.slice(0, 2)) {
    const task = world.tasks.find((other) => other.id === id)
    if (task === undefined) continue
    task.state = 'pending'
    task.redriven = true
    if (!task.held) task.order = world.clock.now()
    task.runAt = 0
    task.acked = false // those that were chosen before it may still start
    await world.scheduler.redrive(id)
    task.acked = true
  }
}

async function setPaused(world: World, queue: number, paused: boolean): Promise<void> {
  if (!paused) world.paused.delete(queue)
  const name = `q${queue}`
  await world.acked(() => (paused ? world.scheduler.pause(name) : world.scheduler.resume(name)))
  if (paused) world.paused.add(queue)
}

async function setKeyPaused(
  world: World,
  queue: number,
  key: string,
  tenant: string | undefined,
  paused: boolean,
): Promise<void> {
  const lane = laneOf({ queue, tenant, key })
  if (!paused) world.pausedKeys.delete(lane)
  const of = { key, ...(tenant !== undefined && { tenant }) }
  const { scheduler } = world
  await world.acked(() =>
    paused ? scheduler.pause(`q${queue}`, of) : scheduler.resume(`q${queue}`, of),
  )
  if (paused) world.pausedKeys.add(lane)
}

/** The call is made and the power goes before it is acknowledged. */
async function crashDuringPut(world: World, one: Job): Promise<void> {
  const task = world.add(one, world.clock.now())
  const lost = world.scheduler.schedule(world.spec(task)).catch(() => {})
  await world.crash()
  await lost
}

const step: fc.Arbitrary<[string, Step]> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(job, delay).map(named('put', put)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.array(job, { minLength: 1, maxLength: 8 }), delay)
      .map(named('putMany', putMany)),
  },
  { weight: 2, arbitrary: fc.tuple(job, delay).map(named('putInto', putInto)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.array(job, { minLength: 1, maxLength: 4 }),
        delay,
        fc.constantFrom('ignore', 'wait'),
      )
      .map(named('putFlow', putFlow)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.nat(1),
        fc.constantFrom('u', 'v'),
        delay,
        fc.constantFrom('ignore', 'replace', 'reschedule'),
      )
      .map(named('putUnique', putUnique)),
  },
  { weight: 3, arbitrary: fc.tuple(fc.nat()).map(named('cancel', cancel)) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(), delay).map(named('reschedule', reschedule)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(), fc.integer({ min: 1, max: 9 }), fc.constantFrom(undefined, 0, 5, 9))
      .map(named('edit', edit)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(700, 3_000, 11_000), fc.constantFrom(1, 1, 5))
      .map(
        named('recur', (world, everyMs, instances) =>
          world.acked(() =>
            world.recurring.make(world.scheduler, world.clock.now(), everyMs, instances),
          ),
        ),
      ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.nat(2), fc.boolean()).map(named('setPaused', setPaused)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(2), fc.constantFrom('a', 'b'), fc.constantFrom(undefined, 't'), fc.boolean())
      .map(named('setKeyPaused', setKeyPaused)),
  },
  { weight: 1, arbitrary: fc.constant([] as []).map(named('redrive', redrive)) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(0, 1, 10, 200, 3_000, 60_000))
      .map(named('advance', (world, ms) => world.clock.advance(ms))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(-3_600_000, -500, 500, 3_600_000))
      .map(named('step', async (world, ms) => world.clock.step(ms))),
  },
  { weight: 1, arbitrary: fc.constant([] as []).map(named('crash', (world) => world.crash())) },
  { weight: 1, arbitrary: fc.tuple(job).map(named('crashDuringPut', crashDuringPut)) },
  { weight: 1, arbitrary: fc.constant([] as []).map(named('reopen', (world) => world.reopen())) },
)

function named<A extends readonly unknown[]>(
  name: string,
  run: (world: World, ...args: A) => Promise<void>,
): (args: A) => [string, Step] {
  return (args) => [`${name} ${JSON.stringify(args)}`, (world) => run(world, ...args)]
}

/** Lets everything end: dead heads that block their keys are discarded until none is left. */
async function finish(world: World): Promise<void> {
  for (let queue = 0; queue < 3; queue++) await setPaused(world, queue, false)
  for (const lane of world.pausedKeys) {
    const [queue, tenant, key] = JSON.parse(lane) as [number, string, string]
    await setKeyPaused(world, queue, key, tenant === '' ? undefined : tenant, false)
  }
  for (let round = 0; round < 100; round++) {
    await world.clock.advance(4_000_000)
    await world.idle()
    const { tasks } = world.scheduler.list({ state: 'dead', limit: 1_000 })
    const { scheduled, waiting, blocked, running } = world.scheduler.counts()
    if (scheduled + waiting + blocked + running + tasks.length === 0) return
    for (const { id } of tasks) {
      const task = world.tasks.find((other) => other.id === id)
      if (task !== undefined) task.held = false
      await world.scheduler.discard(id)
    }
  }
}

function checkEnd(world: World): void {
  world.check()
  world.recurring.checkEnd()
  const lost = world.tasks.filter(({ acked, state }) => acked && state === 'pending')
  assert.deepEqual(lost, [], 'acknowledged tasks that never ran')
  for (const task of world.tasks) {
    const ends = task.failures + (task.state === 'done' ? 1 : 0)
    // A crash may have undone an end that was not stored, so that the task ran once more.
    const about = `starts of task ${task.n}`
    assert.ok(task.starts <= ends + task.cutOff + world.crashes, about)
    if (world.crashes === 0) assert.equal(task.starts, ends + task.cutOff, about)
  }
  const { scheduled, waiting, blocked, running, dead } = world.scheduler.counts()
  const left = { scheduled, waiting, blocked, running, dead }
  assert.deepEqual(left, { scheduled: 0, waiting: 0, blocked: 0, running: 0, dead: 0 })
}

export interface History extends WorldOptions {
  readonly steps: readonly [string, Step][]
}

export const history: fc.Arbitrary<History> = fc.record({
  seed: fc.nat(1_000_000),
  lookAheadTasks: fc.constantFrom(2, 8, 10_000),
  concurrency: fc.constantFrom(1, 3, 50),
  steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
})

/** Plays a history to its end, checking on the way. `onStep` is told what comes next. */
export async function play(
  { steps, ...options }: History,
  onStep: (name: string, world: World) => void = () => {},
): Promise<void> {
  const world = new World(options)
  await world.open()
  try {
    for (const [name, run] of steps) {
      onStep(name, world)
      world.operation += 1
      await run(world)
      world.check()
    }
    onStep('finish', world)
    await finish(world)
    checkEnd(world)
  } finally {
    await world.scheduler.close({ drainMs: 0 })
    await world.store.close()
  }
}
