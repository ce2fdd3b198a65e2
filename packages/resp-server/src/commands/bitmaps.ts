import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { asString } from '../keyspace/value-types.ts'
import { LARGE_STRING_BYTES, LargeString, textOf, toStringValue } from '../values/large-string.ts'
import { exactInteger, integer, syntaxError } from './arguments.ts'
import { type BitOperation, bitPosition, combineBits, countBits } from './bits.ts'
import { type CommandDefinition, keyAt, keysFrom } from './command.ts'
import { checkLength } from './strings-parts.ts'

const NONE: Buffer = Buffer.alloc(0)
/** Offsets of bits end at 4 Gi, whatever the limit on strings is. */
const MAX_BIT_OFFSET = 2 ** 32 - 1

export function bitOffset(client: Client, text: string): number {
  const wrong = (): ReplyError => new ReplyError('ERR bit offset is not an integer or out of range')
  const offset = integer(text, wrong)
  const most = Math.min(MAX_BIT_OFFSET, client.server.settings.protoMaxBulkLen * 8 - 1)
  if (offset < 0 || offset > most) throw wrong()
  return offset
}

/** The bytes of a string for reading within the command. */
export function bytesAt(client: Client, key: string): Buffer | undefined {
  const value = asString(client.database.read(key))
  if (value === undefined) return undefined
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : value.peek()
}

/** Changes bytes in place: `change` gets the string's bytes, at least `end` of them. */
export function changeBytes(
  client: Client,
  key: string,
  start: number,
  end: number,
  change: (bytes: Buffer) => void,
): void {
  const { database } = client
  const value = database.string(key)
  checkLength(client, end)
  const large =
    typeof value === 'object' ? value : new LargeString(Buffer.from(value ?? '', 'latin1'))
  const isLonger = value === undefined || end > value.length
  const before = Buffer.from(large.peek().subarray(start, end))
  change(large.writable(start, end))
  if (!isLonger && before.equals(large.peek().subarray(start, end))) return
  const changed = large.length < LARGE_STRING_BYTES ? textOf(large) : large
  if (value === undefined) database.set(key, changed)
  else database.update(key, changed)
  database.notify('string', 'setbit', key)
}

function setbit(client: Client, args: readonly string[]) {
  const [, key, , bit] = args as [string, string, string, string]
  const offset = bitOffset(client, args[2] as string)
  if (bit !== '0' && bit !== '1') {
    throw new ReplyError('ERR bit is not an integer or out of range')
  }
  const at = Math.floor(offset / 8)
  const mask = 0x80 >> (offset % 8)
  let before = 0
  changeBytes(client, key, at, at + 1, (bytes) => {
    const byte = bytes[at] as number
    before = byte & mask ? 1 : 0
    bytes[at] = bit === '1' ? byte | mask : byte & ~mask
  })
  client.reply.integer(before)
}

function getbit(client: Client, args: readonly string[]) {
  const offset = bitOffset(client, args[2] as string)
  const value = asString(client.database.read(args[1] as string))
  const at = Math.floor(offset / 8)
  let byte = 0
  if (typeof value === 'string') byte = at < value.length ? value.charCodeAt(at) : 0
  else if (value !== undefined) byte = value.peek()[at] ?? 0
  client.reply.integer((byte >> (7 - (offset % 8))) & 1)
}

/** BYTE or BIT at the end of a range; BYTE without it. */
function unitOf(text: string | undefined): 1 | 8 {
  const unit = (text ?? 'byte').toLowerCase()
  if (unit !== 'byte' && unit !== 'bit') throw syntaxError()
  return unit === 'byte' ? 8 : 1
}

interface BitRange {
  readonly start: number
  readonly end: number
}

/** `[start [end [BYTE | BIT]]]` as bits of the string, the end not included. */
function parseRange(args: readonly string[], at: number, bytes: Buffer): BitRange {
  const exactFirst = args.length > at ? exactInteger(args[at] as string) : 0
  const exactLast = args.length > at + 1 ? exactInteger(args[at + 1] as string) : -1
  const first = Number(exactFirst)
  const last = Number(exactLast)
  const unit = unitOf(args[at + 2])
  const size = (bytes.length * 8) / unit
  // unlike in a list, what lies before the start is moved to the start
  const fromStart = (index: number): number => Math.max(0, index < 0 ? size + index : index)
  const isBackwards = first < 0 && last < 0 && exactFirst > exactLast && at === 2
  const end = isBackwards ? 0 : Math.min(fromStart(last), size - 1) + 1
  return { start: fromStart(first) * unit, end: end * unit }
}

function bitcount(client: Client, args: readonly string[]) {
  const { reply } = client
  const bytes = bytesAt(client, args[1] as string)
  if (bytes === undefined) return reply.integer(0)
  if (args.length === 3 || args.length > 5) throw syntaxError()
  const { start, end } = parseRange(args, 2, bytes)
  reply.integer(countBits(bytes, start, end))
}

function bitpos(client: Client, args: readonly string[]) {
  const { reply } = client
  const wanted = integer(args[2] as string)
  if (wanted !== 0 && wanted !== 1) throw new ReplyError('ERR The bit argument must be 1 or 0.')
  const bytes = bytesAt(client, args[1] as string)
  if (bytes === undefined) return reply.integer(wanted === 1 ? -1 : 0)
  if (args.length > 6) throw syntaxError()
  const { start, end } = parseRange(args, 3, bytes)
  if (start >= end) return reply.integer(-1)
  const found = bitPosition(bytes, wanted, start, end)
  // without an end the string goes on with zeros
  const isOpen = wanted === 0 && args.length <= 4
  reply.integer(found === -1 && isOpen ? bytes.length * 8 : found)
}

const OPERATIONS: Readonly<Record<string, BitOperation>> = {
  and: 'and',
  or: 'or',
  xor: 'xor',
  not: 'not',
}

function bitop(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const operation = OPERATIONS[(args[1] as string).toLowerCase()]
  const target = args[2] as string
  if (operation === undefined) throw syntaxError()
  if (operation === 'not' && args.length !== 4) {
    throw new ReplyError('ERR BITOP NOT must be called with a single source key.')
  }
  const sources = args.slice(3).map((key) => bytesAt(client, key) ?? NONE)
  const length = Math.max(...sources.map((source) => source.length))
  if (length === 0) {
    database.remove(target)
    return reply.integer(0)
  }
  const result = combineBits(operation, sources, length)
  database.set(target, toStringValue(result))
  database.notify('string', 'set', target)
  reply.integer(length)
}

const base = { group: 'bitmap', categories: ['bitmap'] } as const
const read = [keyAt(1, 'RO', 'access')]

export const BITMAP_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'setbit',
    syntax: 'key offset value:integer',
    complexity: 'O(1)',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'RW', 'access', 'update')],
    since: '2.2.0',
    summary: 'Sets a bit of a string and answers what it was.',
    handler: setbit,
  },
  {
    ...base,
    name: 'getbit',
    syntax: 'key offset',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: read,
    since: '2.2.0',
    summary: 'Answers a bit of a string.',
    handler: getbit,
  },
  {
    ...base,
    name: 'bitcount',
    syntax: 'key index=[start end index_unit=[BYTE | BIT]@7.0.0]',
    complexity: 'O(N), N bytes',
    arity: -2,
    flags: ['readonly'],
    keys: read,
    since: '2.6.0',
    summary: 'Counts the bits that are set.',
    handler: bitcount,
  },
  {
    ...base,
    name: 'bitpos',
    syntax: 'key bit index=[start end_index=[end index_unit=[BYTE | BIT]@7.0.0]]',
    complexity: 'O(N), N bytes',
    arity: -3,
    flags: ['readonly'],
    keys: read,
    since: '2.8.7',
    summary: 'Finds the first bit that is set, or clear.',
    handler: bitpos,
  },
  {
    ...base,
    name: 'bitop',
    syntax: 'operation destkey key [key ...]',
    complexity: 'O(N), N bytes of the longest string',
    arity: -4,
    flags: ['write', 'denyoom'],
    keys: [keyAt(2, 'OW', 'update'), keysFrom(3, -1, 1, 'RO', 'access')],
    since: '2.6.0',
    summary: 'Combines strings bit by bit.',
    handler: bitop,
  },
]
