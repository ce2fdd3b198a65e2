import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType } from '../keyspace/value-types.ts'
import { ListValue } from '../values/list-value.ts'
import { integer, positive, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt } from './command.ts'
import { lpos } from './lists-position.ts'

export type End = 'left' | 'right'

export function parseEnd(text: string): End {
  const end = text.toLowerCase()
  if (end !== 'left' && end !== 'right') throw syntaxError()
  return end
}

export const popFrom = (list: ListValue, end: End): string =>
  (end === 'left' ? list.popHead() : list.popTail()) as string

function pushTo(list: ListValue, end: End, item: string): void {
  if (end === 'left') list.pushHead(item)
  else list.pushTail(item)
}

const readable = (client: Client, key: string): ListValue | undefined =>
  expectType(client.database.read(key), ListValue)

const push =
  (end: End, onlyExisting: boolean): Handler =>
  (client, args) => {
    const { database, reply } = client
    const key = args[1] as string
    let list = database.list(key)
    if (list === undefined) {
      if (onlyExisting) return reply.integer(0)
      list = database.create(key, new ListValue())
    }
    for (let at = 2; at < args.length; at += 1) pushTo(list, end, args[at] as string)
    // before waiters are served: they may take what was pushed
    const { size } = list
    database.settle(key, list, end === 'left' ? 'lpush' : 'rpush')
    reply.integer(size)
  }

/** What subscribers are told. */
export const popped = (end: End): string => (end === 'left' ? 'lpop' : 'rpop')

/** Takes up to `count` items and answers them as an array. */
export function popMany(
  client: Client,
  key: string,
  list: ListValue,
  end: End,
  count: number,
): void {
  const { database, reply } = client
  const taken = Math.min(count, list.size)
  reply.array(taken)
  for (let left = taken; left > 0; left -= 1) reply.bulk(popFrom(list, end))
  if (taken > 0) database.settle(key, list, popped(end))
}

const pop =
  (end: End): Handler =>
  (client, args) => {
    const { database, reply } = client
    const key = args[1] as string
    if (args.length > 3) {
      const name = end === 'left' ? 'lpop' : 'rpop'
      throw new ReplyError(`ERR wrong number of arguments for '${name}' command`)
    }
    const count =
      args.length === 3
        ? positive(args[2] as string, 'ERR value is out of range, must be positive')
        : undefined
    const list = database.list(key)
    if (list === undefined) return count === undefined ? reply.null() : reply.nullArray()
    if (count !== undefined) return popMany(client, key, list, end, count)
    reply.bulk(popFrom(list, end))
    database.settle(key, list, popped(end))
  }

function llen(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.size ?? 0)
}

/** First index and length of a range given with indexes that may count from the end. */
export function clampRange(
  start: number,
  stop: number,
  size: number,
): { readonly first: number; readonly count: number } {
  const first = start < 0 ? Math.max(0, size + start) : start
  const last = stop < 0 ? size + stop : Math.min(stop, size - 1)
  return { first, count: Math.max(0, last - first + 1) }
}

function lrange(client: Client, args: readonly string[]) {
  const start = integer(args[2] as string)
  const stop = integer(args[3] as string)
  const list = readable(client, args[1] as string)
  const { first, count } = clampRange(start, stop, list?.size ?? 0)
  client.reply.array(count)
  for (const item of list?.slice(first, count) ?? []) client.reply.bulk(item)
}

function lindex(client: Client, args: readonly string[]) {
  const list = readable(client, args[1] as string)
  if (list === undefined) return client.reply.null()
  const index = integer(args[2] as string)
  client.reply.bulkOrNull(list.get(index < 0 ? list.size + index : index))
}

function lset(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const list = database.list(key)
  if (list === undefined) throw new ReplyError('ERR no such key')
  const given = integer(args[2] as string)
  const index = given < 0 ? list.size + given : given
  if (index < 0 || index >= list.size) throw new ReplyError('ERR index out of range')
  list.set(index, args[3] as string)
  database.elementsChanged(key, list, 'lset')
  reply.ok()
}

function linsert(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, where, pivot, item] = args as [string, string, string, string, string]
  const place = where.toLowerCase()
  if (place !== 'before' && place !== 'after') throw syntaxError()
  const list = database.list(key)
  if (list === undefined) return reply.integer(0)
  let found = -1
  list.visit(0, false, (candidate, index) => {
    if (candidate === pivot) found = index
    return found === -1
  })
  if (found === -1) return reply.integer(-1)
  list.insert(place === 'before' ? found : found + 1, item)
  database.settle(key, list, 'linsert')
  reply.integer(list.size)
}

function lrem(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, text, item] = args as [string, string, string, string]
  const count = integer(text)
  const list = database.list(key)
  if (list === undefined) return reply.integer(0)
  const most = count === 0 ? list.size : Math.abs(count)
  const removed = list.removeEqual(item, most, count < 0)
  if (removed > 0) database.settle(key, list, 'lrem')
  reply.integer(removed)
}

function ltrim(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const start = integer(args[2] as string)
  const stop = integer(args[3] as string)
  const list = database.list(key)
  if (list === undefined) return reply.ok()
  const { first, count } = clampRange(start, stop, list.size)
  list.removeRange(first + count, list.size)
  list.removeRange(0, count === 0 ? list.size : first)
  database.settle(key, list, 'ltrim')
  reply.ok()
}

/** Moves one item; undefined when the source is empty. Throws WRONGTYPE before it changes anything. */
export function moveItem(
  client: Client,
  source: string,
  target: string,
  from: End,
  to: End,
): string | undefined {
  const { database } = client
  const list = database.list(source)
  if (list === undefined) return undefined
  const existing = database.list(target)
  const item = popFrom(list, from)
  const receiver = existing ?? database.create(target, new ListValue())
  pushTo(receiver, to, item)
  database.notify('list', to === 'left' ? 'lpush' : 'rpush', target)
  if (receiver !== list) database.settle(source, list, popped(from))
  else database.notify('list', popped(from), source)
  database.settle(target, receiver, undefined)
  return item
}

function lmove(client: Client, args: readonly string[]) {
  const [, source, target, from, to] = args as [string, string, string, string, string]
  const ends = [parseEnd(from), parseEnd(to)] as const
  client.reply.bulkOrNull(moveItem(client, source, target, ends[0], ends[1]))
}

function rpoplpush(client: Client, args: readonly string[]) {
  const moved = moveItem(client, args[1] as string, args[2] as string, 'right', 'left')
  client.reply.bulkOrNull(moved)
}

const base = { group: 'list', categories: ['list'], since: '1.0.0' } as const
const pushFlags = ['write', 'denyoom', 'fast'] as const
const insert = [keyAt(1, 'RW', 'insert')]
const take = [keyAt(1, 'RW', 'access', 'delete')]
const read = [keyAt(1, 'RO', 'access')]
const twoLists = [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')]

export const LIST_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'lpush',
    syntax: 'key element [element ...]',
    complexity: 'O(N), N elements given',
    history: [['2.4.0', 'Takes several elements.']],
    arity: -3,
    flags: pushFlags,
    keys: insert,
    summary: 'Adds items at the head of a list.',
    handler: push('left', false),
  },
  {
    ...base,
    name: 'rpush',
    syntax: 'key element [element ...]',
    complexity: 'O(N), N elements given',
    history: [['2.4.0', 'Takes several elements.']],
    arity: -3,
    flags: pushFlags,
    keys: insert,
    summary: 'Adds items at the tail of a list.',
    handler: push('right', false),
  },
  {
    ...base,
    name: 'lpushx',
    syntax: 'key element [element ...]',
    complexity: 'O(N), N elements given',
    history: [['4.0.0', 'Takes several elements.']],
    arity: -3,
    flags: pushFlags,
    keys: insert,
    since: '2.2.0',
    summary: 'Adds items at the head of a list that exists.',
    handler: push('left', true),
  },
  {
    ...base,
    name: 'rpushx',
    syntax: 'key element [element ...]',
    complexity: 'O(N), N elements given',
    history: [['4.0.0', 'Takes several elements.']],
    arity: -3,
    flags: pushFlags,
    keys: insert,
    since: '2.2.0',
    summary: 'Adds items at the tail of a list that exists.',
    handler: push('right', true),
  },
  {
    ...base,
    name: 'lpop',
    syntax: 'key [count]@6.2.0',
    complexity: 'O(N), N elements answered',
    arity: -2,
    flags: ['write', 'fast'],
    keys: take,
    summary: 'Takes items from the head of a list.',
    handler: pop('left'),
  },
  {
    ...base,
    name: 'rpop',
    syntax: 'key [count]@6.2.0',
    complexity: 'O(N), N elements answered',
    arity: -2,
    flags: ['write', 'fast'],
    keys: take,
    summary: 'Takes items from the tail of a list.',
    handler: pop('right'),
  },
  {
    ...base,
    name: 'llen',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [keyAt(1, 'RO')],
    summary: 'Counts the items of a list.',
    handler: llen,
  },
  {
    ...base,
    name: 'lrange',
    syntax: 'key start stop',
    complexity: 'O(S+N), S from the nearer end to the start, N elements answered',
    arity: 4,
    flags: ['readonly'],
    keys: read,
    summary: 'Answers a range of a list.',
    handler: lrange,
  },
  {
    ...base,
    name: 'lindex',
    syntax: 'key index',
    complexity: 'O(N), N elements from the nearer end',
    arity: 3,
    flags: ['readonly'],
    keys: read,
    summary: 'Answers the item at an index.',
    handler: lindex,
  },
  {
    ...base,
    name: 'lset',
    syntax: 'key index element',
    complexity: 'O(N), N elements from the nearer end',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'RW', 'update')],
    summary: 'Replaces the item at an index.',
    handler: lset,
  },
  {
    ...base,
    name: 'linsert',
    syntax: 'key where=<BEFORE | AFTER> pivot element',
    complexity: 'O(N), N elements before the pivot',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: insert,
    since: '2.2.0',
    summary: 'Inserts an item before or after another.',
    handler: linsert,
  },
  {
    ...base,
    name: 'lrem',
    syntax: 'key count element',
    complexity: 'O(N), N elements',
    arity: 4,
    flags: ['write'],
    keys: [keyAt(1, 'RW', 'delete')],
    summary: 'Removes items that equal a value.',
    handler: lrem,
  },
  {
    ...base,
    name: 'ltrim',
    syntax: 'key start stop',
    complexity: 'O(N), N elements removed',
    arity: 4,
    flags: ['write'],
    keys: [keyAt(1, 'RW', 'delete')],
    summary: 'Removes everything outside of a range.',
    handler: ltrim,
  },
  {
    ...base,
    name: 'lpos',
    syntax: 'key element [RANK rank] [COUNT num-matches] [MAXLEN len]',
    complexity: 'O(N), N elements compared',
    arity: -3,
    flags: ['readonly'],
    keys: read,
    since: '6.0.6',
    summary: 'Answers where in a list an item stands.',
    handler: lpos,
  },
  {
    ...base,
    name: 'lmove',
    syntax: 'source destination wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT>',
    complexity: 'O(1)',
    arity: 5,
    flags: ['write', 'denyoom'],
    keys: twoLists,
    since: '6.2.0',
    summary: 'Moves an item from one list to another.',
    handler: lmove,
  },
  {
    ...base,
    name: 'rpoplpush',
    syntax: 'source destination',
    complexity: 'O(1)',
    deprecated: { since: '6.2.0', replacedBy: '`LMOVE` with the `RIGHT` and `LEFT` arguments' },
    arity: 3,
    flags: ['write', 'denyoom'],
    keys: twoLists,
    since: '1.2.0',
    summary: 'Moves an item from the tail of a list to the head of another.',
    handler: rpoplpush,
  },
]
