import type { Handler, StandardSchema } from '@ashlar/scheduler-core'
import { expect, expectTypeOf, test } from 'vitest'
import { Diary, Rig } from '../rig.ts'

/** As a validator's library would make it: `{ to, at }`, where `at` is text and becomes a date. */
const schema: StandardSchema<{ to: string; at: string }, { to: string; at: Date }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { to, at } = Object(value) as { to?: unknown; at?: unknown }
      if (typeof to !== 'string') return { issues: [{ message: 'must be text', path: ['to'] }] }
      const date = new Date(String(at))
      if (Number.isNaN(date.getTime())) {
        return { issues: [{ message: 'must be a date', path: [{ key: 'at' }] }] }
      }
      return { value: { to, at: date } }
    },
  },
}

async function open(diary = new Diary()) {
  const mail = {
    schema,
    run: ({ to, at }: { to: string; at: Date }): void => diary.note(`${to} ${at.getFullYear()}`),
  }
  return { rig: await Rig.open({ handlers: { mail } }), diary, mail }
}

test('a handler gets what its schema gives back, a caller gives what it takes', async () => {
  const { rig, diary } = await open()
  const payload = { to: 'ada', at: '2026-05-05' }
  expectTypeOf(rig.scheduler.schedule)
    .parameter(0)
    .toHaveProperty('payload')
    .toEqualTypeOf<{ to: string; at: string }>()
  const { id } = await rig.scheduler.schedule({ handler: 'mail', payload, delayMs: 5 })
  expect(rig.scheduler.get(id)?.payload).toEqual(payload)
  await rig.pass(5)
  expect(diary.take()).toEqual(['ada 2026'])
})

test('what a schema refuses is not scheduled, repeated or edited in', async () => {
  const { rig } = await open()
  const { scheduler } = rig
  const bad = { handler: 'mail', payload: { to: 'ada', at: 'soon' } } as const
  const refused = {
    code: 'PAYLOAD_INVALID',
    message: expect.stringContaining('at: must be a date'),
  }
  await expect(scheduler.schedule(bad)).rejects.toMatchObject(refused)
  const good = { handler: 'mail', payload: { to: 'ada', at: '2026-05-05' } } as const
  await expect(scheduler.scheduleMany([good, bad])).rejects.toMatchObject(refused)
  const nightly = { ...bad, cron: '0 0 * * *' }
  await expect(scheduler.schedules.upsert('x', nightly)).rejects.toMatchObject(refused)
  const { id } = await scheduler.schedule({ ...good, delayMs: 10 })
  await expect(scheduler.edit(id, { payload: { to: 7 } })).rejects.toMatchObject({
    code: 'PAYLOAD_INVALID',
    message: expect.stringContaining('to: must be text'),
  })
  expect(scheduler.get(id)?.payload).toEqual(good.payload)
  expect(scheduler.counts()).toMatchObject({ scheduled: 1 })
})

test('a stored payload is checked after its upgrades; a wrong one is dead at once', async () => {
  const { rig, diary, mail } = await open()
  for (const at of ['2026', 'never']) {
    const payload = { to: 'ada', at: '2026-01-02' }
    const { id } = await rig.scheduler.schedule({ handler: 'mail', payload, delayMs: 10, key: at })
    expect(id).toHaveLength(26)
  }
  const upgrade = { 1: ({ to }: { to: string }) => ({ to, at: 'never' }) }
  const broken = { ...mail, version: 2, upgrade } as Handler as typeof mail
  await rig.reopen({ handlers: { mail: broken } })
  await rig.pass(10)
  expect(diary.take()).toEqual([])
  const { tasks } = rig.scheduler.list({ state: 'dead' })
  expect(tasks.map(({ failure, attempts }) => [failure?.code, attempts])).toEqual([
    ['PAYLOAD_INVALID', 1],
    ['PAYLOAD_INVALID', 1],
  ])
})

test('a schema that is none, or takes its time, is a mistake', async () => {
  const { rig, mail } = await open()
  await rig.close()
  const none = { ...mail, schema: {} as never }
  await expect(rig.start({ handlers: { mail: none } })).rejects.toThrow(/Standard Schema/)
  const validate = async () => ({ value: 1 as never })
  const slow = { ...mail, schema: { '~standard': { ...schema['~standard'], validate } } }
  await rig.start({ handlers: { mail: slow } })
  const task = { handler: 'mail', payload: { to: 'a', at: '2026' } } as const
  await expect(rig.scheduler.schedule(task)).rejects.toThrow(/synchronously/)
})
