import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { createServer } from '@ashlar/resp-server'
import { expect, test } from 'vitest'
import { normalize, normalizeScores } from './support/normalize.ts'
import { CommandGenerator, EDGE_GROUPS } from './support/random-commands.ts'
import { RawClient } from './support/raw-client.ts'
import { RealRedis } from './support/redis-server.ts'

/** DIFFERENTIAL_COMMANDS=100000 DIFFERENTIAL_SEED=7 for a long run. */
const COUNT = Number(process.env['DIFFERENTIAL_COMMANDS'] ?? 700) * 3
const SEED = process.env['DIFFERENTIAL_SEED'] ?? '20261127'
const DEBUGGING = { 'enable-debug-command': 'yes' }

const bulk = (reply: string): string => reply.slice(reply.indexOf('\r\n') + 2, -2)

/** Keys may have line ends in them: not split at those. */
async function keysOf(client: RawClient): Promise<string[]> {
  const reply = await client.call('KEYS', '*')
  const keys: string[] = []
  for (let at = reply.indexOf('\r\n') + 2; at < reply.length; ) {
    const start = reply.indexOf('\r\n', at) + 2
    const end = start + Number(reply.slice(at + 1, start - 2))
    keys.push(reply.slice(start, end))
    at = end + 2
  }
  return keys.sort()
}

/** All there is to a value, but for the sign of a score of zero. */
async function contents(client: RawClient, key: string): Promise<string> {
  const type = await client.call('TYPE', key)
  if (type === '+zset\r\n') {
    return normalizeScores('zrange', await client.call('ZRANGE', key, '0', '-1', 'WITHSCORES'))
  }
  const digest = await client.call('DEBUG', 'DIGEST-VALUE', key)
  if (type !== '+stream\r\n') return type + digest
  const groups = normalize('xinfo', await client.call('XINFO', 'GROUPS', key))
  const pending = await client.call('XPENDING', key, 'g1')
  return digest + groups + pending.replace(key, '')
}

test(`values and times at their ends outlast restarts, seed ${SEED}`, {
  timeout: 600_000,
}, async () => {
  await using store = await Store.open('/data', { fileSystem: memoryFileSystem() })
  const generator = new CommandGenerator(`${SEED} kept`, EDGE_GROUPS)
  for (let round = 0; round < 2; round += 1) {
    const states: string[][] = []
    for (const phase of ['fill', 'look']) {
      await using server = await createServer({ store, port: 0, config: DEBUGGING })
      const client = await RawClient.connect(server.address.port as number)
      for (let n = 0; phase === 'fill' && n < COUNT; n += 1) await client.call(...generator.next())
      await client.call('SELECT', '0')
      const state = [await client.call('DEBUG', 'DIGEST')]
      for (const key of await keysOf(client)) {
        state.push(key, await contents(client, key), await client.call('PEXPIRETIME', key))
      }
      states.push(state)
      client.close()
    }
    expect(states[0]?.length).toBeGreaterThan(60)
    expect(states[1]).toEqual(states[0])
  }
})

test(`values at their ends go from redis-server to us and back, seed ${SEED}`, {
  timeout: 600_000,
}, async () => {
  const real = await RealRedis.start('--enable-debug-command', 'yes')
  await using server = await createServer({ port: 0, config: DEBUGGING })
  const theirs = await RawClient.connect(real.port)
  const ours = await RawClient.connect(server.address.port as number)
  const generator = new CommandGenerator(`${SEED} moved`, EDGE_GROUPS)
  for (let n = 0; n < COUNT; n += 1) await theirs.call(...generator.next())
  await theirs.call('SELECT', '0')
  const keys = await keysOf(theirs)
  expect(keys.length).toBeGreaterThan(20)
  for (const key of keys) {
    await theirs.call('PERSIST', key)
    const expected = await contents(theirs, key)
    const there = bulk(await theirs.call('DUMP', key))
    expect([key, await ours.call('RESTORE', key, '0', there)]).toEqual([key, '+OK\r\n'])
    expect([key, await contents(ours, key)]).toEqual([key, expected])
    const back = bulk(await ours.call('DUMP', key))
    expect([key, await theirs.call('RESTORE', key, '0', back, 'REPLACE')]).toEqual([key, '+OK\r\n'])
    expect([key, await contents(theirs, key)]).toEqual([key, expected])
  }
  theirs.close()
  ours.close()
  await real.stop()
})
