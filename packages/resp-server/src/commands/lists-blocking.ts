import type { Client } from '../clients/client.ts'
import { tell } from '../downstream/effects.ts'
import { ReplyError } from '../errors.ts'
import { ListValue } from '../values/list-value.ts'
import { countedKeys, positive, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt, keysFrom, numberedKeys } from './command.ts'
import { type End, moveItem, parseEnd, popFrom, popMany, popped } from './lists.ts'
import { serveOrWait, timeout } from './waiting.ts'

/** A waiter for a list is not served by another type; a client that asks for it gets an error. */
function listAt(client: Client, key: string): ListValue | undefined {
  if (client.blocked === undefined) return client.database.list(key)
  const value = client.blocked.database.get(key)
  return value instanceof ListValue ? value : undefined
}

const blockingPop =
  (end: End): Handler =>
  (client, args) => {
    const { database, reply } = client
    const timeoutMs = timeout(args[args.length - 1] as string)
    const serve = (key: string): boolean => {
      const list = listAt(client, key)
      if (list === undefined) return false
      reply.array(2)
      reply.bulk(key)
      reply.bulk(popFrom(list, end))
      database.settle(key, list, popped(end))
      tell(client, end === 'left' ? 'LPOP' : 'RPOP', key)
      return true
    }
    serveOrWait(client, args.slice(1, -1), timeoutMs, serve, () => reply.nullArray())
  }

function blockingMove(
  client: Client,
  source: string,
  target: string,
  ends: readonly [End, End],
  timeoutMs: number,
): void {
  const { reply } = client
  const serve = (key: string): boolean => {
    if (listAt(client, key) === undefined) return false
    reply.bulk(moveItem(client, key, target, ends[0], ends[1]) as string)
    tell(client, 'LMOVE', key, target, ends[0], ends[1])
    return true
  }
  const gaveUp = (): void => {
    if (client.isInTransaction) reply.null()
    else reply.nullArray()
  }
  serveOrWait(client, [source], timeoutMs, serve, gaveUp)
}

function blmove(client: Client, args: readonly string[]) {
  const [, source, target, from, to, wait] = args as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  blockingMove(client, source, target, [parseEnd(from), parseEnd(to)], timeout(wait))
}

function brpoplpush(client: Client, args: readonly string[]) {
  const [, source, target, wait] = args as [string, string, string, string]
  blockingMove(client, source, target, ['right', 'left'], timeout(wait))
}

interface MultiPop {
  readonly keys: readonly string[]
  readonly end: End
  readonly count: number
}

/** `numkeys key [key ...] LEFT|RIGHT [COUNT count]` from a position on. */
function parseMultiPop(args: readonly string[], at: number): MultiPop {
  const keys = countedKeys(args, at)
  let next = at + 1 + keys.length
  const end = parseEnd(args[next] ?? '')
  next += 1
  let count = 1
  if (next < args.length) {
    if (args[next]?.toUpperCase() !== 'COUNT' || next + 1 === args.length) throw syntaxError()
    count = positive(args[next + 1] as string, 'ERR count should be greater than 0')
    if (count === 0) throw new ReplyError('ERR count should be greater than 0')
    if (next + 2 < args.length) throw syntaxError()
  }
  return { keys, end, count }
}

const popFirst =
  (client: Client, { end, count }: MultiPop) =>
  (key: string): boolean => {
    const list = listAt(client, key)
    if (list === undefined) return false
    client.reply.array(2)
    client.reply.bulk(key)
    popMany(client, key, list, end, count)
    tell(client, end === 'left' ? 'LPOP' : 'RPOP', key, String(count))
    return true
  }

function lmpop(client: Client, args: readonly string[]) {
  const wanted = parseMultiPop(args, 1)
  const serve = popFirst(client, wanted)
  if (!wanted.keys.some(serve)) client.reply.nullArray()
}

function blmpop(client: Client, args: readonly string[]) {
  const timeoutMs = timeout(args[1] as string)
  const wanted = parseMultiPop(args, 2)
  serveOrWait(client, wanted.keys, timeoutMs, popFirst(client, wanted), () =>
    client.reply.nullArray(),
  )
}

const base = { group: 'list', categories: ['list'] } as const
const popKeys = [keysFrom(1, -2, 1, 'RW', 'access', 'delete')]
const twoLists = [keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')]

export const BLOCKING_LIST_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'blpop',
    syntax: 'key [key ...] timeout:double',
    complexity: 'O(N), N keys',
    history: [['6.0.0', 'The timeout may have a fraction.']],
    arity: -3,
    flags: ['write', 'noscript', 'blocking'],
    keys: popKeys,
    since: '2.0.0',
    summary: 'Takes an item from the head of the first list that has one, or waits.',
    handler: blockingPop('left'),
  },
  {
    ...base,
    name: 'brpop',
    syntax: 'key [key ...] timeout:double',
    complexity: 'O(N), N keys',
    history: [['6.0.0', 'The timeout may have a fraction.']],
    arity: -3,
    flags: ['write', 'noscript', 'blocking'],
    keys: popKeys,
    since: '2.0.0',
    summary: 'Takes an item from the tail of the first list that has one, or waits.',
    handler: blockingPop('right'),
  },
  {
    ...base,
    name: 'blmove',
    syntax: 'source destination wherefrom=<LEFT | RIGHT> whereto=<LEFT | RIGHT> timeout:double',
    complexity: 'O(1)',
    arity: 6,
    flags: ['write', 'denyoom', 'noscript', 'blocking'],
    keys: twoLists,
    since: '6.2.0',
    summary: 'Moves an item from one list to another, or waits for one.',
    handler: blmove,
  },
  {
    ...base,
    name: 'brpoplpush',
    syntax: 'source destination timeout:double',
    complexity: 'O(1)',
    deprecated: { since: '6.2.0', replacedBy: '`BLMOVE` with the `RIGHT` and `LEFT` arguments' },
    history: [['6.0.0', 'The timeout may have a fraction.']],
    arity: 4,
    flags: ['write', 'denyoom', 'noscript', 'blocking'],
    keys: twoLists,
    since: '2.2.0',
    summary: 'Moves an item from the tail of a list to the head of another, or waits for one.',
    handler: brpoplpush,
  },
  {
    ...base,
    name: 'lmpop',
    syntax: 'numkeys key [key ...] where=<LEFT | RIGHT> [COUNT count]',
    complexity: 'O(N+M), N keys, M elements answered',
    arity: -4,
    flags: ['write', 'movablekeys'],
    keys: [numberedKeys(1, 'RW', 'access', 'delete')],
    since: '7.0.0',
    summary: 'Takes items from the first list that has any.',
    handler: lmpop,
  },
  {
    ...base,
    name: 'blmpop',
    syntax: 'timeout:double numkeys key [key ...] where=<LEFT | RIGHT> [COUNT count]',
    complexity: 'O(N+M), N keys, M elements answered',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    keys: [numberedKeys(2, 'RW', 'access', 'delete')],
    since: '7.0.0',
    summary: 'Takes items from the first list that has any, or waits.',
    handler: blmpop,
  },
]
