import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { createAdapter } from '@socket.io/redis-adapter'
import { RedisStore } from 'connect-redis'
import session from 'express-session'
import { Redis } from 'ioredis'
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import { Server as SocketServer } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

describe('frameworks run on this server as they are', () => {
  let server: RespServer
  let port: number

  beforeEach(async () => {
    server = await createServer({ port: 0 })
    port = server.address.port as number
  })

  afterEach(async () => {
    await server.close()
  })

  test('connect-redis keeps the sessions of an HTTP server', async () => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` })
    await client.connect()
    const store = new RedisStore({ client, ttl: 60 })
    const handle = session({ store, secret: 'secret', resave: false, saveUninitialized: true })
    type Request = Parameters<typeof handle>[0]
    type Response = Parameters<typeof handle>[1]
    const http = createHttpServer((request, response) => {
      // express' own request is a Node request: the middleware adds `session`
      const web = request as unknown as Request
      handle(web, response as unknown as Response, () => {
        const current = web.session as unknown as { views?: number }
        current.views = (current.views ?? 0) + 1
        response.end(String(current.views))
      })
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    const address = http.address() as { port: number }
    const url = `http://127.0.0.1:${address.port}/`
    const first = await fetch(url)
    const cookie = (first.headers.get('set-cookie') as string).split(';')[0] as string
    expect(await first.text()).toBe('1')
    for (const views of ['2', '3']) {
      expect(await (await fetch(url, { headers: { cookie } })).text()).toBe(views)
    }
    expect(await store.length()).toBe(1)
    await store.clear()
    expect(await (await fetch(url, { headers: { cookie } })).text()).toBe('1')
    http.close()
    http.closeAllConnections()
    await client.close()
  })

  test('rate-limiter-flexible counts and blocks', async () => {
    const storeClient = new Redis({ port })
    const limiter = new RateLimiterRedis({
      storeClient,
      points: 3,
      duration: 60,
      blockDuration: 30,
    })
    const left: number[] = []
    for (let count = 0; count < 3; count += 1)
      left.push((await limiter.consume('user')).remainingPoints)
    expect(left).toEqual([2, 1, 0])
    const refused = await limiter.consume('user').catch((reason: RateLimiterRes) => reason)
    expect(refused.msBeforeNext).toBeGreaterThan(29_000)
    expect((await limiter.get('user'))?.consumedPoints).toBe(4)
    await limiter.delete('user')
    await Promise.all(Array.from({ length: 3 }, () => limiter.consume('user')))
    await expect(limiter.consume('user')).rejects.toMatchObject({ remainingPoints: 0 })
    storeClient.disconnect()
  })

  test('socket.io spreads messages over two servers', async () => {
    const clients: Redis[] = []
    const nodes = await Promise.all(
      [0, 1].map(async () => {
        const publisher = new Redis({ port })
        const subscriber = publisher.duplicate()
        clients.push(publisher, subscriber)
        const http = createHttpServer()
        const node = new SocketServer(http, { adapter: createAdapter(publisher, subscriber) })
        node.on('connection', (socket) =>
          socket.on('join', (room, done) => {
            void socket.join(room)
            done()
          }),
        )
        http.listen(0, '127.0.0.1')
        await once(http, 'listening')
        return { node, url: `http://127.0.0.1:${(http.address() as { port: number }).port}` }
      }),
    )
    const [one, two] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
    const connect = async (url: string): Promise<Socket> => {
      const socket = io(url, { transports: ['websocket'], reconnection: false })
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve).once('connect_error', reject)
      })
      await socket.emitWithAck('join', 'room')
      return socket
    }
    const [here, there] = [await connect(one.url), await connect(two.url)]
    const heard = Promise.all(
      [here, there].map((socket) => new Promise((resolve) => socket.once('news', resolve))),
    )
    expect((await one.node.in('room').fetchSockets()).length).toBe(2)
    one.node.to('room').emit('news', { text: 'for all' })
    expect(await heard).toEqual([{ text: 'for all' }, { text: 'for all' }])
    for (const socket of [here, there]) socket.disconnect()
    for (const { node } of nodes) await node.close()
    // behind the last requests of the adapter, which nobody waits for
    await Promise.all(clients.map((client) => client.quit()))
  })

  test('redis-py', async () => {
    const script = fileURLToPath(new URL('support/redis-py.py', import.meta.url))
    const { stdout } = await promisify(execFile)('/usr/bin/python3', [script, String(port)])
    expect(JSON.parse(stdout)).toEqual({
      version: expect.any(String),
      get: 'hello',
      ttl: true,
      pipeline: [
        2,
        { a: '1', b: '2' },
        2,
        [
          ['x', 1.5],
          ['y', 2],
        ],
      ],
      transactions: '80',
      script: ['k', 42],
      message: 'it works',
      stream: { event: 'start' },
      acked: 1,
      locked: 1,
      unlocked: 0,
      blpop: ['queue', 'job'],
      scan: ['counter', 'greeting'],
      error: 'WRONGTYPE Operation against a key holding the wrong kind of value',
      info: 'standalone',
      config: { databases: '16' },
      clients: true,
    })
  })
})
