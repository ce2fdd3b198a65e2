import { expect, test } from 'vitest'
import { START } from '../rig.ts'
import { Server } from './server.ts'

const HOUR_MS = 3_600_000
const hourly = { handler: 'mail', payload: 'ada', cron: '0 * * * *' }

test('a schedule is made, shown, changed and removed', async () => {
  const server = await Server.start()
  const put = async (body: object) => (await server.call('PUT', '/schedules/report', body)).body
  expect(await put(hourly)).toEqual({ outcome: 'created' })
  expect(await put(hourly)).toEqual({ outcome: 'unchanged' })
  const until = new Date(START + 5 * HOUR_MS).toISOString()
  const spec = { ...hourly, tenant: 'acme', endAt: until, misfire: { windowMs: 1_000 } }
  expect(await put(spec)).toEqual({ outcome: 'updated' })
  const shown = await server.call('GET', '/schedules/report')
  expect(shown).toMatchObject({
    status: 200,
    body: { pattern: '0 * * * *', nextAt: START + HOUR_MS, endAt: START + 5 * HOUR_MS },
  })
  expect(shown.body).toMatchObject({ tenant: 'acme', misfire: { windowMs: 1_000 } })
  await server.rig.pass(HOUR_MS)
  expect(server.rig.scheduler.counts().completed).toBe(1)
  const removed = await server.call('DELETE', '/schedules/report')
  expect(removed).toMatchObject({ status: 200, body: { outcome: 'removed' } })
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/times'],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['POST', '/trigger'],
  ] as const) {
    const answer = await server.call(method, `/schedules/report${path}`)
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'SCHEDULE_UNKNOWN' } } })
  }
})

test('schedules are listed page by page', async () => {
  const server = await Server.start()
  for (const id of ['a', 'b', 'c']) await server.call('PUT', `/schedules/${id}`, hourly)
  const first = (await server.call('GET', '/schedules?limit=2')).body
  expect(first.schedules.map(({ id }: { id: string }) => id)).toEqual(['a', 'b'])
  const second = (await server.call('GET', `/schedules?cursor=${first.cursor}`)).body
  expect(second.schedules.map(({ id }: { id: string }) => id)).toEqual(['c'])
  expect(second.cursor).toBeUndefined()
})

test('a paused schedule makes nothing, a triggered one makes a task at once', async () => {
  const server = await Server.start()
  await server.call('PUT', '/schedules/s', hourly)
  expect((await server.call('POST', '/schedules/s/pause')).body).toEqual({ outcome: 'paused' })
  await server.rig.pass(2 * HOUR_MS)
  expect(server.rig.scheduler.counts().completed).toBe(0)
  expect((await server.call('POST', '/schedules/s/resume')).body).toEqual({ outcome: 'resumed' })
  const triggered = await server.call('POST', '/schedules/s/trigger')
  expect(triggered).toMatchObject({ status: 201, body: { outcome: 'created' } })
  await server.rig.pass(1)
  const made = await server.call('GET', `/tasks/${triggered.body.id}`)
  expect(made.body).toMatchObject({ state: 'completed', result: 'to ada' })
  await server.rig.pass(HOUR_MS)
  expect(server.rig.scheduler.metrics().completed).toBe(2)
})

test('the next times are told, of a schedule and of a timing that is none yet', async () => {
  const server = await Server.start()
  await server.call('PUT', '/schedules/s', hourly)
  const stored = await server.call('GET', `/schedules/s/times?count=2&after=${START + HOUR_MS}`)
  expect(stored.body).toEqual({ times: [START + 2 * HOUR_MS, START + 3 * HOUR_MS] })
  const timing = { cron: '30 2 * * *', timeZone: 'Europe/Berlin', count: 1 }
  const body = { ...timing, after: '2026-03-28T12:00:00Z' }
  const given = await server.call('POST', '/schedules/preview', body)
  expect(given).toMatchObject({ status: 200, body: { times: [Date.UTC(2026, 2, 29, 1)] } })
})

test('what cannot be a schedule is refused, and nothing is stored', async () => {
  const server = await Server.start()
  const code = async (body: object, path = '/schedules/s', method = 'PUT') => {
    const answer = await server.call(method, path, body)
    return `${answer.status} ${answer.body.error.code}`
  }
  const invalid = '400 REQUEST_INVALID'
  expect(await code({ handler: 'mail' })).toBe(invalid)
  expect(await code({ ...hourly, corn: '* * * * *' })).toBe(invalid)
  expect(await code({ ...hourly, uniqueKey: 'u' })).toBe(invalid)
  expect(await code({ ...hourly, delayMs: 1 })).toBe(invalid)
  expect(await code({ ...hourly, cron: 'never' })).toBe(invalid)
  expect(await code({ ...hourly, everyMs: 1_000 })).toBe(invalid)
  expect(await code({ ...hourly, timeZone: 'Mars/Olympus' })).toBe(invalid)
  expect(await code({ ...hourly, misfire: 'maybe' })).toBe(invalid)
  expect(await code({ ...hourly, misfire: { windowMs: 1, widnowMs: 2 } })).toBe(invalid)
  expect(await code({ ...hourly, backoff: { baesMs: 1 } })).toBe(invalid)
  expect(await code({ ...hourly, startAt: 'noon' })).toBe(invalid)
  expect(await code({ ...hourly, handler: 'nobody' })).toBe('422 HANDLER_MISSING')
  expect(await code({ cron: '0 0 * * *', when: 1 }, '/schedules/preview', 'POST')).toBe(invalid)
  expect(await code({ cron: '61 0 * * *' }, '/schedules/preview', 'POST')).toBe(invalid)
  const { body } = await server.call('GET', '/schedules')
  expect(body.schedules).toEqual([])
})
