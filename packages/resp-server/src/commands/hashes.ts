import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType } from '../keyspace/value-types.ts'
import { HashValue } from '../values/hash-value.ts'
import { addDecimals } from '../values/long-double.ts'
import { addIntegers, parseInteger } from '../values/numbers.ts'
import { exactInteger, notFloat as invalidFloat, randomCount, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'
import { checkDecimal } from './counters.ts'
import { sampleDistinct, sampleRepeated } from './sample.ts'

const forWriting = (client: Client, key: string): HashValue =>
  client.database.hash(key) ?? client.database.create(key, new HashValue())

/** HSET answers how many fields are new, HMSET OK. */
function setFields(client: Client, args: readonly string[], name: string): number {
  if (args.length % 2 !== 0) {
    throw new ReplyError(`ERR wrong number of arguments for '${name}' command`)
  }
  const key = args[1] as string
  const hash = forWriting(client, key)
  let added = 0
  for (let at = 2; at < args.length; at += 2) {
    if (hash.set(args[at] as string, args[at + 1] as string)) added += 1
  }
  client.database.settle(key, hash, 'hset')
  return added
}

function hset(client: Client, args: readonly string[]) {
  client.reply.integer(setFields(client, args, 'hset'))
}

function hmset(client: Client, args: readonly string[]) {
  setFields(client, args, 'hmset')
  client.reply.ok()
}

function hsetnx(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, field, value] = args as [string, string, string, string]
  if (database.hash(key)?.has(field)) return reply.integer(0)
  const hash = forWriting(client, key)
  hash.set(field, value)
  database.settle(key, hash, 'hset')
  reply.integer(1)
}

const readable = (client: Client, key: string): HashValue | undefined =>
  expectType(client.database.read(key), HashValue)

function hget(client: Client, args: readonly string[]) {
  client.reply.bulkOrNull(readable(client, args[1] as string)?.get(args[2] as string))
}

function hmget(client: Client, args: readonly string[]) {
  const hash = readable(client, args[1] as string)
  client.reply.array(args.length - 2)
  for (let at = 2; at < args.length; at += 1) client.reply.bulkOrNull(hash?.get(args[at] as string))
}

function hdel(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const hash = database.hash(args[1] as string)
  if (hash === undefined) return reply.integer(0)
  let removed = 0
  for (let at = 2; at < args.length; at += 1) if (hash.delete(args[at] as string)) removed += 1
  if (removed > 0) database.settle(args[1] as string, hash, 'hdel')
  reply.integer(removed)
}

function hlen(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.size ?? 0)
}

function hstrlen(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.get(args[2] as string)?.length ?? 0)
}

function hexists(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.has(args[2] as string) ? 1 : 0)
}

function hkeys(client: Client, args: readonly string[]) {
  const fields = readable(client, args[1] as string)?.fields ?? []
  client.reply.array(fields.length)
  for (const field of fields) client.reply.bulk(field)
}

function hvals(client: Client, args: readonly string[]) {
  const values = readable(client, args[1] as string)?.values ?? []
  client.reply.array(values.length)
  for (const value of values) client.reply.bulk(value)
}

function hgetall(client: Client, args: readonly string[]) {
  const { reply } = client
  const hash = readable(client, args[1] as string)
  const size = hash?.size ?? 0
  reply.map(size)
  for (let at = 0; at < size; at += 1) {
    reply.bulk(hash?.fields[at] as string)
    reply.bulk(hash?.values[at] as string)
  }
}

function hincrby(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, field, text] = args as [string, string, string, string]
  const amount = exactInteger(text)
  const current = database.hash(key)?.get(field)
  const before = current === undefined ? 0 : parseInteger(current)
  if (before === undefined) throw new ReplyError('ERR hash value is not an integer')
  const sum = addIntegers(before, amount)
  if (sum === undefined) throw new ReplyError('ERR increment or decrement would overflow')
  const hash = forWriting(client, key)
  hash.replace(field, String(sum))
  database.settle(key, hash, 'hincrby')
  reply.integer(sum)
}

function hincrbyfloat(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, field, increment] = args as [string, string, string, string]
  const notFloat = (): ReplyError => new ReplyError('ERR hash value is not a float')
  const infinite = (): ReplyError => new ReplyError('ERR increment would produce NaN or Infinity')
  checkDecimal(increment, invalidFloat, () => new ReplyError('ERR value is NaN or Infinity'))
  const current = database.hash(key)?.get(field) ?? '0'
  checkDecimal(current, notFloat, infinite)
  const sum = addDecimals(current, increment)
  if (sum === undefined) throw infinite()
  const hash = forWriting(client, key)
  hash.replace(field, sum)
  database.settle(key, hash, 'hincrbyfloat')
  reply.bulk(sum)
}

function hrandfield(client: Client, args: readonly string[]) {
  const { reply, server } = client
  const key = args[1] as string
  if (args.length === 2) {
    const hash = readable(client, key)
    if (hash === undefined) return reply.null()
    return reply.bulk(hash.fields[Math.floor(server.random.next() * hash.size)] as string)
  }
  const withValues = args.length === 4 && args[3]?.toUpperCase() === 'WITHVALUES'
  const count = randomCount(args[2] as string, withValues)
  if (args.length > 3 && !withValues) throw syntaxError()
  const hash = readable(client, key)
  if (hash === undefined || count === 0) return reply.array(0)
  const length = count < 0 ? -count : Math.min(count, hash.size)
  const indexes =
    count < 0
      ? sampleRepeated(client, hash.size, -count)
      : count >= hash.size
        ? hash.fields.map((_, index) => index)
        : sampleDistinct(server.random, hash.size, count)
  const nests = withValues && reply.version === 3
  reply.array(withValues && !nests ? length * 2 : length)
  for (const index of indexes) {
    if (nests) reply.array(2)
    reply.bulk(hash.fields[index] as string)
    if (withValues) reply.bulk(hash.values[index] as string)
  }
}

const group = 'hash'
const categories = ['hash'] as const
const read = [keyAt(1, 'RO', 'access')]
const measure = [keyAt(1, 'RO')]
const update = [keyAt(1, 'RW', 'update')]
const increment = [keyAt(1, 'RW', 'access', 'update')]
const writes = ['write', 'denyoom', 'fast'] as const
const base = { group, categories, since: '2.0.0' } as const
const disordered = ['nondeterministic_output_order']

export const HASH_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'hset',
    syntax: 'key field value [field value ...]',
    complexity: 'O(N), N fields given',
    history: [['4.0.0', 'Takes several fields.']],
    arity: -4,
    flags: writes,
    keys: update,
    summary: 'Sets fields of a hash.',
    handler: hset,
  },
  {
    ...base,
    name: 'hmset',
    syntax: 'key field value [field value ...]',
    complexity: 'O(N), N fields given',
    deprecated: { since: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs' },
    arity: -4,
    flags: writes,
    keys: update,
    summary: 'Sets fields of a hash. HSET does the same.',
    handler: hmset,
  },
  {
    ...base,
    name: 'hsetnx',
    syntax: 'key field value',
    complexity: 'O(1)',
    arity: 4,
    flags: writes,
    keys: [keyAt(1, 'RW', 'insert')],
    summary: 'Sets a field of a hash that does not exist yet.',
    handler: hsetnx,
  },
  {
    ...base,
    name: 'hget',
    syntax: 'key field',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: read,
    summary: 'Answers a field of a hash.',
    handler: hget,
  },
  {
    ...base,
    name: 'hmget',
    syntax: 'key field [field ...]',
    complexity: 'O(N), N fields given',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: read,
    summary: 'Answers several fields of a hash.',
    handler: hmget,
  },
  {
    ...base,
    name: 'hdel',
    syntax: 'key field [field ...]',
    complexity: 'O(N), N fields given',
    history: [['2.4.0', 'Takes several fields.']],
    arity: -3,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'delete')],
    summary: 'Deletes fields of a hash.',
    handler: hdel,
  },
  {
    ...base,
    name: 'hlen',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: measure,
    summary: 'Counts the fields of a hash.',
    handler: hlen,
  },
  {
    ...base,
    name: 'hstrlen',
    syntax: 'key field',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: measure,
    since: '3.2.0',
    summary: 'Answers the length of a field.',
    handler: hstrlen,
  },
  {
    ...base,
    name: 'hexists',
    syntax: 'key field',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: measure,
    summary: 'Tells whether a hash has a field.',
    handler: hexists,
  },
  {
    ...base,
    name: 'hkeys',
    syntax: 'key',
    complexity: 'O(N), N fields',
    arity: 2,
    flags: ['readonly'],
    keys: read,
    summary: 'Answers the names of all fields.',
    tips: disordered,
    handler: hkeys,
  },
  {
    ...base,
    name: 'hvals',
    syntax: 'key',
    complexity: 'O(N), N fields',
    arity: 2,
    flags: ['readonly'],
    keys: read,
    summary: 'Answers the values of all fields.',
    tips: disordered,
    handler: hvals,
  },
  {
    ...base,
    name: 'hgetall',
    syntax: 'key',
    complexity: 'O(N), N fields',
    arity: 2,
    flags: ['readonly'],
    keys: read,
    summary: 'Answers all fields with their values.',
    tips: disordered,
    handler: hgetall,
  },
  {
    ...base,
    name: 'hincrby',
    syntax: 'key field increment',
    complexity: 'O(1)',
    arity: 4,
    flags: writes,
    keys: increment,
    summary: 'Adds to the integer in a field.',
    handler: hincrby,
  },
  {
    ...base,
    name: 'hincrbyfloat',
    syntax: 'key field increment:double',
    complexity: 'O(1)',
    arity: 4,
    flags: writes,
    keys: increment,
    since: '2.6.0',
    summary: 'Adds to the number in a field.',
    handler: hincrbyfloat,
  },
  {
    ...base,
    name: 'hrandfield',
    syntax: 'key options=[count [WITHVALUES]]',
    complexity: 'O(N), N fields answered',
    arity: -2,
    flags: ['readonly'],
    keys: read,
    since: '6.2.0',
    summary: 'Answers fields at random.',
    tips: ['nondeterministic_output'],
    handler: hrandfield,
  },
]
