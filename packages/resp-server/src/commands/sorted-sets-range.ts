import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { integer, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt } from './command.ts'
import { limitRange, parseBounds, type RangeKind, type RankRange } from './sorted-set-range.ts'
import { answerMembers, readable } from './sorted-sets.ts'

/** What a command fixes and what it leaves to options. */
interface Shape {
  readonly kind: RangeKind | undefined
  readonly reverse: boolean | undefined
  readonly stores: boolean
}

interface RangeOptions {
  kind: RangeKind | undefined
  reverse: boolean | undefined
  withScores: boolean
  offset: number
  limit: number | undefined
}

function parseOptions(args: readonly string[], start: number, shape: Shape): RangeOptions {
  const found: RangeOptions = {
    kind: shape.kind,
    reverse: shape.reverse,
    withScores: false,
    offset: 0,
    limit: undefined,
  }
  for (let at = start; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    if (!shape.stores && option === 'WITHSCORES') found.withScores = true
    else if (option === 'LIMIT' && at + 2 < args.length) {
      found.offset = integer(args[at + 1] as string)
      found.limit = integer(args[at + 2] as string)
      at += 2
    } else if (shape.reverse === undefined && option === 'REV') found.reverse = true
    else if (found.kind === undefined && option === 'BYLEX') found.kind = 'lex'
    else if (found.kind === undefined && option === 'BYSCORE') found.kind = 'score'
    else throw syntaxError()
  }
  found.kind ??= 'rank'
  // a limit of -1 is none, even where none is allowed
  if (found.limit !== undefined && found.limit !== -1 && found.kind === 'rank') {
    throw new ReplyError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    )
  }
  if (found.withScores && found.kind === 'lex') {
    throw new ReplyError('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
  }
  return found
}

/** ZRANGE and all its relatives; `keyPosition` 2 when a target comes first. */
const range =
  (shape: Shape): Handler =>
  (client, args) => {
    const at = shape.stores ? 2 : 1
    const options = parseOptions(args, at + 3, shape)
    const reverse = options.reverse === true
    const swaps = reverse && options.kind !== 'rank'
    const [min, max] = [args[at + (swaps ? 2 : 1)], args[at + (swaps ? 1 : 2)]] as [string, string]
    const bounds = parseBounds(options.kind as RangeKind, min, max)
    const sorted = readable(client, args[at] as string)
    let found: RankRange = { first: 0, count: 0 }
    if (sorted !== undefined) {
      found = bounds(sorted, reverse)
      if (options.limit !== undefined && options.kind !== 'rank') {
        found = limitRange(found, reverse, options.offset, options.limit)
      }
    }
    if (shape.stores) return store(client, args[1] as string, sorted, found)
    const members: string[] = []
    const scores: number[] = []
    const start = reverse ? found.first + found.count - 1 : found.first
    sorted?.order.visit(start, found.count, reverse, (member, score) => {
      members.push(member)
      scores.push(score)
    })
    let next = 0
    const scoreOf = (): number => scores[next++] as number
    answerMembers(client, members, members.length, options.withScores ? scoreOf : undefined)
  }

function store(
  client: Client,
  target: string,
  sorted: SortedSetValue | undefined,
  { first, count }: RankRange,
) {
  const { database, reply } = client
  if (sorted === undefined || count === 0) {
    database.remove(target)
    return reply.integer(0)
  }
  const result = new SortedSetValue()
  sorted.order.visit(first, count, false, (member, score) => result.set(member, score))
  database.set(target, result)
  database.notify('zset', 'zrangestore', target)
  reply.integer(count)
}

const count =
  (kind: RangeKind): Handler =>
  (client, args) => {
    const bounds = parseBounds(kind, args[2] as string, args[3] as string)
    const sorted = readable(client, args[1] as string)
    client.reply.integer(sorted === undefined ? 0 : bounds(sorted, false).count)
  }

const removeRange =
  (kind: RangeKind): Handler =>
  (client, args) => {
    const { database, reply } = client
    const key = args[1] as string
    const bounds = parseBounds(kind, args[2] as string, args[3] as string)
    const sorted = database.sorted(key)
    if (sorted === undefined) return reply.integer(0)
    const found = bounds(sorted, false)
    const members: string[] = []
    sorted.order.visit(found.first, found.count, false, (member) => members.push(member))
    for (const member of members) sorted.delete(member)
    if (members.length > 0) database.settle(key, sorted, `zremrangeby${kind}`)
    reply.integer(members.length)
  }

const base = { group: 'sorted-set', categories: ['sortedset'] } as const
const reads = { ...base, flags: ['readonly'], keys: [keyAt(1, 'RO', 'access')] } as const
const fixed = (kind: RangeKind, reverse: boolean): Handler =>
  range({ kind, reverse, stores: false })

export const SORTED_SET_RANGE_COMMANDS: readonly CommandDefinition[] = [
  {
    ...reads,
    name: 'zrange',
    syntax:
      'key start:string stop:string sortby=[BYSCORE | BYLEX]@6.2.0 [REV]@6.2.0 [LIMIT offset count]@6.2.0 [WITHSCORES]',
    complexity: 'O(log(N)+M), N members of which M are answered',
    arity: -4,
    since: '1.2.0',
    summary: 'Answers members by position, score or bytes.',
    handler: range({ kind: undefined, reverse: undefined, stores: false }),
  },
  {
    ...base,
    name: 'zrangestore',
    syntax: 'dst src min:string max:string sortby=[BYSCORE | BYLEX] [REV] [LIMIT offset count]',
    complexity: 'O(log(N)+M), N members of which M are stored',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'OW', 'update'), keyAt(2, 'RO', 'access')],
    since: '6.2.0',
    summary: 'Stores members chosen by position, score or bytes.',
    handler: range({ kind: undefined, reverse: undefined, stores: true }),
  },
  {
    ...reads,
    name: 'zrevrange',
    syntax: 'key start stop [WITHSCORES]',
    complexity: 'O(log(N)+M), N members of which M are answered',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` argument' },
    arity: -4,
    since: '1.2.0',
    summary: 'Answers members by position from the highest score.',
    handler: fixed('rank', true),
  },
  {
    ...reads,
    name: 'zrangebyscore',
    syntax: 'key min max [WITHSCORES]@2.0.0 [LIMIT offset count]',
    complexity: 'O(log(N)+M), N members of which M are answered',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYSCORE` argument' },
    arity: -4,
    since: '1.0.5',
    summary: 'Answers members with scores in a range.',
    handler: fixed('score', false),
  },
  {
    ...reads,
    name: 'zrevrangebyscore',
    syntax: 'key max min [WITHSCORES] [LIMIT offset count]',
    complexity: 'O(log(N)+M), N members of which M are answered',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
    history: [['2.1.6', 'Ranges may exclude their ends.']],
    arity: -4,
    since: '2.2.0',
    summary: 'Answers members with scores in a range, from the highest.',
    handler: fixed('score', true),
  },
  {
    ...reads,
    name: 'zrangebylex',
    syntax: 'key min:string max:string [LIMIT offset count]',
    complexity: 'O(log(N)+M), N members of which M are answered',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYLEX` argument' },
    arity: -4,
    since: '2.8.9',
    summary: 'Answers members within a range of bytes.',
    handler: fixed('lex', false),
  },
  {
    ...reads,
    name: 'zrevrangebylex',
    syntax: 'key max:string min:string [LIMIT offset count]',
    complexity: 'O(log(N)+M), N members of which M are answered',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
    arity: -4,
    since: '2.8.9',
    summary: 'Answers members within a range of bytes, from the last.',
    handler: fixed('lex', true),
  },
  {
    ...reads,
    name: 'zcount',
    syntax: 'key min max',
    complexity: 'O(log(N)), N members',
    arity: 4,
    flags: ['readonly', 'fast'],
    since: '2.0.0',
    summary: 'Counts members with scores in a range.',
    handler: count('score'),
  },
  {
    ...reads,
    name: 'zlexcount',
    syntax: 'key min:string max:string',
    complexity: 'O(log(N)), N members',
    arity: 4,
    flags: ['readonly', 'fast'],
    since: '2.8.9',
    summary: 'Counts members within a range of bytes.',
    handler: count('lex'),
  },
  ...(
    [
      ['zremrangebyrank', 'start stop', 'rank', '2.0.0', 'Removes members by position.'],
      ['zremrangebyscore', 'min max', 'score', '1.2.0', 'Removes members with scores in a range.'],
      [
        'zremrangebylex',
        'min:string max:string',
        'lex',
        '2.8.9',
        'Removes members within a range of bytes.',
      ],
    ] as const
  ).map(
    ([name, range, kind, since, summary]): CommandDefinition => ({
      ...base,
      name,
      syntax: `key ${range}`,
      complexity: 'O(log(N)+M), N members of which M are removed',
      arity: 4,
      flags: ['write'],
      keys: [keyAt(1, 'RW', 'delete')],
      since,
      summary,
      handler: removeRange(kind),
    }),
  ),
]
