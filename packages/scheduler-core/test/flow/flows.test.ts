import {
  type ChildOutcome,
  failTask,
  type HandlerMap,
  type RunContext,
} from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Diary, Rig, START } from '../rig.ts'

interface Job {
  readonly name: string
  readonly fails?: number
}

function working(diary: Diary): HandlerMap {
  const run = ({ name, fails = 0 }: Job, context: RunContext): string => {
    const children = Object.entries(context.children())
    const told = children.map(([child, outcome]) => `${child}:${shown(outcome)}`)
    diary.note([name, ...told].join(' '))
    if (context.attempt <= fails) throw failTask(`${name} fails`)
    return `made by ${name}`
  }
  return { job: { run, maxAttempts: 2, backoff: { baseMs: 10, jitter: 'none' } } }
}

function shown(outcome: ChildOutcome): string {
  if (outcome.status === 'completed') return String(outcome.result)
  return outcome.status === 'failed' ? outcome.failure.message : outcome.status
}

const job = (name: string, children: readonly string[] = [], more: object = {}) => ({
  handler: 'job',
  payload: { name },
  children,
  ...more,
})

async function open() {
  const diary = new Diary()
  return { rig: await Rig.open({ handlers: working(diary) }), diary }
}

test('a parent starts when its children have ended, and is told their results', async () => {
  const { rig, diary } = await open()
  const ids = await rig.scheduler.scheduleFlow({
    a: job('a'),
    b: job('b', [], { delayMs: 100 }),
    both: job('both', ['a', 'b']),
    last: job('last', ['both', 'a'], { key: 'k' }),
  })
  expect(rig.scheduler.get(ids.both)?.state).toBe('blocked')
  expect(rig.scheduler.counts()).toMatchObject({ blocked: 2 })
  await rig.pass(10)
  expect(diary.take()).toEqual(['a'])
  await rig.pass(100)
  expect(diary.take()).toEqual([
    'b',
    'both a:made by a b:made by b',
    'last a:made by a both:made by both',
  ])
  expect(rig.scheduler.counts()).toMatchObject({ scheduled: 0, blocked: 0, completed: 0 })
  // Nothing is left behind but the names of things.
  const left = rig.store.iterator({ gte: Buffer.from('~s/d'), lt: Buffer.from('~s/h') })
  expect(left.nextSync()).toBeUndefined()
  left.close()
})

test('a parent does not start before its own time', async () => {
  const { rig, diary } = await open()
  await rig.scheduler.scheduleFlow({
    child: job('child'),
    parent: job('parent', ['child'], { dueAt: START + 5_000 }),
  })
  await rig.pass(4_999)
  expect(diary.take()).toEqual(['child'])
  await rig.pass(1)
  expect(diary.take()).toEqual(['parent child:made by child'])
})

test.each([
  ['fail', ['dead', 'dead'], []],
  ['ignore', ['dead', 'done'], ['parent bad:bad fails good:made by good']],
  ['wait', ['dead', 'blocked'], []],
] as const)('a dead child, with onChildFailed %s', async (onChildFailed, states, ran) => {
  const { rig, diary } = await open()
  const ids = await rig.scheduler.scheduleFlow({
    bad: { ...job('bad'), payload: { name: 'bad', fails: 9 } },
    good: job('good'),
    parent: job('parent', ['bad', 'good'], { onChildFailed }),
    top: job('top', ['parent'], { onChildFailed: 'ignore' }),
  })
  await rig.pass(100)
  const state = (id: string) => rig.scheduler.get(id)?.state ?? 'done'
  expect([state(ids.bad), state(ids.parent)]).toEqual(states)
  const parents = diary.take().filter((line) => line.startsWith('parent'))
  expect(parents).toEqual(ran)
  if (onChildFailed === 'fail') {
    expect(rig.scheduler.get(ids.parent)?.failure).toMatchObject({ name: 'ChildFailed' })
    expect(state(ids.top)).toBe('done')
  }
})

test('a redriven child frees its parent; a redriven parent waits on for a child', async () => {
  const { rig, diary } = await open()
  const ids = await rig.scheduler.scheduleFlow({
    bad: { ...job('bad'), payload: { name: 'bad', fails: 2 }, maxAttempts: 1 },
    parent: job('parent', ['bad']),
  })
  await rig.pass(100)
  expect(diary.take()).toEqual(['bad'])
  await rig.scheduler.redrive(ids.parent)
  expect(rig.scheduler.get(ids.parent)?.state).toBe('blocked')
  await rig.kill({ handlers: working(diary) })
  expect(rig.scheduler.get(ids.bad)?.state).toBe('dead')
  await rig.scheduler.redrive(ids.bad)
  await rig.pass(100)
  expect(rig.scheduler.get(ids.parent)?.state).toBe('dead') // the child is dead again
  diary.take()
  await rig.kill({ handlers: { job: { run: () => 'repaired' } } })
  await rig.scheduler.redrive(ids.parent)
  await rig.scheduler.redrive(ids.bad)
  await rig.pass(100)
  expect(rig.scheduler.counts()).toMatchObject({ dead: 0, blocked: 0, scheduled: 0 })
})

test('a cancelled or discarded child is told to its parent', async () => {
  const { rig, diary } = await open()
  const flow = {
    child: { ...job('child'), payload: { name: 'child', fails: 9 }, delayMs: 1_000 },
    waits: job('waits', ['child'], { onChildFailed: 'wait' }),
    fails: job('fails', ['child']),
  } as const
  const first = await rig.scheduler.scheduleFlow(flow)
  expect(await rig.scheduler.cancel(first.child)).toBe('cancelled')
  await rig.pass(1)
  expect(diary.take()).toEqual(['waits child:cancelled'])
  expect(rig.scheduler.get(first.fails)?.state).toBe('dead')
  const second = await rig.scheduler.scheduleFlow(flow)
  await rig.pass(2_000)
  expect(rig.scheduler.get(second.waits)?.state).toBe('blocked')
  diary.take()
  expect(await rig.scheduler.discard(second.child)).toBe(true)
  await rig.pass(1)
  expect(diary.take()).toEqual(['waits child:cancelled'])
})

test('a cancelled parent is gone, and its children run on', async () => {
  const { rig, diary } = await open()
  const ids = await rig.scheduler.scheduleFlow({
    child: job('child', [], { delayMs: 10 }),
    parent: job('parent', ['child']),
  })
  await rig.scheduler.reschedule(ids.parent, { delayMs: 500 })
  expect(rig.scheduler.get(ids.parent)?.state).toBe('blocked')
  expect(await rig.scheduler.cancel(ids.parent)).toBe('cancelled')
  await rig.pass(1_000)
  expect(diary.take()).toEqual(['child'])
  expect(rig.scheduler.counts()).toMatchObject({ blocked: 0, scheduled: 0 })
})

test('a chain as long as a flow may be dies in one step', async () => {
  const { rig } = await open()
  const names = Array.from({ length: 1_000 }, (_, n) => `t${n}`)
  const flow = Object.fromEntries(
    names.map((name, n) => [name, job(name, n === 0 ? [] : [`t${n - 1}`])]),
  )
  flow['t0'] = { ...job('t0'), payload: { name: 't0', fails: 9 } as never }
  await rig.scheduler.scheduleFlow(flow)
  await rig.pass(100)
  expect(rig.scheduler.counts()).toMatchObject({ dead: 1_000, blocked: 0 })
})

test('a crash at any moment loses and repeats no parent', async () => {
  const { rig, diary } = await open()
  for (let round = 0; round < 8; round++) {
    const children = Array.from({ length: 5 }, (_, n) => `c${round}.${n}`)
    await rig.scheduler.scheduleFlow({
      ...Object.fromEntries(children.map((name, n) => [name, job(name, [], { delayMs: n * 3 })])),
      [`p${round}`]: job(`p${round}`, children),
    })
    await rig.pass(round)
    await rig.kill()
  }
  await rig.pass(100)
  const parents = diary.take().filter((line) => line.startsWith('p'))
  expect(parents.map((line) => line.split(':').length)).toEqual(Array.from({ length: 8 }, () => 6))
  expect(new Set(parents).size).toBe(8)
  expect(rig.scheduler.counts()).toMatchObject({ blocked: 0, scheduled: 0, dead: 0 })
})

test('what is no flow is refused, and nothing of it is stored', async () => {
  const { rig } = await open()
  const bad: readonly [Record<string, ReturnType<typeof job>>, RegExp][] = [
    [{ a: job('a', ['b']), b: job('b', ['a']) }, /cycle/],
    [{ a: job('a', ['a']) }, /cycle/],
    [{ a: job('a', ['none']) }, /no child named 'none'/],
    [{ a: job('a'), b: job('b', ['a', 'a']) }, /twice/],
    [{ a: job('a', [], { uniqueKey: 'u' }) }, /uniqueKey/],
    [{ a: job('a', [], { onChildFailed: 'cry' }) }, /onChildFailed/],
  ]
  for (const [flow, message] of bad) {
    await expect(rig.scheduler.scheduleFlow(flow), String(message)).rejects.toThrow(message)
  }
  expect(rig.scheduler.counts()).toMatchObject({ scheduled: 0, blocked: 0 })
})

test('waitFor gives the end of a task, kept or not', async () => {
  const { rig } = await open()
  const { id } = await rig.scheduler.schedule({ ...job('a'), delayMs: 10 })
  const bad = { ...job('b'), payload: { name: 'b', fails: 9 } }
  const dying = await rig.scheduler.schedule(bad)
  const leaving = await rig.scheduler.schedule({ ...job('c'), delayMs: 10 })
  const ends = [id, id, dying.id, leaving.id].map((each) => rig.scheduler.waitFor(each))
  await rig.scheduler.cancel(leaving.id)
  await rig.pass(100)
  expect(await Promise.all(ends)).toMatchObject([
    { state: 'completed', result: 'made by a' },
    { state: 'completed', result: 'made by a' },
    { state: 'dead', failure: { message: 'b fails' } },
    { state: 'cancelled' },
  ])
  expect(await rig.scheduler.waitFor(dying.id)).toMatchObject({ state: 'dead' })
  expect(await rig.scheduler.waitFor(id)).toEqual({ state: 'unknown' })
  const kept = await rig.scheduler.schedule({ ...job('d'), retainMs: 1_000 })
  await rig.pass(10)
  expect(await rig.scheduler.waitFor(kept.id)).toMatchObject({ state: 'completed' })
})

test('a wait ends with its signal, or with the scheduler', async () => {
  const { rig } = await open()
  const { id } = await rig.scheduler.schedule({ ...job('a'), delayMs: 1_000 })
  const controller = new AbortController()
  const aborted = rig.scheduler.waitFor(id, { signal: controller.signal })
  controller.abort(new RangeError('enough'))
  await expect(aborted).rejects.toThrow('enough')
  await expect(rig.scheduler.waitFor(id, { signal: controller.signal })).rejects.toThrow('enough')
  const closed = expect(rig.scheduler.waitFor(id)).rejects.toMatchObject({
    code: 'SCHEDULER_CLOSED',
  })
  await rig.close()
  await closed
})

test('progress is told as an event', async () => {
  const seen: unknown[] = []
  const rig = await Rig.open({
    handlers: { job: { run: (_: null, context: RunContext) => context.heartbeat({ done: 3 }) } },
    events: { onProgress: ({ progress, attempt }) => seen.push([progress, attempt]) },
  })
  await rig.scheduler.schedule({ handler: 'job', payload: null })
  await rig.pass(1)
  expect(seen).toEqual([[{ done: 3 }, 1]])
})
