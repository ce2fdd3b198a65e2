import { createServer, type RespServer } from '@ashlar/resp-server'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

describe('common clients, unmodified', () => {
  let server: RespServer
  let port: number

  beforeAll(async () => {
    server = await createServer({ port: 0, requirePass: 'secret' })
    port = server.address.port as number
  })

  afterAll(() => server.close())

  test('ioredis: handshake, pipelines, transactions, blocking pops, scan streams', async () => {
    const redis = new Redis({ port, password: 'secret', db: 2, connectionName: 'io' })
    expect(await redis.client('GETNAME')).toBe('io')
    await redis.flushdb()
    const results = await redis
      .pipeline()
      .set('a', 1)
      .incr('a')
      .hset('h', { x: '1', y: '2' })
      .exec()
    expect(results?.map(([error]) => error)).toEqual([null, null, null])
    expect(await redis.hgetall('h')).toEqual({ x: '1', y: '2' })
    await redis.watch('a')
    expect(await redis.multi().incr('a').get('a').exec()).toEqual([
      [null, 3],
      [null, '3'],
    ])
    const blocked = redis.duplicate()
    const popped = blocked.blpop('queue', 0)
    await redis.rpush('queue', 'job')
    expect(await popped).toEqual(['queue', 'job'])
    await redis.mset(Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n])))
    const seen = new Set<string>()
    for await (const keys of redis.scanStream({ match: 'k*', count: 50 })) {
      for (const key of keys as string[]) seen.add(key)
    }
    expect(seen.size).toBe(500)
    expect(await redis.call('ZADD', 'z', '1', 'one', '+inf', 'top')).toBe(2)
    expect(await redis.zrange('z', '0', '-1', 'WITHSCORES')).toEqual(['one', '1', 'top', 'inf'])
    await expect(redis.call('NOSUCH')).rejects.toThrow('unknown command')
    blocked.disconnect()
    await redis.quit()
  })

  test.each([2, 3] as const)('node-redis with RESP%i', async (RESP) => {
    const url = `redis://:secret@127.0.0.1:${port}/3`
    const client = await createClient({ url, RESP, name: 'node' }).connect()
    await client.flushDb()
    await client.set('key', 'value', { expiration: { type: 'EX', value: 100 } })
    expect(await client.ttl('key')).toBe(100)
    await client.hSet('hash', { a: '1', b: '2' })
    expect({ ...(await client.hGetAll('hash')) }).toEqual({ a: '1', b: '2' })
    await client.zAdd('z', [
      { score: 1.5, value: 'x' },
      { score: 2, value: 'y' },
    ])
    expect(await client.zRangeWithScores('z', 0, -1)).toEqual([
      { value: 'x', score: 1.5 },
      { value: 'y', score: 2 },
    ])
    expect(await client.sAdd('s', ['a', 'b'])).toBe(2)
    expect([...(await client.sMembers('s'))].sort()).toEqual(['a', 'b'])
    expect(await client.multi().incr('n').get('n').exec()).toEqual([1, '1'])
    const subscriber = await client.duplicate().connect()
    const message = new Promise<string>((resolve) => {
      void subscriber.subscribe('channel', resolve).then(() => client.publish('channel', 'hi'))
    })
    expect(await message).toBe('hi')
    const keys: string[] = []
    for await (const batch of client.scanIterator()) keys.push(...batch)
    expect(keys.sort()).toEqual(['hash', 'key', 'n', 's', 'z'])
    const info = await client.clientInfo()
    expect(info.name).toBe('node')
    await subscriber.close()
    await client.close()
  })
})
