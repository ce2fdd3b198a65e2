import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { textOf } from '../values/large-string.ts'
import { addDecimals, isDecimal } from '../values/long-double.ts'
import { addIntegers } from '../values/numbers.ts'
import { exactInteger, notFloat } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'

const overflow = (): ReplyError => new ReplyError('ERR increment or decrement would overflow')

/** What the key holds, as an integer. */
function current(client: Client, key: string): number | bigint {
  const value = client.database.string(key)
  return value === undefined ? 0 : exactInteger(textOf(value))
}

function add(client: Client, key: string, amount: number | bigint): void {
  const { database, reply } = client
  const sum = addIntegers(database.integer(key) ?? current(client, key), amount)
  if (sum === undefined) throw overflow()
  if (typeof sum === 'number') database.updateInteger(key, sum)
  else database.update(key, String(sum))
  database.notify('string', 'incrby', key)
  reply.integer(sum)
}

function decrby(client: Client, args: readonly string[]) {
  const amount = exactInteger(args[2] as string)
  if (amount === -(2n ** 63n)) throw new ReplyError('ERR decrement would overflow')
  add(client, args[1] as string, -amount)
}

const INFINITE = /^[+-]?inf(?:inity)?$/i
const infinite = (): ReplyError => new ReplyError('ERR increment would produce NaN or Infinity')

/** Checks an operand of an addition. */
export function checkDecimal(
  text: string,
  whenInvalid: () => ReplyError,
  whenInfinite: () => ReplyError,
): void {
  if (INFINITE.test(text)) throw whenInfinite()
  if (!isDecimal(text)) throw whenInvalid()
}

function incrbyfloat(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, increment] = args as [string, string, string]
  const value = database.string(key)
  const current = value === undefined ? '0' : textOf(value)
  if (!INFINITE.test(current)) checkDecimal(current, notFloat, infinite)
  checkDecimal(increment, notFloat, infinite)
  checkDecimal(current, notFloat, infinite)
  const sum = addDecimals(current, increment)
  if (sum === undefined) throw infinite()
  database.update(key, sum)
  database.notify('string', 'incrbyfloat', key)
  reply.bulk(sum)
}

const common = {
  flags: ['write', 'denyoom', 'fast'],
  keys: [keyAt(1, 'RW', 'access', 'update')],
  categories: ['string'],
  group: 'string',
} as const

const addConstant =
  (amount: number) =>
  (client: Client, args: readonly string[]): void =>
    add(client, args[1] as string, amount)

const incrby = (client: Client, args: readonly string[]): void =>
  add(client, args[1] as string, exactInteger(args[2] as string))

export const COUNTER_COMMANDS: readonly CommandDefinition[] = [
  {
    ...common,
    name: 'incr',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    since: '1.0.0',
    summary: 'Adds one to the integer at a key.',
    handler: addConstant(1),
  },
  {
    ...common,
    name: 'decr',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    since: '1.0.0',
    summary: 'Takes one from the integer at a key.',
    handler: addConstant(-1),
  },
  {
    ...common,
    name: 'incrby',
    syntax: 'key increment',
    complexity: 'O(1)',
    arity: 3,
    since: '1.0.0',
    summary: 'Adds to the integer at a key.',
    handler: incrby,
  },
  {
    ...common,
    name: 'decrby',
    syntax: 'key decrement',
    complexity: 'O(1)',
    arity: 3,
    since: '1.0.0',
    summary: 'Takes from the integer at a key.',
    handler: decrby,
  },
  {
    ...common,
    name: 'incrbyfloat',
    syntax: 'key increment:double',
    complexity: 'O(1)',
    arity: 3,
    since: '2.6.0',
    summary: 'Adds to the number at a key.',
    handler: incrbyfloat,
  },
]
