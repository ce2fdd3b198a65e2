import { createServer } from '@ashlar/resp-server'
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { RealRedis } from './support/redis-server.ts'

/** What 7.4 changed in the description of a command that 7.0 has, or 7.0 does not know. */
const NEWER = new Set([
  'hexpire',
  'hpexpire',
  'hexpireat',
  'hpexpireat',
  'httl',
  'hpttl',
  'hexpiretime',
  'hpexpiretime',
  'hpersist',
  'zrank',
  'zrevrank',
  'client|setinfo',
  'waitaof',
  'client|no-touch',
  'command|getkeys',
  'command|getkeysandflags',
])

type Description = [
  string,
  number,
  string[],
  number,
  number,
  number,
  string[],
  string[],
  unknown[],
  Description[],
]

/** Redis explains some key specs in words; ours are not its words. */
function withoutNotes(keys: unknown): unknown {
  if (!Array.isArray(keys)) return keys
  const rest: unknown[] = keys[0] === 'notes' ? keys.slice(2) : keys
  return rest.map(withoutNotes)
}

const flat = (commands: Description[]): Description[] =>
  commands.flatMap((command) => [command, ...flat(command[9] ?? [])])

test('COMMAND describes every command as redis-server does', async () => {
  const real = await RealRedis.start()
  await using server = await createServer({ port: 0 })
  const theirs = new Redis({ port: real.port })
  const ours = new Redis({ port: server.address.port as number })
  const described = async (redis: Redis): Promise<Map<string, Description>> =>
    new Map(flat((await redis.call('COMMAND')) as Description[]).map((one) => [one[0], one]))
  const [expected, actual] = [await described(theirs), await described(ours)]
  expect(actual.size).toBeGreaterThan(150)
  for (const [name, mine] of actual) {
    if (NEWER.has(name)) continue
    const other = expected.get(name)
    expect(other, `${name} is no command of Redis`).toBeDefined()
    const shape = ([, arity, flags, first, last, step, categories, tips, keys]: Description) => ({
      name,
      arity,
      flags: [...flags].sort(),
      range: [first, last, step],
      categories: [...categories].sort(),
      tips: [...tips].sort(),
      keys: withoutNotes(keys),
    })
    expect(shape(mine)).toEqual(shape(other as Description))
  }
  theirs.disconnect()
  ours.disconnect()
  await real.stop()
})

test.each([
  ['MSET a 1 b 2', ['a', 'b']],
  ['ZUNIONSTORE out 2 x y WEIGHTS 1 2', ['out', 'x', 'y']],
  ['LMPOP 2 a b LEFT', ['a', 'b']],
  ['BLPOP a b 0', ['a', 'b']],
  ['GET k', ['k']],
  ['OBJECT ENCODING k', ['k']],
])('COMMAND GETKEYS %s', async (request, keys) => {
  await using server = await createServer()
  expect(await server.execute(['COMMAND', 'GETKEYS', ...request.split(' ')])).toEqual(keys)
})
