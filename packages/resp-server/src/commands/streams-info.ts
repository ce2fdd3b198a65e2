import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType } from '../keyspace/value-types.ts'
import type { ConsumerGroup } from '../values/stream/consumer-group.ts'
import { lagOf } from '../values/stream/group-lag.ts'
import { formatId, MAX_ID, MIN_ID, type StreamId } from '../values/stream/stream-id.ts'
import { radixNodes } from '../values/stream/stream-node.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import { integer, shown, subcommandSyntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'
import { replyEntry, replyRange } from './stream-arguments.ts'

function streamOf(client: Client, key: string): StreamValue {
  const stream = expectType(client.database.read(key), StreamValue)
  if (stream === undefined) throw new ReplyError('ERR no such key')
  return stream
}

const DEFAULT_FULL_COUNT = 10

function xinfoStream(client: Client, args: readonly string[]) {
  const stream = streamOf(client, args[2] as string)
  if (args.length === 3) return replyOverview(client, stream)
  if (args[3]?.toUpperCase() !== 'FULL') throw subcommandSyntaxError(args)
  if (args.length === 4) return replyFull(client, stream, DEFAULT_FULL_COUNT)
  if (args.length !== 6 || args[4]?.toUpperCase() !== 'COUNT') throw subcommandSyntaxError(args)
  const count = integer(args[5] as string)
  replyFull(client, stream, count < 0 ? DEFAULT_FULL_COUNT : count)
}

function replyHead(client: Client, stream: StreamValue): void {
  const { reply } = client
  reply.bulk('length')
  reply.integer(stream.size)
  reply.bulk('radix-tree-keys')
  reply.integer(stream.nodes.size)
  reply.bulk('radix-tree-nodes')
  reply.integer(radixNodes([...stream.nodes].map((node) => node.masterId)))
  reply.bulk('last-generated-id')
  reply.bulk(formatId(stream.lastId))
  reply.bulk('max-deleted-entry-id')
  reply.bulk(formatId(stream.maxDeletedId))
  reply.bulk('entries-added')
  reply.integer(stream.entriesAdded)
  reply.bulk('recorded-first-entry-id')
  reply.bulk(formatId(stream.firstId))
}

function replyOverview(client: Client, stream: StreamValue): void {
  const { reply } = client
  reply.map(10)
  replyHead(client, stream)
  reply.bulk('groups')
  reply.integer(stream.groups.size)
  reply.bulk('first-entry')
  replyEdge(client, stream, stream.entries.firstId)
  reply.bulk('last-entry')
  replyEdge(client, stream, stream.entries.lastId)
}

function replyEdge(client: Client, stream: StreamValue, id: StreamId | undefined): void {
  if (id === undefined) client.reply.null()
  else replyEntry(client, id, stream.entries.get(id)?.pairs)
}

function replyFull(client: Client, stream: StreamValue, count: number): void {
  const { reply } = client
  reply.map(9)
  replyHead(client, stream)
  reply.bulk('entries')
  replyRange(client, stream, MIN_ID, MAX_ID, count)
  reply.bulk('groups')
  reply.array(stream.groups.size)
  for (const group of stream.sortedGroups) replyFullGroup(client, stream, group, count)
}

function firstPending(
  pending: ConsumerGroup['pending'],
  count: number,
): (readonly [
  StreamId,
  { deliveredAt: number; deliveries: number; consumer: { name: string } },
])[] {
  const found = []
  for (const pair of pending.ascend(MIN_ID, MAX_ID)) {
    found.push(pair)
    if (found.length === count) break
  }
  return found
}

function replyFullGroup(
  client: Client,
  stream: StreamValue,
  group: ConsumerGroup,
  count: number,
): void {
  const { reply } = client
  reply.map(7)
  reply.bulk('name')
  reply.bulk(group.name)
  replyProgress(client, stream, group)
  reply.bulk('pel-count')
  reply.integer(group.pending.size)
  reply.bulk('pending')
  const pending = firstPending(group.pending, count)
  reply.array(pending.length)
  for (const [id, entry] of pending) {
    reply.array(4)
    reply.bulk(formatId(id))
    reply.bulk(entry.consumer.name)
    reply.integer(entry.deliveredAt)
    reply.integer(entry.deliveries)
  }
  reply.bulk('consumers')
  const consumers = group.sortedConsumers
  reply.array(consumers.length)
  for (const consumer of consumers) {
    reply.map(5)
    reply.bulk('name')
    reply.bulk(consumer.name)
    reply.bulk('seen-time')
    reply.integer(consumer.seenAt)
    reply.bulk('active-time')
    reply.integer(consumer.activeAt)
    reply.bulk('pel-count')
    reply.integer(consumer.pending.size)
    reply.bulk('pending')
    const own = firstPending(consumer.pending, count)
    reply.array(own.length)
    for (const [id, entry] of own) {
      reply.array(3)
      reply.bulk(formatId(id))
      reply.integer(entry.deliveredAt)
      reply.integer(entry.deliveries)
    }
  }
}

/** last-delivered-id, entries-read and lag. */
function replyProgress(client: Client, stream: StreamValue, group: ConsumerGroup): void {
  const { reply } = client
  reply.bulk('last-delivered-id')
  reply.bulk(formatId(group.lastId))
  reply.bulk('entries-read')
  if (group.entriesRead < 0) reply.null()
  else reply.integer(group.entriesRead)
  reply.bulk('lag')
  const lag = lagOf(stream, group)
  if (lag === undefined) reply.null()
  else reply.integer(lag)
}

function xinfoGroups(client: Client, args: readonly string[]) {
  const { reply } = client
  const stream = streamOf(client, args[2] as string)
  const groups = stream.sortedGroups
  reply.array(groups.length)
  for (const group of groups) {
    reply.map(6)
    reply.bulk('name')
    reply.bulk(group.name)
    reply.bulk('consumers')
    reply.integer(group.consumers.size)
    reply.bulk('pending')
    reply.integer(group.pending.size)
    replyProgress(client, stream, group)
  }
}

function xinfoConsumers(client: Client, args: readonly string[]) {
  const { reply, server } = client
  const [, , key, name] = args as [string, string, string, string]
  const group = streamOf(client, key).groups.get(name)
  if (group === undefined) {
    throw new ReplyError(
      `NOGROUP No such consumer group '${shown(name)}' for key name '${shown(key)}'`,
    )
  }
  const { now } = server.keyspace
  const consumers = group.sortedConsumers
  reply.array(consumers.length)
  for (const consumer of consumers) {
    reply.map(4)
    reply.bulk('name')
    reply.bulk(consumer.name)
    reply.bulk('pending')
    reply.integer(consumer.pending.size)
    reply.bulk('idle')
    reply.integer(Math.max(0, now - consumer.seenAt))
    reply.bulk('inactive')
    reply.integer(consumer.activeAt < 0 ? -1 : Math.max(0, now - consumer.activeAt))
  }
}

const base = {
  group: 'stream',
  categories: ['stream'],
  since: '5.0.0',
  flags: ['readonly'],
  keys: [keyAt(2, 'RO', 'access')],
} as const

export const STREAM_INFO_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'xinfo',
    complexity: 'Depends on the subcommand.',
    group: 'stream',
    since: '5.0.0',
    arity: -2,
    flags: [],
    summary: 'Looks at streams, groups and consumers.',
    subcommands: [
      {
        ...base,
        name: 'stream',
        syntax: 'key [FULL full=<[COUNT count]>]',
        complexity: 'O(1), with FULL O(N) for N entries answered',
        history: [
          ['6.0.0', 'Takes `FULL`.'],
          ['7.0.0', 'Answers what was deleted, added, read and first recorded.'],
        ],
        arity: -3,
        summary: 'Answers how a stream is made up.',
        handler: xinfoStream,
      },
      {
        ...base,
        name: 'groups',
        syntax: 'key',
        complexity: 'O(N), N groups',
        history: [['7.0.0', 'Answers `entries-read` and `lag`.']],
        arity: 3,
        summary: 'Lists the groups of a stream.',
        handler: xinfoGroups,
      },
      {
        ...base,
        name: 'consumers',
        syntax: 'key groupname',
        complexity: 'O(N), N consumers',
        arity: 4,
        summary: 'Lists the consumers of a group.',
        tips: ['nondeterministic_output'],
        handler: xinfoConsumers,
      },
    ],
  },
]
