import { describe, expect, test } from 'vitest'
import { START } from '../rig.ts'
import { Server } from './server.ts'

describe('a task over HTTP', () => {
  test('is scheduled, shown, moved, run, and shown with its result', async () => {
    const server = await Server.start()
    const made = await server.call('POST', '/tasks', {
      handler: 'mail',
      payload: 'ada',
      key: 'ada',
      dueAt: new Date(START + 60_000).toISOString(),
    })
    expect(made).toMatchObject({ status: 201, body: { outcome: 'created' } })
    const path = `/tasks/${made.body.id}`
    const scheduled = { state: 'scheduled', key: 'ada', payload: 'ada', dueAt: START + 60_000 }
    expect(await server.call('GET', path)).toMatchObject({ status: 200, body: scheduled })
    const moved = await server.call('PATCH', path, { delayMs: 1_000 })
    expect(moved).toMatchObject({ status: 200, body: { outcome: 'rescheduled' } })
    const edited = await server.call('PATCH', path, { payload: 'bob', priority: 3 })
    expect(edited).toMatchObject({ status: 200, body: { outcome: 'edited' } })
    const found = await server.call('GET', '/tasks?text=bob&handler=mail')
    expect(found.body.tasks).toMatchObject([{ priority: 3, payload: 'bob' }])
    await server.rig.pass(1_000)
    const done = await server.call('GET', path)
    expect(done.body).toMatchObject({ state: 'completed', result: 'to bob', attempts: 1 })
    expect(await server.call('DELETE', path)).toMatchObject({
      status: 409,
      body: { error: { code: 'TASK_TOO_LATE' } },
    })
  })

  test('is cancelled for good, and is then unknown', async () => {
    const server = await Server.start()
    const spec = { handler: 'mail', payload: 'ada', delayMs: 1_000 }
    const { body } = await server.call('POST', '/tasks', spec)
    const cancelled = await server.call('DELETE', `/tasks/${body.id}`)
    expect(cancelled).toMatchObject({ status: 200, body: { outcome: 'cancelled' } })
    for (const [method, path, sent] of [
      ['GET', `/tasks/${body.id}`],
      ['DELETE', `/tasks/${body.id}`],
      ['PATCH', `/tasks/${body.id}`, { delayMs: 1 }],
      ['POST', `/tasks/${body.id}/redrive`],
      ['POST', `/tasks/${body.id}/discard`],
      ['GET', '/tasks/junk'],
    ] as const) {
      const answer = await server.call(method, path, sent)
      expect(answer).toMatchObject({ status: 404, body: { error: { code: 'TASK_UNKNOWN' } } })
    }
  })

  test('that died is listed, redriven and discarded', async () => {
    const server = await Server.start()
    const specs = [1, 2, 3].map((n) => ({ handler: 'broken', payload: n, queue: 'q' }))
    const made = await server.call('POST', '/tasks/bulk', { tasks: specs })
    expect(made.body.results).toHaveLength(3)
    await server.rig.pass(1)
    const dead = await server.call('GET', '/tasks?state=dead&queue=q&limit=2')
    expect(dead.body.tasks).toHaveLength(2)
    expect(dead.body.tasks[0].failure).toMatchObject({ name: 'Error', message: 'on purpose' })
    const rest = await server.call('GET', `/tasks?state=dead&queue=q&cursor=${dead.body.cursor}`)
    expect(rest.body.tasks).toHaveLength(1)
    await server.call('POST', '/queues/q/pause')
    const [first, second] = dead.body.tasks
    const redriven = await server.call('POST', `/tasks/${first.id}/redrive`)
    expect(redriven).toMatchObject({ status: 200, body: { redriven: 1 } })
    const discarded = await server.call('POST', `/tasks/${second.id}/discard`)
    expect(discarded).toMatchObject({ status: 200, body: { outcome: 'discarded' } })
    expect((await server.call('POST', '/queues/q/redrive')).body).toEqual({ redriven: 1 })
    const queue = await server.call('GET', '/queues/q')
    expect(queue.body).toMatchObject({ name: 'q', paused: true, scheduled: 2, dead: 0 })
  })

  test('with a result that JSON does not know is shown all the same', async () => {
    const server = await Server.start()
    const { body } = await server.call('POST', '/tasks', { handler: 'bytes' })
    await server.rig.pass(1)
    const { result } = (await server.call('GET', `/tasks/${body.id}`)).body
    expect(result).toEqual({ big: '18446744073709551616', raw: { base64: 'AQI=' } })
  })

  test('continues the trace of the request that schedules it', async () => {
    const server = await Server.start()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const events = server.rig.scheduler.watch()
    const headers = { authorization: 'Bearer a-secret-of-tests', traceparent }
    const made = await server.call('POST', '/tasks', { handler: 'mail', payload: 'a' }, headers)
    const junk = { ...headers, traceparent: 'junk' }
    const other = await server.call('POST', '/tasks', { handler: 'mail', payload: 'a' }, junk)
    expect([made.status, other.status]).toEqual([201, 201])
    await events.return?.()
  })
})

describe('a request that cannot be served', () => {
  test('says why: malformed, unknown handler, taken key', async () => {
    const server = await Server.start()
    const code = async (method: string, path: string, body?: unknown) => {
      const answer = await server.call(method, path, body)
      return `${answer.status} ${answer.body.error.code}`
    }
    const spec = { handler: 'mail', payload: 'x', delayMs: 1_000 }
    expect(await code('POST', '/tasks', { payload: 1 })).toBe('400 REQUEST_INVALID')
    expect(await code('POST', '/tasks', { ...spec, dealyMs: 1 })).toBe('400 REQUEST_INVALID')
    expect(await code('POST', '/tasks', { ...spec, dueAt: 1 })).toBe('400 REQUEST_INVALID')
    expect(await code('POST', '/tasks', { handler: 'mail', dueAt: 'noon' })).toBe(
      '400 REQUEST_INVALID',
    )
    expect(await code('POST', '/tasks/bulk', { tasks: [{ ...spec, kye: 'a' }] })).toBe(
      '400 REQUEST_INVALID',
    )
    expect(await code('PATCH', '/tasks/x', { payload: 1, delayMs: 1 })).toBe('400 REQUEST_INVALID')
    expect(await code('GET', '/tasks?state=asleep')).toBe('400 REQUEST_INVALID')
    expect(await code('GET', '/tasks?colour=red')).toBe('400 REQUEST_INVALID')
    expect(await code('GET', '/tasks?cursor=x')).toBe('400 REQUEST_INVALID')
    expect(await code('POST', '/tasks', { handler: 'nobody' })).toBe('422 HANDLER_MISSING')
    const unique = { ...spec, uniqueKey: 'u', onConflict: 'reject' }
    await server.call('POST', '/tasks', unique)
    const taken = await server.call('POST', '/tasks', unique)
    expect(taken).toMatchObject({ status: 409, body: { error: { code: 'TASK_EXISTS' } } })
    expect(taken.body.error.taskId).toHaveLength(26)
    expect(await code('GET', '/queues/none')).toBe('404 QUEUE_UNKNOWN')
    expect(server.rig.scheduler.counts().scheduled).toBe(1)
  })

  test('of a closed scheduler may be tried again', async () => {
    const server = await Server.start()
    await server.rig.close()
    const answer = await server.call('POST', '/tasks', { handler: 'mail', payload: 'x' })
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'SCHEDULER_CLOSED' } } })
    expect(answer.headers.get('retry-after')).toBe('1')
  })
})
