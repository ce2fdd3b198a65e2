import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType } from '../keyspace/value-types.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { float, randomCount, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt } from './command.ts'
import { sampleDistinct, sampleRepeated } from './sample.ts'

export const readable = (client: Client, key: string): SortedSetValue | undefined =>
  expectType(client.database.read(key), SortedSetValue)

interface AddOptions {
  nx: boolean
  xx: boolean
  gt: boolean
  lt: boolean
  ch: boolean
  incr: boolean
}

const NO_OPTIONS: AddOptions = {
  nx: false,
  xx: false,
  gt: false,
  lt: false,
  ch: false,
  incr: false,
}
const NINE = 0x39

function parseAddOptions(args: readonly string[]): { options: AddOptions; start: number } {
  // what begins with a digit or a sign is a score already
  if ((args[2] as string).charCodeAt(0) <= NINE && args.length % 2 === 0) return PLAIN
  const options: AddOptions = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: false }
  let start = 2
  for (; start < args.length; start += 1) {
    const option = (args[start] as string).toLowerCase()
    if (!Object.hasOwn(options, option)) break
    options[option as keyof AddOptions] = true
  }
  const rest = args.length - start
  if (rest === 0 || rest % 2 !== 0) throw syntaxError()
  if (options.nx && options.xx) {
    throw new ReplyError('ERR XX and NX options at the same time are not compatible')
  }
  if ((options.gt && options.nx) || (options.lt && options.nx) || (options.gt && options.lt)) {
    throw new ReplyError('ERR GT, LT, and/or NX options at the same time are not compatible')
  }
  if (options.incr && rest > 2) {
    throw new ReplyError('ERR INCR option supports a single increment-element pair')
  }
  return { options, start }
}

const PLAIN = { options: NO_OPTIONS, start: 2 }

type Outcome = 'added' | 'updated' | 'same' | 'refused'

/** One pair of ZADD. The score that the member has afterwards goes into `sorted`. */
function addOne(
  sorted: SortedSetValue,
  options: AddOptions,
  given: number,
  member: string,
): Outcome {
  const slot = sorted.slot(member)
  if (slot === -1) {
    if (options.xx) return 'refused'
    sorted.add(member, given)
    return 'added'
  }
  const current = sorted.scoreAt(slot)
  if (options.nx) return 'refused'
  const score = options.incr ? current + given : given
  if (Number.isNaN(score)) throw new ReplyError('ERR resulting score is not a number (NaN)')
  if ((options.gt && score <= current) || (options.lt && score >= current)) return 'refused'
  if (score === current) return 'same'
  sorted.rescore(slot, score)
  return 'updated'
}

function add(client: Client, args: readonly string[], options: AddOptions, start: number) {
  const { database, reply } = client
  const key = args[1] as string
  const scores: number[] = []
  for (let at = start; at < args.length; at += 2) scores.push(float(args[at] as string))
  let sorted = database.sorted(key)
  if (sorted === undefined) {
    if (options.xx) return options.incr ? reply.null() : reply.integer(0)
    sorted = database.create(key, new SortedSetValue())
  }
  let added = 0
  let updated = 0
  let outcome: Outcome = 'same'
  for (let index = 0; index < scores.length; index += 1) {
    const member = args[start + index * 2 + 1] as string
    outcome = addOne(sorted, options, scores[index] as number, member)
    if (outcome === 'added') added += 1
    else if (outcome === 'updated') updated += 1
  }
  // before waiters are served: they may take what was added
  const score = options.incr ? sorted.score(args[args.length - 1] as string) : undefined
  if (added + updated > 0) database.settle(key, sorted, options.incr ? 'zincr' : 'zadd')
  if (!options.incr) reply.integer(options.ch ? added + updated : added)
  else if (outcome === 'refused') reply.null()
  else reply.double(score as number)
}

function zadd(client: Client, args: readonly string[]) {
  const { options, start } = parseAddOptions(args)
  add(client, args, options, start)
}

function zincrby(client: Client, args: readonly string[]) {
  const options = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: true }
  add(client, args, options, 2)
}

function zrem(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const sorted = database.sorted(key)
  if (sorted === undefined) return reply.integer(0)
  let removed = 0
  for (let at = 2; at < args.length; at += 1) if (sorted.delete(args[at] as string)) removed += 1
  if (removed > 0) database.settle(key, sorted, 'zrem')
  reply.integer(removed)
}

function zcard(client: Client, args: readonly string[]) {
  client.reply.integer(readable(client, args[1] as string)?.size ?? 0)
}

function zscore(client: Client, args: readonly string[]) {
  const score = readable(client, args[1] as string)?.score(args[2] as string)
  if (score === undefined) client.reply.null()
  else client.reply.double(score)
}

function zmscore(client: Client, args: readonly string[]) {
  const sorted = readable(client, args[1] as string)
  client.reply.array(args.length - 2)
  for (let at = 2; at < args.length; at += 1) {
    const score = sorted?.score(args[at] as string)
    if (score === undefined) client.reply.null()
    else client.reply.double(score)
  }
}

const rank =
  (reverse: boolean): Handler =>
  (client, args) => {
    const { reply } = client
    const name = reverse ? 'zrevrank' : 'zrank'
    if (args.length > 4) {
      throw new ReplyError(`ERR wrong number of arguments for '${name}' command`)
    }
    const withScore = args.length === 4
    if (withScore && args[3]?.toUpperCase() !== 'WITHSCORE') throw syntaxError()
    const sorted = readable(client, args[1] as string)
    const found = sorted?.rank(args[2] as string)
    if (sorted === undefined || found === undefined) {
      return withScore ? reply.nullArray() : reply.null()
    }
    const position = reverse ? sorted.size - 1 - found : found
    if (!withScore) return reply.integer(position)
    reply.array(2)
    reply.integer(position)
    reply.double(sorted.score(args[2] as string) as number)
  }

function zrandmember(client: Client, args: readonly string[]) {
  const { reply, server } = client
  const key = args[1] as string
  if (args.length === 2) {
    const sorted = readable(client, key)
    if (sorted === undefined) return reply.null()
    return reply.bulk(sorted.dense[Math.floor(server.random.next() * sorted.size)] as string)
  }
  const withScores = args.length === 4 && args[3]?.toUpperCase() === 'WITHSCORES'
  const count = randomCount(args[2] as string, withScores)
  if (args.length > 3 && !withScores) throw syntaxError()
  const sorted = readable(client, key)
  if (sorted === undefined || count === 0) return reply.array(0)
  const { dense } = sorted
  const scoreOf = withScores ? (member: string) => sorted.score(member) : undefined
  if (count >= sorted.size) {
    const members: string[] = []
    sorted.order.visit(sorted.size - 1, sorted.size, true, (member) => members.push(member))
    answerMembers(client, members, members.length, scoreOf)
    return
  }
  const indexes =
    count < 0
      ? sampleRepeated(client, dense.length, -count)
      : sampleDistinct(server.random, dense.length, count)
  answerMembers(client, membersAt(dense, indexes), Math.abs(count), scoreOf)
}

function* membersAt(dense: readonly string[], indexes: Iterable<number>): Generator<string> {
  for (const index of indexes) yield dense[index] as string
}

/** So many members, each with its score when asked for: pairs are nested in RESP3, flat in RESP2. */
export function answerMembers(
  client: Client,
  members: Iterable<string>,
  count: number,
  scoreOf: ((member: string) => number | undefined) | undefined,
): void {
  const { reply } = client
  const nests = scoreOf !== undefined && reply.version === 3
  reply.array(scoreOf !== undefined && !nests ? count * 2 : count)
  for (const member of members) {
    if (nests) reply.array(2)
    reply.bulk(member)
    if (scoreOf !== undefined) reply.double(scoreOf(member) as number)
  }
}

const base = { group: 'sorted-set', categories: ['sortedset'], since: '1.2.0' } as const
const measure = [keyAt(1, 'RO')]
const read = [keyAt(1, 'RO', 'access')]

export const SORTED_SET_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'zadd',
    syntax:
      'key condition=[NX | XX]@3.0.2 comparison=[GT | LT]@6.2.0 [change=CH]@3.0.2 [increment=INCR]@3.0.2 score member [score member ...]',
    complexity: 'O(log(N)) for each member given, N members',
    history: [['2.4.0', 'Takes several members.']],
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'update')],
    summary: 'Adds members with scores, or changes their scores.',
    handler: zadd,
  },
  {
    ...base,
    name: 'zincrby',
    syntax: 'key increment member',
    complexity: 'O(log(N)), N members',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'access', 'update')],
    summary: 'Adds to the score of a member.',
    handler: zincrby,
  },
  {
    ...base,
    name: 'zrem',
    syntax: 'key member [member ...]',
    complexity: 'O(M*log(N)), M of N members',
    history: [['2.4.0', 'Takes several members.']],
    arity: -3,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'delete')],
    summary: 'Removes members.',
    handler: zrem,
  },
  {
    ...base,
    name: 'zcard',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: measure,
    summary: 'Counts the members.',
    handler: zcard,
  },
  {
    ...base,
    name: 'zscore',
    syntax: 'key member',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: read,
    summary: 'Answers the score of a member.',
    handler: zscore,
  },
  {
    ...base,
    name: 'zmscore',
    syntax: 'key member [member ...]',
    complexity: 'O(N), N members given',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: read,
    since: '6.2.0',
    summary: 'Answers the scores of several members.',
    handler: zmscore,
  },
  {
    ...base,
    name: 'zrank',
    syntax: 'key member [WITHSCORE]@7.2.0',
    complexity: 'O(log(N)), N members',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: read,
    since: '2.0.0',
    summary: 'Answers the position of a member, from the lowest score.',
    handler: rank(false),
  },
  {
    ...base,
    name: 'zrevrank',
    syntax: 'key member [WITHSCORE]@7.2.0',
    complexity: 'O(log(N)), N members',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: read,
    since: '2.0.0',
    summary: 'Answers the position of a member, from the highest score.',
    handler: rank(true),
  },
  {
    ...base,
    name: 'zrandmember',
    syntax: 'key options=[count [WITHSCORES]]',
    complexity: 'O(N), N members answered',
    arity: -2,
    flags: ['readonly'],
    keys: read,
    since: '6.2.0',
    summary: 'Answers members at random.',
    tips: ['nondeterministic_output'],
    handler: zrandmember,
  },
]
