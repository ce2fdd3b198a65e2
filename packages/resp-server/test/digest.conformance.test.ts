import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { CommandGenerator, type GroupName } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'
import { shelfModule } from './support/shelf-module.ts'

const GROUPS: readonly GroupName[] = ['strings', 'hashes', 'lists', 'sets', 'sortedSets', 'streams']

test('data has the digest that it has on redis-server, value by value and as a whole', async () => {
  const real = await RealRedis.start('--enable-debug-command', 'yes')
  await using server = await createServer({ port: 0, config: { 'enable-debug-command': 'yes' } })
  const theirs = await RawClient.connect(real.port)
  const ours = await RawClient.connect(server.address.port as number)
  const both = async (...request: string[]): Promise<[string, string]> => [
    await theirs.call(...request),
    await ours.call(...request),
  ]
  let compared = 0
  for (const group of GROUPS) {
    await both('FLUSHALL')
    const generator = new CommandGenerator(`digest ${group}`, [group])
    for (let count = 0; count < 200; count += 1) await both(...generator.next())
    const keys = (await ours.call('KEYS', '*'))
      .split('\r\n')
      .filter((_, at) => at > 0 && at % 2 === 0)
    // what chance has made different cannot have the same digest
    for (const key of keys) {
      const [their, our] = await both('DUMP', key)
      if (their !== our) continue
      const [expected, actual] = await both('DEBUG', 'DIGEST-VALUE', key)
      expect([key, actual]).toEqual([key, expected])
      compared += 1
    }
  }
  expect(compared).toBeGreaterThan(20)
  await both('FLUSHALL')
  await both('ZADD', 'z', '0.1', 'a', '1e300', 'b', '-1e-7', 'c', '3', 'd', '+inf', 'e')
  await both('SET', 's', 'x', 'PX', '100000')
  await both('XADD', 'x', '5-7', 'f', 'v', 'g', 'w')
  await both('SET', 'number', '12345')
  await both('HSET', 'h', 'field', 'value')
  for (const key of ['h', 's', 'number']) {
    const objects = await both('DEBUG', 'OBJECT', key)
    // where the value stands in memory only Redis tells, and a second may pass between the two
    const [object, other] = objects.map((text) => text.replace(/at:\S+|lru:\d+|idle:\d+/g, ''))
    expect(other).toBe(object)
  }
  expect(await ours.call('DEBUG', 'OBJECT', 'nothing')).toBe('-ERR no such key\r\n')
  const [expected, actual] = await both('DEBUG', 'DIGEST')
  expect(expected).toMatch(/^\+[0-9a-f]{40}\r\n$/)
  expect(actual).toBe(expected)
  theirs.close()
  ours.close()
  await real.stop()
})

test("values of modules have one too, by their records or by the type's own words", async () => {
  await using server = await createServer({
    modules: [shelfModule()],
    config: { 'enable-debug-command': 'yes' },
  })
  const run = (text: string): Promise<unknown> => server.execute(text.split(' '))
  await run('SHELF.SET a x 1')
  await run('SHELF.SET a y 2')
  await run('SHELF.SET b y 2')
  await run('SHELF.SET b x 1')
  const [a, b, none] = (await run('DEBUG DIGEST-VALUE a b none')) as string[]
  expect(a).toBe(b)
  expect(none).toBe('0'.repeat(40))
  await run('SHELF.SET b x 2')
  expect(await run('DEBUG DIGEST-VALUE b')).not.toEqual([a])
})
