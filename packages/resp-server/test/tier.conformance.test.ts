import { type Random, seededRandom } from '@ashlar/codec'
import { expect, test } from 'vitest'
import { resolveOptions } from '../src/server/options.ts'
import { RespServer } from '../src/server/resp-server.ts'
import { ServerCore } from '../src/server/server.ts'
import { compareServers } from './support/difference.ts'
import { ALL_GROUPS, CommandGenerator } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** TIER_COMMANDS=1000000 TIER_SEED=7 for a long run. */
const COUNT = Number(process.env['TIER_COMMANDS'] ?? 4000)
const SEED = process.env['TIER_SEED'] ?? '20261127'
const EXPIRING_KEYS = 300

/** Takes every key out of memory that may leave it. Answers how many did. */
function forgetAll({ keyspace, durability }: ServerCore): number {
  let count = 0
  expect(durability.writeOut()).toBe(true)
  for (const { table } of keyspace.databases) {
    for (let slot = table.loadedKeys.length - 1; slot >= 0; slot -= 1) {
      if (table.forget(slot)) count += 1
    }
  }
  keyspace.sweep?.schedule()
  return count
}

/** Requests that leave keys of all types, most of which expire soon; answers which those are. */
function expiringKeys(random: Random): { requests: string[][]; expiring: Set<string> } {
  const below = (limit: number): number => Math.floor(random.next() * limit)
  const requests: string[][] = []
  const expiring = new Set<string>()
  for (let n = 0; n < EXPIRING_KEYS; n += 1) {
    const key = `key:${n}`
    const kind = below(5)
    if (kind === 0) requests.push(['RPUSH', key, 'a', 'b'])
    else if (kind === 1) requests.push(['SADD', key, 'a', 'b'])
    else if (kind === 2) requests.push(['HSET', key, 'a', '1', 'b', '2'])
    else requests.push(['SET', key, `value ${n}`])
    if (below(5) === 0) continue
    requests.push(['PEXPIRE', key, String(500 + below(1500))])
    expiring.add(key)
  }
  // long before the first of them is due
  for (const key of [...expiring].filter(() => below(6) === 0)) {
    if (below(2) === 0) requests.push(['PEXPIRE', key, '2500'])
    else {
      requests.push(['PERSIST', key])
      expiring.delete(key)
    }
  }
  return { requests, expiring }
}

/** The names of so many keys that expire, as somebody who subscribes to that hears of them. */
async function expiredNames(subscriber: RawClient, count: number): Promise<string[]> {
  const names: string[] = []
  while (names.length < count) names.push((await subscriber.next()).split('\r\n')[8] as string)
  return names.sort()
}

test(`keys that are in the store alone answer as Redis does, seed ${SEED}`, {
  timeout: 600_000,
}, async () => {
  using folder = temporaryFolder()
  const real = await RealRedis.start()
  const core = await ServerCore.open(resolveOptions({ path: folder.path, port: 0 }))
  await using server = new RespServer(core)
  const theirs = await RawClient.connect(real.port)
  const ours = await RawClient.connect(server.address.port as number)
  let forgotten = 0
  const tiered = {
    call: (...args: string[]) => {
      forgotten += forgetAll(core)
      return ours.call(...args)
    },
  }
  const generator = new CommandGenerator(`${SEED} tier`, ALL_GROUPS)
  expect(await compareServers(theirs, tiered, generator, COUNT)).toEqual([])
  expect(forgotten).toBeGreaterThan(COUNT / 4)
  theirs.close()
  ours.close()
  await real.stop()
})

test(`keys that nobody asks for expire in the store alone as they do in Redis, seed ${SEED}`, {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder()
  const real = await RealRedis.start()
  const core = await ServerCore.open(resolveOptions({ path: folder.path, port: 0 }))
  await using server = new RespServer(core)
  const { requests, expiring } = expiringKeys(seededRandom(`${SEED} tier expiry`))
  const left: unknown[] = []
  for (const port of [real.port, server.address.port as number]) {
    const client = await RawClient.connect(port)
    const subscriber = await RawClient.connect(port)
    await client.call('CONFIG', 'SET', 'notify-keyspace-events', 'Ex')
    await subscriber.call('PSUBSCRIBE', '__key*@*__:*')
    // in one transaction: none is due before the last of them is there
    await client.call('MULTI')
    for (const request of requests) await client.call(...request)
    await client.call('EXEC')
    if (port !== real.port) expect(forgetAll(core)).toBeGreaterThan(EXPIRING_KEYS / 2)
    const expired = await expiredNames(subscriber, expiring.size)
    expect(expired).toEqual([...expiring].sort())
    const keys = (await client.call('KEYS', '*'))
      .split('\r\n')
      .filter((line) => line.startsWith('key'))
    const keyspace = (await client.call('INFO', 'keyspace'))
      .split(',avg_ttl')[0]
      ?.split('\r\n')
      .at(-1)
    const stats = /expired_keys:\d+/.exec(await client.call('INFO', 'stats'))?.[0]
    left.push({ keys: keys.sort(), keyspace, stats, size: await client.call('DBSIZE') })
    client.close()
    subscriber.close()
  }
  expect(core.keyspace.databases[0]?.table.loadedKeys.length).toBe(0)
  expect(left[1]).toEqual(left[0])
  await real.stop()
})
