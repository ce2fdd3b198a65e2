import type { HandlerMap, RunContext } from '@ashlar/scheduler-core'
import { expect, test } from 'vitest'
import { WallYear } from '../recurrence/oracle.ts'
import { Diary, Rig, START } from '../rig.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Notes the schedule and time of each occurrence that runs. */
function noting(diary: Diary): HandlerMap {
  const run = (name: string, { task }: RunContext): void =>
    diary.note(`${name} ${task.scheduleId} ${(task.dueAt - START) / MINUTE}`)
  return { note: { run } }
}

async function open(diary = new Diary()) {
  const rig = await Rig.open({ handlers: noting(diary) })
  return { rig, diary }
}

test('an occurrence becomes one task, at its time', async () => {
  const { rig, diary } = await open()
  const { schedules } = rig.scheduler
  const spec = { handler: 'note', payload: 'a', cron: '*/10 * * * *' }
  expect(await schedules.upsert('ten', spec)).toBe('created')
  await rig.pass(35 * MINUTE)
  expect(diary.take()).toEqual(['a ten 10', 'a ten 20', 'a ten 30'])
  expect(schedules.get('ten')).toMatchObject({
    kind: 'cron',
    pattern: '*/10 * * * *',
    timeZone: 'UTC',
    nextAt: START + 40 * MINUTE,
    lastAt: START + 30 * MINUTE,
    misfire: 'once',
  })
})

test('upserting again changes nothing, or only what differs', async () => {
  const { rig, diary } = await open()
  const { schedules } = rig.scheduler
  const spec = { handler: 'note', payload: 'a', everyMs: 10 * MINUTE }
  await schedules.upsert('ten', spec)
  await rig.pass(5 * MINUTE)
  expect(await schedules.upsert('ten', spec)).toBe('unchanged')
  expect(await schedules.upsert('ten', { ...spec, payload: 'b' })).toBe('updated')
  await rig.pass(10 * MINUTE)
  expect(diary.take()).toEqual(['b ten 10'])
  expect(await schedules.upsert('ten', { ...spec, everyMs: 20 * MINUTE })).toBe('updated')
  await rig.pass(25 * MINUTE)
  expect(diary.take()).toEqual(['a ten 35']) // a new timing counts from its upsert
})

test('many upserts at once make one schedule and no second task', async () => {
  const { rig, diary } = await open()
  const { schedules } = rig.scheduler
  const spec = { handler: 'note', payload: 'a', cron: '0 * * * *' }
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => schedules.upsert('hourly', spec)),
  )
  expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1)
  expect(new Set(outcomes)).toEqual(new Set(['created', 'unchanged']))
  await rig.pass(HOUR)
  expect(diary.take()).toEqual(['a hourly 60'])
})

test.each([
  ['once', 'once', [180]],
  ['all', 'all', [60, 120, 180]],
  ['skip', 'skip', []],
  ['window', { windowMs: 100 * MINUTE }, [120, 180]],
] as const)(
  'after downtime the policy %s decides what is made up for',
  async (_, misfire, late) => {
    const { rig, diary } = await open()
    const spec = { handler: 'note', payload: 'a', cron: '0 * * * *', misfire }
    await rig.scheduler.schedules.upsert('h', spec)
    await rig.close()
    await rig.clock.advance(200 * MINUTE)
    await rig.reopen()
    await rig.scheduler.schedules.upsert('h', spec) // as every deploy does
    await rig.pass(50 * MINUTE)
    expect(diary.take()).toEqual([...late, 240].map((minute) => `a h ${minute}`))
  },
)

test('a crash repeats and loses no occurrence', async () => {
  const { rig, diary } = await open()
  const spec = { handler: 'note', payload: 'a', everyMs: MINUTE, misfire: 'all' } as const
  await rig.scheduler.schedules.upsert('m', spec)
  for (let round = 0; round < 10; round++) {
    await rig.pass(MINUTE + round * 7_000)
    await rig.kill()
    await rig.scheduler.schedules.upsert('m', spec)
  }
  await rig.pass(0)
  const minutes = Math.floor((rig.clock.now() - START) / MINUTE)
  expect(diary.take()).toEqual(Array.from({ length: minutes }, (_, n) => `a m ${n + 1}`))
})

test('nothing that falls into a pause is made up for', async () => {
  const { rig, diary } = await open()
  const { schedules } = rig.scheduler
  const spec = { handler: 'note', payload: 'a', cron: '0 * * * *', misfire: 'all' } as const
  await schedules.upsert('h', spec)
  expect(await schedules.pause('h')).toBe(true)
  await rig.pass(150 * MINUTE)
  await rig.reopen()
  expect(rig.scheduler.schedules.get('h')?.paused).toBe(true)
  expect(await rig.scheduler.schedules.upsert('h', spec)).toBe('unchanged')
  await rig.scheduler.schedules.resume('h')
  await rig.pass(HOUR)
  expect(diary.take()).toEqual(['a h 180'])
  expect(await rig.scheduler.schedules.pause('none')).toBe(false)
})

test('a removed schedule makes no more tasks; a triggered one makes one now', async () => {
  const { rig, diary } = await open()
  const { schedules } = rig.scheduler
  await schedules.upsert('h', { handler: 'note', payload: 'a', cron: '0 * * * *' })
  await rig.pass(MINUTE)
  expect(await schedules.trigger('h')).toMatchObject({ outcome: 'created' })
  expect(await schedules.trigger('none')).toBeUndefined()
  expect(await schedules.remove('h')).toBe(true)
  expect(await schedules.remove('h')).toBe(false)
  await rig.pass(DAY)
  expect(diary.take()).toEqual(['a h 1'])
})

test('a stepped clock starts nothing early, repeats nothing and is made up for', async () => {
  const { rig, diary } = await open()
  const spec = { handler: 'note', payload: 'a', cron: '0 * * * *' }
  await rig.scheduler.schedules.upsert('h', spec)
  await rig.pass(61 * MINUTE)
  rig.clock.step(-HOUR)
  await rig.pass(59 * MINUTE + 59_000)
  expect(diary.take()).toEqual(['a h 60'])
  rig.clock.step(3 * HOUR)
  await rig.pass(20_000)
  expect(diary.take()).toEqual(['a h 240'])
})

test('lists by id in pages, and previews', async () => {
  const { rig } = await open()
  const { schedules } = rig.scheduler
  for (const id of ['c', 'a', 'b', 'bb']) {
    await schedules.upsert(id, { handler: 'note', payload: id, everyMs: HOUR })
  }
  const page = schedules.list({ limit: 3 })
  expect(page.schedules.map(({ id }) => id)).toEqual(['a', 'b', 'bb'])
  const rest = schedules.list({ limit: 3, cursor: page.cursor ?? '' })
  expect(rest.schedules.map(({ id }) => id)).toEqual(['c'])
  expect(rest.cursor).toBeUndefined()
  expect(schedules.preview('a', { count: 2 })).toEqual([START + HOUR, START + 2 * HOUR])
  expect(schedules.preview('none')).toEqual([])
  expect(schedules.preview({ cron: '0 0 29 2 *' }, { count: 1, after: START })).toEqual([
    Date.UTC(2028, 1, 29),
  ])
})

test('what cannot work is refused when it is upserted', async () => {
  const { rig } = await open()
  const { schedules } = rig.scheduler
  const endless: unknown[] = []
  endless.push(endless)
  const good = { handler: 'note', payload: 1, cron: '0 0 * * *' }
  await expect(schedules.upsert('x', { ...good, handler: 'none' })).rejects.toMatchObject({
    code: 'HANDLER_MISSING',
  })
  await expect(schedules.upsert('x', { ...good, payload: endless })).rejects.toMatchObject({
    code: 'PAYLOAD_INVALID',
  })
  await expect(schedules.upsert('x', { ...good, cron: 'often' })).rejects.toThrow(RangeError)
  await expect(schedules.upsert('', good)).rejects.toThrow(TypeError)
  await expect(schedules.upsert('x', { ...good, dueAt: 1 } as never)).rejects.toThrow(/dueAt/)
  expect(schedules.list().schedules).toEqual([])
})

test('a scheduler does not open while the handler of a schedule is missing', async () => {
  const { rig } = await open()
  const spec = { handler: 'note', payload: 'a', cron: '0 * * * *' }
  await rig.scheduler.schedules.upsert('h', spec)
  await expect(rig.reopen({ handlers: {} })).rejects.toMatchObject({ code: 'HANDLER_MISSING' })
  await rig.start({ run: false })
  expect(await rig.scheduler.schedules.remove('h')).toBe(true)
  await rig.reopen({ run: true })
})

// Checks of the clock would be three million. Only the days around the changes of the clocks have
// occurrences, unless SCHEDULER_CRON_RUNS asks for the long version.
const CHANGES: Readonly<Record<string, readonly number[]>> = {
  'America/New_York': [Date.UTC(2026, 2, 8), Date.UTC(2026, 10, 1)],
  'Europe/Berlin': [Date.UTC(2026, 2, 29), Date.UTC(2026, 9, 25)],
  'Australia/Lord_Howe': [Date.UTC(2026, 3, 5), Date.UTC(2026, 9, 4)],
}

test('over a year, restarts and deploys, three zones run what the oracle says', async () => {
  const zones = Object.keys(CHANGES)
  const patterns = {
    '30 1,2 * * 0': { minutes: [30], hours: [1, 2], weekdays: [0], fixed: true },
    '*/30 1-2 * * 0': { minutes: [0, 30], hours: [1, 2], weekdays: [0], fixed: false },
  }
  const diary = new Diary()
  const rig = await Rig.open({ handlers: noting(diary), clockCheckMs: Number.POSITIVE_INFINITY })
  const spansOf = (zone: string): readonly (readonly [number, number])[] =>
    process.env['SCHEDULER_CRON_RUNS']
      ? [[START + 1, Date.UTC(2027, 0, 1) - 1]]
      : (CHANGES[zone] ?? []).map((day) => [day - DAY, day + DAY])
  const deploy = async (): Promise<void> => {
    for (const timeZone of zones) {
      for (const cron of Object.keys(patterns)) {
        for (const [startAt, endAt] of spansOf(timeZone)) {
          const when = { cron, timeZone, startAt, endAt, misfire: 'all' } as const
          const id = `${timeZone} ${cron} ${startAt}`
          await rig.scheduler.schedules.upsert(id, { handler: 'note', payload: '', ...when })
        }
      }
    }
  }
  await deploy()
  // Some of the ends fall between the two passes of an hour.
  const ends = [
    Date.UTC(2026, 2, 29, 1),
    Date.UTC(2026, 9, 25, 0, 45),
    Date.UTC(2026, 10, 1, 6, 15),
  ]
  for (const [index, end] of [...ends, Date.UTC(2027, 0, 1) - 1].entries()) {
    await rig.pass(end - rig.clock.now())
    await (index % 2 === 0 ? rig.kill() : rig.reopen())
    await deploy()
  }
  const ran = diary.take().sort()
  const wanted = zones.flatMap((zone) => {
    const year = new WallYear(zone, 2026)
    return Object.entries(patterns).flatMap(([cron, pattern]) =>
      year.occurrences(pattern).flatMap((at) =>
        spansOf(zone)
          .filter(([startAt, endAt]) => at >= startAt && at <= endAt)
          .map(([startAt]) => ` ${zone} ${cron} ${startAt} ${(at - START) / MINUTE}`),
      ),
    )
  })
  expect(ran).toEqual(wanted.sort())
}, 120_000)

test('without handlers at work schedules are kept, and fire when they are', async () => {
  const diary = new Diary()
  const rig = await Rig.open({ handlers: noting(diary), run: false })
  await rig.scheduler.schedules.upsert('h', { handler: 'note', payload: 'a', cron: '0 * * * *' })
  await rig.pass(90 * MINUTE)
  expect(diary.take()).toEqual([])
  await rig.reopen({ run: true })
  await rig.pass(0)
  expect(diary.take()).toEqual(['a h 60'])
})
