import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType } from '../keyspace/value-types.ts'
import { SetValue } from '../values/set-value.ts'
import { countedKeys, positive, syntaxError } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt, keysFrom, numberedKeys } from './command.ts'

type Operation = 'inter' | 'union' | 'diff'

/** The sets at the keys; every one is checked for its type before anything is answered. */
const setsAt = (client: Client, keys: readonly string[]): (SetValue | undefined)[] =>
  keys.map((key) => expectType(client.database.read(key), SetValue))

/** Members of all sets, in the order of the smallest, up to `limit`. */
function intersect(client: Client, sets: readonly (SetValue | undefined)[], limit: number) {
  const found: string[] = []
  if (sets.some((set) => set === undefined)) return found
  const bySize = [...(sets as SetValue[])].sort((a, b) => a.size - b.size)
  const [smallest, ...others] = bySize
  for (const member of smallest?.members(client.server.settings) ?? []) {
    if (!others.every((set) => set.has(member))) continue
    found.push(member)
    if (found.length >= limit) break
  }
  return found
}

function combine(
  client: Client,
  operation: Operation,
  sets: readonly (SetValue | undefined)[],
): string[] {
  if (operation === 'inter') return intersect(client, sets, Number.POSITIVE_INFINITY)
  const [first, ...others] = sets
  if (operation === 'diff') {
    const members = first?.members(client.server.settings) ?? []
    return members.filter((member) => !others.some((set) => set?.has(member)))
  }
  const union = new SetValue()
  for (const set of sets) for (const member of set?.dense ?? []) union.restoreElement(member)
  return [...union.members(client.server.settings)]
}

const answer =
  (operation: Operation): Handler =>
  (client, args) => {
    const members = combine(client, operation, setsAt(client, args.slice(1)))
    client.reply.set(members.length)
    for (const member of members) client.reply.bulk(member)
  }

const store =
  (operation: Operation): Handler =>
  (client, args) => {
    const { database, reply } = client
    const target = args[1] as string
    const members = combine(client, operation, setsAt(client, args.slice(2)))
    if (members.length === 0) {
      database.remove(target)
      return reply.integer(0)
    }
    const result = new SetValue()
    for (const member of members) result.restoreElement(member)
    database.set(target, result)
    database.notify('set', `s${operation}store`, target)
    reply.integer(members.length)
  }

export const tooManyKeys = (): ReplyError =>
  new ReplyError("ERR Number of keys can't be greater than number of args")

/** `[LIMIT n]` at the end of SINTERCARD and ZINTERCARD; no limit is infinite. */
export function parseLimit(args: readonly string[], start: number): number {
  let limit = 0
  for (let at = start; at < args.length; at += 2) {
    const value = args[at + 1]
    if (args[at]?.toUpperCase() !== 'LIMIT' || value === undefined) throw syntaxError()
    limit = positive(value, "ERR LIMIT can't be negative")
  }
  return limit === 0 ? Number.POSITIVE_INFINITY : limit
}

function sintercard(client: Client, args: readonly string[]) {
  const keys = countedKeys(args, 1, tooManyKeys)
  const limit = parseLimit(args, 2 + keys.length)
  client.reply.integer(intersect(client, setsAt(client, keys), limit).length)
}

const base = { group: 'set', categories: ['set'], since: '1.0.0' } as const
const all = [keysFrom(1, -1, 1, 'RO', 'access')]
const targetAndAll = [keyAt(1, 'OW', 'update'), keysFrom(2, -1, 1, 'RO', 'access')]
const tips = ['nondeterministic_output_order']
const storing = { ...base, arity: -3, flags: ['write', 'denyoom'], keys: targetAndAll } as const
const answering = { ...base, arity: -2, flags: ['readonly'], keys: all, tips } as const

export const SET_ALGEBRA_COMMANDS: readonly CommandDefinition[] = [
  {
    ...answering,
    name: 'sinter',
    syntax: 'key [key ...]',
    complexity: 'O(N*M), N members of the smallest of M sets',
    summary: 'Answers the members that all sets have.',
    handler: answer('inter'),
  },
  {
    ...storing,
    name: 'sinterstore',
    syntax: 'destination key [key ...]',
    complexity: 'O(N*M), N members of the smallest of M sets',
    keys: [keyAt(1, 'RW', 'update'), keysFrom(2, -1, 1, 'RO', 'access')],
    summary: 'Stores the members that all sets have.',
    handler: store('inter'),
  },
  {
    ...answering,
    name: 'sunion',
    syntax: 'key [key ...]',
    complexity: 'O(N), N members of all sets',
    summary: 'Answers the members that any of the sets has.',
    handler: answer('union'),
  },
  {
    ...storing,
    name: 'sunionstore',
    syntax: 'destination key [key ...]',
    complexity: 'O(N), N members of all sets',
    summary: 'Stores the members that any of the sets has.',
    handler: store('union'),
  },
  {
    ...answering,
    name: 'sdiff',
    syntax: 'key [key ...]',
    complexity: 'O(N), N members of all sets',
    summary: 'Answers the members of the first set that no other has.',
    handler: answer('diff'),
  },
  {
    ...storing,
    name: 'sdiffstore',
    syntax: 'destination key [key ...]',
    complexity: 'O(N), N members of all sets',
    summary: 'Stores the members of the first set that no other has.',
    handler: store('diff'),
  },
  {
    ...base,
    name: 'sintercard',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
    complexity: 'O(N*M), N members of the smallest of M sets',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: [numberedKeys(1, 'RO', 'access')],
    since: '7.0.0',
    summary: 'Counts the members that all sets have.',
    handler: sintercard,
  },
]
