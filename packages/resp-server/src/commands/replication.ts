import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Replication } from '../replication/replication.ts'
import { integer, positive } from './arguments.ts'
import type { CommandDefinition } from './command.ts'
import { failover } from './failover.ts'
import { timeout } from './waiting.ts'

function wait(client: Client, args: readonly string[]) {
  const wanted = integer(args[1] as string)
  const milliseconds = positive(args[2] as string, 'ERR timeout is negative')
  const { replication, downstream, isReplica } = client.server
  if (isReplica) {
    throw new ReplyError(
      'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a ' +
        'replica is configured to be writable (which is not the default) writes to replicas are ' +
        'just local and are not propagated.',
    )
  }
  // a group's own replicas are those that take over: nobody else counts there
  const waits = replication === undefined ? downstream.waits : replication.writeWaits
  waits.wait(client, wanted, milliseconds)
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

const PORT = /^\d{1,5}$/

/**
 * A host and port of a server of Redis' protocol to follow. NO ONE ends that; on a node of a group
 * it takes the lease as soon as nobody holds it.
 */
function replicaof(client: Client, args: readonly string[]) {
  const { server, reply } = client
  const [, host = '', port = ''] = args
  if (server.settings.clusterEnabled) {
    throw new ReplyError('ERR REPLICAOF not allowed in cluster mode.')
  }
  if (host.toLowerCase() === 'no' && port.toLowerCase() === 'one') {
    server.replication?.force()
    server.upstream.followNobody()
    return reply.ok()
  }
  if (server.replication !== undefined) {
    throw new ReplyError('ERR this server follows the primary of its group, and nobody else')
  }
  if (!/^-?\d+$/.test(port)) throw new ReplyError('ERR value is not an integer or out of range')
  if (!PORT.test(port) || Number(port) > 65_535) throw new ReplyError('ERR Invalid master port')
  if (server.upstream.follow(host, Number(port))) reply.ok()
  else reply.simple('OK Already connected to specified master')
}

function role(client: Client) {
  const { replication, upstream } = client.server
  const { reply } = client
  const { record, link } = upstream
  if (record !== undefined) {
    reply.array(5)
    reply.bulk('slave')
    reply.bulk(record.host)
    reply.integer(record.port)
    reply.bulk(link?.state ?? 'connect')
    reply.integer(upstream.offset?.bytes ?? -1)
    return
  }
  if (replication?.isPrimary === false) {
    const address = replication.shard?.primary.address
    reply.array(5)
    reply.bulk('slave')
    reply.bulk(address?.host ?? '')
    reply.integer(address?.port ?? 0)
    reply.bulk(linkState(replication))
    reply.integer(replication.position.sequence)
    return
  }
  const { downstream } = client.server
  const followers = (replication?.followers ?? []).map(({ address, applied }) => {
    return [address.host, address.port, applied]
  })
  for (const { host, port, acknowledged, state } of downstream.replicas) {
    if (state === 'online') followers.push([host, port, acknowledged])
  }
  reply.array(3)
  reply.bulk('master')
  reply.integer(replication?.position.sequence ?? downstream.offset)
  reply.array(followers.length)
  for (const words of followers) {
    reply.array(3)
    for (const word of words) reply.bulk(String(word))
  }
}

/** In the words of ROLE. */
const linkState = ({ link }: Replication): string => (link === undefined ? 'connect' : link.state)

const group = 'generic'

export const REPLICATION_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'wait',
    syntax: 'numreplicas timeout',
    complexity: 'O(1)',
    arity: 3,
    group,
    categories: ['connection'],
    flags: ['noscript'],
    since: '3.0.0',
    summary: 'Answers when so many replicas have the writes, or how many when the time is up.',
    tips: ['request_policy:all_shards', 'response_policy:agg_min'],
    handler: wait,
  },
  {
    name: 'waitaof',
    syntax: 'numlocal numreplicas timeout',
    complexity: 'O(1)',
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
      syntax: 'args=<host-port=<host port> | no-one=<NO ONE>>',
      complexity: 'O(1)',
      ...(name === 'slaveof' ? { deprecated: { since: '5.0.0', replacedBy: '`REPLICAOF`' } } : {}),
      arity: 3,
      group: 'server',
      flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
      since: name === 'replicaof' ? '5.0.0' : '1.0.0',
      summary: 'Follows another server, or with NO ONE none.',
      handler: replicaof,
    }),
  ),
  {
    name: 'role',
    complexity: 'O(1)',
    arity: 1,
    group: 'server',
    categories: ['admin', 'dangerous'],
    flags: ['noscript', 'loading', 'stale', 'fast'],
    since: '2.8.12',
    summary: 'Answers whether this is the primary, who follows it, or whom it follows.',
    handler: role,
  },
  {
    name: 'failover',
    syntax: '[TO target=<host port [FORCE]>] [ABORT] [TIMEOUT milliseconds]',
    complexity: 'O(1)',
    arity: -1,
    group: 'server',
    flags: ['admin', 'noscript', 'stale'],
    since: '6.2.0',
    summary: 'Makes a replica the primary, with everything that was written.',
    handler: failover,
  },
]
