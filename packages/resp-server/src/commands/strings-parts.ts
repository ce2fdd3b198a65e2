import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { asString } from '../keyspace/value-types.ts'
import { LARGE_STRING_BYTES, LargeString, toStringValue } from '../values/large-string.ts'
import { writeLatin1 } from '../values/latin1.ts'
import { exactInteger, integer } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'

export function checkLength(client: Client, length: number): void {
  if (length > client.server.settings.protoMaxBulkLen) {
    throw new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  }
}

function append(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, suffix] = args as [string, string, string]
  const value = database.string(key)
  if (value === undefined) {
    database.set(key, toStringValue(suffix))
    database.notify('string', 'append', key)
    return reply.integer(suffix.length)
  }
  const length = value.length + suffix.length
  checkLength(client, length)
  if (typeof value === 'string') database.update(key, toStringValue(value + suffix))
  else {
    const start = value.length
    writeLatin1(value.writable(start, length), suffix, start)
    database.update(key, value)
  }
  database.notify('string', 'append', key)
  reply.integer(length)
}

function strlen(client: Client, args: readonly string[]) {
  client.reply.integer(asString(client.database.read(args[1] as string))?.length ?? 0)
}

function getrange(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const first = exactInteger(args[2] as string)
  const last = exactInteger(args[3] as string)
  let start = Number(first)
  let end = Number(last)
  const value = asString(database.read(args[1] as string)) ?? ''
  const { length } = value
  if (start < 0 && end < 0 && first > last) return reply.bulk('')
  if (start < 0) start = Math.max(0, length + start)
  if (end < 0) end = Math.max(0, length + end)
  end = Math.min(end, length - 1)
  if (length === 0 || start > end) return reply.bulk('')
  if (typeof value === 'string') reply.bulk(value.slice(start, end + 1))
  else reply.bulk(value.lend().subarray(start, end + 1))
}

function setrange(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, key, , patch] = args as [string, string, string, string]
  const offset = integer(args[2] as string)
  if (offset < 0) throw new ReplyError('ERR offset is out of range')
  const value = database.string(key)
  if (patch === '') return reply.integer(value?.length ?? 0)
  checkLength(client, offset + patch.length)
  const length = Math.max(value?.length ?? 0, offset + patch.length)
  if (typeof value !== 'object' && length < LARGE_STRING_BYTES) {
    const old = value ?? ''
    const head = old.slice(0, offset).padEnd(offset, '\0')
    database.update(key, head + patch + old.slice(offset + patch.length))
  } else {
    const large =
      typeof value === 'object' ? value : new LargeString(Buffer.from(value ?? '', 'latin1'))
    writeLatin1(large.writable(offset, offset + patch.length), patch, offset)
    database.update(key, large)
  }
  database.notify('string', 'setrange', key)
  reply.integer(length)
}

const base = { group: 'string', categories: ['string'] } as const

/** Commands that read and write parts of a string. */
export const STRING_PART_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'append',
    syntax: 'key value',
    complexity: 'O(1) on average',
    arity: 3,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'insert')],
    since: '2.0.0',
    summary: 'Adds bytes to the end of a string.',
    handler: append,
  },
  {
    ...base,
    name: 'strlen',
    syntax: 'key',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [keyAt(1, 'RO')],
    since: '2.2.0',
    summary: 'Answers the length of a string.',
    handler: strlen,
  },
  ...(['getrange', 'substr'] as const).map(
    (name): CommandDefinition => ({
      ...base,
      name,
      syntax: 'key start end',
      complexity: 'O(N), N bytes answered',
      ...(name === 'substr' ? { deprecated: { since: '2.0.0', replacedBy: '`GETRANGE`' } } : {}),
      arity: 4,
      flags: ['readonly'],
      keys: [keyAt(1, 'RO', 'access')],
      since: name === 'substr' ? '1.0.0' : '2.4.0',
      summary: 'Answers a part of a string.',
      handler: getrange,
    }),
  ),
  {
    ...base,
    name: 'setrange',
    syntax: 'key offset value',
    complexity: 'O(1) for short values, else O(N) with N bytes written',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'RW', 'update')],
    since: '2.2.0',
    summary: 'Overwrites a part of a string, zero-filling up to it.',
    handler: setrange,
  },
]
