import { Store } from '@ashlar/lsm-store'
import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { Group, roleOf, run, syncs, untilPrimary, untilReplicated } from './support/group.ts'

test('a replica gets what was there and everything after it, of every type', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  for (const command of [
    'SET s 1',
    'RPUSH l a b',
    'HSET h f v',
    'SADD m x y',
    'ZADD z 1 a',
    'XADD x 1-1 k v',
  ]) {
    await run(a, command)
  }
  const b = await group.start('b')
  await untilReplicated(a)
  expect(await roleOf(b)).toBe('slave')
  const questions = [
    'GET s',
    'LRANGE l 0 -1',
    'HGETALL h',
    'SMEMBERS m',
    'ZRANGE z 0 -1 WITHSCORES',
    'XRANGE x - +',
    'DBSIZE',
  ]
  const same = async (): Promise<void> => {
    for (const question of questions) {
      expect([question, await run(b, question)]).toEqual([question, await run(a, question)])
    }
  }
  await same()
  for (const command of [
    'INCR s',
    'LPUSH l 0',
    'HSET h g w',
    'HDEL h f',
    'SREM m x',
    'ZADD z 5 a 2 b',
    'XADD x 2-1 k w',
    'DEL gone',
    'SET new 1',
  ]) {
    await run(a, command)
  }
  await untilReplicated(a)
  await same()
})

test('a replica refuses writes, also of scripts and transactions', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await untilReplicated(a)
  await expect(run(b, 'SET s 1')).rejects.toThrow(
    "READONLY You can't write against a read only replica.",
  )
  await expect(b.server.execute(['EVAL', "return redis.call('set', 's', '1')", 0])).rejects.toThrow(
    'READONLY',
  )
})

test('what a replica has in memory follows: databases, renames, expiry, large values, libraries', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await untilReplicated(a)
  const same = async (...questions: string[]): Promise<void> => {
    await untilReplicated(a)
    for (const question of questions) {
      expect([question, await run(b, question)]).toEqual([question, await run(a, question)])
    }
  }
  await run(a, 'HSET h a 1 b 2')
  await run(a, 'SET other 1')
  await same('HGETALL h', 'DBSIZE')
  await run(a, 'RENAME h g')
  await run(a, 'HSET g c 3')
  await same('HGETALL g', 'EXISTS h')
  await run(a, 'RENAME g other')
  await same('HGETALL other', 'TYPE other', 'DBSIZE')
  await a.server.execute(['SET', 'big', 'x'.repeat(100_000)])
  await same('STRLEN big')
  await run(a, 'SETRANGE big 50000 y')
  await same('GETRANGE big 49999 50001', 'STRLEN big')
  await a.server.execute(['SET', 'k'.repeat(70_000), 'long name'])
  await same(`GET ${'k'.repeat(70_000)}`, 'DBSIZE')
  await run(a, `DEL ${'k'.repeat(70_000)}`)
  await same(`GET ${'k'.repeat(70_000)}`, 'DBSIZE')
  await run(a, 'HSET t f v')
  await same('HGETALL t')
  await run(a, 'HPEXPIRE t 100000 FIELDS 1 f')
  await same('HPEXPIRETIME t FIELDS 1 f')
  await run(a, 'HSET t g w')
  await same('HGETALL t')
  await a.server.execute([
    'FUNCTION',
    'LOAD',
    "#!lua name=l\nredis.register_function{function_name='f',callback=function() return 7 end,flags={'no-writes'}}",
  ])
  await same('FCALL f 0')
  await run(a, 'SWAPDB 0 1')
  await same('DBSIZE', 'GET other')
  await run(a, 'SET after 1')
  await run(a, 'FLUSHALL')
  await run(a, 'SET last 1')
  await same('DBSIZE', 'GET last', 'GET after')
})

test('a key expires on a replica when its primary says so, and is not seen once its time is up', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await run(a, 'SET gone 1 PX 50')
  await untilReplicated(a)
  await expect.poll(() => run(b, 'GET gone')).toBeUndefined()
  await expect.poll(() => run(a, 'DBSIZE')).toBe(0)
  await untilReplicated(a)
  expect(await run(b, 'DBSIZE')).toBe(0)
})

test('clients of a replica hear of changes: XREAD BLOCK, WATCH and tracking', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await run(a, 'XADD x 1-1 n 1')
  await run(a, 'HSET w f 1')
  await untilReplicated(a)
  const reader = b.server.createClient()
  const read = reader.execute(['XREAD', 'BLOCK', 0, 'STREAMS', 'x', '$'])
  const watcher = b.server.createClient()
  await watcher.execute(['WATCH', 'w'])
  const tracker = b.server.createClient()
  await tracker.execute(['HELLO', 3])
  await tracker.execute(['CLIENT', 'TRACKING', 'ON'])
  const pushed = new Promise((resolve) => {
    tracker.onPush = resolve
  })
  await tracker.execute(['HGET', 'w', 'f'])
  await run(a, 'XADD x 2-1 n 2')
  expect(await read).toEqual(new Map([['x', [['2-1', ['n', '2']]]]]))
  await run(a, 'HSET w f 2')
  await untilReplicated(a)
  await watcher.execute(['MULTI'])
  await watcher.execute(['HGET', 'w', 'f'])
  expect(await watcher.execute(['EXEC'])).toBeUndefined()
  expect(await pushed).toEqual(['invalidate', ['w']])
  for (const client of [reader, watcher, tracker]) client.close()
})

test('after a cut a replica goes on where it was; after its place left the log, from a snapshot', async () => {
  await using group = new Group()
  const a = await group.start('a', { changeRetentionBytes: 0, memtableBytes: 64 * 1024 })
  await untilPrimary(a)
  const first = await group.start('b')
  await run(a, 'SET n 1')
  await untilReplicated(a)
  await group.stop(first)
  await run(a, 'SET n 2')
  const b = await group.start('b')
  await untilReplicated(a)
  expect(await run(b, 'GET n')).toBe('2')
  expect(await syncs(a)).toEqual({ full: 1, partial: 1 })
  const position = (await run(b, 'ROLE')) as unknown[]
  await group.stop(b)
  let keys = 0
  while (a.store.oldestChange <= (position[4] as number)) {
    await a.server.execute(['SET', `k${keys}`, 'x'.repeat(10_000)])
    keys += 1
    if (keys % 20 === 0) await a.store.flush()
    expect(keys).toBeLessThan(1000)
  }
  await run(a, 'DEL n')
  const again = await group.start('b')
  await untilReplicated(a)
  expect(await run(again, 'DBSIZE')).toBe(keys)
  expect(await run(again, 'GET n')).toBeUndefined()
  expect((await syncs(a)).full).toBe(2)
})

test('a replica takes over; what WAIT said is there; the old primary follows and goes on', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await run(a, 'SET kept 1')
  await untilReplicated(a)
  a.transport.disconnect()
  await untilPrimary(b)
  expect(await run(b, 'GET kept')).toBe('1')
  await expect(run(a, 'SET lost 1')).rejects.toThrow('READONLY')
  await run(b, 'SET n 2')
  a.transport.reconnect()
  await untilReplicated(b)
  expect(await roleOf(a)).toBe('slave')
  expect(await run(a, 'GET n')).toBe('2')
  expect(await run(a, 'GET lost')).toBeUndefined()
})

test('WAIT and FAILOVER in a transaction write no half of it', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await untilReplicated(a)
  const before = a.store.lastSequence
  const client = a.server.createClient()
  for (const request of [['WAIT', 1, 100], ['FAILOVER']]) {
    await client.execute(['MULTI'])
    await client.execute(['INCR', 'first'])
    await client.execute(request)
    await client.execute(['INCR', 'second'])
    await client.execute(['EXEC'])
  }
  await untilPrimary(b)
  expect(await run(b, 'MGET first second')).toEqual(['2', '2'])
  const counts: [first: number, second: number][] = []
  for await (const { operations } of a.store.changes({ since: before })) {
    const keys = operations.map((one) => ('key' in one ? Buffer.from(one.key).toString() : ''))
    const count = (name: string): number => keys.filter((key) => key.endsWith(name)).length
    counts.push([count('first'), count('second')])
  }
  expect(counts.some(([first]) => first > 0)).toBe(true)
  expect(counts.filter(([first, second]) => first !== second)).toEqual([])
  client.close()
})

test('FAILOVER changes places without a write lost', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await untilReplicated(a)
  await run(a, 'SET n 1')
  expect(await run(a, 'FAILOVER')).toBe('OK')
  await untilPrimary(b)
  expect(await run(b, 'GET n')).toBe('1')
  await run(b, 'INCR n')
  await untilReplicated(b)
  expect(await run(a, 'GET n')).toBe('2')
})

test('a server with data of its own is not overwritten by joining', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  await run(a, 'SET from a')
  const fileSystem = group.disk('b')
  const store = await Store.open('/data', { fileSystem })
  const alone = await createServer({ store })
  await alone.execute(['SET', 'own', '1'])
  await alone.close()
  await store.close()
  const b = await group.start('b')
  await expect.poll(() => group.logged('b')).toContain('holds keys of its own')
  expect(await run(b, 'GET own')).toBe('1')
  expect(await run(b, 'GET from')).toBeUndefined()
})

test('the other replica goes on with the new primary where it was with the old one', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  const c = await group.start('c')
  for (let n = 0; n < 20; n += 1) await run(a, `SET k${n} ${n}`)
  await untilReplicated(a, 2)
  await group.stop(a)
  const isB = await Promise.race([
    untilPrimary(b).then(() => true),
    untilPrimary(c).then(() => false),
  ])
  const [primary, replica] = isB ? [b, c] : [c, b]
  await run(primary, 'SET after 1')
  await untilReplicated(primary)
  expect(await run(replica, 'GET after')).toBe('1')
  expect(await run(replica, 'DBSIZE')).toBe(21)
  expect(await syncs(primary)).toEqual({ full: 0, partial: 1 })
})

test('a node that lacks what the last primary had does not take over', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  await run(a, 'SET n 1')
  await group.stop(a)
  const empty = await group.start('empty')
  const again = await group.start('a')
  await untilPrimary(again)
  expect(await roleOf(empty)).toBe('slave')
  expect(await run(again, 'GET n')).toBe('1')
  await untilReplicated(again)
  expect(await run(empty, 'GET n')).toBe('1')
})

test('min-replicas-to-write', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  await run(a, 'CONFIG SET min-replicas-to-write 1')
  await expect(run(a, 'SET n 1')).rejects.toThrow('NOREPLICAS Not enough good replicas to write.')
  await group.start('b')
  await expect.poll(() => run(a, 'SET n 1').catch(String)).toBe('OK')
})

test('INFO replication on both sides', async () => {
  await using group = new Group()
  const a = await group.start('a')
  await untilPrimary(a)
  const b = await group.start('b')
  await untilReplicated(a)
  const [onA, onB] = [await run(a, 'INFO replication'), await run(b, 'INFO replication')]
  const { port } = b.server.address
  expect(onA).toMatch(
    new RegExp(`slave0:ip=127.0.0.1,port=${port},state=online,offset=\\d+,lag=\\d`),
  )
  expect(onB).toContain(`master_port:${a.server.address.port}`)
  expect(onB).toContain('master_link_status:up')
  const id = /master_replid:(\w{40})/.exec(String(onA))?.[1]
  expect(/master_replid:(\w{40})/.exec(String(onB))?.[1]).toBe(id)
})
