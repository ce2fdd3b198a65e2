import { describe, expect, test } from 'vitest'
import { bothServers } from './support/both-servers.ts'
import { compareServers } from './support/difference.ts'
import { normalizeScores } from './support/normalize.ts'
import { CommandGenerator, EDGE_GROUPS } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'

/** DIFFERENTIAL_COMMANDS=1000000 DIFFERENTIAL_SEED=7 for a long run. */
const COUNT = Number(process.env['DIFFERENTIAL_COMMANDS'] ?? 700)
const SEED = process.env['DIFFERENTIAL_SEED'] ?? '20261127'

/** Longer than what arrives as a string, with bytes that are no ASCII. */
const LONG = '\xe9\xff'.repeat(20_000)

/** Each was answered otherwise at one time, or stands beside one that was. */
const REQUESTS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'names as long as values': [
    ['SET', LONG, 'a'],
    ['SET', LONG, LONG, 'EX', '1000'],
    ['GET', LONG],
    ['SETNX', LONG, 'b'],
    ['GETSET', LONG, 'c'],
    ['SETEX', `${LONG}2`, '1000', 'd'],
    ['PSETEX', `${LONG}2`, '1000000', 'e'],
    ['MSET', LONG, 'f', `${LONG}2`, LONG],
    ['MSETNX', `${LONG}3`, 'g', LONG, 'h'],
    ['MGET', LONG, `${LONG}2`, `${LONG}3`],
    ['MULTI'],
    ['SET', LONG, 'i'],
    ['APPEND', LONG, 'j'],
    ['EXEC'],
    ['GET', LONG],
    ['SUBSCRIBE', LONG],
    ['UNSUBSCRIBE', LONG],
    ['PUBLISH', LONG, 'k'],
    ['SPUBLISH', LONG, 'l'],
    ['KEYS', '*'],
  ],
  'numbers in hexadecimal': [
    ['ZADD', 'z', '0x10', 'a', '0x1p-3', 'b', '0X.8', 'c', '-0x1.8P+2', 'd', '0x1p', 'e'],
    ['ZADD', 'z', '0x10', 'a', '0x1p-3', 'b', '0X.8', 'c', '-0x1.8P+2', 'd', '+0x.', 'e'],
    ['ZADD', 'z', '0x10', 'a', '0x1p-3', 'b', '0X.8', 'c', '-0x1.8P+2', 'd'],
    ['ZADD', 'z', '0x10000000000000800000000000000001', 'e'],
    ['ZADD', 'z', '0x1p-2000', 'f'],
    ['ZADD', 'z', '-0x1p2000', 'f'],
    ['ZRANGEBYSCORE', 'z', '(-0x1.8p2', '0x10'],
    ['INCRBYFLOAT', 's', '0x10'],
    ['INCRBYFLOAT', 's', '-0x1.8p1'],
    ['INCRBYFLOAT', 's', '0x1p-20000'],
    ['INCRBYFLOAT', 's', '0x1p16384'],
    ['INCRBYFLOAT', 's', '0x'],
    ['INCRBYFLOAT', 't', '0xfffffffffffffffff'],
    ['HINCRBYFLOAT', 'h', 'f', '0x1p-3'],
  ],
  'numbers beyond doubles': [
    ['ZADD', 'z', '1e309', 'a'],
    ['ZADD', 'z', '-1.8e308', 'a'],
    ['ZADD', 'z', '1e-400', 'a'],
    ['ZADD', 'z', '0e400', 'a', '0.0e-9999', 'b', '-inf', 'c', '1e308', 'd', '0x0p9', 'e'],
    ['ZINCRBY', 'z', '2e308', 'a'],
    ['ZUNIONSTORE', 'y', '1', 'z', 'WEIGHTS', '1e999'],
    ['ZRANGEBYSCORE', 'z', '1e-999', '1e999'],
    ['ZCOUNT', 'z', '-1e999', '(1e999'],
    ['GEOADD', 'g', '1e-500', '0', 'p'],
    ['GEOADD', 'g', '-0', '86', 'p'],
  ],
  cursors: [
    ['HSET', 'h', 'f', 'v'],
    ...['18446744073709551616', '99999999999999999999', '+', '-', ' 0', '0x0', '1e1'].flatMap(
      (cursor) => [
        ['HSCAN', 'h', cursor, 'COUNT', 'x'],
        ['SCAN', cursor],
      ],
    ),
    ['HSCAN', 'h', ''],
    ['HSCAN', 'h', '000000000000000000000000000'],
    ['HSCAN', 'h', '-0'],
    ['ZSCAN', 'none', '18446744073709551615'],
  ],
  'counts of pairs': [
    ...['HRANDFIELD', 'ZRANDMEMBER'].flatMap((name) =>
      ['4611686018427387903', '4611686018427387904', '-4611686018427387904'].flatMap((count) => [
        [name, 'none', count],
        [name, 'none', count, name === 'HRANDFIELD' ? 'WITHVALUES' : 'WITHSCORES'],
        [name, 'none', count, 'OTHER'],
      ]),
    ),
  ],
  'fields of bits': ['WRAP', 'SAT', 'FAIL'].flatMap((mode) =>
    ['u1', 'u8', 'u63', 'i64'].flatMap((field) => [
      ['BITFIELD', 'b', 'OVERFLOW', mode, 'SET', field, '#1', '-1', 'GET', field, '#1'],
      ['BITFIELD', 'b', 'OVERFLOW', mode, 'INCRBY', field, '#1', '-2', 'GET', field, '#1'],
      [
        ...['BITFIELD', 'b', 'OVERFLOW', mode, 'SET', field, '#1', '-9223372036854775808'],
        ...['GET', field, '#1'],
      ],
    ]),
  ),
  times: [
    ['SET', 's', 'v', 'PXAT', '4000000001500'],
    ['EXPIRETIME', 's'],
    ['PEXPIREAT', 's', '4000000001499'],
    ['EXPIRETIME', 's'],
    ['PEXPIRETIME', 's'],
    ['SET', 's', 'v', 'EXAT', '9223372036854775'],
    ['SET', 's', 'v', 'EXAT', '9223372036854776'],
    ['SET', 's', 'v', 'EX', '9223372036854775'],
    ['GETEX', 's', 'EXAT', '9223372036854775'],
    ['EXPIREAT', 's', '9223372036854775'],
    ['EXPIREAT', 's', '9223372036854776'],
    ['EXPIRE', 's', '-9223372036854776'],
    ['EXPIREAT', 's', '-9223372036854775'],
    ['EXISTS', 's'],
  ],
  'the last ID of a stream': [
    ['XADD', 'x', '1', 'f', 'v'],
    ['XGROUP', 'CREATE', 'x', 'g', '0'],
    ...['18446744073709551615-18446744073709551615', '18446744073709551615', '>'].map((id) => [
      ...['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'x', id],
    ]),
    ['XADD', 'x', '18446744073709551615-18446744073709551615', 'f', 'v'],
    ['XADD', 'x', '18446744073709551615-*', 'f', 'v'],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'x', '18446744073709551615-18446744073709551615'],
  ],
  'deliveries of what is claimed by force': [
    ...['1', '2', '3', '4', '5'].map((id) => ['XADD', 'x', id, 'f', 'v']),
    ['XGROUP', 'CREATE', 'x', 'g', '0'],
    ['XCLAIM', 'x', 'g', 'c', '0', '1', 'FORCE'],
    ['XCLAIM', 'x', 'g', 'c', '0', '2', 'FORCE', 'JUSTID'],
    ['XCLAIM', 'x', 'g', 'c', '0', '3', 'FORCE', 'RETRYCOUNT', '0'],
    ['XCLAIM', 'x', 'g', 'c', '0', '4', 'FORCE', 'RETRYCOUNT', '-1'],
    ['XCLAIM', 'x', 'g', 'c', '0', '5', 'FORCE', 'RETRYCOUNT', '-5', 'JUSTID'],
    ['XPENDING', 'x', 'g', '-', '+', '10'],
    ['XCLAIM', 'x', 'g', 'c', '0', '1', '3', '5', 'RETRYCOUNT', '-1'],
    ['XPENDING', 'x', 'g', '-', '+', '10'],
  ],
  'ranges that end before they begin': [
    ['SET', 's', 'abc'],
    ['GETRANGE', 's', '-9223372036854775806', '-9223372036854775808'],
    ['GETRANGE', 's', '-9223372036854775808', '-9223372036854775806'],
    ['BITCOUNT', 's', '-9223372036854775806', '-9223372036854775808'],
    ['BITPOS', 's', '1', '-9223372036854775806', '-9223372036854775808'],
  ],
  'places on the edges of the map': [
    ['GEOADD', 'g', '180', '0', 'date-line', '-180', '0', 'other-side', '0', '85.05112878', 'pole'],
    ['GEOADD', 'g', '180', '85.05112878', 'corner', '180', '-85.05112878', 'below', '0', '84', 'a'],
    ['GEOPOS', 'g', 'date-line', 'other-side', 'pole', 'corner', 'below'],
    ['GEOHASH', 'g', 'date-line', 'other-side', 'pole', 'corner', 'below'],
    ['GEODIST', 'g', 'date-line', 'other-side'],
    ['GEODIST', 'g', 'pole', 'corner'],
    ...['180', '-180', '179.9'].flatMap((longitude) =>
      ['0', '85.05112878', '-85.05112878'].flatMap((latitude) => [
        ['GEOSEARCH', 'g', 'FROMLONLAT', longitude, latitude, 'BYRADIUS', '100', 'km', 'WITHHASH'],
        ['GEOSEARCH', 'g', 'FROMLONLAT', longitude, latitude, 'BYBOX', '30000', '9000', 'km'],
      ]),
    ),
  ],
  'numbers of databases': [
    ...['2147483647', '2147483648', '-2147483648', '-2147483649', '9223372036854775807'].flatMap(
      (index) => [
        ['SELECT', index],
        ['MOVE', 'none', index],
        ['COPY', 'none', 'other', 'DB', index],
        ['SWAPDB', index, '0'],
      ],
    ),
  ],
}

describe('at the ends of what a number, a name or a time can be', () => {
  const servers = bothServers()

  async function connected(): Promise<[theirs: RawClient, ours: RawClient]> {
    const theirs = await RawClient.connect(servers.theirPort)
    const ours = await RawClient.connect(servers.ourPort)
    for (const client of [theirs, ours]) await client.call('FLUSHALL')
    return [theirs, ours]
  }

  test.each(EDGE_GROUPS)(
    `%s answer as redis-server does, seed ${SEED}`,
    {
      timeout: 600_000,
    },
    async (group) => {
      for (const version of ['2', '3']) {
        const [theirs, ours] = await connected()
        for (const client of [theirs, ours]) await client.call('HELLO', version)
        const generator = new CommandGenerator(`${SEED} ${version}`, [group])
        expect(await compareServers(theirs, ours, generator, COUNT, normalizeScores)).toEqual([])
        theirs.close()
        ours.close()
      }
    },
  )

  test.each(Object.keys(REQUESTS))('%s are those of redis-server', async (subject) => {
    const [theirs, ours] = await connected()
    for (const request of REQUESTS[subject] ?? []) {
      const name = (request[0] as string).toLowerCase()
      const shown = (reply: string): string =>
        name.endsWith('expiretime') ? reply : normalizeScores(name, reply)
      const [expected, actual] = [await theirs.call(...request), await ours.call(...request)]
      expect([request, shown(actual)]).toEqual([request, shown(expected)])
    }
    theirs.close()
    ours.close()
  })
})
