import type { Client } from '../clients/client.ts'
import { tell } from '../downstream/effects.ts'
import { expectType } from '../keyspace/value-types.ts'
import { SetValue } from '../values/set-value.ts'
import { positive, randomCount, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'
import { sampleDistinct, sampleRepeated } from './sample.ts'

const readable = (client: Client, key: string): SetValue | undefined =>
  expectType(client.database.read(key), SetValue)

function sadd(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const set = database.members(key) ?? database.create(key, new SetValue())
  let added = 0
  for (let at = 2; at < args.length; at += 1) if (set.add(args[at] as string)) added += 1
  if (added > 0) database.settle(key, set, 'sadd')
  reply.integer(added)
}

function srem(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const set = database.members(key)
  if (set === undefined) return reply.integer(0)
  let removed = 0
  for (let at = 2; at < args.length; at += 1) if (set.delete(args[at] as string)) removed += 1
  if (removed > 0) database.settle(key, set, 'srem')
  reply.integer(removed)
}

function sismember(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.has(args[2] as string) ? 1 : 0)
}

function smismember(client: Client, args: readonly string[]) {
  const set = readable(client, args[1] as string)
  client.reply.array(args.length - 2)
  for (let at = 2; at < args.length; at += 1) {
    client.reply.integer(set?.has(args[at] as string) ? 1 : 0)
  }
}

function scard(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.size ?? 0)
}

function smembers(client: Client, args: readonly string[]) {
  const members = readable(client, args[1] as string)?.members(client.server.settings) ?? []
  client.reply.set(members.length)
  for (const member of members) client.reply.bulk(member)
}

function smove(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, from, to, member] = args as [string, string, string, string]
  const source = database.members(from)
  if (source === undefined) return reply.integer(0)
  const target = database.members(to)
  if (source === target) return reply.integer(source.has(member) ? 1 : 0)
  if (!source.delete(member)) return reply.integer(0)
  database.settle(from, source, 'srem')
  const receiver = target ?? database.create(to, new SetValue())
  if (receiver.add(member)) database.settle(to, receiver, 'sadd')
  reply.integer(1)
}

const pick = (client: Client, set: SetValue): string =>
  set.dense[Math.floor(client.server.random.next() * set.size)] as string

function spop(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  if (args.length > 3) throw syntaxError()
  if (args.length === 3) return popMany(client, key, args[2] as string)
  const set = database.members(key)
  if (set === undefined) return reply.null()
  const member = pick(client, set)
  set.delete(member)
  database.settle(key, set, 'spop')
  tell(client, 'SREM', key, member)
  reply.bulk(member)
}

function popMany(client: Client, key: string, text: string) {
  const { database, reply, server } = client
  const count = positive(text, 'ERR value is out of range, must be positive')
  const set = database.members(key)
  if (set === undefined || count === 0) return reply.set(0)
  const members =
    count >= set.size
      ? [...set.members(server.settings)]
      : sampleDistinct(server.random, set.size, count).map((index) => set.dense[index] as string)
  reply.set(members.length)
  for (const member of members) {
    set.delete(member)
    reply.bulk(member)
  }
  database.settle(key, set, 'spop')
  if (set.size === 0) tell(client, 'DEL', key)
  else tell(client, 'SREM', key, ...members)
}

function srandmember(client: Client, args: readonly string[]) {
  const { reply, server } = client
  if (args.length > 3) throw syntaxError()
  const count = args.length === 3 ? randomCount(args[2] as string) : undefined
  const set = readable(client, args[1] as string)
  if (count === undefined) {
    return set === undefined ? reply.null() : reply.bulk(pick(client, set))
  }
  if (set === undefined || count === 0) return reply.array(0)
  if (count >= set.size) {
    reply.array(set.size)
    for (const member of set.members(server.settings)) reply.bulk(member)
    return
  }
  const indexes =
    count < 0
      ? sampleRepeated(client, set.size, -count)
      : sampleDistinct(server.random, set.size, count)
  reply.array(Math.abs(count))
  for (const index of indexes) reply.bulk(set.dense[index] as string)
}

const base = { group: 'set', categories: ['set'], since: '1.0.0' } as const
const read = [keyAt(1, 'RO', 'access')]
const measure = [keyAt(1, 'RO')]

export const SET_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'sadd',
    syntax: 'key member [member ...]',
    complexity: 'O(N), N members given',
    history: [['2.4.0', 'Takes several members.']],
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'insert')],
    summary: 'Adds members to a set.',
    handler: sadd,
  },
  {
    ...base,
    name: 'srem',
    syntax: 'key member [member ...]',
    complexity: 'O(N), N members given',
    history: [['2.4.0', 'Takes several members.']],
    arity: -3,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'delete')],
    summary: 'Removes members from a set.',
    handler: srem,
  },
  {
    ...base,
    name: 'sismember',
    syntax: 'key member',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: measure,
    summary: 'Tells whether a set has a member.',
    handler: sismember,
  },
  {
    ...base,
    name: 'smismember',
    syntax: 'key member [member ...]',
    complexity: 'O(N), N members given',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: read,
    since: '6.2.0',
    summary: 'Tells of several members whether a set has them.',
    handler: smismember,
  },
  {
    ...base,
    name: 'scard',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: measure,
    summary: 'Counts the members of a set.',
    handler: scard,
  },
  {
    ...base,
    name: 'smembers',
    syntax: 'key',
    complexity: 'O(N), N members',
    arity: 2,
    flags: ['readonly'],
    keys: read,
    summary: 'Answers all members of a set.',
    tips: ['nondeterministic_output_order'],
    handler: smembers,
  },
  {
    ...base,
    name: 'smove',
    syntax: 'source destination member',
    complexity: 'O(1)',
    arity: 4,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')],
    summary: 'Moves a member from one set to another.',
    handler: smove,
  },
  {
    ...base,
    name: 'spop',
    syntax: 'key [count]@3.2.0',
    complexity: 'O(N), N members answered',
    arity: -2,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'delete')],
    summary: 'Takes members out at random.',
    tips: ['nondeterministic_output'],
    handler: spop,
  },
  {
    ...base,
    name: 'srandmember',
    syntax: 'key [count]@2.6.0',
    complexity: 'O(N), N members answered',
    arity: -2,
    flags: ['readonly'],
    keys: read,
    summary: 'Answers members at random.',
    tips: ['nondeterministic_output'],
    handler: srandmember,
  },
]
