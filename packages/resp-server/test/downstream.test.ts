import { join } from 'node:path'
import { VirtualClock } from '@ashlar/codec'
import { type FileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createServer, type RespServer, type ServerOptions } from '../src/index.ts'
import { RawClient } from './support/raw-client.ts'
import { RawReplica, type RawReplicaOptions } from './support/raw-replica.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** Nothing here takes so long, but on a machine that does much else. */
const LONG = { timeout: 20_000 }
const NOW = 1_700_000_000_000

async function open(options: ServerOptions = {}): Promise<RespServer> {
  const server = await createServer({ port: 0, ...options })
  onTestFinished(() => server.close())
  return server
}

const portOf = (server: RespServer): number => server.address.port as number

async function connect(server: RespServer): Promise<RawClient> {
  const client = await RawClient.connect(portOf(server))
  onTestFinished(() => client.close())
  return client
}

async function follow(server: RespServer, options?: RawReplicaOptions): Promise<RawReplica> {
  const replica = await RawReplica.connect(portOf(server), options)
  onTestFinished(() => replica.close())
  return replica
}

const info = async (client: RawClient, field: string): Promise<string | undefined> =>
  new RegExp(`^${field}:(.*)\r$`, 'm').exec(await client.call('INFO'))?.[1]

/** What a replica is sent for requests that come after others. */
async function streamOf(before: string[], requests: string[]): Promise<string[]> {
  const clock = new VirtualClock({ startMs: NOW })
  const server = await open({ clock })
  const client = await connect(server)
  for (const request of before) await client.call(...request.split(' '))
  const replica = await follow(server)
  for (const request of ['SET begin 1', ...requests, 'SET end 1']) {
    await client.call(...request.split(' '))
  }
  const [first, ...commands] = await replica.until('SET end 1')
  expect(first).toBe('SELECT 0')
  return commands.slice(1)
}

describe('a replica is sent', () => {
  const LATER = `${NOW + 100_000}`
  test.each<[what: string, before: string[], requests: string[], stream: string[]]>([
    ['what depends on nothing else', [], ['INCR n', 'LPUSH l a b'], ['INCR n', 'LPUSH l a b']],
    [
      'nothing of what changes nothing',
      ['SET k 1'],
      ['SETNX k 2', 'DEL x', 'GET k', 'SREM s a'],
      [],
    ],
    ['nothing of what fails', ['SET k x'], ['INCR k', 'LPUSH k a'], []],
    [
      'times as they are, not as they were asked for',
      ['SET a 1', 'SET b 1', 'HSET h f v'],
      ['EXPIRE a 100', 'SET c 1 EX 100', 'SETEX d 100 1', 'GETEX b PX 100000', 'EXPIRE a 100 NX'],
      [
        `PEXPIREAT a ${LATER}`,
        `SET c 1 PXAT ${LATER}`,
        `SET d 1 PXAT ${LATER}`,
        `PEXPIREAT b ${LATER}`,
      ],
    ],
    [
      'a removal for a time that is over',
      ['SET a 1', 'SET b 1'],
      ['EXPIRE a -1', 'GETDEL b'],
      ['DEL a', 'DEL b'],
    ],
    [
      'options of SET as what came of them',
      ['SET k 1 PX 100000'],
      ['SET k 2 XX KEEPTTL', 'SET k 3 GET', 'SET k 4 NX', 'GETSET k 5'],
      [`SET k 2 PXAT ${LATER}`, 'SET k 3', 'SET k 5'],
    ],
    [
      'the sum instead of what is added',
      ['SET f 0.1'],
      ['INCRBYFLOAT f 0.2'],
      ['SET f 0.3 KEEPTTL'],
    ],
    ['the same of a field', [], ['HINCRBYFLOAT h f 1.5'], ['HSET h f 1.5']],
    [
      'the time of a field',
      ['HSET h f v g v'],
      ['HEXPIRE h 100 FIELDS 1 f', 'HEXPIRE h 0 FIELDS 1 g'],
      [`HPEXPIREAT h ${LATER} FIELDS 1 f`, 'HDEL h g'],
    ],
    ['members that chance took', ['SADD s a'], ['SPOP s'], ['SREM s a']],
    ['all members by the name of the key', ['SADD s a b'], ['SPOP s 2'], ['DEL s']],
    [
      'items that somebody waited for',
      ['RPUSH l a b'],
      ['BLPOP l 0', 'BLMPOP 0 1 l RIGHT'],
      ['LPOP l', 'RPOP l 1'],
    ],
    [
      'moves that somebody waited for',
      ['RPUSH l a b'],
      ['BLMOVE l m LEFT RIGHT 0', 'BRPOPLPUSH l m 0'],
      ['LMOVE l m left right', 'LMOVE l m right left'],
    ],
    [
      'members that somebody waited for',
      ['ZADD z 1 a 2 b 3 c'],
      ['BZPOPMIN z 0', 'BZMPOP 0 1 z MAX COUNT 9'],
      ['ZPOPMIN z', 'ZPOPMAX z 2'],
    ],
    ['the ID that an entry got', [], ['XADD x * f v', 'XADD x 5-* f v'], [`XADD x ${NOW}-0 f v`]],
    [
      'as many entries left as are',
      ['XADD x 1-1 f v', 'XADD x 2-1 f v'],
      ['XADD x MAXLEN ~ 1 3-1 f v', 'XADD x MINID 3 4-1 f v', 'XTRIM x MAXLEN 1'],
      ['XADD x MAXLEN = 3 3-1 f v', 'XADD x MAXLEN = 2 4-1 f v', 'XTRIM x MAXLEN = 1'],
    ],
    [
      'what a consumer got, and how far its group is',
      ['XADD x 1-1 f v', 'XADD x 2-1 f v', 'XGROUP CREATE x g 0'],
      ['XREADGROUP GROUP g c STREAMS x >'],
      [
        'MULTI',
        'XGROUP CREATECONSUMER x g c',
        `XCLAIM x g c 0 1-1 2-1 TIME ${NOW} RETRYCOUNT 1 FORCE JUSTID LASTID 2-1`,
        'XGROUP SETID x g 2-1 ENTRIESREAD 2',
        'EXEC',
      ],
    ],
    [
      'what a consumer took over, and that entries are gone',
      [
        'XADD x 1-1 f v',
        'XADD x 2-1 f v',
        'XGROUP CREATE x g 0',
        'XREADGROUP GROUP g c STREAMS x >',
        'XDEL x 1-1',
      ],
      ['XAUTOCLAIM x g c 0 0'],
      [
        'MULTI',
        'XACK x g 1-1',
        `XCLAIM x g c 0 2-1 TIME ${NOW} RETRYCOUNT 2 FORCE JUSTID LASTID 2-1`,
        'EXEC',
      ],
    ],
    [
      'a transaction as one',
      [],
      ['MULTI', 'INCR n', 'GET n', 'INCR n', 'EXEC'],
      ['MULTI', 'INCR n', 'INCR n', 'EXEC'],
    ],
    ['one change of a transaction alone', [], ['MULTI', 'INCR n', 'GET n', 'EXEC'], ['INCR n']],
    [
      'databases as they change',
      [],
      [
        'SELECT 3',
        'INCR n',
        'MULTI',
        'SELECT 0',
        'INCR m',
        'SELECT 3',
        'INCR n',
        'EXEC',
        'SELECT 0',
      ],
      [
        'SELECT 3',
        'INCR n',
        'MULTI',
        'SELECT 0',
        'INCR m',
        'SELECT 3',
        'INCR n',
        'EXEC',
        'SELECT 0',
      ],
    ],
    [
      'messages',
      [],
      ['PUBLISH news hello', 'SPUBLISH more hello'],
      ['PUBLISH news hello', 'SPUBLISH more hello'],
    ],
    ['what concerns all keys', ['SET k 1'], ['SWAPDB 0 1', 'FLUSHALL'], ['SWAPDB 0 1', 'FLUSHALL']],
  ])('%s', async (_what, before, requests, stream) => {
    expect(await streamOf(before, requests)).toEqual(stream)
  })
})

test('what goes by itself is removed by name: expired, also fields, and evicted', async () => {
  const clock = new VirtualClock({ startMs: NOW })
  const server = await open({ clock })
  const client = await connect(server)
  for (const request of ['SET soon 1 PX 10', 'SET asked 1 PX 10', 'HSET h f v g v']) {
    await client.call(...request.split(' '))
  }
  await client.call('HPEXPIRE', 'h', '10', 'FIELDS', '1', 'f')
  const replica = await follow(server)
  await clock.advance(20)
  await client.call('SET', 'end', '1')
  const gone = await replica.until('SET end 1')
  expect(gone.sort()).toEqual(['DEL asked', 'DEL soon', 'EXEC', 'HDEL h f', 'MULTI', 'SELECT 0'])
  // by the one who asks: before what it does, in one transaction
  await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
  await client.call('SET', 'late', 'x', 'PX', '10')
  await clock.advance(1)
  await client.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
  await client.call('CONFIG', 'SET', 'maxmemory', '1')
  await client.call('CONFIG', 'SET', 'maxmemory', '0')
  await client.call('PUBLISH', 'end', '')
  const evicted = await replica.until('PUBLISH end ')
  expect(evicted.filter((command) => command.startsWith('DEL')).sort()).toEqual([
    'DEL end',
    'DEL h',
    'DEL late',
  ])
})

test('what a command finds expired goes before it, and is none of what it did', async () => {
  const clock = new VirtualClock({ startMs: NOW })
  const server = await open({ clock, config: { 'enable-debug-command': 'yes' } })
  const client = await connect(server)
  expect(await client.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')).toBe('+OK\r\n')
  for (const key of ['a', 'b', 'c', 'd']) await client.call('SET', key, '1', 'PX', '10')
  const replica = await follow(server)
  await clock.advance(20)
  for (const request of ['SET a 2 XX', 'INCR b', 'GET c', 'EXPIRE d 5', 'SET end 1']) {
    await client.call(...request.split(' '))
  }
  expect(await replica.until('SET end 1')).toEqual([
    ...['SELECT 0', 'DEL a'],
    ...['MULTI', 'DEL b', 'INCR b', 'EXEC'],
    ...['DEL c', 'DEL d'],
  ])
})

test('what is sent of a large value is what it was, whatever comes after', async () => {
  const server = await open()
  const client = await connect(server)
  const replica = await follow(server)
  const value = 'x'.repeat(1_000_000)
  await client.call('MULTI')
  await client.call('SET', 'large', value)
  await client.call('SETRANGE', 'large', '0', 'changed')
  await client.call('EXEC')
  expect(await replica.next(5)).toEqual([
    ...['MULTI', 'SELECT 0'],
    ...[`SET large ${value}`, 'SETRANGE large 0 changed', 'EXEC'],
  ])
})

test('who comes later is told the database too', async () => {
  const server = await open()
  const client = await connect(server)
  const first = await follow(server)
  await client.call('INCR', 'n')
  expect(await first.next(2)).toEqual(['SELECT 0', 'INCR n'])
  const second = await follow(server)
  await client.call('INCR', 'n')
  expect(await second.next(2)).toEqual(['SELECT 0', 'INCR n'])
  expect(await first.next(2)).toEqual(['SELECT 0', 'INCR n'])
  expect(first.offset).toBe(second.offset)
})

test('a snapshot is of one moment, though others go on while it is written', async () => {
  using folder = temporaryFolder()
  const config = { 'enable-debug-command': 'yes', 'repl-backlog-size': '100mb' }
  const server = await open({ path: join(folder.path, 'a'), config })
  const run = (text: string): Promise<unknown> => server.execute(text.split(' '))
  const keys = 20_000
  for (let n = 0; n < keys; n += 1) void run(`SET k${n} 0`)
  for (let n = 0; n < 3_000; n += 1) void run(`HSET hash f${n} ${n}`)
  await run('SET large 0')
  await server.execute(['SETRANGE', 'large', 100_000, 'end'])
  await run('SELECT 2')
  await run('XADD x 1-1 a b')
  await run('SELECT 0')
  const other = await open({ path: join(folder.path, 'b'), config })
  await other.execute(['REPLICAOF', '127.0.0.1', portOf(server)])
  const isWritten = async (): Promise<boolean> =>
    /state=(?:send_bulk|online)/.test(String(await run('INFO replication')))
  // one key at a time, from the first to the last, while it is on its way
  let changed = 0
  while (!(await isWritten())) {
    for (let n = 0; n < 50; n += 1, changed += 1) await run(`INCR k${changed % keys}`)
    await run(`HSET hash f${changed % 3000} changed`)
    await run(`DEL k${keys - 1 - (changed % 1000)}`)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  expect(changed).toBeGreaterThan(50)
  expect(await run('WAIT 1 20000')).toBe(1)
  expect(await other.execute(['DEBUG', 'DIGEST'])).toBe(await run('DEBUG DIGEST'))
  expect(String(await run('INFO stats'))).toContain('sync_full:1\r')
})

test('scripts and functions are sent as what they did, as one', async () => {
  const server = await open()
  const client = await connect(server)
  const replica = await follow(server)
  const library =
    "#!lua name=l\nredis.register_function('f', function(keys) return redis.call('INCR', keys[1]) end)"
  await client.call('FUNCTION', 'LOAD', library)
  await client.call('FCALL', 'f', '1', 'n')
  await client.call('EVAL', "redis.call('SADD','s','a') redis.call('SPOP','s')", '0')
  await client.call('EVAL', "redis.call('INCR','n') redis.call('LPUSH','n','x')", '0')
  await client.call('EVAL', "return redis.call('GET','n')", '0')
  await client.call('SET', 'end', '1')
  expect(await replica.until('SET end 1')).toEqual([
    'SELECT 0',
    `FUNCTION LOAD ${library}`,
    'INCR n',
    ...['MULTI', 'SADD s a', 'SREM s a', 'EXEC'],
    'INCR n',
  ])
})

test('one who waited is sent as what it got, with what made it ready', async () => {
  const server = await open()
  const client = await connect(server)
  const replica = await follow(server)
  const waiter = await connect(server)
  const waits: [request: string, reply: RegExp, makesReady: string, stream: string[]][] = [
    ['BLPOP l 0', /a/, 'RPUSH l a', ['RPUSH l a', 'LPOP l']],
    ['BLMOVE l m LEFT LEFT 0', /b/, 'RPUSH l b', ['RPUSH l b', 'LMOVE l m left left']],
    ['BZPOPMAX z 0', /c/, 'ZADD z 1 c', ['ZADD z 1 c', 'ZPOPMAX z']],
  ]
  for (const [request, reply, makesReady, stream] of waits) {
    const answer = waiter.call(...request.split(' '))
    await expect.poll(() => info(client, 'blocked_clients'), LONG).toBe('1')
    await client.call(...makesReady.split(' '))
    expect(await answer).toMatch(reply)
    await client.call('SET', 'end', '1')
    const sent = await replica.until('SET end 1')
    expect(sent.filter((command) => command !== 'SELECT 0')).toEqual(['MULTI', ...stream, 'EXEC'])
  }
})

test('one who comes back goes on where it was, and gets nothing twice', async () => {
  const server = await open({ config: { 'repl-backlog-size': '100000' } })
  const client = await connect(server)
  const first = await follow(server)
  expect(first.line).toBe(`+FULLRESYNC ${first.id} 0`)
  for (let n = 0; n < 50; n += 1) await client.call('INCR', 'n')
  await first.next(31)
  first.close()
  for (let n = 0; n < 50; n += 1) await client.call('INCR', 'n')
  const again = await follow(server, { from: [first.id, first.offset] })
  expect(again.line).toBe(`+CONTINUE ${first.id}`)
  await client.call('SET', 'end', '1')
  expect(await again.until('SET end 1')).toHaveLength(70)
  expect(again.offset).toBe(Number(await info(client, 'master_repl_offset')))
  // of another history, and of the future
  for (const from of [
    ['0'.repeat(40), again.offset],
    [again.id, again.offset + 1],
  ] as const) {
    const refused = await follow(server, { from })
    expect(refused.line).toMatch(/^\+FULLRESYNC/)
    refused.close()
  }
  expect(await info(client, 'sync_partial_ok')).toBe('1')
  expect(await info(client, 'sync_partial_err')).toBe('2')
  // one who was away for more than is kept begins anew
  again.close()
  // what is there for one who is connected stays
  await expect.poll(() => info(client, 'connected_slaves'), LONG).toBe('0')
  await client.call('SET', 'large', 'x'.repeat(200_000))
  await client.call('SET', 'more', 'x'.repeat(200_000))
  const late = await follow(server, { from: [again.id, again.offset] })
  expect(late.line).toMatch(/^\+FULLRESYNC/)
  expect(late.snapshot.length).toBeGreaterThan(0)
})

test('what a replica says is in INFO, ROLE and CLIENT LIST, and WAIT counts it', async () => {
  const server = await open({ config: { 'min-replicas-to-write': '1' } })
  const client = await connect(server)
  expect(await client.call('SET', 'k', '1')).toMatch(/^-NOREPLICAS/)
  expect(await client.call('WAIT', '1', '1')).toBe(':0\r\n')
  const replica = await follow(server)
  await expect
    .poll(() => info(client, 'slave0'), LONG)
    .toMatch(/^ip=127.0.0.1,port=7777,state=online/)
  expect(await client.call('SET', 'k', '1')).toBe('+OK\r\n')
  const waiting = client.call('WAIT', '1', '0')
  expect(await replica.until('REPLCONF GETACK *')).toEqual(['SELECT 0', 'SET k 1'])
  replica.acknowledge()
  expect(await waiting).toBe(':1\r\n')
  const offset = String(replica.offset)
  expect(await info(client, 'connected_slaves')).toBe('1')
  expect(await info(client, 'slave0')).toContain(`offset=${offset},lag=0`)
  expect(await info(client, 'master_replid')).toBe(replica.id)
  expect(await info(client, 'master_repl_offset')).toBe(offset)
  expect(await server.execute(['ROLE'])).toEqual([
    'master',
    replica.offset,
    [['127.0.0.1', '7777', offset]],
  ])
  expect(await client.call('CLIENT', 'LIST', 'TYPE', 'replica')).toContain('flags=S ')
  expect(server.metrics().replication).toMatchObject({ replicas: 1, isReplica: false })
  expect(await client.call('CLIENT', 'KILL', 'TYPE', 'replica')).toBe(':1\r\n')
  await expect.poll(() => info(client, 'connected_slaves'), LONG).toBe('0')
  expect(await client.call('SET', 'k', '2')).toMatch(/^-NOREPLICAS/)
})

test('a replica that hears nothing hears that this server lives, and is left when it says nothing', async () => {
  const clock = new VirtualClock({ startMs: NOW })
  const server = await open({ clock, config: { 'repl-timeout': '20' } })
  const client = await connect(server)
  const replica = await follow(server)
  await expect.poll(() => info(client, 'slave0'), LONG).toContain('state=online')
  await clock.advance(12_000)
  replica.socket.write('\n')
  await client.call('SET', 'end', '1')
  await replica.until('SET end 1')
  const { offset } = replica
  expect(offset).toBe(Number(await info(client, 'master_repl_offset')))
  // one byte is enough
  await clock.advance(15_000)
  expect(await info(client, 'connected_slaves')).toBe('1')
  await clock.advance(10_000)
  await expect.poll(() => info(client, 'connected_slaves'), LONG).toBe('0')
  // nobody comes back for an hour: what is sent has another name from then on
  expect(await info(client, 'repl_backlog_active')).toBe('1')
  await clock.advance(3_601_000)
  expect(await info(client, 'repl_backlog_active')).toBe('0')
  expect(await info(client, 'master_replid')).not.toBe(replica.id)
})

test('a replica that reads too slowly is cut off, and no more is held for it', async () => {
  const server = await open({
    config: { 'client-output-buffer-limit': 'replica 4mb 0 0', 'repl-backlog-size': '1mb' },
  })
  const client = await connect(server)
  const replica = await follow(server)
  replica.socket.pause()
  const value = 'x'.repeat(500_000)
  let sent = 0
  while ((await info(client, 'connected_slaves')) === '1') {
    await client.call('SET', `k${sent}`, value)
    sent += 1
    // what the system takes for it is some megabytes
    expect(sent).toBeLessThan(200)
  }
  expect(await info(client, 'client_output_buffer_limit_disconnections')).toBe('1')
  await client.call('SET', 'last', value)
  expect(Number(await info(client, 'repl_backlog_histlen'))).toBeLessThan(2_000_000)
})

test('a replica that reads nothing for a while gets all of it in the end', async () => {
  const server = await open({ config: { 'repl-backlog-size': '10000' } })
  const client = await connect(server)
  const replica = await follow(server)
  replica.socket.pause()
  const value = 'x'.repeat(300_000)
  const sent = Array.from({ length: 40 }, (_, n) => `SET k${n} ${value}`)
  for (const request of sent) await client.call(...request.split(' '))
  // more than the system takes, and more than is kept for those who come back
  expect(Number(await info(client, 'repl_backlog_histlen'))).toBeGreaterThan(1_000_000)
  replica.socket.resume()
  expect((await replica.next(41)).slice(1)).toEqual(sent)
  await client.call('SET', 'end', value)
  await replica.next(1)
  await client.call('SET', 'end', value)
  expect(Number(await info(client, 'repl_backlog_histlen'))).toBeLessThan(1_000_000)
})

test('keys that are read in from a file have replicas begin anew', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'other.rdb')
  const other = await open()
  await other.execute(['SET', 'imported', 'value of it'])
  other.exportRdb(path)
  const server = await open()
  const replica = await follow(server)
  await server.execute(['SET', 'k', '1'])
  expect(await replica.next(2)).toEqual(['SELECT 0', 'SET k 1'])
  await server.importRdb(path)
  await expect.poll(() => replica.isClosed, LONG).toBe(true)
  const again = await follow(server, { from: [replica.id, replica.offset] })
  expect(again.line).toMatch(/^\+FULLRESYNC/)
  expect(again.id).not.toBe(replica.id)
  expect(again.snapshot.toString('latin1')).toContain('value of it')
})

test('who cannot be sent what is done is told so', async () => {
  const shelf = await open({ modules: [{ name: 'shelf', version: 1 }] })
  const client = await connect(shelf)
  expect(await client.call('PSYNC', '?', '-1')).toMatch(/^-ERR a server with modules/)
  // a snapshot alone is another matter
  expect(await client.call('REPLCONF', 'rdb-only', '1')).toBe('+OK\r\n')
  expect(await client.call('PSYNC', '?', '-1')).toMatch(/^\+FULLRESYNC/)
  const plain = await open({ requirePass: 'secret' })
  const stranger = await connect(plain)
  expect(await stranger.call('PSYNC', '?', '-1')).toMatch(/^-NOAUTH/)
  const replica = await follow(plain, { greetings: [['AUTH', 'secret']] })
  expect(replica.line).toMatch(/^\+FULLRESYNC/)
  await expect(plain.execute(['PSYNC', '?', '-1'])).rejects.toThrow('socket only')
})

test('nothing leaves under appendfsync always before it is synced', async () => {
  const disk = memoryFileSystem()
  let gate = Promise.resolve()
  const fileSystem: FileSystem = {
    ...disk,
    open(path, mode) {
      const file = disk.open(path, mode)
      const sync = file.sync.bind(file)
      file.sync = async () => {
        await gate
        await sync()
      }
      return file
    },
  }
  const store = await Store.open('/data', { fileSystem })
  const server = await open({ store, appendFsync: 'always' })
  const client = await connect(server)
  const replica = await follow(server)
  await client.call('SET', 'a', '1')
  expect(await replica.next(2)).toEqual(['SELECT 0', 'SET a 1'])
  const held = Promise.withResolvers<void>()
  gate = held.promise
  const answer = client.call('SET', 'b', '1')
  const other = await connect(server)
  let hasCome = false
  const next = replica.next(1).then((commands) => {
    hasCome = true
    return commands
  })
  // what is sent meanwhile comes behind it
  const published = other.call('PUBLISH', 'news', 'x')
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(hasCome).toBe(false)
  held.resolve()
  expect(await next).toEqual(['SET b 1'])
  expect(await answer).toBe('+OK\r\n')
  expect(await published).toBe(':0\r\n')
  expect(await replica.next(1)).toEqual(['PUBLISH news x'])
  await server.close()
  await store.close()
})

test('a server that ends sends everything before', async () => {
  using folder = temporaryFolder()
  const server = await createServer({ port: 0, path: folder.path })
  const replica = await follow(server)
  const value = 'x'.repeat(30_000)
  for (let n = 0; n < 50; n += 1) void server.execute(['SET', `k${n}`, value])
  void server.execute(['SET', 'end', '1'])
  const closed = server.close()
  expect(await replica.until('SET end 1')).toHaveLength(51)
  await closed
})
