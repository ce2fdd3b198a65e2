import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import { NO_EXPIRY } from '../keyspace/value.ts'
import { asString } from '../keyspace/value-types.ts'
import { asText, type Bytes } from '../protocol/reply.ts'
import { bytesOf, LargeString, toStringValue } from '../values/large-string.ts'
import { type CommandDefinition, keyAt, keysFrom } from './command.ts'
import { EXPIRY_UNITS, type ExpiryUnit, expiryTime } from './expiry-options.ts'
import { parseOptions } from './set-options.ts'

/** Sets a string without expiry. */
function setPlain(database: Database, key: string, value: Bytes): void {
  database.set(key, toStringValue(value))
  database.notify('string', 'set', key)
}

function set(client: Client, args: readonly Bytes[]) {
  const { database, reply } = client
  const key = asText(args[1] as Bytes)
  const value = toStringValue(args[2] as Bytes)
  if (args.length === 3) {
    database.set(key, value)
    database.notify('string', 'set', key)
    reply.ok()
    return
  }
  const options = parseOptions(args, 3, 'set')
  const expiry = options.expiryAt(database.keyspace.now)
  const old = options.returnsOld ? asString(database.read(key)) : undefined
  const exists = database.has(key)
  const isRefused = (options.onlyNew && exists) || (options.onlyExisting && !exists)
  if (options.returnsOld) reply.bulkOrNull(old === undefined ? undefined : bytesOf(old))
  if (isRefused) {
    if (!options.returnsOld) reply.null()
    return
  }
  const kept = options.keepsTtl ? database.expiry(key) : undefined
  database.set(key, value, kept ?? expiry)
  database.notify('string', 'set', key)
  if (expiry !== NO_EXPIRY) database.notify('generic', 'expire', key)
  if (!options.returnsOld) reply.ok()
}

function get(client: Client, args: readonly string[]) {
  const value = client.database.read(args[1] as string)
  if (typeof value === 'string') client.reply.bulk(value)
  else if (value === undefined) client.reply.null()
  else client.reply.bulkOrNull(bytesOf(asString(value) as string))
}

function getex(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const options = parseOptions(args, 2, 'getex')
  const value = asString(database.read(key))
  if (value === undefined) return reply.null()
  const { now } = database.keyspace
  const expiry = options.expiryAt(now)
  reply.bulk(bytesOf(value))
  if (expiry !== NO_EXPIRY) {
    if (expiry <= now) database.remove(key)
    else {
      database.setExpiry(key, expiry)
      database.notify('generic', 'expire', key)
    }
  } else if (options.persist && database.expiry(key) !== NO_EXPIRY) {
    database.setExpiry(key, NO_EXPIRY)
    database.notify('generic', 'persist', key)
  }
}

function getdel(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const value = asString(database.read(args[1] as string))
  if (value === undefined) return reply.null()
  reply.bulk(bytesOf(value))
  database.remove(args[1] as string)
}

function getset(client: Client, args: readonly Bytes[]) {
  const { database, reply } = client
  const key = asText(args[1] as Bytes)
  const old = asString(database.read(key))
  reply.bulkOrNull(old === undefined ? undefined : bytesOf(old))
  setPlain(database, key, args[2] as Bytes)
}

function setnx(client: Client, args: readonly Bytes[]) {
  const { database, reply } = client
  const key = asText(args[1] as Bytes)
  const isNew = !database.has(key)
  if (isNew) setPlain(database, key, args[2] as Bytes)
  reply.integer(isNew ? 1 : 0)
}

const setWithExpiry =
  (unit: ExpiryUnit, name: string) =>
  (client: Client, args: readonly Bytes[]): void => {
    const { database, reply } = client
    const expiry = expiryTime(String(args[2]), unit, database.keyspace.now, name)
    const key = asText(args[1] as Bytes)
    database.set(key, toStringValue(args[3] as Bytes), expiry)
    database.notify('string', 'set', key)
    database.notify('generic', 'expire', key)
    reply.ok()
  }

function mget(client: Client, args: readonly string[]) {
  const { database, reply } = client
  reply.array(args.length - 1)
  for (let at = 1; at < args.length; at += 1) {
    const value = database.read(args[at] as string)
    if (typeof value === 'string') reply.bulk(value)
    else if (value instanceof LargeString) reply.bulk(value.lend())
    else reply.null()
  }
}

function mset(client: Client, args: readonly Bytes[]) {
  if (args.length % 2 === 0) {
    throw new ReplyError("ERR wrong number of arguments for 'mset' command")
  }
  for (let at = 1; at < args.length; at += 2) {
    setPlain(client.database, asText(args[at] as Bytes), args[at + 1] as Bytes)
  }
  client.reply.ok()
}

function msetnx(client: Client, args: readonly Bytes[]) {
  const { database, reply } = client
  if (args.length % 2 === 0) {
    throw new ReplyError("ERR wrong number of arguments for 'msetnx' command")
  }
  for (let at = 1; at < args.length; at += 2) {
    if (database.has(asText(args[at] as Bytes))) return reply.integer(0)
  }
  for (let at = 1; at < args.length; at += 2) {
    setPlain(database, asText(args[at] as Bytes), args[at + 1] as Bytes)
  }
  reply.integer(1)
}

const key = { read: keyAt(1, 'RO', 'access'), update: keyAt(1, 'RW', 'access', 'update') }
const overwrite = keyAt(1, 'OW', 'update')
const writes = ['write', 'denyoom'] as const
const group = 'string'
const categories = ['string'] as const

const isGet = (option: string): boolean => option.toLowerCase() === 'get'

export const STRING_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'set',
    syntax:
      'key value condition=[NX | XX]@2.6.12 [GET]@6.2.0 expiration=[EX seconds@2.6.12 | PX milliseconds@2.6.12 | EXAT unix-time-seconds@6.2.0 | PXAT unix-time-milliseconds@6.2.0 | KEEPTTL@6.0.0]',
    complexity: 'O(1)',
    history: [['7.0.0', '`NX` and `GET` go together.']],
    arity: -3,
    flags: writes,
    keys: [keyAt(1, 'RW', 'access', 'update', 'variable_flags')],
    keyFlags: (args) => (args.slice(3).some(isGet) ? ['RW', 'access', 'update'] : ['OW', 'update']),
    categories,
    group,
    since: '1.0.0',
    summary: 'Sets a key to a string, with conditions and expiry as options.',
    handler: set,
    takesBuffers: true,
  },
  {
    name: 'get',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [key.read],
    categories,
    group,
    since: '1.0.0',
    summary: 'Answers the string at a key.',
    handler: get,
  },
  {
    name: 'getex',
    syntax:
      'key expiration=[EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]',
    complexity: 'O(1)',
    arity: -2,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'update')],
    categories,
    group,
    since: '6.2.0',
    summary: 'Answers the string at a key and sets or removes its expiry.',
    handler: getex,
  },
  {
    name: 'getdel',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'delete')],
    categories,
    group,
    since: '6.2.0',
    summary: 'Answers the string at a key and deletes the key.',
    handler: getdel,
  },
  {
    name: 'getset',
    syntax: 'key value',
    complexity: 'O(1)',
    deprecated: { since: '6.2.0', replacedBy: '`SET` with the `!GET` argument' },
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'update')],
    categories,
    group,
    since: '1.0.0',
    summary: 'Sets a key and answers the string that it held.',
    handler: getset,
    takesBuffers: true,
  },
  {
    name: 'setnx',
    syntax: 'key value',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'OW', 'insert')],
    categories,
    group,
    since: '1.0.0',
    summary: 'Sets a key that does not exist yet.',
    handler: setnx,
    takesBuffers: true,
  },
  {
    name: 'setex',
    syntax: 'key seconds value',
    complexity: 'O(1)',
    arity: 4,
    flags: writes,
    keys: [overwrite],
    categories,
    group,
    since: '2.0.0',
    summary: 'Sets a key with an expiry in seconds.',
    handler: setWithExpiry(EXPIRY_UNITS['EX'] as ExpiryUnit, 'setex'),
    takesBuffers: true,
  },
  {
    name: 'psetex',
    syntax: 'key milliseconds value',
    complexity: 'O(1)',
    arity: 4,
    flags: writes,
    keys: [overwrite],
    categories,
    group,
    since: '2.6.0',
    summary: 'Sets a key with an expiry in milliseconds.',
    handler: setWithExpiry(EXPIRY_UNITS['PX'] as ExpiryUnit, 'psetex'),
    takesBuffers: true,
  },
  {
    name: 'mget',
    syntax: 'key [key ...]',
    complexity: 'O(N), N keys',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: [keysFrom(1, -1, 1, 'RO', 'access')],
    categories,
    group,
    since: '1.0.0',
    summary: 'Answers the strings at several keys.',
    tips: ['request_policy:multi_shard'],
    handler: mget,
  },
  {
    name: 'mset',
    syntax: 'key value [key value ...]',
    complexity: 'O(N), N keys',
    arity: -3,
    flags: writes,
    keys: [keysFrom(1, -1, 2, 'OW', 'update')],
    categories,
    group,
    since: '1.0.1',
    summary: 'Sets several keys at once.',
    tips: ['request_policy:multi_shard', 'response_policy:all_succeeded'],
    handler: mset,
    takesBuffers: true,
  },
  {
    name: 'msetnx',
    syntax: 'key value [key value ...]',
    complexity: 'O(N), N keys',
    arity: -3,
    flags: writes,
    keys: [keysFrom(1, -1, 2, 'OW', 'insert')],
    categories,
    group,
    since: '1.0.1',
    summary: 'Sets several keys if none of them exists.',
    tips: ['request_policy:multi_shard', 'response_policy:agg_min'],
    handler: msetnx,
    takesBuffers: true,
  },
]
