import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { NO_EXPIRY } from '../keyspace/value.ts'
import { exactInteger } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt } from './command.ts'
import { isBeyondTime } from './expiry-options.ts'

const MAX_TIME = 2 ** 63

interface Conditions {
  nx: boolean
  xx: boolean
  gt: boolean
  lt: boolean
}

function parseConditions(args: readonly string[]): Conditions {
  const found: Conditions = { nx: false, xx: false, gt: false, lt: false }
  for (let at = 3; at < args.length; at += 1) {
    const option = (args[at] as string).toLowerCase()
    if (!Object.hasOwn(found, option)) {
      throw new ReplyError(`ERR Unsupported option ${args[at]?.split('\0', 1)[0]}`)
    }
    found[option as keyof Conditions] = true
  }
  if (found.nx && (found.xx || found.gt || found.lt)) {
    throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (found.gt && found.lt) {
    throw new ReplyError('ERR GT and LT options at the same time are not compatible')
  }
  return found
}

/** EXPIRE and its kin: a time in `unit` ms, from now or absolute. */
const expire =
  (name: string, unit: number, isAbsolute: boolean): Handler =>
  (client, args) => {
    const { database, reply } = client
    const key = args[1] as string
    const { now } = database.keyspace
    const conditions = parseConditions(args)
    const value = exactInteger(args[2] as string)
    const time = Number(value) * unit + (isAbsolute ? 0 : now)
    if ((unit === 1000 && isBeyondTime(value)) || (!isAbsolute && time > MAX_TIME)) {
      throw new ReplyError(`ERR invalid expire time in '${name}' command`)
    }
    const current = database.expiry(key)
    if (current === undefined || !holds(conditions, current, time)) return reply.integer(0)
    if (database.keyspace.isOver(time)) database.remove(key)
    else {
      database.setExpiry(key, time)
      database.notify('generic', 'expire', key)
    }
    reply.integer(1)
  }

function holds(conditions: Conditions, current: number, time: number): boolean {
  if (conditions.nx && current !== NO_EXPIRY) return false
  if (conditions.xx && current === NO_EXPIRY) return false
  if (conditions.gt && time <= current) return false
  return !(conditions.lt && time >= current)
}

/** TTL and its kin: -2 without the key, -1 without an expiry. */
const remaining =
  (unit: number, isAbsolute: boolean): Handler =>
  (client, args) => {
    const { database, reply } = client
    const slot = database.glance(args[1] as string)
    if (slot === -1) return reply.integer(-2)
    const expiry = database.table.expiryAt(slot)
    if (expiry === NO_EXPIRY) return reply.integer(-1)
    const left = isAbsolute ? expiry : Math.max(0, expiry - database.keyspace.now)
    reply.integer(unit === 1 ? left : Math.floor((left + 500) / 1000))
  }

function persist(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const expiry = database.expiry(args[1] as string)
  const changes = expiry !== undefined && expiry !== NO_EXPIRY
  if (changes) {
    database.setExpiry(args[1] as string, NO_EXPIRY)
    database.notify('generic', 'persist', args[1] as string)
  }
  reply.integer(changes ? 1 : 0)
}

const setter = {
  arity: -3,
  flags: ['write', 'fast'],
  keys: [keyAt(1, 'RW', 'update')],
  categories: ['keyspace'],
  group: 'generic',
} as const

const getter = {
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keyAt(1, 'RO', 'access')],
  categories: ['keyspace'],
  group: 'generic',
} as const

export const EXPIRY_COMMANDS: readonly CommandDefinition[] = [
  {
    ...setter,
    name: 'expire',
    syntax: 'key seconds condition=[NX | XX | GT | LT]@7.0.0',
    complexity: 'O(1)',
    since: '1.0.0',
    summary: 'Lets a key expire in some seconds.',
    handler: expire('expire', 1000, false),
  },
  {
    ...setter,
    name: 'pexpire',
    syntax: 'key milliseconds condition=[NX | XX | GT | LT]@7.0.0',
    complexity: 'O(1)',
    since: '2.6.0',
    summary: 'Lets a key expire in some milliseconds.',
    handler: expire('pexpire', 1, false),
  },
  {
    ...setter,
    name: 'expireat',
    syntax: 'key unix-time-seconds condition=[NX | XX | GT | LT]@7.0.0',
    complexity: 'O(1)',
    since: '1.2.0',
    summary: 'Lets a key expire at a Unix time in seconds.',
    handler: expire('expireat', 1000, true),
  },
  {
    ...setter,
    name: 'pexpireat',
    syntax: 'key unix-time-milliseconds condition=[NX | XX | GT | LT]@7.0.0',
    complexity: 'O(1)',
    since: '2.6.0',
    summary: 'Lets a key expire at a Unix time in milliseconds.',
    handler: expire('pexpireat', 1, true),
  },
  {
    ...getter,
    name: 'ttl',
    syntax: 'key',
    complexity: 'O(1)',
    history: [['2.8.0', 'Answers -2 for a key that is not there.']],
    since: '1.0.0',
    summary: 'Answers in how many seconds a key expires.',
    tips: ['nondeterministic_output'],
    handler: remaining(1000, false),
  },
  {
    ...getter,
    name: 'pttl',
    syntax: 'key',
    complexity: 'O(1)',
    history: [['2.8.0', 'Answers -2 for a key that is not there.']],
    since: '2.6.0',
    summary: 'Answers in how many milliseconds a key expires.',
    tips: ['nondeterministic_output'],
    handler: remaining(1, false),
  },
  {
    ...getter,
    name: 'expiretime',
    syntax: 'key',
    complexity: 'O(1)',
    since: '7.0.0',
    summary: 'Answers when a key expires, as Unix time in seconds.',
    handler: remaining(1000, true),
  },
  {
    ...getter,
    name: 'pexpiretime',
    syntax: 'key',
    complexity: 'O(1)',
    since: '7.0.0',
    summary: 'Answers when a key expires, as Unix time in milliseconds.',
    handler: remaining(1, true),
  },
  {
    name: 'persist',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['write', 'fast'],
    keys: [keyAt(1, 'RW', 'update')],
    categories: ['keyspace'],
    group: 'generic',
    since: '2.2.0',
    summary: 'Removes the expiry of a key.',
    handler: persist,
  },
]
