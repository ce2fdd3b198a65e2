import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createApi, isApiError } from '@ashlar/schema-api'
import Fastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { SHOP } from '../support/shop.ts'

const TOKEN = 'a-secret-of-some-length'

describe('answers', () => {
  test('of GET bear a weak ETag, and 304 follows it', async () => {
    const { app } = await fixture(SHOP)
    const first = await app.inject('/items/orders/1')
    const tag = String(first.headers['etag'])
    expect(tag).toMatch(/^W\/"/)
    for (const match of [tag, `"x", ${tag}`, '*', tag.slice(2)]) {
      const again = await app.inject({
        url: '/items/orders/1',
        headers: { 'if-none-match': match },
      })
      expect([match, again.statusCode, again.body]).toEqual([match, 304, ''])
    }
    const payload = JSON.stringify({ note: 'changed' })
    const headers = { 'content-type': 'application/json' }
    await app.inject({ method: 'PATCH', url: '/items/orders/1', headers, payload })
    const changed = await app.inject({ url: '/items/orders/1', headers: { 'if-none-match': tag } })
    expect(changed.statusCode).toBe(200)
    expect(changed.headers['etag']).not.toBe(tag)
  })

  test('of HEAD have no body', async () => {
    const { app } = await fixture(SHOP)
    const head = await app.inject({ method: 'HEAD', url: '/items/orders/1' })
    expect([head.statusCode, head.body]).toEqual([200, ''])
    expect(Number(head.headers['content-length'])).toBeGreaterThan(10)
  })

  test('to SEARCH are those of GET with the query in the body', async () => {
    const { request } = await fixture(SHOP)
    const query = { filter: { id: { _in: [1, 2] } }, fields: ['id', 'customer_id.name'], meta: '*' }
    const { status, body } = await request('SEARCH', '/items/orders', { query })
    expect(status).toBe(200)
    expect(body).toEqual({
      data: [
        { id: 1, customer_id: { name: 'Ada' } },
        { id: 2, customer_id: { name: 'Ada' } },
      ],
      meta: { total_count: 6, filter_count: 2 },
    })
    const without = await request('SEARCH', '/items/orders', {})
    expect(without.body.errors?.[0]?.extensions['code']).toBe('INVALID_PAYLOAD')
  })

  test('to unknown methods are coded', async () => {
    const { request } = await fixture(SHOP)
    const put = await request('PUT', '/items/orders', {})
    expect([put.status, put.headers['allow']]).toEqual([
      405,
      'GET, HEAD, SEARCH, POST, PATCH, DELETE',
    ])
    expect((await request('POST', '/collections', {})).status).toBe(405)
    expect((await request('DELETE', '/server/ping')).status).toBe(405)
  })

  test('to bodies that are not JSON, or too large, are coded', async () => {
    const { app } = await fixture(SHOP, { maxBodyBytes: 200 })
    const post = async (type: string, payload: string) => {
      const headers = { 'content-type': type }
      const answer = await app.inject({ method: 'POST', url: '/items/orders', headers, payload })
      return [answer.statusCode, answer.json().errors[0].extensions.code]
    }
    expect(await post('text/plain', '{}')).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
    expect(await post('application/x-www-form-urlencoded', 'a=1')).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ])
    expect(await post('application/json', '{')).toEqual([400, 'INVALID_PAYLOAD'])
    expect(await post('application/json', '')).toEqual([400, 'INVALID_PAYLOAD'])
    expect(await post('application/json', `{"note":"${'x'.repeat(300)}"}`)).toEqual([
      413,
      'CONTENT_TOO_LARGE',
    ])
  })
})

describe('a token', () => {
  test('is asked of everything but what says only that there is an API', async () => {
    const { request, app } = await fixture(SHOP, { auth: { token: TOKEN } })
    expect((await request('GET', '/server/ping')).text).toBe('pong')
    expect((await request('GET', '/server/health')).body).toEqual({ status: 'ok' })
    expect((await request('GET', '/server/info')).body.data).not.toHaveProperty('queryLimit')
    for (const path of [
      '/items/orders',
      '/collections',
      '/fields',
      '/relations',
      '/server/specs/oas',
    ]) {
      const refused = await request('GET', path)
      expect([path, refused.status]).toEqual([path, 403])
    }
    const wrong = await app.inject({
      url: '/items/orders',
      headers: { authorization: 'Bearer no' },
    })
    expect([wrong.statusCode, wrong.json().errors[0].extensions.code]).toEqual([
      401,
      'INVALID_CREDENTIALS',
    ])
  })

  test('opens the API as header or query, from any host name', async () => {
    const { app, data } = await fixture(SHOP, { auth: { token: TOKEN } })
    const headers = { authorization: `Bearer ${TOKEN}`, host: 'data.example.com' }
    expect((await app.inject({ url: '/items/orders/1', headers })).statusCode).toBe(200)
    expect(await data(`/items/orders/1?fields=id&access_token=${TOKEN}`)).toEqual({ id: 1 })
  })

  test('must be long enough to mean something', async () => {
    const database = new DatabaseSync(':memory:')
    await expect(createApi({ database, auth: { token: 'short' } })).rejects.toThrow(RangeError)
    database.close()
  })
})

describe('without a token', () => {
  const hosts: readonly (readonly [host: string, status: number])[] = [
    ['localhost', 200],
    ['localhost:8055', 200],
    ['LOCALHOST:1', 200],
    ['127.0.0.1:8055', 200],
    ['127.9.9.9', 200],
    ['[::1]:8055', 200],
    ['inside.example', 200],
    ['evil.example', 403],
    ['evil.example:8055', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['192.168.1.5:8055', 403],
  ]
  test.each(hosts)('a request to host "%s" answers %i', async (host, status) => {
    const { app } = await fixture(SHOP, { allowedHosts: ['Inside.example'] })
    expect((await app.inject({ url: '/items/orders/1', headers: { host } })).statusCode).toBe(
      status,
    )
  })

  test('no other site may write', async () => {
    const { app } = await fixture(SHOP)
    const post = async (headers: Record<string, string>) => {
      const answer = await app.inject({
        method: 'POST',
        url: '/items/products',
        headers: { host: 'localhost:8055', 'content-type': 'application/json', ...headers },
        payload: JSON.stringify({ sku: JSON.stringify(headers) }),
      })
      return answer.statusCode
    }
    expect(await post({ origin: 'http://evil.example' })).toBe(403)
    expect(await post({ origin: 'null' })).toBe(403)
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await post({ 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await post({ origin: 'http://localhost:8055', 'sec-fetch-site': 'same-origin' })).toBe(
      200,
    )
    expect(await post({})).toBe(200)
  })
})

describe('limits', () => {
  test('a statement that runs too long is stopped as OUT_OF_TIME, and the next one runs', async () => {
    const { request, data, database } = await fixture(
      'CREATE TABLE n (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES n (id))',
      { statementTimeoutMs: 50 },
    )
    database.exec(`INSERT INTO n (id, parent) WITH RECURSIVE c (i) AS
      (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) SELECT i, i FROM c`)
    const begun = performance.now()
    const slow = await request('GET', '/items/n?sort=-count(n)&fields=id,count(n)')
    expect([slow.status, slow.body.errors?.[0]?.extensions['code']]).toEqual([408, 'OUT_OF_TIME'])
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect(await data('/items/n/7')).toEqual({ id: 7, parent: 7 })
  })

  test('an answer with too many nested rows is refused', async () => {
    const { code, data } = await fixture(SHOP, { maxNestedRows: 4 })
    expect(await code('/items/customers?fields=orders.id')).toBe('INVALID_QUERY')
    expect(await data('/items/customers?fields=orders&deep[orders][_limit]=1')).toHaveLength(4)
  })
})

test('the plugin serves under a prefix of another Fastify server', async () => {
  const { api } = await fixture(SHOP)
  const app = Fastify()
  onTestFinished(() => app.close())
  app.get('/own', async () => ({ mine: true }))
  app.setNotFoundHandler(async () => 'mine, too')
  await app.register(api.plugin, { prefix: '/data' })
  expect((await app.inject('/data/items/orders/1?fields=id')).json()).toEqual({ data: { id: 1 } })
  expect((await app.inject('/own')).json()).toEqual({ mine: true })
  expect((await app.inject('/nope')).body).toBe('mine, too')
  const lost = await app.inject('/data/nope')
  expect(lost.json().errors[0].extensions.code).toBe('ROUTE_NOT_FOUND')
})

describe('a server of its own', () => {
  test('listens on loopback, drains, and closes once', async () => {
    const { api } = await fixture(SHOP)
    const server = await api.listen()
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    const answer = await fetch(`${server.url}/items/orders/1?fields=id`)
    expect(await answer.json()).toEqual({ data: { id: 1 } })
    await api.close()
    await api.close()
    await expect(fetch(server.url)).rejects.toThrow()
    const failed = (async () => api.items('orders').readOne(1))()
    await expect(failed).rejects.toSatisfy((error) => isApiError(error, 'CLOSED'))
    await expect(api.listen()).rejects.toSatisfy((error) => isApiError(error, 'CLOSED'))
  })

  test('finishes a request that is under way when it is told to close', async () => {
    const { api } = await fixture(SHOP)
    const server = await api.listen()
    const body = JSON.stringify({ sku: 'late' })
    const length = { 'content-length': body.length, expect: '100-continue' }
    const headers = { 'content-type': 'application/json', ...length }
    const options = { port: server.port, method: 'POST', path: '/items/products', headers }
    const answered = new Promise<number | undefined>((resolve, reject) => {
      const sending = httpRequest(options, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sending.on('error', reject)
      sending.on('continue', () => {
        api.close().catch(reject)
        sending.end(body)
      })
      sending.flushHeaders()
    })
    expect(await answered).toBe(200)
  })

  test('answers a malformed path in the same shape, and survives malformed HTTP', async () => {
    const { api } = await fixture(SHOP)
    const server = await api.listen()
    const broken = await fetch(`${server.url}/items/%zz`)
    const answer = (await broken.json()) as { errors: { extensions: { code: string } }[] }
    expect(answer.errors[0]?.extensions.code).toBe('ROUTE_NOT_FOUND')
    const lost = await (await fetch(`${server.url}/nowhere?x=1`)).json()
    const extensions = { code: 'ROUTE_NOT_FOUND', path: '/nowhere' }
    expect(lost).toEqual({ errors: [{ message: "Route /nowhere doesn't exist.", extensions }] })
    const raw = await new Promise<string>((resolve, reject) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write('NONSENSE\r\n\r\n'))
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    expect(raw).toMatch(/^HTTP\/1.1 400/)
    expect((await fetch(`${server.url}/server/ping`)).status).toBe(200)
  })
})

describe('opening', () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'schema-api-'))
    onTestFinished(() => rmSync(path, { recursive: true }))
    return path
  }
  const failure = (database: string): Promise<unknown> =>
    createApi({ database }).then(
      () => 'opened',
      (error: unknown) => (isApiError(error) ? error.code : error),
    )

  test('takes paths and URLs, and keeps reads and writes of a file apart', async () => {
    const path = join(folder(), 'shop.db')
    const made = new DatabaseSync(path)
    made.exec(SHOP)
    made.close()
    for (const database of [path, `sqlite:${path}`, `sqlite://${path}`]) {
      await using api = await createApi({ database })
      const [{ id } = {}] = await api.items('customers').createMany([{ name: 'x' }])
      expect(await api.items('customers').readOne(Number(id), { fields: 'name' })).toEqual({
        name: 'x',
      })
    }
  })

  test('refuses what is not there, is not SQLite, or is not supported', async () => {
    const path = join(folder(), 'text.db')
    expect(await failure(path)).toBe('DATABASE_NOT_FOUND')
    writeFileSync(path, 'this is a text, and a longer one than the header of a database'.repeat(50))
    expect(await failure(path)).toBe('DATABASE_UNREADABLE')
    expect(await failure('postgres://localhost/x')).toBe('DATABASE_UNSUPPORTED')
    expect(await failure('')).toBeInstanceOf(TypeError)
  })

  test('refuses options that cannot be, by name', async () => {
    const database = new DatabaseSync(':memory:')
    onTestFinished(() => database.close())
    const message = (options: object): Promise<string> =>
      createApi({ database, ...options }).then(
        () => 'opened',
        (error: Error) => `${error.name}: ${error.message}`,
      )
    expect(await message({ maxLimit: 0 })).toMatch(/^RangeError: options\.maxLimit/)
    expect(await message({ maxDepth: 'x' })).toMatch(/^TypeError: options\.maxDepth/)
    expect(await message({ defaultLimit: 50, maxLimit: 10 })).toMatch(/options\.defaultLimit/)
  })
})
