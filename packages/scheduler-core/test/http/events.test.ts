import { expect, test } from 'vitest'
import { Server, TOKEN } from './server.ts'

interface Sent {
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of an event is its own affair
  readonly data: any
}

/** Reads server-sent events as a browser does. */
async function* eventsOf(response: Response): AsyncGenerator<Sent> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2)
      const event = field('event')
      if (event !== undefined) yield { event, data: JSON.parse(field('data') ?? 'null') }
    }
  }
}

function open(server: Server, query = '', signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${TOKEN}` }
  return fetch(`${server.url}/events${query}`, { headers, ...(signal && { signal }) })
}

async function nextOf(events: AsyncGenerator<Sent>): Promise<Sent> {
  const { value, done } = await events.next()
  if (done === true) throw new Error('the stream has ended')
  return value
}

test('a stream tells what happens, of one queue when asked', async () => {
  const server = await Server.start()
  const response = await open(server, '?queue=q')
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const events = eventsOf(response)
  await server.call('POST', '/tasks', { handler: 'mail', payload: 'a', queue: 'other' })
  const made = await server.call('POST', '/tasks', { handler: 'broken', queue: 'q', key: 'k' })
  const { id } = made.body
  expect(await nextOf(events)).toMatchObject({ event: 'scheduled', data: { id, queue: 'q' } })
  expect(await nextOf(events)).toMatchObject({ event: 'started', data: { id, attempt: 1 } })
  const failed = await nextOf(events)
  expect(failed.data.error).toEqual({ name: 'Error', message: 'on purpose' })
  expect(await nextOf(events)).toMatchObject({ event: 'died', data: { id, key: 'k' } })
  await events.return(undefined)
})

test('a server that closes ends its streams at once', async () => {
  const server = await Server.start()
  const events = eventsOf(await open(server))
  const end = events.next()
  await server.app.close()
  expect((await end).done).toBe(true)
})

test('a scheduler that closes ends the streams; the server lives on', async () => {
  const server = await Server.start()
  const events = eventsOf(await open(server))
  await server.rig.close()
  expect((await events.next()).done).toBe(true)
  expect((await server.call('GET', '/openapi.json')).status).toBe(200)
})

test('there are only so many streams, and one that is left makes room', async () => {
  const server = await Server.start({ maxStreams: 1 })
  const leave = new AbortController()
  await open(server, '', leave.signal)
  const refused = await open(server)
  expect(refused.status).toBe(503)
  await refused.text()
  leave.abort()
  let status = 503
  for (let n = 0; status === 503 && n < 200; n++) {
    const next = new AbortController()
    status = (await open(server, '', next.signal)).status
    next.abort()
  }
  expect(status).toBe(200)
})
