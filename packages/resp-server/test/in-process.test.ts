import { VirtualClock } from '@ashlar/codec'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'

test('arguments count as they were at the call, whatever their size and the command', async () => {
  await using server = await createServer()
  for (const size of [10, 32 * 1024 - 1, 32 * 1024, 100_000]) {
    const bytes = Buffer.alloc(size, 0xe9)
    const stored = server.execute(['SET', 'string', bytes])
    const added = server.execute(['SADD', 'set', bytes])
    bytes.fill(0)
    await Promise.all([stored, added])
    const before = Buffer.alloc(size, 0xe9)
    expect(await server.execute(['GET', 'string'], { buffers: true })).toEqual(before)
    expect(await server.execute(['SISMEMBER', 'set', before])).toBe(1)
  }
})

test('text goes in and comes out as UTF-8, short or long', async () => {
  await using server = await createServer()
  for (const text of [
    '',
    'plain',
    'é',
    '日本語 '.repeat(5),
    'a'.repeat(64),
    `${'a'.repeat(70)}ü`,
  ]) {
    await server.execute(['SET', text, text])
    expect(await server.execute(['GET', text])).toBe(text)
    expect(await server.execute(['STRLEN', text])).toBe(Buffer.byteLength(text))
  }
})

const READS: readonly (readonly string[])[] = [
  ['GET', 'text'],
  ['get', 'text'],
  ['GET', 'accents'],
  ['GET', 'naïve'],
  ['GET', 'absent'],
  ['GET', 'list'],
  ['GET'],
  ['GET', 'text', 'more'],
  ['GÉT', 'text'],
  ['STRLEN', 'accents'],
  ['EXISTS', 'text', 'absent'],
  ['TTL', 'text'],
  ['TYPE', 'list'],
  ['LLEN', 'list'],
  ['HGET', 'hash', 'field'],
  ['HGET', 'hash', 'feld ü'],
  ['HMGET', 'hash', 'field'],
  ['ZSCORE', 'sorted', 'member'],
  ['SISMEMBER', 'set', 'member'],
  ['MGET', 'text', 'accents'],
]

async function filled(options: Parameters<typeof createServer>[0] = {}): Promise<RespServer> {
  const server = await createServer(options)
  await server.execute(['MSET', 'text', 'plain', 'accents', 'é à', 'naïve', 'ü'])
  await server.execute(['RPUSH', 'list', 'a', 'b'])
  await server.execute(['HSET', 'hash', 'field', 'value', 'feld ü', 'wert'])
  await server.execute(['ZADD', 'sorted', '1.5', 'member'])
  await server.execute(['SADD', 'set', 'member'])
  return server
}

/** As bytes the arguments of a read go the long way. */
const asBytes = (args: readonly string[]): Buffer[] => args.map((word) => Buffer.from(word))

const outcome = (reply: Promise<unknown>): Promise<unknown> =>
  reply.catch((error: Error) => `${error.name}: ${error.message}`)

test('a short read answers what the same read of bytes does', async () => {
  await using server = await filled()
  for (const args of READS) {
    for (const buffers of [false, true]) {
      const expected = await outcome(server.execute(asBytes(args), { buffers }))
      expect(await outcome(server.execute(args, { buffers })), args.join(' ')).toEqual(expected)
    }
  }
})

test('a short read is counted, seen, tracked, paused and queued as every other', async () => {
  const clock = new VirtualClock()
  await using server = await filled({ clock })
  const [reader, watcher] = [server.createClient(), server.createClient()]
  const counts = async (): Promise<unknown> =>
    String(await server.execute(['INFO', 'commandstats']))
      .match(/cmdstat_get:calls=(\d+).*failed_calls=(\d+)/)
      ?.slice(1)
  await reader.execute(['GET', 'text'])
  await outcome(reader.execute(['GET', 'list']))
  expect(await counts()).toEqual(['2', '1'])
  await server.execute(['CONFIG', 'SET', 'slowlog-log-slower-than', '0'])
  await reader.execute(['GET', 'text'])
  await server.execute(['CONFIG', 'SET', 'slowlog-log-slower-than', '-1'])
  const slow = await server.execute(['SLOWLOG', 'GET', '-1'])
  expect(JSON.stringify(slow)).toContain('["GET","text"]')

  const lines: unknown[] = []
  watcher.onPush = (items) => lines.push(...items)
  await watcher.execute(['MONITOR'])
  await reader.execute(['GET', 'text'])
  expect(lines.join('\n')).toContain('"GET" "text"')
  await watcher.execute(['RESET'])

  const pushes: unknown[] = []
  reader.onPush = (items) => pushes.push(items)
  await reader.execute(['CLIENT', 'TRACKING', 'ON'])
  await reader.execute(['GET', 'text'])
  await server.execute(['SET', 'text', 'other'])
  expect(pushes).toEqual([['invalidate', ['text']]])
  await reader.execute(['CLIENT', 'TRACKING', 'OFF'])

  const args = ['GET', 'text']
  await reader.execute(['MULTI'])
  expect(await reader.execute(args)).toBe('QUEUED')
  args[1] = 'list'
  expect(await reader.execute(['EXEC'])).toEqual(['other'])

  await server.execute(['CLIENT', 'PAUSE', '1000', 'ALL'])
  let isAnswered = false
  const paused = reader.execute(['GET', 'text']).finally(() => {
    isAnswered = true
  })
  await new Promise(setImmediate)
  expect(isAnswered).toBe(false)
  await clock.advance(1001)
  expect(await paused).toBe('other')
})

test('a short read makes room, is refused by users, and removes what has expired', async () => {
  const clock = new VirtualClock()
  await using server = await filled({ clock, config: { 'enable-debug-command': 'yes' } })
  await server.execute(['SET', 'brief', 'value', 'PX', '10'])
  await server.execute(['DEBUG', 'SET-ACTIVE-EXPIRE', '0'])
  await clock.advance(11)
  expect(await server.execute(['DBSIZE'])).toBe(8)
  expect(await server.execute(['GET', 'brief'])).toBeUndefined()
  expect(await server.execute(['DBSIZE'])).toBe(7)

  const client = server.createClient()
  await server.execute(['ACL', 'SETUSER', 'limited', 'on', 'nopass', '+@all', '~li*'])
  await client.execute(['AUTH', 'limited', 'x'])
  await expect(client.execute(['GET', 'text'])).rejects.toThrow(/NOPERM/)
  await expect(client.execute(['LLEN', 'list'])).resolves.toBe(2)

  await server.execute(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'])
  await server.execute(['CONFIG', 'SET', 'maxmemory', '20000'])
  await server.execute(['SET', 'text', 'x'.repeat(30_000)])
  const { evictedKeys } = server.metrics()
  await server.execute(['GET', 'absent'])
  expect(server.metrics().evictedKeys).toBeGreaterThan(evictedKeys)
})
