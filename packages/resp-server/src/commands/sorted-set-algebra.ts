import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { wrongType } from '../keyspace/value-types.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { float, integer, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt, numberedKeys } from './command.ts'
import { parseLimit } from './set-algebra.ts'
import { answerMembers } from './sorted-sets.ts'

type Operation = 'inter' | 'union' | 'diff'
type Source = SortedSetValue | SetValue | undefined

interface Request {
  readonly sources: readonly Source[]
  readonly weights: readonly number[]
  readonly aggregate: 'sum' | 'min' | 'max'
  readonly withScores: boolean
}

/** Keys announced by a count at a position, read and checked for their types. */
function readSources(client: Client, args: readonly string[], at: number, name: string): Source[] {
  const count = integer(args[at] as string)
  if (count < 1) throw new ReplyError(`ERR at least 1 input key is needed for '${name}' command`)
  if (count > args.length - at - 1) throw syntaxError()
  return args.slice(at + 1, at + 1 + count).map((key) => {
    const value = client.database.read(key)
    if (value === undefined || value instanceof SortedSetValue || value instanceof SetValue) {
      return value
    }
    throw wrongType()
  })
}

function parseRequest(
  args: readonly string[],
  start: number,
  sources: readonly Source[],
  operation: Operation,
  stores: boolean,
): Request {
  let weights = sources.map(() => 1)
  let aggregate: Request['aggregate'] = 'sum'
  let withScores = false
  for (let at = start; at < args.length; at += 1) {
    const option = (args[at] as string).toUpperCase()
    const left = args.length - at - 1
    if (operation !== 'diff' && option === 'WEIGHTS' && left >= sources.length) {
      const texts = args.slice(at + 1, at + 1 + sources.length)
      weights = texts.map((text) =>
        float(text, () => new ReplyError('ERR weight value is not a float')),
      )
      at += sources.length
    } else if (operation !== 'diff' && option === 'AGGREGATE' && left >= 1) {
      at += 1
      const word = (args[at] as string).toLowerCase()
      if (word !== 'sum' && word !== 'min' && word !== 'max') throw syntaxError()
      aggregate = word
    } else if (!stores && option === 'WITHSCORES') withScores = true
    else throw syntaxError()
  }
  return { sources, weights, aggregate, withScores }
}

const scoreIn = (source: Source, member: string): number | undefined => {
  if (source instanceof SortedSetValue) return source.score(member)
  return source?.has(member) ? 1 : undefined
}

const weighted = (score: number, weight: number): number => {
  const value = score * weight
  return Number.isNaN(value) ? 0 : value
}

function join(a: number, b: number, aggregate: Request['aggregate']): number {
  if (aggregate === 'min') return Math.min(a, b)
  if (aggregate === 'max') return Math.max(a, b)
  const sum = a + b
  return Number.isNaN(sum) ? 0 : sum
}

function intersect({ sources, weights, aggregate }: Request, limit: number): SortedSetValue {
  const result = new SortedSetValue()
  const order = sources.map((_, index) => index)
  order.sort((a, b) => (sources[a]?.size ?? 0) - (sources[b]?.size ?? 0))
  const [smallest, ...others] = order as [number, ...number[]]
  for (const member of sources[smallest]?.dense ?? []) {
    let total = weighted(scoreIn(sources[smallest], member) as number, weights[smallest] as number)
    const isEverywhere = others.every((index) => {
      const score = scoreIn(sources[index], member)
      if (score === undefined) return false
      total = join(total, weighted(score, weights[index] as number), aggregate)
      return true
    })
    if (isEverywhere) result.set(member, total)
    if (result.size >= limit) break
  }
  return result
}

function unite({ sources, weights, aggregate }: Request): SortedSetValue {
  const totals = new Map<string, number>()
  sources.forEach((source, index) => {
    for (const member of source?.dense ?? []) {
      const score = weighted(scoreIn(source, member) as number, weights[index] as number)
      const before = totals.get(member)
      totals.set(member, before === undefined ? score : join(before, score, aggregate))
    }
  })
  const result = new SortedSetValue()
  for (const [member, score] of totals) result.set(member, score)
  return result
}

function subtract({ sources }: Request): SortedSetValue {
  const [first, ...others] = sources
  const result = new SortedSetValue()
  for (const member of first?.dense ?? []) {
    if (others.some((source) => scoreIn(source, member) !== undefined)) continue
    result.set(member, scoreIn(first, member) as number)
  }
  return result
}

function combine(operation: Operation, request: Request): SortedSetValue {
  if (operation === 'inter') return intersect(request, Number.POSITIVE_INFINITY)
  return operation === 'union' ? unite(request) : subtract(request)
}

const answer =
  (operation: Operation): Handler =>
  (client, args) => {
    const sources = readSources(client, args, 1, `z${operation}`)
    const request = parseRequest(args, 2 + sources.length, sources, operation, false)
    const result = combine(operation, request)
    const members: string[] = []
    result.order.visit(0, result.size, false, (member) => members.push(member))
    const scoreOf = (member: string): number | undefined => result.score(member)
    answerMembers(client, members, members.length, request.withScores ? scoreOf : undefined)
  }

const store =
  (operation: Operation): Handler =>
  (client, args) => {
    const { database, reply } = client
    const sources = readSources(client, args, 2, `z${operation}store`)
    const request = parseRequest(args, 3 + sources.length, sources, operation, true)
    const result = combine(operation, request)
    const target = args[1] as string
    if (result.size === 0) database.remove(target)
    else {
      database.set(target, result)
      database.notify('zset', `z${operation}store`, target)
    }
    reply.integer(result.size)
  }

function zintercard(client: Client, args: readonly string[]) {
  const sources = readSources(client, args, 1, 'zintercard')
  const limit = parseLimit(args, 2 + sources.length)
  const request = parseRequest([], 0, sources, 'inter', true)
  client.reply.integer(intersect(request, limit).size)
}

const base = { group: 'sorted-set', categories: ['sortedset'], since: '6.2.0' } as const
const WEIGHED =
  'numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE aggregate=<SUM | MIN | MAX>]'
const OPERATIONS = {
  union: {
    noun: 'members that any of the sorted sets has',
    syntax: WEIGHED,
    complexity: 'O(N)+O(M*log(M)), N members of all sets, M of the result',
  },
  inter: {
    noun: 'members that all sorted sets have',
    syntax: WEIGHED,
    complexity: 'O(N*K)+O(M*log(M)), N members of the smallest of K sets, M of the result',
  },
  diff: {
    noun: 'members of the first sorted set that no other has',
    syntax: 'numkeys key [key ...]',
    complexity: 'O(L+(N-K)*log(N)), L members of all sets, N of the first, K of the result',
  },
} as const

export const SORTED_SET_ALGEBRA_COMMANDS: readonly CommandDefinition[] = [
  ...(['union', 'inter', 'diff'] as const).flatMap((operation): CommandDefinition[] => [
    {
      ...base,
      name: `z${operation}`,
      syntax: `${OPERATIONS[operation].syntax} [WITHSCORES]`,
      complexity: OPERATIONS[operation].complexity,
      arity: -3,
      flags: ['readonly', 'movablekeys'],
      keys: [numberedKeys(1, 'RO', 'access')],
      summary: `Answers the ${OPERATIONS[operation].noun}.`,
      handler: answer(operation),
    },
    {
      ...base,
      name: `z${operation}store`,
      syntax: `destination ${OPERATIONS[operation].syntax}`,
      complexity: OPERATIONS[operation].complexity,
      arity: -4,
      flags: ['write', 'denyoom', 'movablekeys'],
      keys: [keyAt(1, 'OW', 'update'), numberedKeys(2, 'RO', 'access')],
      since: operation === 'diff' ? '6.2.0' : '2.0.0',
      summary: `Stores the ${OPERATIONS[operation].noun}.`,
      handler: store(operation),
    },
  ]),
  {
    ...base,
    name: 'zintercard',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
    complexity: 'O(N*K), N members of the smallest of K sets',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: [numberedKeys(1, 'RO', 'access')],
    since: '7.0.0',
    summary: 'Counts the members that all sorted sets have.',
    handler: zintercard,
  },
]
