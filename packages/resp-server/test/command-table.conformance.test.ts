import { createServer } from '@ashlar/resp-server'
import { Redis } from 'ioredis'
import { describe, expect, test } from 'vitest'
import { ALL_COMMANDS } from '../src/commands/all.ts'
import { argumentsOf } from '../src/commands/command-docs.ts'
import { CommandTable } from '../src/commands/command-table.ts'
import type { Argument } from '../src/commands/syntax.ts'
import { bothServers } from './support/both-servers.ts'
import { RawClient } from './support/raw-client.ts'
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

/** Words for an argument: one of each that may be many, one key wherever they are counted. */
function example(argument: Argument, isWhole: boolean): string[] {
  const { name, type, token, flags, arguments: parts = [] } = argument
  if (flags.includes('optional') && !isWhole) return []
  const head = token === undefined ? [] : [token]
  if (type === 'pure-token') return head
  if (type === 'oneof') return [...head, ...example(parts[0] as Argument, true)]
  if (type === 'block') return [...head, ...parts.flatMap((part) => example(part, isWhole))]
  return [...head, type === 'string' || type === 'key' || type === 'pattern' ? name : '1']
}

describe('what every command is asked with', () => {
  const servers = bothServers()

  test.each([
    ['least', false],
    ['most', true],
  ])('GETKEYS and GETKEYSANDFLAGS find the keys of the %s that it takes', async (_, isWhole) => {
    const theirs = await RawClient.connect(servers.theirPort)
    const ours = await RawClient.connect(servers.ourPort)
    const table = new CommandTable(ALL_COMMANDS)
    const every = [...table.all()].flatMap((one) => [one, ...(one.subcommands?.values() ?? [])])
    let withKeys = 0
    for (const command of every) {
      if (NEWER.has(command.fullName)) continue
      const words = argumentsOf(command).flatMap((argument) => example(argument, isWhole))
      const request = [...command.fullName.split('|'), ...words]
      // 7.0 asks for two words at least
      if (request.length === 1) continue
      for (const kind of ['GETKEYS', 'GETKEYSANDFLAGS']) {
        const mine = await ours.call('COMMAND', kind, ...request)
        expect.soft(mine, request.join(' ')).toBe(await theirs.call('COMMAND', kind, ...request))
        if (mine.startsWith('*')) withKeys += 1
      }
    }
    expect(withKeys).toBeGreaterThan(300)
    theirs.close()
    ours.close()
  })

  test('LIST filters by category and pattern, COUNT counts', async () => {
    const theirs = new Redis({ port: servers.theirPort })
    const ours = new Redis({ port: servers.ourPort })
    const list = async (redis: Redis, ...filter: string[]): Promise<string[]> =>
      (await redis.call('COMMAND', 'LIST', ...filter)) as string[]
    const [known, have] = [new Set(await list(theirs)), new Set(await list(ours))]
    const categories = (await theirs.call('ACL', 'CAT')) as string[]
    const filters = [
      ...categories.map((category) => ['ACLCAT', category]),
      ...['*', 'x*', 'client|*', '*|HELP', 'G?T'].map((pattern) => ['PATTERN', pattern]),
      ['MODULE', 'none'],
    ]
    for (const filter of filters) {
      const expected = (await list(theirs, 'FILTERBY', ...filter)).filter((name) => have.has(name))
      const actual = (await list(ours, 'FILTERBY', ...filter)).filter((name) => known.has(name))
      expect(actual.sort(), filter.join(' ')).toEqual(expected.sort())
    }
    expect(await ours.call('COMMAND', 'COUNT')).toBe(
      [...have].filter((name) => !name.includes('|')).length,
    )
    theirs.disconnect()
    ours.disconnect()
  })
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
