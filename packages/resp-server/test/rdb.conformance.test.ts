import { createServer, type RespServer } from '@ashlar/resp-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CommandGenerator, type GroupName } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'

const COUNT = Number(process.env['DIFFERENTIAL_COMMANDS'] ?? 700)
const SEED = process.env['DIFFERENTIAL_SEED'] ?? '20261127'

let real: RealRedis
let server: RespServer
let theirs: RawClient
let ours: RawClient

beforeAll(async () => {
  real = await RealRedis.start()
  server = await createServer({ port: 0 })
  theirs = await RawClient.connect(real.port)
  ours = await RawClient.connect(server.address.port as number)
})

afterAll(async () => {
  theirs.close()
  ours.close()
  await real.stop()
  await server.close()
})

const bulk = (reply: string): string => reply.slice(reply.indexOf('\r\n') + 2, -2)

/** Questions whose answers tell everything about a value. */
const QUESTIONS: Readonly<Record<string, (key: string) => string[]>> = {
  string: (key) => ['GET', key],
  list: (key) => ['LRANGE', key, '0', '-1'],
  set: (key) => ['SORT', key, 'ALPHA'],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  hash: (key) => ['HGETALL', key],
  stream: (key) => ['XRANGE', key, '-', '+'],
}

async function contents(client: RawClient, key: string): Promise<string> {
  const type = (await client.call('TYPE', key)).slice(1, -2)
  const ask = QUESTIONS[type]
  if (ask === undefined) throw new Error(`no question for a ${type}`)
  if (type === 'set') return (await client.call('SMEMBERS', key)).split('\r\n').sort().join()
  if (type === 'hash') return (await client.call('HGETALL', key)).split('\r\n').sort().join()
  const answer = await client.call(...ask(key))
  if (type !== 'stream') return answer
  return answer + (await client.call('XINFO', 'GROUPS', key)) + (await pending(client, key))
}

async function pending(client: RawClient, key: string): Promise<string> {
  let text = ''
  for (const group of ['g1', 'g2', 'nope']) text += await client.call('XPENDING', key, group)
  return text
}

const GROUPS: readonly GroupName[] = [
  'strings',
  'hashes',
  'lists',
  'sets',
  'sortedSets',
  'streams',
  'hyperLogLogs',
]

test.each([
  ['redis-server', 'us'],
  ['us', 'redis-server'],
])(`what %s dumps is restored by %s, seed ${SEED}`, { timeout: 600_000 }, async (from) => {
  const [source, target] = from === 'us' ? [ours, theirs] : [theirs, ours]
  await source.call('FLUSHALL')
  await target.call('FLUSHALL')
  const generator = new CommandGenerator(`${SEED} ${from}`, GROUPS)
  for (let n = 0; n < COUNT * 3; n += 1) await source.call(...generator.next())
  await source.call('SET', 'long', 'abcdefgh'.repeat(9_000))
  const many = Array.from({ length: 600 }, (_, n) => `item ${n} ${'x'.repeat(n % 90)}`)
  await source.call('RPUSH', 'many', ...many)
  await source.call('SADD', 'words', ...many)
  await source.call('ZADD', 'scores', ...many.flatMap((member, n) => [String(n / 8), member]))
  await source.call('HSET', 'fields', ...many.flatMap((field, n) => [field, String(n)]))
  await source.call('SADD', 'numbers', '1', '-70000', '9223372036854775807')
  const keys = (await source.call('KEYS', '*')).split('\r\n').filter((_, at) => at % 2 === 0)
  let compared = 0
  for (const key of keys.slice(1)) {
    if (key === '') continue
    const dumped = await source.call('DUMP', key)
    expect(await target.call('RESTORE', key, '0', bulk(dumped)), key).toBe('+OK\r\n')
    expect(await contents(target, key), key).toBe(await contents(source, key))
    compared += 1
  }
  expect(compared).toBeGreaterThan(20)
})

test('a payload is refused when it was changed anywhere, and never makes a key', async () => {
  await ours.call('FLUSHALL')
  await ours.call('XADD', 's', '1-1', 'field', 'value')
  await ours.call('ZADD', 'z', '1', 'a', '2.5', 'b')
  for (const key of ['s', 'z']) {
    const payload = bulk(await ours.call('DUMP', key))
    for (let at = 0; at < payload.length; at += 1) {
      const flipped = String.fromCharCode(payload.charCodeAt(at) ^ 0x11)
      const bytes = payload.slice(0, at) + flipped + payload.slice(at + 1)
      expect(await ours.call('RESTORE', 'copy', '0', bytes)).toMatch(/^-ERR DUMP payload version/)
    }
  }
  expect(await ours.call('EXISTS', 'copy')).toBe(':0\r\n')
})

test('RESTORE minds what is there, and the time to live', async () => {
  await ours.call('SET', 'k', 'v')
  const payload = bulk(await ours.call('DUMP', 'k'))
  expect(await ours.call('RESTORE', 'k', '0', payload)).toMatch(/^-BUSYKEY/)
  expect(await ours.call('RESTORE', 'k', '-1', payload, 'REPLACE')).toMatch(/^-ERR Invalid TTL/)
  expect(await ours.call('RESTORE', 'k', '9999999999999', payload, 'REPLACE', 'ABSTTL')).toBe(
    '+OK\r\n',
  )
  expect(await ours.call('PEXPIRETIME', 'k')).toBe(':9999999999999\r\n')
  expect(await ours.call('RESTORE', 'k', '1', payload, 'REPLACE', 'ABSTTL')).toBe('+OK\r\n')
  expect(await ours.call('EXISTS', 'k')).toBe(':0\r\n')
})
