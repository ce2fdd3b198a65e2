import type { Client } from '../clients/client.ts'
import { tell } from '../downstream/effects.ts'
import { ReplyError } from '../errors.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { countedKeys, positive, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt, keysFrom, numberedKeys } from './command.ts'
import { serveOrWait, timeout } from './waiting.ts'

type Side = 'min' | 'max'

interface Scored {
  readonly member: string
  readonly score: number
}

/** Removes up to `count` members from one side. The key goes with its last member. */
function take(client: Client, key: string, sorted: SortedSetValue, side: Side, count: number) {
  const taken: Scored[] = []
  const { size } = sorted
  const start = side === 'min' ? 0 : size - 1
  sorted.order.visit(start, Math.min(count, size), side === 'max', (member, score) => {
    taken.push({ member, score })
  })
  for (const { member } of taken) sorted.delete(member)
  if (taken.length > 0) client.database.settle(key, sorted, `zpop${side}`)
  return taken
}

/** A waiter for a sorted set is not served by another type. */
function sortedAt(client: Client, key: string): SortedSetValue | undefined {
  if (client.blocked === undefined) return client.database.sorted(key)
  const value = client.blocked.database.get(key)
  return value instanceof SortedSetValue ? value : undefined
}

const pop =
  (side: Side): Handler =>
  (client, args) => {
    const { database, reply } = client
    const key = args[1] as string
    if (args.length > 3) throw syntaxError()
    const count =
      args.length === 3
        ? positive(args[2] as string, 'ERR value is out of range, must be positive')
        : undefined
    const sorted = database.sorted(key)
    const taken = sorted === undefined ? [] : take(client, key, sorted, side, count ?? 1)
    const nests = reply.version === 3 && count !== undefined
    reply.array(nests ? taken.length : taken.length * 2)
    for (const { member, score } of taken) {
      if (nests) reply.array(2)
      reply.bulk(member)
      reply.double(score)
    }
  }

const blockingPop =
  (side: Side): Handler =>
  (client, args) => {
    const { reply } = client
    const timeoutMs = timeout(args[args.length - 1] as string)
    const serve = (key: string): boolean => {
      const sorted = sortedAt(client, key)
      const [first] = sorted === undefined ? [] : take(client, key, sorted, side, 1)
      if (first === undefined) return false
      tell(client, `ZPOP${side.toUpperCase()}`, key)
      reply.array(3)
      reply.bulk(key)
      reply.bulk(first.member)
      reply.double(first.score)
      return true
    }
    serveOrWait(client, args.slice(1, -1), timeoutMs, serve, () => reply.nullArray())
  }

interface MultiPop {
  readonly keys: readonly string[]
  readonly side: Side
  readonly count: number
}

/** `numkeys key [key ...] MIN|MAX [COUNT count]` from a position on. */
function parseMultiPop(args: readonly string[], at: number): MultiPop {
  const keys = countedKeys(args, at)
  const next = at + 1 + keys.length
  const side = (args[next] ?? '').toLowerCase()
  if (side !== 'min' && side !== 'max') throw syntaxError()
  let count = 1
  if (next + 1 < args.length) {
    if (args[next + 1]?.toUpperCase() !== 'COUNT' || next + 2 === args.length) throw syntaxError()
    count = positive(args[next + 2] as string, 'ERR count should be greater than 0')
    if (count === 0) throw new ReplyError('ERR count should be greater than 0')
    if (next + 3 < args.length) throw syntaxError()
  }
  return { keys, side, count }
}

const popFirst =
  (client: Client, { side, count }: MultiPop) =>
  (key: string): boolean => {
    const { reply } = client
    const sorted = sortedAt(client, key)
    if (sorted === undefined) return false
    const taken = take(client, key, sorted, side, count)
    tell(client, `ZPOP${side.toUpperCase()}`, key, String(taken.length))
    reply.array(2)
    reply.bulk(key)
    reply.array(taken.length)
    for (const { member, score } of taken) {
      reply.array(2)
      reply.bulk(member)
      reply.double(score)
    }
    return true
  }

function zmpop(client: Client, args: readonly string[]) {
  const wanted = parseMultiPop(args, 1)
  if (!wanted.keys.some(popFirst(client, wanted))) client.reply.nullArray()
}

function bzmpop(client: Client, args: readonly string[]) {
  const timeoutMs = timeout(args[1] as string)
  const wanted = parseMultiPop(args, 2)
  serveOrWait(client, wanted.keys, timeoutMs, popFirst(client, wanted), () =>
    client.reply.nullArray(),
  )
}

const base = { group: 'sorted-set', categories: ['sortedset'], since: '5.0.0' } as const
const waits = ['write', 'noscript', 'blocking', 'fast'] as const

export const SORTED_SET_POP_COMMANDS: readonly CommandDefinition[] = [
  ...(['min', 'max'] as const).flatMap((side): CommandDefinition[] => [
    {
      ...base,
      name: `zpop${side}`,
      syntax: 'key [count]',
      complexity: 'O(M*log(N)), M of N members',
      arity: -2,
      flags: ['write', 'fast'],
      keys: [keyAt(1, 'RW', 'access', 'delete')],
      summary: `Takes the members with the ${side === 'min' ? 'lowest' : 'highest'} scores.`,
      handler: pop(side),
    },
    {
      ...base,
      name: `bzpop${side}`,
      syntax: 'key [key ...] timeout:double',
      complexity: 'O(log(N)), N members',
      history: [['6.0.0', 'The timeout may have a fraction.']],
      arity: -3,
      flags: waits,
      keys: [keysFrom(1, -2, 1, 'RW', 'access', 'delete')],
      summary: `Takes the member with the ${side}imum score of the first set that has one, or waits.`,
      handler: blockingPop(side),
    },
  ]),
  {
    ...base,
    name: 'zmpop',
    syntax: 'numkeys key [key ...] where=<MIN | MAX> [COUNT count]',
    complexity: 'O(K)+O(M*log(N)), K keys, M of N members',
    arity: -4,
    flags: ['write', 'movablekeys'],
    keys: [numberedKeys(1, 'RW', 'access', 'delete')],
    since: '7.0.0',
    summary: 'Takes members from the first sorted set that has any.',
    handler: zmpop,
  },
  {
    ...base,
    name: 'bzmpop',
    syntax: 'timeout:double numkeys key [key ...] where=<MIN | MAX> [COUNT count]',
    complexity: 'O(K)+O(M*log(N)), K keys, M of N members',
    arity: -5,
    flags: ['write', 'blocking', 'movablekeys'],
    keys: [numberedKeys(2, 'RW', 'access', 'delete')],
    since: '7.0.0',
    summary: 'Takes members from the first sorted set that has any, or waits.',
    handler: bzmpop,
  },
]
