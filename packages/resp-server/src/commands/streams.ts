import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType } from '../keyspace/value-types.ts'
import { parseInteger } from '../values/numbers.ts'
import {
  formatId,
  idAfter,
  MAX_ID,
  MIN_ID,
  makeId,
  millisecondsOf,
  type PartialId,
  type StreamId,
  sequenceOf,
} from '../values/stream/stream-id.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import { integer, notInteger, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'
import {
  nodeLimits,
  parseAddOptions,
  parseXaddOptions,
  rangeEnd,
  rangeStart,
  replyEntry,
  replyRange,
  strictId,
  trimStream,
} from './stream-arguments.ts'

const tooSmall = (): ReplyError =>
  new ReplyError('ERR The ID specified in XADD is equal or smaller than the target stream top item')

/** The ID of the next entry: the one wanted, or the first that is free at this time. */
function nextId(last: StreamId, wanted: PartialId | undefined, now: number): StreamId {
  if (wanted === undefined)
    return now > millisecondsOf(last) ? makeId(now, 0) : (idAfter(last) as StreamId)
  const { ms, seq } = wanted
  if (seq !== undefined) return makeId(ms, seq)
  if (BigInt(millisecondsOf(last)) !== BigInt(ms)) return makeId(ms, 0)
  const after = BigInt(sequenceOf(last)) + 1n
  if (after >> 64n !== 0n) throw tooSmall()
  return makeId(ms, after)
}

function xadd(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const key = args[1] as string
  const limits = nodeLimits(client)
  const { idAt, id: wanted, trim, createsStream } = parseXaddOptions(args, limits)
  const pairs = args.slice(idAt + 1)
  if (pairs.length < 2 || pairs.length % 2 !== 0) {
    throw new ReplyError("ERR wrong number of arguments for 'xadd' command")
  }
  if (wanted?.seq !== undefined && makeId(wanted.ms, wanted.seq) === MIN_ID) {
    throw new ReplyError('ERR The ID specified in XADD must be greater than 0-0')
  }
  let stream = database.stream(key)
  if (stream === undefined && !createsStream) return reply.null()
  const last = stream?.lastId ?? MIN_ID
  if (last === MAX_ID) {
    throw new ReplyError(
      'ERR The stream has exhausted the last possible ID, unable to add more items',
    )
  }
  const id = nextId(last, wanted, server.keyspace.now)
  if (id <= last) throw tooSmall()
  stream ??= database.create(key, new StreamValue())
  stream.append(id, pairs, limits)
  database.notify('stream', 'xadd', key)
  const trimmed = trim === undefined ? 0 : trimStream(stream, trim)
  database.settle(key, stream, trimmed > 0 ? 'xtrim' : undefined)
  reply.bulk(formatId(id))
}

const readable = (client: Client, key: string): StreamValue | undefined =>
  expectType(client.database.read(key), StreamValue)

function xlen(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.size ?? 0)
}

/** `COUNT n` behind the range; undefined: all. */
function rangeCount(args: readonly string[]): number | undefined {
  let count: number | undefined
  for (let at = 4; at < args.length; at += 2) {
    if (args[at]?.toUpperCase() !== 'COUNT' || at + 1 === args.length) throw syntaxError()
    count = Math.max(0, integer(args[at + 1] as string))
  }
  return count
}

function xrange(client: Client, args: readonly string[]) {
  const from = rangeStart(args[2] as string)
  const to = rangeEnd(args[3] as string)
  const count = rangeCount(args)
  const stream = readable(client, args[1] as string)
  if (stream !== undefined && count === 0) return client.reply.nullArray()
  replyRange(client, stream, from, to, count ?? -1)
}

function xrevrange(client: Client, args: readonly string[]) {
  const { reply } = client
  const from = rangeStart(args[3] as string)
  const to = rangeEnd(args[2] as string)
  const count = rangeCount(args)
  const stream = readable(client, args[1] as string)
  if (stream === undefined) return reply.array(0)
  if (count === 0) return reply.nullArray()
  const found: [StreamId, readonly string[]][] = []
  for (const [id, { pairs }] of stream.entries.descend(to, from)) {
    found.push([id, pairs])
    if (found.length === count) break
  }
  reply.array(found.length)
  for (const [id, pairs] of found) replyEntry(client, id, pairs)
}

function xdel(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const stream = database.stream(key)
  if (stream === undefined) return reply.integer(0)
  const ids = args.slice(2).map((text) => strictId(text))
  let deleted = 0
  for (const id of ids) if (stream.deleteEntry(id)) deleted += 1
  if (deleted > 0) database.elementsChanged(key, stream, 'xdel')
  reply.integer(deleted)
}

function xtrim(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const { trim } = parseAddOptions(args, 2, false, nodeLimits(client))
  const stream = database.stream(key)
  if (stream === undefined || trim === undefined) return reply.integer(0)
  const removed = trimStream(stream, trim)
  if (removed > 0) database.elementsChanged(key, stream, 'xtrim')
  reply.integer(removed)
}

const belowDeleted = (): ReplyError =>
  new ReplyError('ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id')

interface SetIdOptions {
  entriesAdded?: number
  maxDeletedId?: StreamId
}

function parseSetId(args: readonly string[], id: StreamId): SetIdOptions {
  const options: SetIdOptions = {}
  for (let at = 3; at < args.length; at += 2) {
    const option = (args[at] as string).toUpperCase()
    const value = args[at + 1]
    if (value === undefined) throw syntaxError()
    if (option === 'ENTRIESADDED') {
      const count = parseInteger(value)
      if (count === undefined) throw notInteger()
      if (count < 0) throw new ReplyError('ERR entries_added must be positive')
      options.entriesAdded = Number(count)
    } else if (option === 'MAXDELETEDID') {
      options.maxDeletedId = strictId(value)
      if (id < options.maxDeletedId) throw belowDeleted()
    } else throw syntaxError()
  }
  return options
}

function xsetid(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const id = strictId(args[2] as string)
  const { entriesAdded, maxDeletedId } = parseSetId(args, id)
  const stream = database.stream(key)
  if (stream === undefined) throw new ReplyError('ERR no such key')
  if (stream.size > 0) {
    if (id < (stream.entries.lastId as StreamId)) {
      throw new ReplyError(
        'ERR The ID specified in XSETID is smaller than the target stream top item',
      )
    }
    if (entriesAdded !== undefined && stream.size > entriesAdded) {
      throw new ReplyError(
        'ERR The entries_added specified in XSETID is smaller than the target stream length',
      )
    }
  }
  const isNewMaximum = maxDeletedId !== undefined && maxDeletedId !== MIN_ID
  stream.setMeta({
    lastId: id,
    ...(entriesAdded !== undefined && { entriesAdded }),
    ...(isNewMaximum && { maxDeletedId }),
  })
  database.elementsChanged(key, stream, 'xsetid')
  reply.ok()
}

const base = { group: 'stream', categories: ['stream'], since: '5.0.0' } as const
const tips = ['nondeterministic_output']

export const STREAM_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'xadd',
    syntax:
      'key [NOMKSTREAM]@6.2.0 trim=[strategy=<MAXLEN | MINID@6.2.0> operator=[equal== | approximately=~] threshold [LIMIT count]@6.2.0] id_or_auto=<auto_id=* | id> field value [field value ...]',
    complexity: 'O(1), and O(N) for N entries trimmed',
    history: [['7.0.0', 'Takes ids of the form `<ms>-*`.']],
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'update')],
    summary: 'Appends an entry to a stream.',
    tips,
    handler: xadd,
  },
  {
    ...base,
    name: 'xlen',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [keyAt(1, 'RO')],
    summary: 'Counts the entries of a stream.',
    handler: xlen,
  },
  {
    ...base,
    name: 'xrange',
    syntax: 'key start:string end:string [COUNT count]',
    complexity: 'O(N), N entries answered',
    history: [['6.2.0', 'Ranges may exclude their ends.']],
    arity: -4,
    flags: ['readonly'],
    keys: [keyAt(1, 'RO', 'access')],
    summary: 'Answers the entries with IDs in a range.',
    handler: xrange,
  },
  {
    ...base,
    name: 'xrevrange',
    syntax: 'key end:string start:string [COUNT count]',
    complexity: 'O(N), N entries answered',
    history: [['6.2.0', 'Ranges may exclude their ends.']],
    arity: -4,
    flags: ['readonly'],
    keys: [keyAt(1, 'RO', 'access')],
    summary: 'Answers the entries with IDs in a range, last first.',
    handler: xrevrange,
  },
  {
    ...base,
    name: 'xdel',
    syntax: 'key id [id ...]',
    complexity: 'O(1) for each entry',
    arity: -3,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'delete')],
    summary: 'Deletes entries; answers how many there were.',
    handler: xdel,
  },
  {
    ...base,
    name: 'xtrim',
    syntax:
      'key trim=<strategy=<MAXLEN | MINID@6.2.0> operator=[equal== | approximately=~] threshold [LIMIT count]@6.2.0>',
    complexity: 'O(N), N entries removed',
    arity: -4,
    flags: ['write'],
    keys: [keyAt(1, 'RW', 'delete')],
    summary: 'Deletes entries from the start of a stream.',
    tips,
    handler: xtrim,
  },
  {
    ...base,
    name: 'xsetid',
    syntax:
      'key last-id [ENTRIESADDED entries_added]@7.0.0 [MAXDELETEDID max_deleted_entry_id]@7.0.0',
    complexity: 'O(1)',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'update')],
    summary: 'Sets the last ID of a stream.',
    handler: xsetid,
  },
]
