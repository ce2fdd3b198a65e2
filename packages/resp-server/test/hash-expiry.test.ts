import { join } from 'node:path'
import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { temporaryFolder } from './support/temporary-folder.ts'

const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))
const clockAt = (): VirtualClock => new VirtualClock({ startMs: 1_700_000_000_000 })

test('fields get a time to live, keep or lose it as 7.4 says, and go when it is over', async () => {
  const clock = clockAt()
  await using server = await createServer({ clock })
  await run(server, 'HSET h a 1 b 2 c 3')
  expect(await run(server, 'HEXPIRE h 10 FIELDS 2 a nope')).toEqual([1, -2])
  expect(await run(server, 'HPEXPIRE h 5000 FIELDS 1 b')).toEqual([1])
  expect(await run(server, 'HTTL h FIELDS 4 a b c nope')).toEqual([10, 5, -1, -2])
  expect(await run(server, 'HPEXPIRETIME h FIELDS 1 b')).toEqual([1_700_000_005_000])
  expect(await run(server, 'OBJECT ENCODING h')).toBe('listpackex')
  await run(server, 'HINCRBY h a 41')
  expect(await run(server, 'HPTTL h FIELDS 1 a')).toEqual([10_000])
  await run(server, 'HSET h b 5')
  expect(await run(server, 'HTTL h FIELDS 1 b')).toEqual([-1])
  expect(await run(server, 'HPERSIST h FIELDS 3 a b nope')).toEqual([1, -1, -2])
  await run(server, 'HEXPIREAT h 1700000003 FIELDS 1 c')
  await clock.advance(3_001)
  expect(await run(server, 'HGETALL h')).toEqual(
    new Map([
      ['a', '42'],
      ['b', '5'],
    ]),
  )
})

test.each([
  ['NX', [1, 0, 1]],
  ['XX', [0, 1, 0]],
  ['GT', [0, 1, 0]],
  ['LT', [1, 0, 1]],
])('%s looks at the time that a field has', async (condition, expected) => {
  await using server = await createServer({ clock: clockAt() })
  await run(server, 'HSET h a 1 b 2 c 3')
  await run(server, 'HEXPIRE h 50 FIELDS 1 b')
  expect(await run(server, `HEXPIRE h 100 ${condition} FIELDS 3 a b c`)).toEqual(expected)
})

test('a time that has passed deletes, and the hash goes with its last field', async () => {
  const clock = clockAt()
  await using server = await createServer({ clock, config: { 'notify-keyspace-events': 'KA' } })
  const events: unknown[] = []
  const subscriber = server.createClient()
  subscriber.onPush = (items) => {
    if (items[0] === 'pmessage') events.push(items[3])
  }
  await subscriber.execute(['PSUBSCRIBE', '__key*:h'])
  await run(server, 'HSET h a 1 b 2')
  expect(await run(server, 'HEXPIREAT h 5 FIELDS 1 a')).toEqual([2])
  expect(await run(server, 'HEXPIRE h 1 FIELDS 1 b')).toEqual([1])
  await clock.advance(1_500)
  // nobody asked for it
  expect(events).toEqual(['hset', 'hdel', 'hexpire', 'hexpired', 'del'])
  expect(await run(server, 'EXISTS h')).toBe(0)
  subscriber.close()
})

test('mistakes are told in the words of Redis', async () => {
  await using server = await createServer()
  await run(server, 'HSET h a 1')
  for (const [request, error] of [
    ['HEXPIRE h 10 FIELD 1 a', /FIELDS is missing or not at the right position/],
    ['HEXPIRE h 10 FIELDS 0 a', /`numFields` should be greater than 0/],
    ['HEXPIRE h 10 FIELDS 2 a', /`numfields` parameter must match/],
    ['HEXPIRE h -1 FIELDS 1 a', /invalid expire time, must be >= 0/],
    ['HPEXPIRE h 99999999999999999 FIELDS 1 a', /invalid expire time in 'hpexpire' command/],
    ['HTTL h FIELDS x a', /`numFields` should be greater than 0/],
  ] as const) {
    await expect(run(server, request)).rejects.toThrow(error)
  }
})

test('times survive a restart, a copy, a dump and an RDB file', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'dump.rdb')
  const fileSystem = memoryFileSystem({ seed: 1 })
  const times = 'HPEXPIRETIME h FIELDS 3 a b c'
  const expected = [4_000_000_000_000, 4_000_000_005_000, -1]
  {
    await using store = await Store.open('/db', { fileSystem })
    await using server = await createServer({ store })
    await run(server, 'HSET h a 1 b 2 c 3')
    await run(server, 'SAVE')
    await run(server, 'HPEXPIREAT h 4000000000000 FIELDS 1 a')
    await run(server, 'HPEXPIREAT h 4000000005000 FIELDS 1 b')
    await run(server, 'SAVE')
  }
  await using store = await Store.open('/db', { fileSystem })
  await using server = await createServer({ store })
  expect(await run(server, times)).toEqual(expected)
  expect(await run(server, 'HMGET h a b c')).toEqual(['1', '2', '3'])
  await run(server, 'COPY h copy')
  expect(await run(server, times.replace(' h ', ' copy '))).toEqual(expected)
  const payload = await server.execute(['DUMP', 'h'], { buffers: true })
  await server.execute(['RESTORE', 'again', '0', payload as Buffer])
  expect(await run(server, times.replace(' h ', ' again '))).toEqual(expected)
  server.exportRdb(file)
  await using other = await createServer()
  await other.importRdb(file)
  expect(await run(other, times)).toEqual(expected)
})

test('fields of a hash that nobody has touched since the start expire in time', async () => {
  const clock = clockAt()
  const fileSystem = memoryFileSystem()
  await using store = await Store.open('/data', { fileSystem })
  {
    await using server = await createServer({ clock, store })
    await run(server, 'HSET h short 1 long 2')
    await run(server, 'HSET gone f 1')
    await run(server, 'HEXPIRE h 100 FIELDS 1 long')
    await run(server, 'HEXPIRE h 10 FIELDS 1 short')
    await run(server, 'HEXPIRE gone 10 FIELDS 1 f')
  }
  await using server = await createServer({
    clock,
    store,
    config: { 'notify-keyspace-events': 'KEA' },
  })
  const events: string[] = []
  const listener = server.createClient()
  listener.onPush = (items) => {
    if (items[0] === 'pmessage') events.push(`${String(items[2])} ${String(items[3])}`)
  }
  await listener.execute(['PSUBSCRIBE', '__keyevent@0__:*'])
  // KEYS waits until all keys are known, and touches no value
  expect((await run(server, 'KEYS *')) as string[]).toHaveLength(2)
  await clock.advance(10_001)
  expect(events).toContain('__keyevent@0__:hexpired h')
  expect(events).toContain('__keyevent@0__:del gone')
  await clock.advance(90_000)
  expect(events).toContain('__keyevent@0__:del h')
})

test('a hash whose fields expire goes to the store and comes back with its times', async () => {
  const clock = clockAt()
  const fileSystem = memoryFileSystem()
  await using store = await Store.open('/data', { fileSystem })
  await using server = await createServer({
    clock,
    store,
    config: { 'maxmemory-policy': 'tier', 'notify-keyspace-events': 'KEA' },
  })
  await run(server, 'HSET h a 1 b 2')
  await run(server, 'HEXPIRE h 10 FIELDS 1 a')
  await run(server, 'CONFIG SET maxmemory 1')
  await clock.advance(2_000)
  await run(server, 'PING')
  expect(await run(server, 'INFO stats')).toMatch(/ashlar_tiered_values:[1-9]/)
  expect(await run(server, 'HMGET h a b')).toEqual(['1', '2'])
  expect(await run(server, 'HTTL h FIELDS 2 a b')).toEqual([8, -1])
  await run(server, 'PING')
  await clock.advance(8_001)
  expect(await run(server, 'HGETALL h')).toEqual(new Map([['b', '2']]))
})
