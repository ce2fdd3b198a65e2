import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { type ConsumerGroup, UNKNOWN_READ } from '../values/stream/consumer-group.ts'
import { MIN_ID, type StreamId } from '../values/stream/stream-id.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import { integer, shown, subcommandSyntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'
import { looseId, strictId } from './stream-arguments.ts'

interface GroupAt {
  readonly stream: StreamValue
  readonly group: ConsumerGroup
}

/** The group that a subcommand works on; both it and its stream must be there. */
export function groupAt(client: Client, key: string, name: string): GroupAt {
  const stream = streamFor(client, key)
  const group = stream.groups.get(name)
  if (group === undefined) {
    throw new ReplyError(
      `NOGROUP No such consumer group '${shown(name)}' for key name '${shown(key)}'`,
    )
  }
  return { stream, group }
}

function streamFor(client: Client, key: string): StreamValue {
  const stream = client.database.stream(key)
  if (stream !== undefined) return stream
  throw new ReplyError(
    'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to ' +
      'use the MKSTREAM option to create an empty stream automatically.',
  )
}

interface GroupOptions {
  makesStream: boolean
  entriesRead: number
}

function parseGroupOptions(args: readonly string[], isCreate: boolean): GroupOptions {
  const found = { makesStream: false, entriesRead: UNKNOWN_READ }
  for (let at = 5; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    if (isCreate && option === 'MKSTREAM') found.makesStream = true
    else if (option === 'ENTRIESREAD' && at + 1 < args.length) {
      at += 1
      found.entriesRead = integer(args[at] as string)
      if (found.entriesRead < 0 && found.entriesRead !== UNKNOWN_READ) {
        throw new ReplyError('ERR value for ENTRIESREAD must be positive or -1')
      }
    } else throw subcommandSyntaxError(args)
  }
  return found
}

const startId = (text: string, stream: StreamValue | undefined): StreamId =>
  text === '$' ? (stream?.lastId ?? MIN_ID) : strictId(text)

function xgroupCreate(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, , key, name, text] = args as [string, string, string, string, string]
  const options = parseGroupOptions(args, true)
  const existing = options.makesStream ? database.stream(key) : streamFor(client, key)
  const lastId = startId(text, existing)
  if (existing?.groups.has(name)) {
    throw new ReplyError('BUSYGROUP Consumer Group name already exists')
  }
  const stream = existing ?? database.create(key, new StreamValue())
  stream.createGroup(name, lastId, options.entriesRead)
  database.settle(key, stream, 'xgroup-create')
  reply.ok()
}

function xgroupSetid(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, , key, name, text] = args as [string, string, string, string, string]
  const options = parseGroupOptions(args, false)
  const { stream, group } = groupAt(client, key, name)
  group.lastId = text === '$' ? stream.lastId : looseId(text)
  group.entriesRead = options.entriesRead
  stream.groupChanged(group)
  database.settle(key, stream, 'xgroup-setid')
  reply.ok()
}

function xgroupDestroy(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, , key, name] = args as [string, string, string, string]
  const stream = streamFor(client, key)
  const group = stream.groups.get(name)
  if (group === undefined) return reply.integer(0)
  stream.deleteGroup(group)
  database.settle(key, stream, 'xgroup-destroy')
  reply.integer(1)
}

function xgroupCreateconsumer(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const [, , key, name, consumer] = args as [string, string, string, string, string]
  const { stream, group } = groupAt(client, key, name)
  if (group.consumers.has(consumer)) return reply.integer(0)
  stream.createConsumer(group, consumer, server.keyspace.now)
  database.elementsChanged(key, stream, 'xgroup-createconsumer')
  reply.integer(1)
}

function xgroupDelconsumer(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, , key, name, consumerName] = args as [string, string, string, string, string]
  const { stream, group } = groupAt(client, key, name)
  const consumer = group.consumers.get(consumerName)
  if (consumer === undefined) return reply.integer(0)
  const pending = stream.deleteConsumer(group, consumer)
  database.elementsChanged(key, stream, 'xgroup-delconsumer')
  reply.integer(pending)
}

function xack(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, name] = args as [string, string, string]
  const stream = database.stream(key)
  const group = stream?.groups.get(name)
  if (stream === undefined || group === undefined) return reply.integer(0)
  const ids = args.slice(3).map((text) => strictId(text))
  let released = 0
  for (const id of ids) if (stream.release(group, id)) released += 1
  if (released > 0) database.elementsChanged(key, stream, undefined)
  reply.integer(released)
}

const base = { group: 'stream', categories: ['stream'], since: '5.0.0' } as const

export const STREAM_GROUP_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'xgroup',
    complexity: 'Depends on the subcommand.',
    group: 'stream',
    since: '5.0.0',
    arity: -2,
    flags: [],
    summary: 'Manages consumer groups.',
    subcommands: [
      {
        ...base,
        name: 'create',
        syntax: 'key groupname id=<id | new_id=$> [MKSTREAM] [ENTRIESREAD entries_read]',
        complexity: 'O(1)',
        history: [['7.0.0', 'Takes `ENTRIESREAD`.']],
        arity: -5,
        flags: ['write', 'denyoom'],
        keys: [keyAt(2, 'RW', 'insert')],
        summary: 'Makes a group that begins behind an ID.',
        handler: xgroupCreate,
      },
      {
        ...base,
        name: 'setid',
        syntax: 'key groupname id=<id | new_id=$> [ENTRIESREAD entries_read]',
        complexity: 'O(1)',
        history: [['7.0.0', 'Takes `ENTRIESREAD`.']],
        arity: -5,
        flags: ['write'],
        keys: [keyAt(2, 'RW', 'update')],
        summary: 'Sets the ID behind which a group goes on.',
        handler: xgroupSetid,
      },
      {
        ...base,
        name: 'destroy',
        syntax: 'key groupname',
        complexity: 'O(N), N entries that are pending',
        arity: 4,
        flags: ['write'],
        keys: [keyAt(2, 'RW', 'delete')],
        summary: 'Deletes a group.',
        handler: xgroupDestroy,
      },
      {
        ...base,
        name: 'createconsumer',
        syntax: 'key groupname consumername',
        complexity: 'O(1)',
        arity: 5,
        flags: ['write', 'denyoom'],
        keys: [keyAt(2, 'RW', 'insert')],
        since: '6.2.0',
        summary: 'Makes a consumer of a group.',
        handler: xgroupCreateconsumer,
      },
      {
        ...base,
        name: 'delconsumer',
        syntax: 'key groupname consumername',
        complexity: 'O(N), N entries that are pending',
        arity: 5,
        flags: ['write'],
        keys: [keyAt(2, 'RW', 'delete')],
        summary: 'Deletes a consumer with all that it has pending.',
        handler: xgroupDelconsumer,
      },
    ],
  },
  {
    ...base,
    name: 'xack',
    syntax: 'key group id [id ...]',
    complexity: 'O(1) for each entry',
    arity: -4,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'update')],
    summary: 'Says that entries are done with; answers how many were pending.',
    handler: xack,
  },
]
