import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createServer, type RespServer } from '../src/index.ts'
import { certificate } from './support/certificates.ts'
import { expectSame, infoLine, untilLinked } from './support/followed.ts'
import { Group, run, untilPrimary, untilReplicated } from './support/group.ts'
import { CommandGenerator } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RawReplica } from './support/raw-replica.ts'
import { RealRedis } from './support/redis-server.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** DOWNSTREAM_ROUNDS=200 for a long run. */
const ROUNDS = Number(process.env['DOWNSTREAM_ROUNDS'] ?? 2)
const SEED = process.env['DOWNSTREAM_SEED'] ?? 'after'

/** Nothing here takes so long, but on a machine that does much else. */
const LONG = { timeout: 20_000 }
const DEBUG = { 'enable-debug-command': 'yes' }

/** Room for next to nothing. */
const TIERED = { maxmemory: '6kb', 'maxmemory-policy': 'tier' }

async function open(config: Record<string, string> = {}, path?: string): Promise<RespServer> {
  const options = { port: 0, config: { ...DEBUG, ...config } }
  const server = await createServer(path === undefined ? options : { ...options, path })
  onTestFinished(() => server.close())
  return server
}

async function connect(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port)
  onTestFinished(() => client.close())
  return client
}

const portOf = (server: RespServer): number => server.address.port as number

/** What only a primary decides: chance, time, and what several commands do as one. */
function decided(g: CommandGenerator): string[][] {
  const makers: (() => string[][])[] = [
    () => [['SPOP', g.key('S'), ...g.maybe(String(1 + g.below(4)))]],
    () => [['SET', g.key('s'), g.value(), 'PX', String(1 + g.below(40))]],
    () => [['EXPIRE', g.key(g.pick(['h', 'l', 'S', 'z'])), '1000']],
    () => [['PEXPIRE', g.key(g.pick(['h', 'l', 'S', 'z'])), String(g.below(30))]],
    () => [['XADD', 'x0', '*', 'a', g.value()]],
    () => [['XADD', 'x1', 'MAXLEN', '~', '5', '*', 'a', g.value()]],
    () => [['XAUTOCLAIM', `x${g.below(3)}`, 'g1', g.pick(['c1', 'c4']), '0', '0', 'COUNT', '2']],
    () => [['SELECT', g.pick(['0', '3'])]],
    () => [
      ['MULTI'],
      ['INCR', 'counter'],
      ['SELECT', g.pick(['0', '3'])],
      ['RPUSH', g.key('l'), g.member()],
      ['SPOP', g.key('S')],
      ['EXEC'],
    ],
    () => [
      [
        'EVAL',
        `redis.call('INCR', 'scripted'); redis.call('SELECT', ARGV[2])
        return redis.pcall(unpack(cjson.decode(ARGV[1])))`,
        '0',
        JSON.stringify(['SPOP', g.key('S')]),
        g.pick(['0', '3']),
      ],
    ],
    () => [
      ['PFADD', 'p', g.member(), g.value()],
      ['PFCOUNT', 'p'],
    ],
    () => [['GEOADD', 'places', '13.36', '38.11', 'a', '15.08', '37.5', g.member()]],
    () => [
      [
        'GEOSEARCHSTORE',
        'near',
        'places',
        'FROMLONLAT',
        '14',
        '37',
        'BYRADIUS',
        '300',
        'km',
        'STOREDIST',
      ],
    ],
    () => [['RESTORE', g.key('s'), String(g.below(3) * 100_000), DUMP_OF_AN_INTEGER, 'REPLACE']],
    () => [['SORT', g.key('S'), 'ALPHA', 'STORE', g.key('l')]],
    () => [
      ['BZPOPMIN', g.key('z'), '0.001'],
      ['BZMPOP', '0.001', '1', g.key('z'), 'MAX', 'COUNT', '2'],
    ],
  ]
  return g.pick(makers)()
}

/** Of Redis 7.0: 10. */
const DUMP_OF_AN_INTEGER = '\0\xc0\x0a\x0a\0\x91\xad\x82\xb6\x06\x64\xb6\xa1'

/** So many requests; several clients wait for lists and streams meanwhile. */
async function writeAtRandom(port: number, seed: string, count: number): Promise<void> {
  const client = await connect(port)
  const waiter = await connect(port)
  const generator = new CommandGenerator(seed)
  const sent: Promise<string>[] = []
  for (let n = 0; n < count; n += 1) {
    if (n % 3 === 0) {
      for (const request of decided(generator)) sent.push(client.call(...request))
    }
    const request = generator.next()
    // these would end or hold the server
    if (/^(?:CLIENT|WAIT)/i.test(request[0] as string)) continue
    const isBlocking = /^(?:B[LRZ]|XREAD)/i.test(request[0] as string)
    sent.push((isBlocking ? waiter : client).call(...request))
    if (sent.length > 500) await Promise.all(sent.splice(0))
  }
  await Promise.all(sent)
}

/** Commands of the stream that the replica answered with an error. */
async function failedCommands(replica: RawClient): Promise<string[]> {
  const lines = (await replica.call('INFO', 'commandstats')).split('\r\n')
  // the tests ask for groups of what may be no stream
  return lines.filter((line) => /failed_calls=[1-9]/.test(line) && !line.includes('xinfo'))
}

describe('redis-server that follows this server', () => {
  let redis: RealRedis
  let replica: RawClient

  beforeAll(async () => {
    redis = await RealRedis.start('--enable-debug-command', 'yes', '--repl-timeout', '600')
    replica = await RawClient.connect(redis.port)
  })
  afterAll(async () => {
    replica.close()
    await redis.stop()
  })

  async function follow(server: RespServer): Promise<RawClient> {
    const primary = await connect(portOf(server))
    await replica.call('REPLICAOF', '127.0.0.1', String(portOf(server)))
    await untilLinked(replica)
    return primary
  }

  test.each(['in memory', 'in the store alone'])(
    'has the snapshot, and then all that this server does, with its data %s',
    {
      timeout: 300_000 + ROUNDS * 30_000,
    },
    async (where) => {
      const folder = temporaryFolder()
      onTestFinished(() => folder[Symbol.dispose]())
      const server = where === 'in memory' ? await open() : await open(TIERED, folder.path)
      await writeAtRandom(portOf(server), 'before', 2_000)
      const primary = await follow(server)
      await expectSame(primary, replica)
      for (let round = 0; round < ROUNDS; round += 1) {
        await writeAtRandom(portOf(server), `${SEED} ${round}`, 3_000)
        await expectSame(primary, replica)
      }
      expect(await failedCommands(replica)).toEqual([])
      await primary.call('FLUSHALL')
      await expectSame(primary, replica)
      // a stream that left something out would have been broken off, and begun anew
      expect(await infoLine(primary, 'sync_full')).toBe('1')
      if (where !== 'in memory') {
        expect(Number(await infoLine(primary, 'ashlar_tiered_values'))).toBeGreaterThan(100)
      }
    },
  )

  test('goes on where it was when its connection breaks, and runs nothing twice', async () => {
    const server = await open({ 'repl-backlog-size': '10mb' })
    const primary = await follow(server)
    const before = Number(await infoLine(primary, 'sync_partial_ok'))
    let isOver = false
    const writing = (async () => {
      for (let n = 0; !isOver; n += 1) {
        void primary.call('INCR', 'counter')
        void primary.call('RPUSH', 'list', String(n))
        await primary.call('SPOP', 'set')
        await primary.call('SADD', 'set', String(n), String(n + 1))
      }
    })()
    for (let breaks = 1; breaks <= 2; breaks += 1) {
      await server.execute(['CLIENT', 'KILL', 'TYPE', 'replica'])
      const resyncs = (): Promise<unknown> => infoOf(server, 'sync_partial_ok')
      await expect.poll(resyncs, { timeout: 20_000 }).toBe(String(before + breaks))
    }
    isOver = true
    await writing
    expect(await primary.call('WAIT', '1', '20000')).toBe(':1\r\n')
    await expectSame(primary, replica)
    expect(await replica.call('GET', 'counter')).toBe(await primary.call('GET', 'counter'))
    expect(await infoLine(primary, 'sync_full')).toBe('1')
  })

  test('takes over: one moves out while clients go on', async () => {
    const server = await open()
    const primary = await follow(server)
    for (let n = 0; n < 200; n += 1) await primary.call('INCR', 'counter')
    expect(await primary.call('WAIT', '1', '20000')).toBe(':1\r\n')
    expect(await replica.call('REPLICAOF', 'NO', 'ONE')).toBe('+OK\r\n')
    expect(await replica.call('INCR', 'counter')).toBe(':201\r\n')
    await expect.poll(() => infoOf(server, 'connected_slaves'), LONG).toBe('0')
    // and back in: this server follows the one that followed it
    await server.execute(['REPLICAOF', '127.0.0.1', redis.port])
    await untilLinked(primary)
    expect(await primary.call('GET', 'counter')).toBe('$3\r\n201\r\n')
  })

  test('behind a server that follows another one itself', async () => {
    const first = await open()
    const middle = await open()
    const primary = await connect(portOf(first))
    await writeAtRandom(portOf(first), 'chain', 500)
    await middle.execute(['REPLICAOF', '127.0.0.1', portOf(first)])
    const between = await follow(middle)
    await untilLinked(between)
    await writeAtRandom(portOf(first), 'chained', 2_000)
    await expectSame(primary, between)
    await expectSame(between, replica)
    expect(await infoLine(between, 'connected_slaves')).toBe('1')
    // the one in the middle becomes a server of its own: nothing ends for who follows it
    await middle.execute(['REPLICAOF', 'NO', 'ONE'])
    await between.call('SET', 'own', 'write')
    await expectSame(between, replica)
    expect(await failedCommands(replica)).toEqual([])
  })
})

const infoOf = async (server: RespServer, field: string): Promise<string | undefined> =>
  new RegExp(`^${field}:(.*)\r$`, 'm').exec(String(await server.execute(['INFO'])))?.[1]

test('this server follows this server, over TLS, as a user that may do little else', async () => {
  using folder = temporaryFolder()
  const tls = certificate(folder.path, 'own')
  const primary = await createServer({ port: 0, tls: { port: 0, ...tls }, config: DEBUG })
  onTestFinished(() => primary.close())
  const rules = ['on', '>secret', '+psync', '+replconf', '+ping']
  await primary.execute(['ACL', 'SETUSER', 'replica', ...rules])
  await writeAtRandom(portOf(primary), 'own before', 1_000)
  await primary.execute(['HSET', 'expiring', 'f', 'v', 'g', 'v'])
  await primary.execute(['HEXPIRE', 'expiring', '1000', 'FIELDS', '1', 'f'])
  const server = await open({
    'tls-replication': 'yes',
    'tls-ca-cert-file': tls.certFile,
    masteruser: 'replica',
    masterauth: 'secret',
  })
  await server.execute(['REPLICAOF', '127.0.0.1', primary.address.tlsPort as number])
  const [here, there] = [await connect(portOf(server)), await connect(portOf(primary))]
  await expectSame(there, here)
  await writeAtRandom(portOf(primary), 'own after', 2_000)
  await primary.execute(['SELECT', '0'])
  await primary.execute(['HSET', 'expiring', 'f', 'v', 'g', 'v', 'h', 'v'])
  await primary.execute(['HEXPIRE', 'expiring', '1000', 'FIELDS', '2', 'f', 'g'])
  await primary.execute(['HINCRBYFLOAT', 'sums', 'f', '0.1'])
  await primary.execute(['HPEXPIRE', 'expiring', '1', 'FIELDS', '1', 'h'])
  await expect.poll(() => there.call('HLEN', 'expiring'), LONG).toBe(':2\r\n')
  await expectSame(there, here)
  for (const one of [here, there]) await one.call('SELECT', '0')
  const times = await there.call('HPEXPIRETIME', 'expiring', 'FIELDS', '3', 'f', 'g', 'h')
  expect(await here.call('HPEXPIRETIME', 'expiring', 'FIELDS', '3', 'f', 'g', 'h')).toBe(times)
  expect(await failedCommands(here)).toEqual([])
})

test('redis-cli --replica prints what is done', async () => {
  const server = await open()
  await server.execute(['SET', 'before', '1'])
  const cli = spawn('redis-cli', ['-p', String(portOf(server)), '--replica'])
  onTestFinished(() => void cli.kill('SIGKILL'))
  let printed = ''
  cli.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  cli.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  await expect.poll(() => printed, { timeout: 20_000 }).toContain('SYNC done')
  await server.execute(['SET', 'k', 'a value'])
  await server.execute(['EXPIRE', 'k', '100'])
  await expect.poll(() => printed, { timeout: 20_000 }).toMatch(/"PEXPIREAT","k","\d+"/)
  expect(printed).toContain('"SET","k","a value"')
  expect(String(await server.execute(['CLIENT', 'LIST', 'TYPE', 'replica']))).toContain('flags=S')
})

test('in a group the primary is followed, and nobody else', async () => {
  await using group = new Group()
  const first = await group.start('a')
  await untilPrimary(first)
  const second = await group.start('b')
  await run(first, 'SET k 1')
  await untilReplicated(first)
  const stranger = await connect(portOf(second.server))
  expect(await stranger.call('PSYNC', '?', '-1')).toMatch(/^-NOMASTERLINK this node follows/)
  const replica = await RawReplica.connect(portOf(first.server))
  onTestFinished(() => replica.close())
  await run(first, 'INCR k')
  expect(await replica.next(2)).toEqual(['SELECT 0', 'INCR k'])
  expect(String(await run(first, 'INFO replication'))).toContain('connected_slaves:2')
  // another one takes over: what this one has is no history of its own any more
  await run(first, 'FAILOVER')
  await untilPrimary(second)
  await expect.poll(() => replica.isClosed, { timeout: 20_000 }).toBe(true)
  const again = await RawReplica.connect(portOf(second.server))
  onTestFinished(() => again.close())
  expect(again.line).toMatch(/^\+FULLRESYNC/)
})
