import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { integer, positive } from './arguments.ts'
import type { CommandDefinition } from './command.ts'
import { timeout } from './waiting.ts'

/** There are no replicas: as many have the writes as will ever have them, which is none. */
function wait(client: Client, args: readonly string[]) {
  const wanted = integer(args[1] as string)
  const milliseconds = positive(args[2] as string, 'ERR timeout is negative')
  if (wanted <= 0 || client.isInTransaction) return client.reply.integer(0)
  client.server.blocking.block(client, {
    keys: [],
    timeoutMs: milliseconds,
    serve: () => false,
    timedOut: () => client.reply.integer(0),
  })
}

/** Resolves as soon as the store has synced what was written so far. */
function waitaof(client: Client, args: readonly string[]) {
  const local = integer(args[1] as string)
  const replicas = integer(args[2] as string)
  const milliseconds = timeout(String(integer(args[3] as string) / 1000))
  const { durability, settings } = client.server
  if (local < 0 || local > 1 || replicas < 0) {
    throw new ReplyError('ERR value is out of range, must be between 0 and 1')
  }
  if (local === 1 && !settings.appendonly) {
    throw new ReplyError(
      'ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.',
    )
  }
  const answer = (synced: number): void => {
    client.reply.array(2)
    client.reply.integer(synced)
    client.reply.integer(0)
  }
  if (local === 0 && replicas === 0) return answer(0)
  if (client.isInTransaction) return answer(0)
  let synced = 0
  let isWaiting = true
  client.server.blocking.block(client, {
    keys: [],
    timeoutMs: milliseconds,
    serve: () => false,
    timedOut: () => {
      isWaiting = false
      answer(synced)
    },
  })
  durability.save().then(
    () => {
      synced = 1
      // replicas never come: only the end of the time answers then
      if (!isWaiting || replicas > 0 || client.isClosing) return
      isWaiting = false
      client.server.blocking.unblock(client)
      client.server.endOfTurn()
    },
    (error: unknown) => {
      client.server.logger.error('WAITAOF: the store failed', { error: String(error) })
    },
  )
}

const NO_REPLICATION =
  'ERR this server does not replicate from Redis: REPLICAOF NO ONE is all that it understands'

function replicaof(client: Client, args: readonly string[]) {
  if (args[1]?.toLowerCase() === 'no' && args[2]?.toLowerCase() === 'one') {
    return client.reply.ok()
  }
  throw new ReplyError(NO_REPLICATION)
}

function failover(_client: Client, args: readonly string[]) {
  if (args[1]?.toLowerCase() === 'abort') throw new ReplyError('ERR No failover in progress.')
  throw new ReplyError('ERR FAILOVER requires connected replicas.')
}

const group = 'generic'

export const REPLICATION_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'wait',
    arity: 3,
    group,
    categories: ['connection'],
    flags: ['noscript'],
    since: '3.0.0',
    summary: 'Answers how many replicas have the writes: none, when the time is up.',
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    handler: wait,
  },
  {
    name: 'waitaof',
    arity: 4,
    group,
    categories: ['connection'],
    flags: ['noscript'],
    since: '7.2.0',
    summary: 'Answers when the writes are synced to disk.',
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    handler: waitaof,
  },
  ...(['replicaof', 'slaveof'] as const).map(
    (name): CommandDefinition => ({
      name,
      arity: 3,
      group: 'server',
      flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
      since: name === 'replicaof' ? '5.0.0' : '1.0.0',
      summary: "NO ONE is taken: this server is nobody's replica.",
      handler: replicaof,
    }),
  ),
  {
    name: 'failover',
    arity: -1,
    group: 'server',
    flags: ['admin', 'noscript', 'stale'],
    since: '6.2.0',
    summary: 'Refused: there is no replica to take over.',
    handler: failover,
  },
]
