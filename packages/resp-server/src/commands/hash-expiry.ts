import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { fieldsExpire } from '../keyspace/field-expiry.ts'
import { NO_EXPIRY } from '../keyspace/value.ts'
import { expectType } from '../keyspace/value-types.ts'
import { HashValue } from '../values/hash-value.ts'
import { parseInteger } from '../values/numbers.ts'
import { notInteger } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt } from './command.ts'

/** Redis keeps the time of a field in 46 bits. */
const MAX_TIME = 2 ** 46 - 2

const NO_FIELD = -2
const NO_TIME = -1
const REFUSED = 0
const DONE = 1
const DELETED = 2

type Condition = 'NX' | 'XX' | 'GT' | 'LT'

/** `FIELDS numfields field ...` at a position. */
function fieldsAt(args: readonly string[], at: number): readonly string[] {
  if (args[at]?.toUpperCase() !== 'FIELDS') {
    throw new ReplyError('ERR Mandatory argument FIELDS is missing or not at the right position')
  }
  const count = parseInteger(args[at + 1] ?? '')
  if (count === undefined || count <= 0) {
    throw new ReplyError('ERR Parameter `numFields` should be greater than 0')
  }
  const fields = args.slice(at + 2)
  if (fields.length !== Number(count)) {
    throw new ReplyError('ERR The `numfields` parameter must match the number of arguments')
  }
  return fields
}

function timeOf(text: string, unit: number, from: number, name: string): number {
  const given = parseInteger(text)
  if (given === undefined) throw notInteger()
  if (given < 0) throw new ReplyError('ERR invalid expire time, must be >= 0')
  const time = Number(given) * unit + from
  if (time > MAX_TIME) throw new ReplyError(`ERR invalid expire time in '${name}' command`)
  return time
}

function holds(condition: Condition | undefined, current: number, time: number): boolean {
  switch (condition) {
    case 'NX':
      return current === NO_EXPIRY
    case 'XX':
      return current !== NO_EXPIRY
    case 'GT':
      return current !== NO_EXPIRY && time > current
    case 'LT':
      return time < current
    default:
      return true
  }
}

const CONDITIONS: ReadonlySet<string> = new Set(['NX', 'XX', 'GT', 'LT'])

/** HEXPIRE and its kin: a time in `unit` ms, from now or absolute. */
const expire =
  (name: string, unit: number, isAbsolute: boolean): Handler =>
  (client, args) => {
    const { database, reply } = client
    const key = args[1] as string
    const { now } = database.keyspace
    const time = timeOf(args[2] as string, unit, isAbsolute ? 0 : now, name)
    const option = args[3]?.toUpperCase() ?? ''
    const condition = CONDITIONS.has(option) ? (option as Condition) : undefined
    const fields = fieldsAt(args, condition === undefined ? 3 : 4)
    const hash = database.hash(key)
    const outcomes = fields.map((field) => {
      if (!hash?.has(field)) return NO_FIELD
      if (!holds(condition, hash.expiryOf(field), time)) return REFUSED
      if (!database.keyspace.isOver(time)) return change(client, key, hash, field, time)
      hash.delete(field)
      return DELETED
    })
    if (hash !== undefined) {
      if (outcomes.includes(DELETED)) database.settle(key, hash, 'hdel')
      if (outcomes.includes(DONE)) {
        database.elementsChanged(key, hash, 'hexpire')
        fieldsExpire(database, key, hash)
      }
    }
    reply.array(outcomes.length)
    for (const outcome of outcomes) reply.integer(outcome)
  }

function change(client: Client, key: string, hash: HashValue, field: string, time: number): number {
  // the key's record says whether those of the fields have room for a time
  if (hash.setExpiry(field, time)) client.database.rewriteKey(key)
  return DONE
}

/** HTTL and its kin. */
const remaining =
  (unit: number, isAbsolute: boolean): Handler =>
  (client, args) => {
    const { database, reply } = client
    const fields = fieldsAt(args, 2)
    const hash = expectType(database.read(args[1] as string), HashValue)
    const { now } = database.keyspace
    reply.array(fields.length)
    for (const field of fields) {
      const expiry = hash?.has(field) ? hash.expiryOf(field) : undefined
      if (expiry === undefined) reply.integer(NO_FIELD)
      else if (expiry === NO_EXPIRY) reply.integer(NO_TIME)
      else reply.integer(Math.ceil((isAbsolute ? expiry : expiry - now) / unit))
    }
  }

function hpersist(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const key = args[1] as string
  const fields = fieldsAt(args, 2)
  const hash = database.hash(key)
  const outcomes = fields.map((field) => {
    if (!hash?.has(field)) return NO_FIELD
    if (hash.expiryOf(field) === NO_EXPIRY) return NO_TIME
    hash.setExpiry(field, NO_EXPIRY)
    return DONE
  })
  if (hash !== undefined && outcomes.includes(DONE)) {
    database.elementsChanged(key, hash, 'hpersist')
  }
  reply.array(outcomes.length)
  for (const outcome of outcomes) reply.integer(outcome)
}

const base = { group: 'hash', categories: ['hash'], since: '7.4.0' } as const
const changes = { ...base, arity: -6, flags: ['write', 'denyoom', 'fast'] } as const
const update = [keyAt(1, 'RW', 'update')]
const asks = {
  ...base,
  arity: -5,
  flags: ['readonly', 'fast'],
  keys: [keyAt(1, 'RO', 'access')],
} as const

export const HASH_EXPIRY_COMMANDS: readonly CommandDefinition[] = [
  {
    ...changes,
    name: 'hexpire',
    syntax: 'key seconds condition=[NX | XX | GT | LT] FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    keys: update,
    summary: 'Makes fields expire after so many seconds.',
    handler: expire('hexpire', 1000, false),
  },
  {
    ...changes,
    name: 'hpexpire',
    syntax:
      'key milliseconds condition=[NX | XX | GT | LT] FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    keys: update,
    summary: 'Makes fields expire after so many milliseconds.',
    handler: expire('hpexpire', 1, false),
  },
  {
    ...changes,
    name: 'hexpireat',
    syntax:
      'key unix-time-seconds condition=[NX | XX | GT | LT] FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    keys: update,
    summary: 'Makes fields expire at a Unix time in seconds.',
    handler: expire('hexpireat', 1000, true),
  },
  {
    ...changes,
    name: 'hpexpireat',
    syntax:
      'key unix-time-milliseconds condition=[NX | XX | GT | LT] FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    keys: update,
    summary: 'Makes fields expire at a Unix time in milliseconds.',
    handler: expire('hpexpireat', 1, true),
  },
  {
    ...asks,
    name: 'httl',
    syntax: 'key FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    summary: 'Answers how many seconds fields have left.',
    tips: ['nondeterministic_output'],
    handler: remaining(1000, false),
  },
  {
    ...asks,
    name: 'hpttl',
    syntax: 'key FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    summary: 'Answers how many milliseconds fields have left.',
    tips: ['nondeterministic_output'],
    handler: remaining(1, false),
  },
  {
    ...asks,
    name: 'hexpiretime',
    syntax: 'key FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    summary: 'Answers when fields expire, in seconds.',
    handler: remaining(1000, true),
  },
  {
    ...asks,
    name: 'hpexpiretime',
    syntax: 'key FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    summary: 'Answers when fields expire, in milliseconds.',
    handler: remaining(1, true),
  },
  {
    ...base,
    name: 'hpersist',
    syntax: 'key FIELDS fields=<numfields field [field ...]>',
    complexity: 'O(N), N fields given',
    arity: -5,
    flags: ['write', 'fast'],
    keys: update,
    summary: 'Lets fields stay for good.',
    handler: hpersist,
  },
]
