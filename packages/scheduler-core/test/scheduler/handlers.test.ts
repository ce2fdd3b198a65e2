import { type HandlerMap, isSchedulerError } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { Diary, Rig } from '../rig.ts'

const FAR = 3_600_000

async function refusalOf(open: Promise<unknown>): Promise<string> {
  const error = await open.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(isSchedulerError(error, 'HANDLER_MISSING')).toBe(true)
  return (error as Error).message
}

test('a payload of an old version runs on today’s handler, upgraded step by step', async () => {
  const diary = new Diary()
  const rig = await Rig.open({
    handlers: { mail: { run: (to: string) => diary.note(to) } } as HandlerMap,
  })
  await rig.scheduler.schedule({ handler: 'mail', payload: 'ada', delayMs: FAR })
  await rig.scheduler.schedule({ handler: 'mail', payload: 'bob', delayMs: FAR, key: 'k' })
  await rig.kill({
    handlers: {
      mail: {
        version: 3,
        upgrade: {
          1: (to: string) => ({ to }),
          2: ({ to }: { to: string }) => ({ to: [to], subject: 'none' }),
        },
        run: (mail: unknown, { task }: { task: { version: number } }) =>
          diary.note(`${JSON.stringify(mail)} from v${task.version}`),
      },
    } as HandlerMap,
  })
  await rig.scheduler.schedule({
    handler: 'mail',
    payload: { to: ['eve'], subject: 'new' },
    delayMs: FAR,
  })
  await rig.pass(FAR)
  expect(diary.take()).toEqual([
    '{"to":["ada"],"subject":"none"} from v1',
    '{"to":["bob"],"subject":"none"} from v1',
    '{"to":["eve"],"subject":"new"} from v3',
  ])
})

test('a scheduler refuses to open when a stored task has no handler for it', async () => {
  const run = () => {}
  const rig = await Rig.open({
    handlers: { mail: { version: 2, upgrade: { 1: (p: never) => p }, run } } as HandlerMap,
  })
  const { id } = await rig.scheduler.schedule({ handler: 'mail', payload: 0, delayMs: FAR })
  await rig.scheduler.schedule({ handler: 'mail', payload: 0, delayMs: FAR })
  await rig.scheduler.close()
  const open = (handlers: object) => rig.start({ handlers: handlers as HandlerMap })

  expect(await refusalOf(open({}))).toMatch(/no handler is named 'mail' \(2 pending\)/)
  expect(await refusalOf(open({ mail: { run } }))).toMatch(/version 1, the task is version 2/)
  expect(await refusalOf(open({ mail: { version: 4, upgrade: { 2: run }, run } }))).toMatch(
    /no upgrade from version 3 to 4/,
  )
  await open({ mail: { version: 4, upgrade: { 2: run, 3: run }, run } })
  expect(rig.scheduler.get(id)?.state).toBe('scheduled')
})

test('a handler may go when its last task has', async () => {
  const rig = await Rig.open({ handlers: { old: { run: () => {} } } as HandlerMap })
  await rig.scheduler.schedule({ handler: 'old', payload: 0 })
  await rig.scheduler.idle()
  await rig.reopen({ handlers: {} })
  expect(rig.scheduler.state).toBe('open')
})

test('a task for a handler that is not there is refused at once', async () => {
  const rig = await Rig.open({ handlers: { mail: { version: 2, run: () => {} } } })
  const { scheduler } = rig
  const unknown = scheduler.schedule({ handler: 'male', payload: 0 } as never)
  await expect(unknown).rejects.toMatchObject({ code: 'HANDLER_MISSING' })
  const old = scheduler.schedule({ handler: 'mail', payload: 0, version: 1 })
  await expect(old).rejects.toMatchObject({ code: 'HANDLER_MISSING' })
  expect(scheduler.counts().scheduled).toBe(0)
})

test('an upgrade that throws fails the attempt, not the scheduler', async () => {
  const rig = await Rig.open({
    handlers: { mail: { run: () => {} } } as HandlerMap,
  })
  const { id } = await rig.scheduler.schedule({ handler: 'mail', payload: 0, delayMs: FAR })
  const upgrade = {
    1: () => {
      throw new Error('cannot upgrade')
    },
  }
  await rig.reopen({
    handlers: { mail: { version: 2, upgrade, maxAttempts: 1, run: () => {} } } as HandlerMap,
  })
  await rig.pass(FAR)
  const view = rig.scheduler.get(id)
  expect(view).toMatchObject({ state: 'dead', failure: { message: 'cannot upgrade' } })
})

test('a producer stores tasks that a later process runs', async () => {
  const diary = new Diary()
  const handlers = { note: { run: (name: string) => diary.note(name) } } as HandlerMap
  const rig = await Rig.open({ run: false, handlers: {} as typeof handlers })
  await rig.scheduler.schedule({ handler: 'note', payload: 'a' })
  await rig.scheduler.schedule({ handler: 'note', payload: 'b', version: 1, key: 'k' })
  const { id } = await rig.scheduler.schedule({ handler: 'note', payload: 'c' })
  expect(await rig.scheduler.cancel(id)).toBe('cancelled')
  await rig.pass(1_000)
  expect(diary.take()).toEqual([])
  expect(rig.scheduler.counts().scheduled).toBe(2)
  await rig.reopen({ run: true, handlers })
  await rig.scheduler.idle()
  expect(diary.take()).toEqual(['a', 'b'])
})

test.each([
  [{ run: 'no' }, /run must be a function/],
  [{ run: () => {}, version: 0 }, /version/],
  [{ run: () => {}, version: 70_000 }, /version/],
  [{ run: () => {}, maxAttempts: 1.5 }, /maxAttempts/],
  [{ run: () => {}, timeoutMs: -1 }, /timeoutMs/],
  [{ run: () => {}, retainMs: Infinity }, /retainMs/],
  [{ run: () => {}, backoff: { jitter: 'some' } }, /backoff.jitter/],
])('a bad handler %j is refused at opening', async (handler, message) => {
  const rig = await Rig.open({ handlers: {} as HandlerMap })
  await rig.scheduler.close()
  const bad = { handlers: { bad: handler } as unknown as HandlerMap }
  await expect(rig.start(bad)).rejects.toThrow(message)
})
