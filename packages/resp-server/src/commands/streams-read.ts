import type { Client } from '../clients/client.ts'
import { tellClaims, tellConsumer, tellGroup } from '../downstream/effects.ts'
import { ReplyError } from '../errors.ts'
import { parseInteger } from '../values/numbers.ts'
import type { Consumer, ConsumerGroup, PendingEntry } from '../values/stream/consumer-group.ts'
import { entriesReadUpTo, hasTombstones } from '../values/stream/group-lag.ts'
import { idAfter, MAX_ID, MIN_ID, type StreamId } from '../values/stream/stream-id.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import { integer, shown, syntaxError } from './arguments.ts'
import type { CommandDefinition, KeySpec } from './command.ts'
import { replyEntry, replyRange, strictId } from './stream-arguments.ts'
import { serveOrWait } from './waiting.ts'

interface ReadOptions {
  count: number
  blockMs: number | undefined
  group: string | undefined
  consumer: string | undefined
  noAck: boolean
  keys: readonly string[]
  ids: readonly string[]
}

function milliseconds(text: string): number {
  const value = parseInteger(text)
  if (value === undefined) throw new ReplyError('ERR timeout is not an integer or out of range')
  if (value < 0) throw new ReplyError('ERR timeout is negative')
  if (value > Number.MAX_SAFE_INTEGER) throw new ReplyError('ERR timeout is out of range')
  return Number(value)
}

function onlyGroups(name: string, isGroup: boolean, option: string): void {
  if (isGroup) return
  throw new ReplyError(
    `ERR The ${option} option is only supported by XREADGROUP. You called ${name} instead.`,
  )
}

function parseRead({ isScript }: Client, args: readonly string[], isGroup: boolean): ReadOptions {
  const found: ReadOptions = {
    count: 0,
    blockMs: undefined,
    group: undefined,
    consumer: undefined,
    noAck: false,
    keys: [],
    ids: [],
  }
  for (let at = 1; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    const more = args.length - 1 - at
    if (option === 'BLOCK' && more > 0) {
      if (isScript) {
        throw new ReplyError(`ERR ${args[0]} command is not allowed with BLOCK option from scripts`)
      }
      at += 1
      found.blockMs = milliseconds(args[at] as string)
    } else if (option === 'COUNT' && more > 0) {
      at += 1
      found.count = Math.max(0, integer(args[at] as string))
    } else if (option === 'STREAMS' && more > 0) {
      splitStreams(args.slice(at + 1), isGroup, found)
      break
    } else if (option === 'GROUP' && more >= 2) {
      onlyGroups('XREAD', isGroup, 'GROUP')
      found.group = args[at + 1] as string
      found.consumer = args[at + 2] as string
      at += 2
    } else if (option === 'NOACK') {
      onlyGroups('XREAD', isGroup, 'NOACK')
      found.noAck = true
    } else throw syntaxError()
  }
  if (found.keys.length === 0) throw syntaxError()
  if (isGroup && found.group === undefined) {
    throw new ReplyError('ERR Missing GROUP option for XREADGROUP')
  }
  return found
}

function splitStreams(words: readonly string[], isGroup: boolean, found: ReadOptions): void {
  if (words.length % 2 !== 0) {
    const [name, symbol] = isGroup ? ['xreadgroup', '>'] : ['xread', '$']
    throw new ReplyError(
      `ERR Unbalanced '${name}' list of streams: for each stream key an ID or '${symbol}' must be specified.`,
    )
  }
  found.keys = words.slice(0, words.length / 2)
  found.ids = words.slice(words.length / 2)
}

/** Answers `[key, entries]` as one of several streams. */
function beginStreams(client: Client, count: number): void {
  if (client.reply.version === 3) client.reply.map(count)
  else client.reply.array(count)
}

function beginStream(client: Client, key: string): void {
  if (client.reply.version === 2) client.reply.array(2)
  client.reply.bulk(key)
}

/** The stream at a key; one who waits for it passes over what is none. */
function streamAt(client: Client, key: string): StreamValue | undefined {
  if (client.blocked === undefined) return client.database.stream(key)
  const value = client.database.get(key)
  return value instanceof StreamValue ? value : undefined
}

/** Where reading goes on; undefined: nothing can come after it. */
function afterId(client: Client, key: string, text: string): StreamId | undefined {
  const stream = client.database.stream(key)
  if (text === '$') return idAfter(stream?.lastId ?? MIN_ID)
  if (text === '+') {
    // the last entry, if there is one
    const last = stream?.entries.lastId
    return last ?? idAfter(stream?.lastId ?? MIN_ID)
  }
  if (text === '>') {
    throw new ReplyError(
      'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
    )
  }
  return idAfter(strictId(text))
}

/** One stream of an XREAD; without a start nothing can come. */
interface StreamRead {
  readonly key: string
  readonly start: StreamId | undefined
}

function xread(client: Client, args: readonly string[]) {
  const { keys, ids, count, blockMs } = parseRead(client, args, false)
  const reads = keys.map((key, at) => ({ key, start: afterId(client, key, ids[at] as string) }))
  const hasNew = ({ key, start }: StreamRead): boolean => {
    const last = streamAt(client, key)?.entries.lastId
    return start !== undefined && last !== undefined && last >= start
  }
  const answer = (ready: readonly StreamRead[]): void => {
    beginStreams(client, ready.length)
    for (const { key, start } of ready) {
      beginStream(client, key)
      replyRange(client, streamAt(client, key), start as StreamId, MAX_ID, count)
    }
  }
  const ready = reads.filter(hasNew)
  if (ready.length > 0) return answer(ready)
  if (blockMs === undefined) return client.reply.nullArray()
  const serve = (key: string): boolean => {
    const read = reads.find((one) => one.key === key && hasNew(one))
    if (read === undefined) return false
    answer([read])
    return true
  }
  serveOrWait(client, keys, blockMs, serve, () => client.reply.nullArray())
}

const noGroup = (key: string, group: string): ReplyError =>
  new ReplyError(
    `NOGROUP No such key '${shown(key)}' or consumer group '${shown(group)}' in XREADGROUP with GROUP option`,
  )

/** One stream of an XREADGROUP. */
interface GroupRead {
  readonly key: string
  /** Undefined: `>`, what nobody has got yet. */
  readonly after: StreamId | undefined
}

function xreadgroup(client: Client, args: readonly string[]) {
  const options = parseRead(client, args, true)
  const { keys, ids, blockMs } = options
  const name = options.group as string
  const reads = keys.map((key, at): GroupRead => {
    const text = ids[at] as string
    const group = client.database.stream(key)?.groups.get(name)
    if (group === undefined) throw noGroup(key, name)
    if (text === '$') {
      throw new ReplyError(
        'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history ' +
          'of this consumer by specifying a proper ID, or use the > ID to get new messages. The ' +
          '$ ID would just return an empty result set.',
      )
    }
    const after = text === '>' ? MAX_ID : strictId(text)
    // nothing comes after the last ID that there can be: Redis takes it for what is new, too
    return { key, after: after === MAX_ID ? undefined : after }
  })
  const hasSome = ({ key, after }: GroupRead): boolean => {
    const stream = streamAt(client, key) as StreamValue
    const last = stream.entries.lastId
    if (after !== undefined) return true
    return last !== undefined && last > (stream.groups.get(name) as ConsumerGroup).lastId
  }
  const ready = reads.filter(hasSome)
  if (ready.length > 0) {
    beginStreams(client, ready.length)
    for (const read of ready) deliver(client, read, options)
    return
  }
  for (const read of reads) touchConsumer(client, read.key, options)
  if (blockMs === undefined) return client.reply.nullArray()
  const serve = (key: string): boolean => {
    const stream = streamAt(client, key)
    if (stream === undefined) {
      if (client.blocked === undefined) return false
      throw new ReplyError('UNBLOCKED the stream key no longer exists')
    }
    if (!stream.groups.has(name)) {
      throw new ReplyError('NOGROUP the consumer group this client was blocked on no longer exists')
    }
    const read = { key, after: undefined }
    if (!hasSome(read)) return false
    beginStreams(client, 1)
    deliver(client, read, options)
    return true
  }
  serveOrWait(client, keys, blockMs, serve, () => client.reply.nullArray(), true)
}

/** The consumer, made when it asks for the first time. */
function touchConsumer(client: Client, key: string, options: ReadOptions): Consumer {
  const { database } = client
  const stream = streamAt(client, key) as StreamValue
  const group = stream.groups.get(options.group as string) as ConsumerGroup
  const name = options.consumer as string
  const { now } = client.server.keyspace
  let consumer = group.consumers.get(name)
  if (consumer === undefined) {
    consumer = stream.createConsumer(group, name, now)
    database.elementsChanged(key, stream, 'xgroup-createconsumer')
    tellConsumer(client, { key, group }, name)
  }
  consumer.seenAt = now
  return consumer
}

function deliver(client: Client, { key, after }: GroupRead, options: ReadOptions): void {
  const { database } = client
  const stream = streamAt(client, key) as StreamValue
  const group = stream.groups.get(options.group as string) as ConsumerGroup
  const consumer = touchConsumer(client, key, options)
  beginStream(client, key)
  if (after !== undefined) {
    replyHistory(client, { stream, group, consumer, key }, after, options.count)
    return
  }
  const { now } = client.server.keyspace
  const found: [StreamId, readonly string[]][] = []
  for (const [id, { pairs }] of stream.entries.ascend(nextOf(group.lastId), MAX_ID)) {
    found.push([id, pairs])
    if (found.length === options.count) break
  }
  client.reply.array(found.length)
  for (const [id, pairs] of found) {
    advance(stream, group, id)
    if (!options.noAck) stream.assign(group, id, consumer, now, 1)
    replyEntry(client, id, pairs)
  }
  if (found.length === 0) return
  consumer.activeAt = now
  stream.groupChanged(group)
  stream.consumerChanged(group, consumer)
  database.elementsChanged(key, stream, undefined)
  if (!options.noAck) tellClaims(client, { key, group }, consumer, found.map(first))
  tellGroup(client, { key, group })
}

const first = <T>([value]: readonly [T, ...unknown[]]): T => value

const nextOf = (id: StreamId): StreamId => idAfter(id) ?? MAX_ID

/** The group goes on past an entry, and counts it if the count is known. */
function advance(stream: StreamValue, group: ConsumerGroup, id: StreamId): void {
  if (group.entriesRead >= 0 && !hasTombstones(stream, id)) group.entriesRead += 1
  else if (stream.entriesAdded > 0) group.entriesRead = entriesReadUpTo(stream, id) ?? -1
  group.lastId = id
}

/** What the consumer got before and has not acknowledged: delivered to it once more. */
function replyHistory(
  client: Client,
  at: { stream: StreamValue; group: ConsumerGroup; consumer: Consumer; key: string },
  after: StreamId,
  count: number,
): void {
  const { stream, group, consumer } = at
  const found: (readonly [StreamId, PendingEntry])[] = []
  for (const pair of consumer.pending.ascend(nextOf(after), MAX_ID)) {
    found.push(pair)
    if (found.length === count) break
  }
  client.reply.array(found.length)
  const delivered: StreamId[] = []
  for (const [id, pending] of found) {
    const entry = stream.entries.get(id)
    replyEntry(client, id, entry?.pairs)
    if (entry === undefined) continue
    delivered.push(id)
    stream.assign(group, id, consumer, client.server.keyspace.now, pending.deliveries + 1)
  }
  if (found.length === 0) return
  client.database.elementsChanged(at.key, stream, undefined)
  tellClaims(client, at, consumer, delivered)
}

const base = { group: 'stream', categories: ['stream'], since: '5.0.0' } as const
const streamKeys = (startFrom: number): readonly KeySpec[] => [
  {
    flags: ['RO', 'access'],
    begin: { keyword: 'STREAMS', startFrom },
    find: { lastKey: -1, step: 1, limit: 2 },
  },
]

export const STREAM_READ_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'xread',
    syntax: '[COUNT count] [BLOCK milliseconds] STREAMS streams=<key [key ...] id [id ...]>',
    complexity: 'O(N) for each stream, N entries answered',
    arity: -4,
    flags: ['readonly', 'blocking', 'movablekeys'],
    keys: streamKeys(1),
    summary: 'Answers entries behind given IDs of several streams, or waits for one.',
    handler: xread,
  },
  {
    ...base,
    name: 'xreadgroup',
    syntax:
      'GROUP <group consumer> [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS streams=<key [key ...] id [id ...]>',
    complexity: 'O(N) for each stream, N entries answered',
    arity: -7,
    flags: ['write', 'blocking', 'movablekeys'],
    keys: streamKeys(4),
    summary: 'Answers entries for a consumer of a group, or waits for one.',
    handler: xreadgroup,
  },
]
