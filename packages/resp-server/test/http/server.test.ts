import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { openApiDocument, respHttp } from '@ashlar/resp-server/http'
import { Validator } from '@seriousme/openapi-schema-validator'
import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { basic, HttpRig } from './rig.ts'

test('a command answers as JSON, an error reply as a failure', async () => {
  await using rig = await HttpRig.start()
  const run = async (...command: unknown[]) => rig.call('POST', '/commands', { command })
  await run('HSET', 'h', 'a', 1)
  expect((await run('HGETALL', 'h')).body).toEqual({ reply: { a: '1' } })
  expect((await run('GET', 'nothing')).body).toEqual({ reply: null })
  await run('SET', 'k', { base64: '/w==' })
  expect((await run('GET', 'k')).body).toEqual({ reply: { base64: '/w==' } })
  expect(await run('LPUSH', 'k', 'x')).toMatchObject({
    status: 409,
    body: { error: { code: 'WRONGTYPE' } },
  })
  expect(await run('NOPE')).toMatchObject({ status: 422, body: { error: { code: 'ERR' } } })
  expect((await rig.call('POST', '/commands', { command: [] })).status).toBe(400)
  expect((await rig.call('POST', '/commands', { command: ['PING'], more: 1 })).status).toBe(400)
  expect((await rig.call('POST', '/commands?db=3', { command: ['SET', 'x', '1'] })).status).toBe(
    200,
  )
  expect(await rig.run('EXISTS x')).toBe(0)
  expect((await rig.call('GET', '/keys?db=3')).body).toMatchObject({ keys: [{ key: 'x' }] })
  expect((await rig.call('GET', '/keys?db=99')).status).toBe(422)
})

describe('users', () => {
  test('hold for every route as they do for sockets', async () => {
    await using rig = await HttpRig.start()
    await rig.run('ACL SETUSER reader on >secret ~pub:* +get +type +pttl +strlen +getrange')
    await rig.run('SET pub:1 x')
    await rig.run('SET own x')
    const reader = basic('reader', 'secret')
    expect((await rig.call('GET', '/key?key=pub:1', undefined, reader)).body).toMatchObject({
      value: 'x',
    })
    expect(await rig.call('GET', '/key?key=own', undefined, reader)).toMatchObject({
      status: 403,
      body: { error: { code: 'NOPERM' } },
    })
    for (const [method, path] of [
      ['GET', '/keys'],
      ['GET', '/metrics'],
      ['GET', '/monitor'],
      ['GET', '/messages?channel=c'],
      ['GET', '/clients'],
      ['DELETE', '/slowlog'],
      ['DELETE', '/key?key=pub:1'],
    ] as const) {
      expect((await rig.call(method, path, undefined, reader)).status).toBe(403)
    }
    expect(await rig.call('GET', '/keys', undefined, basic('reader', 'wrong'))).toMatchObject({
      status: 401,
      body: { error: { code: 'WRONGPASS' } },
    })
    expect(await rig.run('ACL LOG')).not.toEqual([])
  })

  test('are asked for where the default user has a password', async () => {
    await using rig = await HttpRig.start({}, { requirePass: 'pass' })
    const refused = await rig.call('GET', '/keys')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Basic/)
    expect((await rig.call('GET', '/keys', undefined, basic('default', 'pass'))).status).toBe(200)
    expect((await rig.call('GET', '/keys', undefined, { authorization: 'Bearer x' })).status).toBe(
      401,
    )
  })

  test('without a name come from this machine only, and never from pages of others', async () => {
    await using rig = await HttpRig.start()
    const { port } = new URL(rig.url)
    const status = async (headers: Readonly<Record<string, string>>) => {
      const request = get({ port, path: '/keys', headers })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      return response.statusCode
    }
    expect(await status({})).toBe(200)
    expect(await status({ origin: `http://localhost:${port}` })).toBe(200)
    expect(await status({ host: 'rebound.example' })).toBe(401)
    expect(await status({ origin: 'https://evil.example' })).toBe(403)
    expect(await status({ 'sec-fetch-site': 'cross-site', ...basic('default', '') })).toBe(403)
    await using closed = await HttpRig.start({ anonymous: 'refuse' })
    expect((await closed.call('GET', '/keys')).status).toBe(401)
  })
})

test('figures are there for people and for Prometheus', async () => {
  await using rig = await HttpRig.start({}, { config: { 'slowlog-log-slower-than': '0' }, port: 0 })
  await rig.run('SET a 1')
  await rig.run('GET a')
  await rig.run('GET b')
  expect((await rig.call('GET', '/info?section=server')).body).toMatchObject({
    server: { redis_mode: 'standalone' },
  })
  const { entries } = (await rig.call('GET', '/slowlog')).body as { entries: unknown[] }
  expect(entries).toContainEqual(expect.objectContaining({ command: ['GET', 'a'] }))
  expect((await rig.call('DELETE', '/slowlog')).status).toBe(200)
  expect((await rig.call('GET', '/latency')).body).toEqual({ events: [] })
  const { clients } = (await rig.call('GET', '/clients')).body as { clients: { id: string }[] }
  expect(clients.length).toBeGreaterThan(0)
  expect((await rig.call('DELETE', '/clients?id=999999')).body).toEqual({ outcome: 'unknown' })
  const metrics = await rig.call('GET', '/metrics')
  expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
  const text = String(metrics.body)
  expect(text).toMatch(/^ashlar_resp_up 1$/m)
  expect(text).toMatch(/^ashlar_resp_keys\{db="0"\} 1$/m)
  expect(text).toMatch(/^ashlar_resp_keyspace_misses_total 1$/m)
  expect(text).toMatch(/^ashlar_resp_command_seconds_count\{command="get"\} 2$/m)
  expect(text).toMatch(/^ashlar_resp_command_seconds_bucket\{command="get",le="\+Inf"\} 2$/m)
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(?:# (?:HELP|TYPE) |[a-z_]+(?:\{[^}]*\})? -?[\d.e+-]+$)/)
  }
  expect((await rig.call('GET', '/metrics.json')).body).toMatchObject({
    byCommand: { get: { calls: 2 } },
  })
})

test('the OpenAPI document is valid and names every route', async () => {
  await using rig = await HttpRig.start()
  const { body } = await rig.call('GET', '/openapi.json')
  const result = await new Validator().validate(structuredClone(body) as Record<string, unknown>)
  expect(result).toMatchObject({ valid: true })
  expect(Object.keys(openApiDocument().paths)).toEqual(
    expect.arrayContaining(['/keys', '/key', '/commands', '/messages', '/monitor', '/metrics']),
  )
})

/** Lines of a stream of events, as they come. */
async function listen(rig: HttpRig, path: string) {
  const request = get(`${rig.url}${path}`)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(response.headers['content-type']).toContain('text/event-stream')
  let text = ''
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  return {
    async until(wanted: string): Promise<string> {
      while (!text.includes(wanted)) await once(response, 'data')
      return text
    },
    async leave(): Promise<void> {
      request.destroy()
      await once(response, 'close').catch(() => undefined)
    },
  }
}

describe('streams', () => {
  test('of channels and patterns bring messages, and end when the client leaves', async () => {
    await using rig = await HttpRig.start()
    const stream = await listen(rig, '/messages?channel=news&channel=more&pattern=log.*')
    await stream.until('retry')
    await rig.run('PUBLISH news hello')
    await rig.run('PUBLISH log.app line')
    const text = await stream.until('line')
    expect(text).toContain('data: {"channel":"news","message":"hello"}')
    expect(text).toContain('data: {"pattern":"log.*","channel":"log.app","message":"line"}')
    await stream.leave()
    while ((await rig.run('PUBLISH news again')) !== 0) await new Promise(setImmediate)
  })

  test('of MONITOR shows every command', async () => {
    await using rig = await HttpRig.start()
    const stream = await listen(rig, '/monitor')
    await stream.until('retry')
    await rig.run('SET seen 1')
    expect(await stream.until('seen')).toContain('"command":"\\"SET\\" \\"seen\\" \\"1\\""')
    await stream.leave()
  })

  test('are bounded, and end when the server closes', async () => {
    const rig = await HttpRig.start({ maxStreams: 1 })
    const stream = await listen(rig, '/messages?channel=c')
    await stream.until('retry')
    expect(await rig.call('GET', '/monitor')).toMatchObject({
      status: 503,
      body: { error: { code: 'TOO_MANY_STREAMS' } },
    })
    expect((await rig.call('GET', '/messages')).status).toBe(400)
    await rig[Symbol.asyncDispose]()
  })

  test('tell a slow reader what it missed', async () => {
    await using rig = await HttpRig.start({ maxQueued: 2 })
    const stream = await listen(rig, '/messages?channel=c')
    await stream.until('retry')
    const client = rig.server.createClient()
    await client.execute(['EVAL', "for i = 1, 50 do redis.call('PUBLISH', 'c', i) end", 0])
    expect(await stream.until('missed')).toContain('data: {"count":48}')
    await stream.leave()
  })
})

test.each([
  [{}, 'server must be given'],
  [{ anonymous: 'some' }, 'anonymous'],
  [{ maxStreams: 0 }, 'maxStreams'],
])('options %j are refused', async (options, message) => {
  await using rig = await HttpRig.start()
  const app = fastify()
  const given = Object.keys(options).length === 0 ? {} : { server: rig.server, ...options }
  const register = async () => app.register(respHttp, given as never)
  await expect(register()).rejects.toThrow(message)
})
