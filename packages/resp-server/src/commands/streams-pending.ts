import type { Client } from '../clients/client.ts'
import { tellClaims, tellConsumer, tellGroup, tellReleased } from '../downstream/effects.ts'
import { ReplyError } from '../errors.ts'
import { parseInteger } from '../values/numbers.ts'
import type { Consumer, ConsumerGroup } from '../values/stream/consumer-group.ts'
import {
  formatId,
  idAfter,
  MAX_ID,
  MIN_ID,
  parseId,
  type StreamId,
} from '../values/stream/stream-id.ts'
import type { StreamValue } from '../values/stream/stream-value.ts'
import { integer, shown, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'
import { rangeEnd, rangeStart, replyEntry, strictId } from './stream-arguments.ts'

interface GroupAt {
  readonly stream: StreamValue
  readonly group: ConsumerGroup
}

function pendingGroup(client: Client, key: string, name: string): GroupAt {
  const stream = client.database.stream(key)
  const group = stream?.groups.get(name)
  if (stream === undefined || group === undefined) {
    throw new ReplyError(`NOGROUP No such key '${shown(key)}' or consumer group '${shown(name)}'`)
  }
  return { stream, group }
}

interface PendingQuery {
  readonly minIdle: number
  readonly from: StreamId
  readonly to: StreamId
  readonly count: number
  readonly consumer: string | undefined
}

/** Undefined: the summary. */
function parsePending(args: readonly string[]): PendingQuery | undefined {
  if (args.length === 3) return undefined
  if (args.length < 6 || args.length > 9) throw syntaxError()
  let at = 3
  let minIdle = 0
  if (args[at]?.toUpperCase() === 'IDLE') {
    minIdle = integer(args[4] as string)
    if (args.length < 8) throw syntaxError()
    at = 5
  }
  const count = Math.max(0, integer(args[at + 2] as string))
  const from = rangeStart(args[at] as string)
  const to = rangeEnd(args[at + 1] as string)
  return { minIdle, from, to, count, consumer: args[at + 3] }
}

function xpending(client: Client, args: readonly string[]) {
  const { reply, server } = client
  const [, key, name] = args as [string, string, string]
  const query = parsePending(args)
  const { group } = pendingGroup(client, key, name)
  if (query === undefined) return replySummary(client, group)
  const consumer = query.consumer === undefined ? undefined : group.consumers.get(query.consumer)
  if (query.consumer !== undefined && consumer === undefined) return reply.array(0)
  const { now } = server.keyspace
  const found: (() => void)[] = []
  if (query.count > 0 && query.from <= query.to) {
    for (const [id, entry] of (consumer ?? group).pending.ascend(query.from, query.to)) {
      const idle = Math.max(0, now - entry.deliveredAt)
      if (idle < query.minIdle) continue
      found.push(() => {
        reply.array(4)
        reply.bulk(formatId(id))
        reply.bulk(entry.consumer.name)
        reply.integer(idle)
        reply.integer(entry.deliveries)
      })
      if (found.length === query.count) break
    }
  }
  reply.array(found.length)
  for (const write of found) write()
}

function replySummary(client: Client, group: ConsumerGroup): void {
  const { reply } = client
  const { pending } = group
  reply.array(4)
  reply.integer(pending.size)
  if (pending.size === 0) {
    reply.null()
    reply.null()
    reply.nullArray()
    return
  }
  reply.bulk(formatId(pending.firstId as StreamId))
  reply.bulk(formatId(pending.lastId as StreamId))
  const busy = group.sortedConsumers.filter((consumer) => consumer.pending.size > 0)
  reply.array(busy.length)
  for (const consumer of busy) {
    reply.array(2)
    reply.bulk(consumer.name)
    reply.bulk(String(consumer.pending.size))
  }
}

interface ClaimOptions {
  deliveredAt: number
  /** Below zero: not given. */
  retryCount: number
  isForced: boolean
  justIds: boolean
  lastId: StreamId
}

function claimInteger(text: string, what: string, command: string): number {
  const value = parseInteger(text)
  if (value === undefined) throw new ReplyError(`ERR Invalid ${what} argument for ${command}`)
  return Number(value)
}

function parseClaim(args: readonly string[], start: number, now: number): ClaimOptions {
  const found: ClaimOptions = {
    deliveredAt: now,
    retryCount: -1,
    isForced: false,
    justIds: false,
    lastId: MIN_ID,
  }
  const number = (at: number, option: string): number =>
    claimInteger(args[at] as string, `${option} option`, 'XCLAIM')
  for (let at = start; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    const hasMore = at + 1 < args.length
    if (option === 'FORCE') found.isForced = true
    else if (option === 'JUSTID') found.justIds = true
    else if (option === 'IDLE' && hasMore) found.deliveredAt = now - number(++at, option)
    else if (option === 'TIME' && hasMore) found.deliveredAt = number(++at, option)
    else if (option === 'RETRYCOUNT' && hasMore) found.retryCount = number(++at, option)
    else if (option === 'LASTID' && hasMore) found.lastId = strictId(args[++at] as string)
    else throw new ReplyError(`ERR Unrecognized XCLAIM option '${args[at]}'`)
  }
  if (found.deliveredAt < 0 || found.deliveredAt > now) found.deliveredAt = now
  return found
}

/** The consumer that claims, made if it is new. */
function claimer(client: Client, key: string, { stream, group }: GroupAt, name: string): Consumer {
  const { database, server } = client
  const { now } = server.keyspace
  let consumer = group.consumers.get(name)
  if (consumer === undefined) {
    consumer = stream.createConsumer(group, name, now)
    database.notify('stream', 'xgroup-createconsumer', key)
    tellConsumer(client, { key, group }, name)
  }
  consumer.seenAt = now
  return consumer
}

function xclaim(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const [, key, name, consumerName, idleText] = args as [string, string, string, string, string]
  const at = pendingGroup(client, key, name)
  const { stream, group } = at
  const minIdle = Math.max(0, claimInteger(idleText, 'min-idle-time', 'XCLAIM'))
  const ids: StreamId[] = []
  let next = 5
  for (; next < args.length; next += 1) {
    const id = parseId(args[next] as string)
    if (id === undefined) break
    ids.push(id)
  }
  const { now } = server.keyspace
  const options = parseClaim(args, next, now)
  if (options.lastId > group.lastId) {
    group.lastId = options.lastId
    stream.groupChanged(group)
    tellGroup(client, { key, group })
  }
  const consumer = claimer(client, key, at, consumerName)
  const claimed: StreamId[] = []
  const gone: StreamId[] = []
  for (const id of ids) {
    const entry = group.pending.get(id)
    if (!stream.entries.has(id)) {
      if (stream.release(group, id)) gone.push(id)
      continue
    }
    if (entry === undefined && !options.isForced) continue
    if (entry !== undefined && minIdle > 0 && now - entry.deliveredAt < minIdle) continue
    // what is pending by FORCE alone counts as delivered before
    const counted = (entry?.deliveries ?? 1) + (options.justIds ? 0 : 1)
    const deliveries = options.retryCount < 0 ? counted : options.retryCount
    stream.assign(group, id, consumer, options.deliveredAt, deliveries)
    claimed.push(id)
  }
  finishClaim(at, consumer, claimed.length > 0, now)
  database.elementsChanged(key, stream, undefined)
  tellReleased(client, { key, group }, gone)
  tellClaims(client, { key, group }, consumer, claimed)
  reply.array(claimed.length)
  for (const id of claimed) replyClaimed(client, stream, id, options.justIds)
}

function finishClaim(at: GroupAt, consumer: Consumer, hasClaimed: boolean, now: number): void {
  if (!hasClaimed) return
  consumer.activeAt = now
  at.stream.consumerChanged(at.group, consumer)
}

function replyClaimed(client: Client, stream: StreamValue, id: StreamId, justId: boolean): void {
  if (justId) client.reply.bulk(formatId(id))
  else replyEntry(client, id, stream.entries.get(id)?.pairs)
}

/** Entries looked at for each one that may be claimed. */
const ATTEMPTS = 10
const DEFAULT_COUNT = 100
const MAX_COUNT = 2 ** 59

function parseAutoclaim(args: readonly string[]): { count: number; justIds: boolean } {
  let count = DEFAULT_COUNT
  let justIds = false
  for (let at = 6; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    if (option === 'COUNT' && at + 1 < args.length) {
      at += 1
      const value = parseInteger(args[at] as string)
      if (value === undefined || value < 1 || value > MAX_COUNT) {
        throw new ReplyError('ERR COUNT must be > 0')
      }
      count = Number(value)
    } else if (option === 'JUSTID') justIds = true
    else throw syntaxError()
  }
  return { count, justIds }
}

function xautoclaim(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const [, key, name, consumerName, idleText, startText] = args as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const minIdle = Math.max(0, claimInteger(idleText, 'min-idle-time', 'XAUTOCLAIM'))
  const start = rangeStart(startText)
  const { count, justIds } = parseAutoclaim(args)
  const at = pendingGroup(client, key, name)
  const { stream, group } = at
  const { now } = server.keyspace
  const consumer = claimer(client, key, at, consumerName)
  const claimed: StreamId[] = []
  const gone: StreamId[] = []
  let attempts = count * ATTEMPTS
  let cursor: StreamId = MIN_ID
  let looked: StreamId | undefined
  for (let id = firstPending(group, start); ; id = firstPending(group, idAfter(looked) ?? MAX_ID)) {
    if (id === undefined || id === looked) break
    if (attempts === 0 || claimed.length + gone.length === count) {
      cursor = id
      break
    }
    attempts -= 1
    looked = id
    const entry = group.pending.get(id)
    if (!stream.entries.has(id)) {
      stream.release(group, id)
      gone.push(id)
    } else if (entry !== undefined && now - entry.deliveredAt >= minIdle) {
      stream.assign(group, id, consumer, now, entry.deliveries + (justIds ? 0 : 1))
      claimed.push(id)
    }
  }
  finishClaim(at, consumer, claimed.length > 0, now)
  database.elementsChanged(key, stream, undefined)
  tellReleased(client, { key, group }, gone)
  tellClaims(client, { key, group }, consumer, claimed)
  reply.array(3)
  reply.bulk(formatId(cursor))
  reply.array(claimed.length)
  for (const id of claimed) replyClaimed(client, stream, id, justIds)
  reply.array(gone.length)
  for (const id of gone) reply.bulk(formatId(id))
}

function firstPending(group: ConsumerGroup, from: StreamId): StreamId | undefined {
  for (const [id] of group.pending.ascend(from, MAX_ID)) return id
  return undefined
}

const base = { group: 'stream', categories: ['stream'], since: '5.0.0' } as const
const tips = ['nondeterministic_output']

export const STREAM_PENDING_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'xpending',
    syntax:
      'key group filters=[[IDLE min-idle-time:integer]@6.2.0 start:string end:string count [consumer]]',
    complexity: 'O(N), N entries answered, with IDLE entries looked at',
    history: [['6.2.0', 'Ranges may exclude their ends.']],
    arity: -3,
    flags: ['readonly'],
    keys: [keyAt(1, 'RO', 'access')],
    summary: 'Answers what a group has delivered and nobody has acknowledged.',
    tips,
    handler: xpending,
  },
  {
    ...base,
    name: 'xclaim',
    syntax:
      'key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]',
    complexity: 'O(log(N)), N entries that are pending',
    arity: -6,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'update')],
    summary: 'Gives pending entries to another consumer.',
    tips,
    handler: xclaim,
  },
  {
    ...base,
    name: 'xautoclaim',
    syntax: 'key group consumer min-idle-time start:string [COUNT count] [JUSTID]',
    complexity: 'O(1) for a small COUNT',
    history: [['7.0.0', 'Answers which entries are no more.']],
    arity: -6,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'delete')],
    since: '6.2.0',
    summary: 'Gives entries that have been pending for long to another consumer.',
    tips,
    handler: xautoclaim,
  },
]
