import { expect, test } from 'vitest'
import { Server } from './server.ts'

const WAIT = '/end?timeoutMs=50000'

test('a flow is stored whole, and its last task awaited', async () => {
  const server = await Server.start()
  const made = await server.call('POST', '/flows', {
    tasks: {
      one: { handler: 'mail', payload: 'ada' },
      two: { handler: 'mail', payload: 'bob' },
      both: { handler: 'bytes', children: ['one', 'two'], onChildFailed: 'ignore' },
    },
  })
  expect(made.status).toBe(201)
  expect(Object.keys(made.body.ids)).toEqual(['one', 'two', 'both'])
  const end = await server.call('GET', `/tasks/${made.body.ids.both}${WAIT}`)
  expect(end).toMatchObject({ status: 200, body: { state: 'completed' } })
  expect(end.body.result).toEqual({ big: '18446744073709551616', raw: { base64: 'AQI=' } })
})

test('a flow that cannot be is refused', async () => {
  const server = await Server.start()
  const code = async (body: unknown) => {
    const answer = await server.call('POST', '/flows', body)
    return `${answer.status} ${answer.body.error.code}`
  }
  const mail = { handler: 'mail', payload: 'ada' }
  const invalid = '400 REQUEST_INVALID'
  expect(await code({ tasks: {} })).toBe(invalid)
  expect(await code({ tasks: { a: { ...mail, children: ['b'] } } })).toBe(invalid)
  expect(await code({ tasks: { a: { ...mail, children: ['a'] } } })).toBe(invalid)
  expect(await code({ tasks: { a: { ...mail, chidlren: [] } } })).toBe(invalid)
  expect(await code({ tasks: { a: { ...mail, uniqueKey: 'u' } } })).toBe(invalid)
  expect(await code({ tasks: { a: mail }, name: 'x' })).toBe(invalid)
  expect(await code({ tasks: { a: { handler: 'nobody' } } })).toBe('422 HANDLER_MISSING')
  expect(server.rig.scheduler.counts()).toMatchObject({ scheduled: 0, blocked: 0 })
})

test('the end of a task is told when it comes: done, dead, cancelled', async () => {
  const server = await Server.start()
  const make = async (handler: string): Promise<string> =>
    (await server.call('POST', '/tasks', { handler, payload: 'ada', delayMs: 1_000 })).body.id
  const ids = [await make('mail'), await make('broken'), await make('mail')]
  const ends = ids.map((id) => server.call('GET', `/tasks/${id}${WAIT}`))
  await waiting(server, 3)
  await server.call('DELETE', `/tasks/${ids[2]}`)
  await server.rig.pass(1_000)
  expect((await Promise.all(ends)).map(({ body }) => body)).toMatchObject([
    { state: 'completed', result: 'to ada' },
    { state: 'dead', failure: { message: 'on purpose' } },
    { state: 'cancelled' },
  ])
  expect((await server.call('GET', '/tasks/junk/end')).body.error.code).toBe('TASK_UNKNOWN')
})

test('a wait that is over before the task is answered pending, and no more than so many wait', async () => {
  const server = await Server.start({ maxWaiters: 1 })
  const spec = { handler: 'mail', payload: 'ada', delayMs: 1_000 }
  const { body } = await server.call('POST', '/tasks', spec)
  const path = `/tasks/${body.id}/end?timeoutMs=`
  expect((await server.call('GET', `${path}0`)).body).toEqual({ state: 'pending' })
  const first = server.call('GET', `${path}50000`)
  await waiting(server, 1)
  const second = await server.call('GET', `${path}0`)
  expect(second).toMatchObject({ status: 503, body: { error: { code: 'TOO_MANY_WAITERS' } } })
  expect((await server.call('GET', `${path}60000`)).status).toBe(400)
  await server.app.close() // which waits for no poll
  expect((await first).body).toEqual({ state: 'pending' })
})

test('a client that leaves waits no longer', async () => {
  const server = await Server.start({ maxWaiters: 1 })
  const spec = { handler: 'mail', payload: 'ada', delayMs: 1_000 }
  const { body } = await server.call('POST', '/tasks', spec)
  const left = new AbortController()
  const headers = { authorization: 'Bearer a-secret-of-tests' }
  const url = `${server.url}/tasks/${body.id}/end`
  const poll = fetch(url, { headers, signal: left.signal })
  await waiting(server, 1)
  left.abort()
  await expect(poll).rejects.toThrow()
  await waiting(server, 0)
  expect((await server.call('GET', `/tasks/${body.id}/end?timeoutMs=0`)).status).toBe(200)
})

test('one key is paused and resumed, beside the others of its queue', async () => {
  const server = await Server.start()
  const spec = { handler: 'mail', payload: 'x', queue: 'q' }
  const paused = await server.call('POST', '/queues/q/pause?key=ada&tenant=acme')
  expect(paused).toMatchObject({ status: 200, body: { outcome: 'paused' } })
  const made = [
    { ...spec, key: 'ada', tenant: 'acme' },
    { ...spec, key: 'bob', tenant: 'acme' },
    { ...spec, key: 'ada' },
  ]
  await server.call('POST', '/tasks/bulk', { tasks: made })
  await server.rig.pass(1)
  expect((await server.call('GET', '/queues/q')).body).toMatchObject({
    completed: 2,
    paused: false,
  })
  await server.call('POST', '/queues/q/resume?key=ada&tenant=acme')
  await server.rig.pass(1)
  expect((await server.call('GET', '/queues/q')).body).toMatchObject({ completed: 3 })
  expect((await server.call('POST', '/queues/q/pause?tenant=acme')).status).toBe(400)
  expect((await server.call('POST', '/queues/q/pause?kye=ada')).status).toBe(400)
})

/** Until so many requests wait for the end of a task, as the scheduler knows of it. */
async function waiting(server: Server, count: number): Promise<void> {
  while (server.waiting !== count) await new Promise((resolve) => setImmediate(resolve))
}
