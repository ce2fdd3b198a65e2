import type { Denial } from '../acl/denial.ts'
import { type Client, NOTHING_WATCHED } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { CommandDefinition } from './command.ts'
import { keysFrom } from './command.ts'

function multi(client: Client) {
  if (client.transaction !== undefined) throw new ReplyError('ERR MULTI calls can not be nested')
  client.transaction = { queue: [], bytes: 0, isAborted: false }
  client.reply.ok()
}

function discard(client: Client) {
  if (client.transaction === undefined) throw new ReplyError('ERR DISCARD without MULTI')
  client.discardTransaction()
  client.reply.ok()
}

/** A watched key that has expired meanwhile counts as touched, even if nobody removed it yet. */
const hasExpired = (client: Client): boolean =>
  client.watched.some(({ database, key, wasExpired }) => !wasExpired && isExpired(database, key))

function isExpired(database: Client['database'], key: string): boolean {
  const slot = database.table.slot(key)
  return slot !== -1 && database.table.expiryAt(slot) < database.keyspace.now
}

const REASONS = {
  command: 'no permission to execute the command or subcommand',
  key: 'no permission to touch the specified keys',
  channel: 'no permission to access one of the channels used as arguments to the command',
} as const

const rulesChanged = ({ reason }: Denial): string =>
  'NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC ' +
  `call. This command is no longer allowed for the following reason: ${REASONS[reason]}`

function exec(client: Client) {
  const { transaction, reply, server } = client
  if (transaction === undefined) throw new ReplyError('ERR EXEC without MULTI')
  if (transaction.isAborted) {
    client.discardTransaction()
    throw new ReplyError('EXECABORT Transaction discarded because of previous errors.')
  }
  if (client.isDirty || hasExpired(client)) {
    client.discardTransaction()
    return reply.nullArray()
  }
  client.discardTransaction()
  client.isInTransaction = true
  server.durability.isWithinUnit = true
  try {
    reply.array(transaction.queue.length)
    for (const queued of transaction.queue) {
      const denial = server.acl.check(client, queued.command, queued.args, 'multi')
      if (denial === undefined) server.call(client, queued)
      else reply.error(rulesChanged(denial))
    }
  } finally {
    client.isInTransaction = false
    server.durability.isWithinUnit = false
  }
  server.eviction.endOfUnit()
}

function watch(client: Client, args: readonly string[]) {
  const { database } = client
  if (client.transaction !== undefined)
    throw new ReplyError('ERR WATCH inside MULTI is not allowed')
  for (const key of args.slice(1)) {
    if (client.watched.some((seen) => seen.key === key && seen.database === database)) continue
    const watchers = database.watchers.get(key)
    if (watchers === undefined) database.watchers.set(key, new Set([client]))
    else watchers.add(client)
    if (client.watched === NOTHING_WATCHED) client.watched = []
    client.watched.push({ database, key, wasExpired: isExpired(database, key) })
  }
  client.reply.ok()
}

function unwatch(client: Client) {
  client.unwatch()
  client.reply.ok()
}

const group = 'transactions'
const categories = ['transaction'] as const

export const TRANSACTION_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'multi',
    complexity: 'O(1)',
    arity: 1,
    group,
    categories,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    since: '1.2.0',
    summary: 'Starts a transaction: commands are queued until EXEC.',
    handler: multi,
  },
  {
    name: 'exec',
    complexity: 'Depends on the commands of the transaction.',
    arity: 1,
    group,
    categories,
    flags: ['noscript', 'loading', 'stale', 'skip_slowlog'],
    since: '1.2.0',
    summary: 'Runs all queued commands as one.',
    handler: exec,
  },
  {
    name: 'discard',
    complexity: 'O(N), N queued commands',
    arity: 1,
    group,
    categories,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    since: '2.0.0',
    summary: 'Gives up a transaction.',
    handler: discard,
  },
  {
    name: 'watch',
    syntax: 'key [key ...]',
    complexity: 'O(1) for each key',
    arity: -2,
    group,
    categories,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    keys: [keysFrom(1, -1, 1, 'RO')],
    since: '2.2.0',
    summary: 'Lets the next EXEC run only if keys stay as they are.',
    handler: watch,
  },
  {
    name: 'unwatch',
    complexity: 'O(N), N watched keys',
    arity: 1,
    group,
    categories,
    flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
    since: '2.2.0',
    summary: 'Forgets about watched keys.',
    handler: unwatch,
  },
]
