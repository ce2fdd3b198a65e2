import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import { NO_EXPIRY, type Value } from '../keyspace/value.ts'
import { allKeys, type ListedKey, nextKeys, type WalkPosition } from '../persistence/key-pages.ts'
import { Collection } from '../values/collection.ts'
import { matchGlob } from '../values/glob.ts'
import { toStringValue } from '../values/large-string.ts'
import { databaseIndex, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt, keysFrom } from './command.ts'

function del(client: Client, args: readonly string[]) {
  let removed = 0
  for (let at = 1; at < args.length; at += 1) {
    if (client.database.remove(args[at] as string)) removed += 1
  }
  client.reply.integer(removed)
}

function exists(client: Client, args: readonly string[]) {
  let found = 0
  for (let at = 1; at < args.length; at += 1) {
    if (client.database.glance(args[at] as string) !== -1) found += 1
  }
  client.reply.integer(found)
}

function touch(client: Client, args: readonly string[]) {
  let found = 0
  for (let at = 1; at < args.length; at += 1) {
    if (client.database.look(args[at] as string) !== -1) found += 1
  }
  client.reply.integer(found)
}

function type(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const slot = database.glance(args[1] as string)
  reply.simple(slot === -1 ? 'none' : database.typeAt(slot))
}

function keys(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const found: string[] = []
  for (const { name } of allKeys(server.durability, database, client.isInTransaction)) {
    if (matchGlob(args[1] as string, name)) found.push(name)
  }
  reply.array(found.length)
  for (const key of found) reply.bulk(key)
}

/** Stored keys among which RANDOMKEY picks when memory has none; more where these have expired. */
const RANDOM_AMONG = 1000
/** Keys tried before one that has expired is good enough: such ones stay while writes are paused. */
const RANDOM_TRIES = 100

function randomkey(client: Client) {
  const { database, reply, server } = client
  const pick = (length: number): number => Math.floor(server.random.next() * length)
  const { table } = database
  // those in memory are as good as others, and cost nothing
  for (let left = RANDOM_TRIES; table.loadedKeys.length > 0; left -= 1) {
    const key = table.keyAt(pick(table.loadedKeys.length))
    if (left === 0 || database.has(key)) return reply.bulk(key)
  }
  let position: WalkPosition | undefined
  do {
    const { isInTransaction } = client
    const page = nextKeys(server.durability, database, position, RANDOM_AMONG, isInTransaction)
    const { keys } = page
    if (keys.length > 0) return reply.bulk((keys[pick(keys.length)] as ListedKey).name)
    position = page.next
  } while (position !== undefined)
  reply.null()
}

function rename(client: Client, args: readonly string[]) {
  const [, from, to] = args as [string, string, string]
  if (!client.database.has(from)) throw new ReplyError('ERR no such key')
  if (from !== to) client.database.rename(from, to)
  client.reply.ok()
}

function renamenx(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, from, to] = args as [string, string, string]
  if (!database.has(from)) throw new ReplyError('ERR no such key')
  if (database.has(to)) return reply.integer(0)
  database.rename(from, to)
  reply.integer(1)
}

const copyOf = (value: Value): Value => {
  if (typeof value === 'string') return value
  if (value instanceof Collection) return value.clone()
  return toStringValue(Buffer.from(value.peek()))
}

export function databaseAt(client: Client, text: string): Database {
  const index = databaseIndex(text)
  const database = client.server.keyspace.databases[index]
  if (database === undefined) throw new ReplyError('ERR DB index is out of range')
  return database
}

function copy(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, from, to] = args as [string, string, string]
  let target = database
  let replaces = false
  for (let at = 3; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    if (option === 'REPLACE') replaces = true
    else if (option === 'DB' && at + 1 < args.length) {
      at += 1
      target = databaseAt(client, args[at] as string)
    } else throw syntaxError()
  }
  if (target === database && from === to) {
    throw new ReplyError('ERR source and destination objects are the same')
  }
  const value = database.read(from)
  if (value === undefined || (!replaces && target.has(to))) return reply.integer(0)
  const copied = copyOf(value)
  const expiry = database.expiry(from) ?? NO_EXPIRY
  target.discard(to)
  target.set(to, copied, expiry)
  target.notify('generic', 'copy_to', to)
  reply.integer(1)
}

function move(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const target = databaseAt(client, args[2] as string)
  if (target === database) {
    throw new ReplyError('ERR source and destination objects are the same')
  }
  const value = database.get(key)
  if (value === undefined || target.has(key)) return reply.integer(0)
  const expiry = database.expiry(key) ?? NO_EXPIRY
  database.discard(key)
  target.set(key, value, expiry)
  database.notify('generic', 'move_from', key)
  target.notify('generic', 'move_to', key)
  reply.integer(1)
}

const generic = { categories: ['keyspace'], group: 'generic' } as const
export const KEY_COMMANDS: readonly CommandDefinition[] = [
  {
    ...generic,
    name: 'del',
    syntax: 'key [key ...]',
    complexity: 'O(N), N keys, and O(M) for each with M elements',
    arity: -2,
    flags: ['write'],
    keys: [keysFrom(1, -1, 1, 'RM', 'delete')],
    since: '1.0.0',
    summary: 'Deletes keys.',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: del,
  },
  {
    ...generic,
    name: 'unlink',
    syntax: 'key [key ...]',
    complexity: 'O(1) for each key',
    arity: -2,
    flags: ['write', 'fast'],
    keys: [keysFrom(1, -1, 1, 'RM', 'delete')],
    since: '4.0.0',
    summary: 'Deletes keys; what they held is freed in the background.',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: del,
  },
  {
    ...generic,
    name: 'exists',
    syntax: 'key [key ...]',
    complexity: 'O(N), N keys',
    history: [['3.0.3', 'Takes several keys.']],
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: [keysFrom(1, -1, 1, 'RO')],
    since: '1.0.0',
    summary: 'Counts those of the given keys that exist.',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: exists,
  },
  {
    ...generic,
    name: 'touch',
    syntax: 'key [key ...]',
    complexity: 'O(N), N keys',
    arity: -2,
    flags: ['readonly', 'fast'],
    keys: [keysFrom(1, -1, 1, 'RO')],
    since: '3.2.1',
    summary: 'Counts those of the given keys that exist, as an access to each.',
    tips: ['request_policy:multi_shard', 'response_policy:agg_sum'],
    handler: touch,
  },
  {
    ...generic,
    name: 'type',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [keyAt(1, 'RO')],
    since: '1.0.0',
    summary: 'Answers the type of what a key holds.',
    handler: type,
  },
  {
    ...generic,
    name: 'keys',
    syntax: 'pattern',
    complexity: 'O(N), N keys in the database',
    arity: 2,
    flags: ['readonly'],
    categories: ['keyspace', 'dangerous'],
    since: '1.0.0',
    summary: 'Answers all keys that match a pattern.',
    tips: ['request_policy:all_shards', 'nondeterministic_output_order'],
    handler: keys,
  },
  {
    ...generic,
    name: 'randomkey',
    complexity: 'O(1)',
    arity: 1,
    flags: ['readonly'],
    since: '1.0.0',
    summary: 'Answers a key at random.',
    tips: ['request_policy:all_shards', 'nondeterministic_output'],
    handler: randomkey,
  },
  {
    ...generic,
    name: 'rename',
    syntax: 'key newkey',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write'],
    keys: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'OW', 'update')],
    since: '1.0.0',
    summary: 'Renames a key, over one that exists if need be.',
    handler: rename,
  },
  {
    ...generic,
    name: 'renamenx',
    syntax: 'key newkey',
    complexity: 'O(1)',
    history: [['3.2.0', 'A key may be renamed to itself.']],
    arity: 3,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'OW', 'insert')],
    since: '1.0.0',
    summary: 'Renames a key if the new name is free.',
    handler: renamenx,
  },
  {
    ...generic,
    name: 'copy',
    syntax: 'source destination [DB destination-db] [REPLACE]',
    complexity: 'O(N), N elements; O(1) for strings',
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'RO', 'access'), keyAt(2, 'OW', 'update')],
    since: '6.2.0',
    summary: 'Copies what a key holds to another key.',
    handler: copy,
  },
  {
    ...generic,
    name: 'move',
    syntax: 'key db',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'update')],
    since: '1.0.0',
    summary: 'Moves a key to another database.',
    handler: move,
  },
]
