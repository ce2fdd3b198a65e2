import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import type { Module } from '../modules/module.ts'
import type { Reply } from '../protocol/reply.ts'
import { parseInteger } from '../values/numbers.ts'
import { syntaxError } from './arguments.ts'
import type { CommandDefinition } from './command.ts'

function dbsize(client: Client) {
  client.reply.integer(client.database.table.size)
}

function checkFlushMode(args: readonly string[]): void {
  if (args.length > 2 || (args.length === 2 && !/^(?:a?sync)$/i.test(args[1] as string))) {
    throw syntaxError()
  }
}

/** Both modes take no time that depends on the data: see Keyspace.flush. */
function flushdb(client: Client, args: readonly string[]) {
  checkFlushMode(args)
  client.server.keyspace.flush([client.database])
  client.reply.ok()
}

function flushall(client: Client, args: readonly string[]) {
  checkFlushMode(args)
  client.server.keyspace.flush(client.server.keyspace.databases)
  client.reply.ok()
}

function indexOf(text: string, which: string): number {
  const index = Number(parseInteger(text) ?? Number.NaN)
  if (index !== (index | 0)) {
    throw new ReplyError(`ERR invalid ${which} DB index`)
  }
  return index
}

function databaseAt(client: Client, index: number): Database {
  const database = client.server.keyspace.databases[index]
  if (database === undefined) throw new ReplyError('ERR DB index is out of range')
  return database
}

function swapdb(client: Client, args: readonly string[]) {
  const indexes = [indexOf(args[1] as string, 'first'), indexOf(args[2] as string, 'second')]
  const [first, second] = indexes.map((index) => databaseAt(client, index)) as [Database, Database]
  if (first !== second) client.server.keyspace.swap(first, second)
  client.reply.ok()
}

/** Lets the client wait for work that is not done within the turn. */
export function waitFor(client: Client, work: Promise<unknown>, done: () => void): void {
  const { blocking } = client.server
  const timedOut = (): void => client.reply.null()
  blocking.block(client, { keys: [], timeoutMs: 0, serve: () => false, timedOut })
  const state = client.blocked
  const finish = (answer: () => void): void => {
    // CLIENT UNBLOCK may have answered before
    if (!client.isClosing && client.blocked === state) blocking.answer(client, answer)
  }
  work.then(
    () => finish(done),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      const line = error instanceof ReplyError ? message : `ERR ${message}`
      finish(() => client.reply.error(line))
    },
  )
}

function save(client: Client) {
  waitFor(client, client.server.save(), () => client.reply.ok())
}

function bgsave(client: Client, args: readonly string[]) {
  if (args.length > 2 || (args.length === 2 && args[1]?.toLowerCase() !== 'schedule')) {
    throw syntaxError()
  }
  client.server.backgroundSave.begin()
  client.reply.simple('Background saving started')
}

function lastsave(client: Client) {
  client.reply.integer(Math.floor(client.server.durability.lastSave / 1000))
}

function shutdown(client: Client, args: readonly string[]) {
  const options = args.slice(1).map((option) => option.toLowerCase())
  if (options.some((option) => !['nosave', 'save', 'now', 'force'].includes(option))) {
    throw syntaxError()
  }
  if (options.includes('nosave') && options.includes('save')) throw syntaxError()
  // success is told by the closed connection
  const ended = client.server.shutdown(!options.includes('nosave'))
  ended.catch((error: unknown) => {
    client.server.logger.error('shutdown failed', { error: String(error) })
  })
}

function time(client: Client) {
  const now = client.server.clock.now()
  client.reply.array(2)
  client.reply.bulk(String(Math.floor(now / 1000)))
  client.reply.bulk(String((Math.floor(now) % 1000) * 1000))
}

/** As MODULE LIST and HELLO show them. */
export function writeModules(reply: Reply, modules: readonly Module[]): void {
  reply.array(modules.length)
  for (const { name, version } of modules) {
    reply.map(4)
    reply.bulk('name')
    reply.bulk(name)
    reply.bulk('ver')
    reply.integer(version)
    reply.bulk('path')
    reply.bulk('')
    reply.bulk('args')
    reply.array(0)
  }
}

function moduleList({ reply, server }: Client) {
  writeModules(reply, server.modules.all)
}

const group = 'server'
const keyspaceWrite = { group, categories: ['keyspace', 'dangerous'] } as const

export const SERVER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'dbsize',
    complexity: 'O(1)',
    arity: 1,
    group,
    categories: ['keyspace', 'read'],
    flags: ['readonly', 'fast'],
    since: '1.0.0',
    summary: 'Counts the keys of the database.',
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
    handler: dbsize,
  },
  {
    ...keyspaceWrite,
    name: 'flushdb',
    syntax: 'async=[ASYNC@4.0.0 | SYNC@6.2.0]',
    complexity: 'O(N), N keys in the database',
    arity: -1,
    flags: ['write'],
    since: '1.0.0',
    summary: 'Removes all keys of the database.',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    handler: flushdb,
  },
  {
    ...keyspaceWrite,
    name: 'flushall',
    syntax: 'async=[ASYNC@4.0.0 | SYNC@6.2.0]',
    complexity: 'O(N), N keys in all databases',
    arity: -1,
    flags: ['write'],
    since: '1.0.0',
    summary: 'Removes all keys of all databases.',
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    handler: flushall,
  },
  {
    ...keyspaceWrite,
    name: 'swapdb',
    syntax: 'index1 index2',
    complexity: 'O(N), N clients that watch or wait for keys there',
    arity: 3,
    flags: ['write', 'fast'],
    since: '4.0.0',
    summary: 'Exchanges two databases.',
    handler: swapdb,
  },
  {
    name: 'save',
    complexity: 'O(N), N keys in all databases',
    arity: 1,
    group,
    flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
    since: '1.0.0',
    summary: 'Answers when everything is on disk.',
    handler: save,
  },
  {
    name: 'bgsave',
    syntax: '[SCHEDULE]@3.2.2',
    complexity: 'O(1)',
    arity: -1,
    group,
    flags: ['admin', 'noscript', 'no_async_loading'],
    since: '1.0.0',
    summary: 'Brings everything onto disk in the background.',
    handler: bgsave,
  },
  {
    name: 'lastsave',
    complexity: 'O(1)',
    arity: 1,
    group,
    categories: ['admin', 'dangerous'],
    flags: ['loading', 'stale', 'fast'],
    since: '1.0.0',
    summary: 'Answers when everything was last known to be on disk.',
    tips: ['nondeterministic_output'],
    handler: lastsave,
  },
  {
    name: 'shutdown',
    syntax: 'nosave_save=[NOSAVE | SAVE] [NOW]@7.0.0 [FORCE]@7.0.0 [ABORT]@7.0.0',
    complexity: 'O(N), N changes not yet written',
    arity: -1,
    group,
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
    since: '1.0.0',
    summary: 'Ends the server.',
    handler: shutdown,
  },
  {
    name: 'time',
    complexity: 'O(1)',
    arity: 1,
    group,
    flags: ['loading', 'stale', 'fast'],
    since: '2.6.0',
    summary: 'Answers the time of the server.',
    tips: ['nondeterministic_output'],
    handler: time,
  },
  {
    name: 'module',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group,
    flags: [],
    since: '4.0.0',
    summary: 'Looks at modules.',
    subcommands: [
      {
        name: 'list',
        complexity: 'O(N), N modules',
        arity: 2,
        group,
        flags: ['admin', 'noscript'],
        since: '4.0.0',
        summary: 'Answers the modules that are loaded.',
        tips: ['nondeterministic_output_order'],
        handler: moduleList,
      },
    ],
  },
]
