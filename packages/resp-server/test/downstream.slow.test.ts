import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createServer, type RespServer } from '../src/index.ts'
import { expectSame, infoLine, untilLinked } from './support/followed.ts'
import { CommandGenerator } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'

/** DOWNSTREAM_ROUNDS=200 for a long run. */
const ROUNDS = Number(process.env['DOWNSTREAM_ROUNDS'] ?? 2)
const SEED = process.env['DOWNSTREAM_SEED'] ?? 'after'

const DEBUG = { 'enable-debug-command': 'yes' }

async function open(config: Record<string, string> = {}): Promise<RespServer> {
  const server = await createServer({ port: 0, config: { ...DEBUG, ...config } })
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

  test('has the snapshot, and then all that this server does', {
    timeout: 60_000 + ROUNDS * 10_000,
  }, async () => {
    const server = await open()
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
  })
})
