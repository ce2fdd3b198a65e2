import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { parseInteger } from '../values/numbers.ts'
import {
  formatId,
  idAfter,
  idBefore,
  MAX_ID,
  MAX_SEQUENCE,
  MIN_ID,
  type PartialId,
  parseId,
  parsePartialId,
  type StreamId,
} from '../values/stream/stream-id.ts'
import type { NodeLimits } from '../values/stream/stream-node.ts'
import type { StreamValue } from '../values/stream/stream-value.ts'
import { notInteger, syntaxError } from './arguments.ts'

const invalidId = (): ReplyError =>
  new ReplyError('ERR Invalid stream ID specified as stream command argument')

/** An ID in full, `-` and `+` not allowed. */
export function strictId(text: string, missing: number | bigint = 0): StreamId {
  const id = parseId(text, missing)
  if (id === undefined) throw invalidId()
  return id
}

/** An ID, `-` for the first possible or `+` for the last. */
export function looseId(text: string, missing: number | bigint = 0): StreamId {
  if (text === '-') return MIN_ID
  return text === '+' ? MAX_ID : strictId(text, missing)
}

/** An end of a range: `(` leaves the ID itself out. */
export function rangeStart(text: string): StreamId {
  if (!text.startsWith('(') || text.length === 1) return looseId(text)
  const next = idAfter(strictId(text.slice(1)))
  if (next === undefined) throw new ReplyError('ERR invalid start ID for the interval')
  return next
}

export function rangeEnd(text: string): StreamId {
  if (!text.startsWith('(') || text.length === 1) return looseId(text, MAX_SEQUENCE)
  const before = idBefore(strictId(text.slice(1), MAX_SEQUENCE))
  if (before === undefined) throw new ReplyError('ERR invalid end ID for the interval')
  return before
}

export interface Trim {
  readonly by: 'length' | 'id'
  readonly length: number
  readonly id: StreamId
  readonly isApproximate: boolean
  /** Most entries to remove; 0: no limit. */
  readonly limit: number
}

export interface AddOptions {
  readonly trim: Trim | undefined
  /** Undefined: `*`. */
  readonly id: PartialId | undefined
  readonly createsStream: boolean
  /** Position of the ID. */
  readonly idAt: number
}

interface Parsing {
  by: 'length' | 'id' | undefined
  length: number
  id: StreamId
  isApproximate: boolean
  limit: number | undefined
}

function count(text: string, what: string): number {
  const value = parseInteger(text)
  if (value === undefined) throw notInteger()
  if (value < 0) throw new ReplyError(`ERR The ${what} argument must be >= 0.`)
  return Number(value)
}

/** Reads `MAXLEN|MINID [=|~] threshold` at a position; answers where it ends. */
function parseThreshold(args: readonly string[], start: number, found: Parsing): number {
  if (found.by !== undefined) {
    throw new ReplyError(
      'ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
    )
  }
  let at = start
  const isLength = args[at]?.toUpperCase() === 'MAXLEN'
  const next = args[at + 1] as string
  if ((next === '~' || next === '=') && at + 2 < args.length) {
    found.isApproximate = next === '~'
    at += 1
  }
  at += 1
  if (isLength) found.length = count(args[at] as string, 'MAXLEN')
  else found.id = strictId(args[at] as string)
  found.by = isLength ? 'length' : 'id'
  return at
}

/** Of `XADD key * ...`, as most are. */
const NEXT_ID: AddOptions = { trim: undefined, id: undefined, createsStream: true, idAt: 2 }

/** What stands between the key of XADD and the fields. */
export const parseXaddOptions = (args: readonly string[], limits: NodeLimits): AddOptions =>
  args[2] === '*' ? NEXT_ID : parseAddOptions(args, 2, true, limits)

/** The options of XADD before the ID, or those of XTRIM. */
export function parseAddOptions(
  args: readonly string[],
  start: number,
  isAdd: boolean,
  limits: NodeLimits,
): AddOptions {
  let id: PartialId | undefined
  let createsStream = true
  const found: Parsing = {
    by: undefined,
    length: 0,
    id: MIN_ID,
    isApproximate: false,
    limit: undefined,
  }
  let at = start
  for (; at < args.length; at += 1) {
    if (isAdd && args[at] === '*') break
    const option = (args[at] as string).toUpperCase()
    const hasMore = at + 1 < args.length
    if ((option === 'MAXLEN' || option === 'MINID') && hasMore) at = parseThreshold(args, at, found)
    else if (option === 'LIMIT' && hasMore) {
      at += 1
      found.limit = count(args[at] as string, 'LIMIT')
    } else if (isAdd && option === 'NOMKSTREAM') createsStream = false
    else if (isAdd) {
      id = parsePartialId(args[at] as string, 0, true)
      if (id === undefined) throw invalidId()
      break
    } else throw syntaxError()
  }
  return { trim: checkedTrim(found, isAdd, limits), id, createsStream, idAt: at }
}

function checkedTrim(found: Parsing, isAdd: boolean, limits: NodeLimits): Trim | undefined {
  const { by, limit, isApproximate } = found
  if (by === undefined) {
    if (limit) {
      throw new ReplyError(
        'ERR syntax error, LIMIT cannot be used without specifying a trimming strategy',
      )
    }
    if (isAdd) return undefined
    throw new ReplyError('ERR syntax error, XTRIM must be called with a trimming strategy')
  }
  if (limit !== undefined && !isApproximate) {
    throw new ReplyError('ERR syntax error, LIMIT cannot be used without the special ~ option')
  }
  const usual = isApproximate ? Math.min(100 * limits.maxEntries || 10_000, 1_000_000) : 0
  return { by, length: found.length, id: found.id, isApproximate, limit: limit ?? usual }
}

/** Removes entries from the front as asked; answers how many. */
export function trimStream(stream: StreamValue, trim: Trim): number {
  let removed = 0
  const isDone = (id: StreamId): boolean =>
    trim.by === 'length' ? stream.size <= trim.length : id >= trim.id
  for (;;) {
    const entry = stream.entries.first
    if (entry === undefined || (trim.by === 'length' && stream.size <= trim.length)) break
    const { node } = entry
    if (trim.limit > 0 && removed + node.live > trim.limit) break
    const wholeNode =
      trim.by === 'length' ? stream.size - node.live >= trim.length : node.lastId < trim.id
    if (!wholeNode && trim.isApproximate) break
    for (let left = node.live; left > 0; left -= 1) {
      if (!wholeNode && isDone(stream.entries.firstId as StreamId)) return removed
      stream.trimFirst()
      removed += 1
    }
  }
  return removed
}

export const nodeLimits = (client: Client): NodeLimits => {
  const { streamNodeMaxBytes, streamNodeMaxEntries } = client.server.settings
  return { maxBytes: streamNodeMaxBytes, maxEntries: streamNodeMaxEntries }
}

/** `[id, [field, value...]]`, or null where the entry has been deleted. */
export function replyEntry(
  client: Client,
  id: StreamId,
  pairs: readonly string[] | undefined,
): void {
  const { reply } = client
  reply.array(2)
  reply.bulk(formatId(id))
  if (pairs === undefined) {
    reply.nullArray()
    return
  }
  reply.array(pairs.length)
  for (const text of pairs) reply.bulk(text)
}

export function replyRange(
  client: Client,
  stream: StreamValue | undefined,
  from: StreamId,
  to: StreamId,
  limit: number,
): number {
  const found: [StreamId, readonly string[]][] = []
  if (stream !== undefined && from <= to) {
    for (const [id, { pairs }] of stream.entries.ascend(from, to)) {
      found.push([id, pairs])
      if (found.length === limit) break
    }
  }
  client.reply.array(found.length)
  for (const [id, pairs] of found) replyEntry(client, id, pairs)
  return found.length
}
