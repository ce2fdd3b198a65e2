import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { expectType, typeNameOf } from '../keyspace/value-types.ts'
import { nextKeys } from '../persistence/key-pages.ts'
import { matchGlob } from '../values/glob.ts'
import { HashValue } from '../values/hash-value.ts'
import { formatDouble } from '../values/numbers.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { integer, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'

/** Collections up to this size come in one piece, as Redis' compact encodings do. */
const WHOLE_UP_TO = 512
const DEFAULT_COUNT = 10
const MAX_CURSOR = 2n ** 64n - 1n

interface ScanOptions {
  pattern: string | undefined
  count: number
  type: string | undefined
  withoutValues: boolean
}

function parseOptions(
  args: readonly string[],
  start: number,
  allowed: { type?: boolean; noValues?: boolean },
): ScanOptions {
  const found: ScanOptions = {
    pattern: undefined,
    count: DEFAULT_COUNT,
    type: undefined,
    withoutValues: false,
  }
  for (let at = start; at < args.length; at += 2) {
    const option = (args[at] as string).toUpperCase()
    const value = args[at + 1]
    if (option === 'NOVALUES' && allowed.noValues) {
      found.withoutValues = true
      at -= 1
    } else if (value === undefined) throw syntaxError()
    else if (option === 'COUNT') {
      found.count = integer(value)
      if (found.count < 1) throw syntaxError()
    } else if (option === 'MATCH') found.pattern = value
    else if (option === 'TYPE' && allowed.type) found.type = value.toLowerCase()
    else throw syntaxError()
  }
  return found
}

/** As strtoul reads it, where nothing at all is zero; no cursor of ours comes near the end. */
function parseCursor(text: string): number {
  const digits = /^(?:[+-]?0*(\d+))?$/.exec(text)?.[1] ?? (text === '' ? '0' : '')
  if (digits === '' || digits.length > 20 || BigInt(digits) > MAX_CURSOR) {
    throw new ReplyError('ERR invalid cursor')
  }
  return Number(digits)
}

/** A window of a dense array, walked from its end: see IndexedKeys for why that misses nothing. */
export function scanWindow(
  cursor: number,
  size: number,
  count: number,
): { readonly from: number; readonly to: number } {
  const from = cursor === 0 ? size : Math.min(cursor, size)
  return { from, to: Math.max(0, from - count) }
}

function scan(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const cursor = parseCursor(args[1] as string)
  const options = parseOptions(args, 2, { type: true })
  const { places } = database.table
  const page = nextKeys(
    server.durability,
    database,
    places.find(cursor),
    options.count,
    client.isInTransaction,
  )
  const found = page.keys.filter(
    ({ name, resident }) =>
      (options.pattern === undefined || matchGlob(options.pattern, name)) &&
      (options.type === undefined || typeNameOf(resident) === options.type),
  )
  const next = page.next ?? 0
  reply.array(2)
  reply.bulk(String(typeof next === 'number' ? next : places.remember(next)))
  reply.array(found.length)
  for (const { name } of found) reply.bulk(name)
}

/** Answers one step of a scan over `names`; `each` writes what goes with a name. */
function scanElements(
  client: Client,
  args: readonly string[],
  options: ScanOptions,
  names: readonly string[],
  pairedWith: ((name: string, index: number) => string) | undefined,
): void {
  const { reply } = client
  const isWhole = names.length <= WHOLE_UP_TO
  const cursor = parseCursor(args[2] as string)
  const { from, to } = isWhole
    ? { from: names.length, to: 0 }
    : scanWindow(cursor, names.length, options.count)
  const found: number[] = []
  for (let at = to; at < from; at += 1) {
    const { pattern } = options
    if (pattern === undefined || matchGlob(pattern, names[at] as string)) found.push(at)
  }
  reply.array(2)
  reply.bulk(String(to))
  reply.array(pairedWith === undefined ? found.length : found.length * 2)
  for (const at of found) {
    const name = names[at] as string
    reply.bulk(name)
    if (pairedWith !== undefined) reply.bulk(pairedWith(name, at))
  }
}

function answerNothing(client: Client): void {
  client.reply.array(2)
  client.reply.bulk('0')
  client.reply.array(0)
}

function hscan(client: Client, args: readonly string[]) {
  parseCursor(args[2] as string)
  const hash = expectType(client.database.read(args[1] as string), HashValue)
  if (hash === undefined) return answerNothing(client)
  const options = parseOptions(args, 3, { noValues: true })
  const pairedWith = options.withoutValues
    ? undefined
    : (_: string, at: number) => hash.values[at] as string
  scanElements(client, args, options, hash.fields, pairedWith)
}

function sscan(client: Client, args: readonly string[]) {
  parseCursor(args[2] as string)
  const set = expectType(client.database.read(args[1] as string), SetValue)
  if (set === undefined) return answerNothing(client)
  const options = parseOptions(args, 3, {})
  const { settings } = client.server
  const names = set.size <= WHOLE_UP_TO ? set.members(settings) : set.dense
  scanElements(client, args, options, names, undefined)
}

function zscan(client: Client, args: readonly string[]) {
  parseCursor(args[2] as string)
  const sorted = expectType(client.database.read(args[1] as string), SortedSetValue)
  if (sorted === undefined) return answerNothing(client)
  const options = parseOptions(args, 3, {})
  let names = sorted.dense
  if (sorted.size <= WHOLE_UP_TO) {
    const ordered: string[] = []
    sorted.order.visit(0, sorted.size, false, (member) => ordered.push(member))
    names = ordered
  }
  scanElements(client, args, options, names, (name) => formatDouble(sorted.score(name) as number))
}

const tips = ['nondeterministic_output']
const element = { arity: -3, flags: ['readonly'], keys: [keyAt(1, 'RO', 'access')], tips } as const

export const SCAN_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'scan',
    syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]@6.0.0',
    complexity: 'O(1) for a call, O(N) for all, N keys',
    arity: -2,
    flags: ['readonly'],
    categories: ['keyspace'],
    group: 'generic',
    since: '2.8.0',
    summary: 'Goes through the keys step by step.',
    tips: [...tips, 'request_policy:special'],
    handler: scan,
  },
  {
    ...element,
    name: 'hscan',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
    complexity: 'O(1) for a call, O(N) for all, N fields',
    categories: ['hash'],
    group: 'hash',
    since: '2.8.0',
    summary: 'Goes through the fields of a hash step by step.',
    handler: hscan,
  },
  {
    ...element,
    name: 'sscan',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
    complexity: 'O(1) for a call, O(N) for all, N members',
    categories: ['set'],
    group: 'set',
    since: '2.8.0',
    summary: 'Goes through the members of a set step by step.',
    handler: sscan,
  },
  {
    ...element,
    name: 'zscan',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
    complexity: 'O(1) for a call, O(N) for all, N members',
    categories: ['sortedset'],
    group: 'sorted-set',
    since: '2.8.0',
    summary: 'Goes through the members of a sorted set step by step.',
    handler: zscan,
  },
]
