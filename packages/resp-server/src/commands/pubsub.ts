import type { Client } from '../clients/client.ts'
import { asText, type Bytes } from '../protocol/reply.ts'
import type { ChannelKind } from '../pubsub/pubsub.ts'
import { type CommandDefinition, type Handler, keysFrom } from './command.ts'

const WORDS = {
  channels: { subscribe: 'subscribe', unsubscribe: 'unsubscribe' },
  patterns: { subscribe: 'psubscribe', unsubscribe: 'punsubscribe' },
  shardChannels: { subscribe: 'ssubscribe', unsubscribe: 'sunsubscribe' },
} as const

const countOf = (client: Client, kind: ChannelKind): number =>
  kind === 'shardChannels' ? client.shardChannels.size : client.subscriptions

function confirm(client: Client, kind: ChannelKind, word: string, name: string | undefined): void {
  // pushes come also while replies are off
  const { output } = client
  output.push(3)
  output.bulk(word)
  output.bulkOrNull(name)
  output.integer(countOf(client, kind))
}

const subscribe =
  (kind: ChannelKind): Handler =>
  (client, args) => {
    for (const name of args.slice(1)) {
      client.server.pubsub.subscribe(client, kind, name)
      confirm(client, kind, WORDS[kind].subscribe, name)
    }
  }

const unsubscribe =
  (kind: ChannelKind): Handler =>
  (client, args) => {
    const names = args.length > 1 ? args.slice(1) : [...client[kind]]
    const word = WORDS[kind].unsubscribe
    if (names.length === 0) confirm(client, kind, word, undefined)
    for (const name of names) {
      client.server.pubsub.unsubscribe(client, kind, name)
      confirm(client, kind, word, name)
    }
  }

function publish(client: Client, args: readonly Bytes[]) {
  const channel = asText(args[1] as Bytes)
  const message = args[2] as Bytes
  client.server.replication?.broadcast.send(channel, message, false)
  client.reply.integer(client.server.pubsub.publish(channel, message))
}

function spublish(client: Client, args: readonly Bytes[]) {
  const channel = asText(args[1] as Bytes)
  const message = args[2] as Bytes
  client.server.replication?.broadcast.send(channel, message, true)
  client.reply.integer(client.server.pubsub.publishSharded(channel, message))
}

const names =
  (kind: ChannelKind): Handler =>
  (client, args) => {
    const found = client.server.pubsub.names(kind, args[2])
    client.reply.array(found.length)
    for (const name of found) client.reply.bulk(name)
  }

const counts =
  (kind: ChannelKind): Handler =>
  (client, args) => {
    const { reply } = client
    reply.array((args.length - 2) * 2)
    for (const name of args.slice(2)) {
      reply.bulk(name)
      reply.integer(client.server.pubsub.count(kind, name))
    }
  }

function numpat(client: Client) {
  client.reply.integer(client.server.pubsub.size('patterns'))
}

const group = 'pubsub'
const flags = ['pubsub', 'noscript', 'loading', 'stale'] as const
const sharded = [keysFrom(1, -1, 1, 'not_key')]
const inspect = { group, flags: ['pubsub', 'loading', 'stale'] } as const

export const PUBSUB_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'subscribe',
    syntax: 'channel [channel ...]',
    complexity: 'O(N), N channels',
    arity: -2,
    group,
    flags,
    since: '2.0.0',
    summary: 'Listens to channels.',
    handler: subscribe('channels'),
  },
  {
    name: 'unsubscribe',
    syntax: '[channel [channel ...]]',
    complexity: 'O(N), N channels',
    arity: -1,
    group,
    flags,
    since: '2.0.0',
    summary: 'Stops listening to channels, or to all.',
    handler: unsubscribe('channels'),
  },
  {
    name: 'psubscribe',
    syntax: 'pattern=<pattern> [...]',
    complexity: 'O(N), N patterns',
    arity: -2,
    group,
    flags,
    since: '2.0.0',
    summary: 'Listens to channels that match patterns.',
    handler: subscribe('patterns'),
  },
  {
    name: 'punsubscribe',
    syntax: '[pattern [pattern ...]]',
    complexity: 'O(N), N patterns',
    arity: -1,
    group,
    flags,
    since: '2.0.0',
    summary: 'Stops listening to patterns, or to all.',
    handler: unsubscribe('patterns'),
  },
  {
    name: 'ssubscribe',
    syntax: 'shardchannel [shardchannel ...]',
    complexity: 'O(N), N channels',
    arity: -2,
    group,
    flags,
    keys: sharded,
    since: '7.0.0',
    summary: 'Listens to shard channels.',
    handler: subscribe('shardChannels'),
  },
  {
    name: 'sunsubscribe',
    syntax: '[shardchannel [shardchannel ...]]',
    complexity: 'O(N), N channels',
    arity: -1,
    group,
    flags,
    keys: sharded,
    since: '7.0.0',
    summary: 'Stops listening to shard channels, or to all.',
    handler: unsubscribe('shardChannels'),
  },
  {
    name: 'publish',
    syntax: 'channel message',
    complexity: 'O(N+M), N subscribers of the channel, M patterns of all clients',
    arity: 3,
    group,
    flags: ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'],
    since: '2.0.0',
    summary: 'Sends a message to the listeners of a channel.',
    handler: publish,
    takesBuffers: true,
  },
  {
    name: 'spublish',
    syntax: 'shardchannel message',
    complexity: 'O(N), N subscribers of the channel',
    arity: 3,
    group,
    flags: ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'],
    keys: [keysFrom(1, 0, 1, 'not_key')],
    since: '7.0.0',
    summary: 'Sends a message to the listeners of a shard channel.',
    handler: spublish,
    takesBuffers: true,
  },
  {
    name: 'pubsub',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group,
    flags: [],
    helpSince: '6.2.0',
    since: '2.8.0',
    summary: 'Looks at who listens to what.',
    subcommands: [
      {
        ...inspect,
        name: 'channels',
        syntax: '[pattern]',
        complexity: 'O(N), N channels',
        arity: -2,
        since: '2.8.0',
        summary: 'Answers the channels that have listeners.',
        handler: names('channels'),
      },
      {
        ...inspect,
        name: 'numsub',
        syntax: '[channel [channel ...]]',
        complexity: 'O(N), N channels given',
        arity: -2,
        since: '2.8.0',
        summary: 'Counts the listeners of channels.',
        handler: counts('channels'),
      },
      {
        ...inspect,
        name: 'numpat',
        complexity: 'O(1)',
        arity: 2,
        since: '2.8.0',
        summary: 'Counts the patterns that are listened to.',
        handler: numpat,
      },
      {
        ...inspect,
        name: 'shardchannels',
        syntax: '[pattern]',
        complexity: 'O(N), N channels',
        arity: -2,
        since: '7.0.0',
        summary: 'Answers the shard channels that have listeners.',
        handler: names('shardChannels'),
      },
      {
        ...inspect,
        name: 'shardnumsub',
        syntax: '[shardchannel [shardchannel ...]]',
        complexity: 'O(N), N channels given',
        arity: -2,
        since: '7.0.0',
        summary: 'Counts the listeners of shard channels.',
        handler: counts('shardChannels'),
      },
    ],
  },
]
