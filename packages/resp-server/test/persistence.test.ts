import { Store } from '@ashlar/lsm-store'
import { createServer, type RespServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { temporaryFolder } from './support/temporary-folder.ts'

const run = (server: RespServer, text: string): Promise<unknown> => server.execute(text.split(' '))

/** Asks for everything that the tests below write. */
async function contents(server: RespServer): Promise<unknown[]> {
  const questions = [
    'GET s',
    'GET n',
    'HGETALL h',
    'LRANGE l 0 -1',
    'SMEMBERS S',
    'ZRANGE z 0 -1 WITHSCORES',
    'PEXPIRETIME s',
    'PEXPIRETIME h',
    'DBSIZE',
    'STRLEN big',
    'TYPE gone',
  ]
  const answers: unknown[] = []
  for (const question of questions) answers.push(await run(server, question))
  await run(server, 'SELECT 3')
  answers.push(await run(server, 'GET other'), await run(server, 'DBSIZE'))
  await run(server, 'SELECT 0')
  return answers
}

async function fill(server: RespServer): Promise<void> {
  const commands = [
    'SET s \x01\xff',
    'PEXPIREAT s 9999999999999',
    'INCRBY n 41',
    'INCR n',
    'HSET h a 1 b 2 c 3',
    'HDEL h b',
    'PEXPIREAT h 9999999999998',
    'RPUSH l c d',
    'LPUSH l b a',
    'LINSERT l BEFORE c x',
    'LREM l 1 d',
    'LSET l 0 A',
    'SADD S 1 2 3 x',
    'SREM S 2',
    'ZADD z 1.5 a -inf b inf c 0 d',
    'ZINCRBY z 2 a',
    'ZREM z d',
    'SET gone 1',
    'DEL gone',
    'SELECT 3',
    'SET other db3',
    'SELECT 0',
  ]
  for (const command of commands) await run(server, command)
  await server.execute(['SET', 'big', 'x'.repeat(200_000)])
}

test('every type, expiry and database is there after a reopen', async () => {
  using folder = temporaryFolder()
  const first = await createServer({ path: folder.path })
  await fill(first)
  const before = await contents(first)
  await first.close()
  const second = await createServer({ path: folder.path })
  expect(await contents(second)).toEqual(before)
  // and what was loaded can be changed and stored again
  for (const command of [
    'LPUSH l 0',
    'RPOP l',
    'HSET h z 9',
    'SADD S y',
    'ZADD z 7 q',
    'APPEND s !',
  ]) {
    await run(second, command)
  }
  const changed = await contents(second)
  await second.close()
  const third = await createServer({ path: folder.path })
  expect(await contents(third)).toEqual(changed)
  await third.close()
})

test('RENAME, COPY, MOVE, SWAPDB and FLUSHDB survive a reopen', async () => {
  using folder = temporaryFolder()
  const first = await createServer({ path: folder.path })
  for (const command of [
    'RPUSH list 1 2 3',
    'RENAME list renamed',
    'COPY renamed copied',
    'RPUSH copied 4',
    'SADD moved a b',
    'MOVE moved 1',
    'HSET swapped f v',
    'SELECT 2',
    'SET two 2',
    'SELECT 5',
    'SET flushed 1',
    'FLUSHDB',
    'SET after flush',
    'SELECT 0',
    'SWAPDB 0 7',
  ]) {
    await run(first, command)
  }
  await first.close()
  const second = await createServer({ path: folder.path })
  expect(await run(second, 'DBSIZE')).toBe(0)
  await run(second, 'SELECT 7')
  expect(await run(second, 'LRANGE renamed 0 -1')).toEqual(['1', '2', '3'])
  expect(await run(second, 'LRANGE copied 0 -1')).toEqual(['1', '2', '3', '4'])
  expect(await run(second, 'HGET swapped f')).toBe('v')
  expect(await run(second, 'EXISTS list moved')).toBe(0)
  await run(second, 'SELECT 1')
  expect(await run(second, 'SCARD moved')).toBe(2)
  await run(second, 'SELECT 2')
  expect(await run(second, 'KEYS *')).toEqual(['two'])
  await run(second, 'SELECT 5')
  expect(await run(second, 'KEYS *')).toEqual(['after'])
  await second.close()
})

test('one field of a huge hash is one record in the store', async () => {
  using folder = temporaryFolder()
  await using store = await Store.open(folder.path)
  const server = await createServer({ store })
  const fields = Array.from({ length: 20_000 }, (_, n) => [`field:${n}`, `value:${n}`]).flat()
  await server.execute(['HSET', 'huge', ...fields])
  await server.execute(['SAVE'])
  const before = store.lastSequence
  await server.execute(['HSET', 'huge', 'field:77', 'changed'])
  await server.execute(['SAVE'])
  expect(store.lastSequence - before).toBe(1)
  await server.close()
})

test('a field that is set to what it holds is not written again', async () => {
  using folder = temporaryFolder()
  await using store = await Store.open(folder.path)
  const first = await createServer({ store })
  await run(first, 'HSET h a 1 b 2 n 7')
  await run(first, 'HPEXPIREAT h 9999999999999 FIELDS 1 b')
  await run(first, 'SAVE')
  const before = store.lastSequence
  expect(await run(first, 'HSET h a 1')).toBe(0)
  expect(await run(first, 'HINCRBY h n 0')).toBe(7)
  await run(first, 'SAVE')
  expect(store.lastSequence).toBe(before)
  // b loses its expiry, though its value stays
  await run(first, 'HSET h b 2')
  await run(first, 'SAVE')
  expect(store.lastSequence).toBeGreaterThan(before)
  await first.close()
  const second = await createServer({ store })
  expect(await run(second, 'HMGET h a b n')).toEqual(['1', '2', '7'])
  expect(await run(second, 'HPEXPIRETIME h FIELDS 1 b')).toEqual([-1])
  await second.close()
})

test('a transaction is one batch in the change feed', async () => {
  using folder = temporaryFolder()
  await using store = await Store.open(folder.path)
  const server = await createServer({ store, appendFsync: 'always' })
  const since = store.lastSequence
  const client = server.createClient()
  for (const command of ['MULTI', 'SET a 1', 'RPUSH b 1 2', 'ZADD c 1 x', 'EXEC']) {
    await client.execute(command.split(' '))
  }
  const batches: number[] = []
  for await (const change of store.changes({ since })) batches.push(change.operations.length)
  // the control record may ride along with the first commit of a process
  expect(batches.filter((size) => size >= 7)).toHaveLength(1)
  await server.close()
})

test('entries of a stream that come together write its own record once', async () => {
  using folder = temporaryFolder()
  await using store = await Store.open(folder.path)
  const server = await createServer({ store, appendFsync: 'always' })
  await run(server, 'XADD s 1-0 a 1')
  const since = store.lastSequence
  const client = server.createClient()
  for (const command of ['MULTI', 'XADD s 2-0 a 1', 'XADD s 3-0 a 1', 'XADD s 4-0 a 1', 'EXEC']) {
    await client.execute(command.split(' '))
  }
  const batches: number[] = []
  for await (const change of store.changes({ since })) batches.push(change.operations.length)
  // the three entries, and the record of the stream
  expect(batches).toEqual([4])
  await server.close()
})

test('what DEL and FLUSHDB leave behind is collected, also after a restart', async () => {
  using folder = temporaryFolder()
  await using store = await Store.open(folder.path)
  const records = async (): Promise<number> => {
    let count = 0
    for await (const _ of store.scan({ prefix: 'e' })) count += 1
    return count
  }
  const first = await createServer({ store })
  const members = Array.from({ length: 3000 }, (_, n) => String(n))
  await first.execute(['SADD', 'kept', 'one'])
  await first.execute(['SADD', 'deleted', ...members])
  await run(first, 'SELECT 1')
  await first.execute(['SADD', 'flushed', ...members])
  await first.execute(['SAVE'])
  expect(await records()).toBe(6001)
  await run(first, 'FLUSHDB')
  await run(first, 'SELECT 0')
  await run(first, 'DEL deleted')
  await first.close()
  const second = await createServer({ store })
  while ((await records()) > 1) await new Promise<void>((resolve) => setImmediate(resolve))
  expect(await run(second, 'SMEMBERS kept')).toEqual(new Set(['one']))
  await second.close()
})

test('right after a restart, before keys are loaded, answers are exact', async () => {
  using folder = temporaryFolder()
  const first = await createServer({ path: folder.path })
  for (let from = 0; from < 20_000; from += 1000) {
    const pairs = Array.from({ length: 1000 }, (_, n) => [`key:${from + n}`, String(n)]).flat()
    await first.execute(['MSET', ...pairs])
  }
  await first.close()
  const second = await createServer({ path: folder.path })
  // no turn of the event loop has passed that could have loaded them
  const answers = await Promise.all([
    run(second, 'DBSIZE'),
    run(second, 'GET key:19999'),
    run(second, 'DEL key:5 key:6'),
    run(second, 'EXISTS key:5'),
    run(second, 'SETNX key:7 no'),
    run(second, 'SET new 1'),
    run(second, 'DBSIZE'),
  ])
  expect(answers).toEqual([20_000, '999', 2, 0, 0, 'OK', 19_999])
  const keys = await run(second, 'KEYS *')
  expect((keys as unknown[]).length).toBe(19_999)
  await second.close()
  const third = await createServer({ path: folder.path })
  expect(await run(third, 'DBSIZE')).toBe(19_999)
  expect(await run(third, 'EXISTS key:5 key:6 new')).toBe(1)
  await third.close()
})

test('DEBUG RELOAD goes on from the store with the same contents', async () => {
  using folder = temporaryFolder()
  const config = { 'enable-debug-command': 'yes' }
  await using server = await createServer({ path: folder.path, config })
  await fill(server)
  const before = await contents(server)
  expect(await run(server, 'DEBUG RELOAD')).toBe('OK')
  expect(await contents(server)).toEqual(before)
})

test('lists keep their order through insertions that use up the room between neighbours', async () => {
  using folder = temporaryFolder()
  const first = await createServer({ path: folder.path })
  await run(first, 'RPUSH l first last')
  for (let n = 0; n < 200; n += 1) await run(first, `LINSERT l BEFORE last ${n}`)
  for (let n = 0; n < 200; n += 1) await run(first, `LINSERT l AFTER first ${-n}`)
  const before = await run(first, 'LRANGE l 0 -1')
  await first.close()
  const second = await createServer({ path: folder.path })
  expect(await run(second, 'LRANGE l 0 -1')).toEqual(before)
  await second.close()
})

test('names longer than a store key are stored like any other', async () => {
  using folder = temporaryFolder()
  const long = 'k'.repeat(100_000)
  const first = await createServer({ path: folder.path })
  await first.execute(['SET', long, 'v'])
  await first.execute(['HSET', 'h', long, 'w', 'short', 's'])
  await first.execute(['DEL', 'nothing'])
  await first.close()
  const second = await createServer({ path: folder.path })
  expect(await second.execute(['GET', long])).toBe('v')
  expect(await second.execute(['HGET', 'h', long])).toBe('w')
  expect(await second.execute(['HLEN', 'h'])).toBe(2)
  expect(await second.execute(['DEL', long, 'h'])).toBe(2)
  await second.close()
  const third = await createServer({ path: folder.path })
  expect(await third.execute(['KEYS', '*'])).toEqual([])
  await third.close()
})

test.each([10, 16_363, 16_385, 60_001])(
  'items, names and keys of %i bytes are stored and removed like any other',
  async (length) => {
    using folder = temporaryFolder()
    const [kept, gone] = ['k'.repeat(length), 'g'.repeat(length)]
    const changes = [
      ['LPUSH', 'list', kept, gone],
      ['SADD', 'set', kept, gone],
      ['HSET', 'hash', kept, kept, gone, gone],
      ['XADD', 'stream', '1-1', kept, kept],
      ['MSET', kept, kept, gone, gone],
    ]
    const removals = [
      ['LPOP', 'list'],
      ['SREM', 'set', gone],
      ['HDEL', 'hash', gone],
      ['DEL', gone],
    ]
    const questions = [
      ['LRANGE', 'list', '0', '-1'],
      ['SMEMBERS', 'set'],
      ['HGETALL', 'hash'],
      ['XRANGE', 'stream', '-', '+'],
      ['GET', kept],
      ['DBSIZE'],
    ]
    const expected = [
      [kept],
      new Set([kept]),
      new Map([[kept, kept]]),
      [['1-1', [kept, kept]]],
      kept,
      5,
    ]
    const answers = (server: RespServer): Promise<unknown[]> =>
      Promise.all(questions.map((question) => server.execute(question)))
    await using server = await createServer({ path: folder.path })
    for (const change of changes) await server.execute(change)
    // in the store, so that what follows removes them from there
    await server.execute(['SAVE'])
    for (const removal of removals) await server.execute(removal)
    expect(await answers(server)).toEqual(expected)
    await server.close()
    await using again = await createServer({ path: folder.path })
    expect(await answers(again)).toEqual(expected)
  },
)

test('a change in a long string writes only the piece that it is in', async () => {
  using folder = temporaryFolder()
  await using store = await Store.open(folder.path)
  const first = await createServer({ store })
  await first.execute(['SET', 'long', Buffer.alloc(20_000_000, 'abc')])
  await first.execute(['SAVE'])
  const before = store.lastSequence
  await first.execute(['SETRANGE', 'long', '10000000', 'changed'])
  await first.execute(['SAVE'])
  expect(store.lastSequence - before).toBe(2)
  await first.execute(['APPEND', 'long', 'end'])
  await first.execute(['SET', 'doomed', Buffer.alloc(100_000, 'x')])
  await first.execute(['DEL', 'doomed'])
  const expected = await first.execute(['GET', 'long'])
  await first.close()
  const second = await createServer({ store })
  expect(await second.execute(['STRLEN', 'long'])).toBe(20_000_003)
  expect(await second.execute(['GET', 'long'])).toBe(expected)
  await second.close()
})

test('a bit set in a long bitmap writes one piece of it', async () => {
  using folder = temporaryFolder()
  await using store = await Store.open(folder.path)
  const first = await createServer({ store })
  await first.execute(['SETBIT', 'bits', 8_000_000, 1])
  await first.execute(['SAVE'])
  const before = store.lastSequence
  await first.execute(['SETBIT', 'bits', 12_345, 1])
  await first.execute(['SAVE'])
  expect(store.lastSequence - before).toBe(2)
  await first.close()
  const second = await createServer({ store })
  expect(await second.execute(['BITCOUNT', 'bits'])).toBe(2)
  expect(await second.execute(['BITPOS', 'bits', 1])).toBe(12_345)
  await second.close()
})
