import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Value } from '../keyspace/value.ts'
import { Collection, type EncodingLimits } from '../values/collection.ts'
import { parseInteger } from '../values/numbers.ts'
import { type CommandDefinition, keyAt } from './command.ts'

export function stringEncoding(text: string): string {
  if (parseInteger(text) !== undefined) return 'int'
  return text.length <= 44 ? 'embstr' : 'raw'
}

/** What OBJECT ENCODING answers. */
export function encodingOf(value: Value, limits: EncodingLimits): string {
  if (typeof value === 'string') return stringEncoding(value)
  return value instanceof Collection ? value.encoding(limits) : 'raw'
}

function objectEncoding(client: Client, args: readonly string[]) {
  const value = client.database.peek(args[2] as string)
  if (value === undefined) client.reply.null()
  else client.reply.bulk(encodingOf(value, client.server.settings))
}

function objectRefcount(client: Client, args: readonly string[]) {
  if (client.database.has(args[2] as string)) client.reply.integer(1)
  else client.reply.null()
}

function objectFreq(client: Client, args: readonly string[]) {
  const { database, server } = client
  const slot = database.slot(args[2] as string)
  if (slot === -1) return client.reply.null()
  const { accesses } = server.keyspace
  if (accesses.countsUses) {
    return client.reply.integer(accesses.frequency(database.table.accessAt(slot)))
  }
  throw new ReplyError(
    'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note ' +
      'that when switching between policies at runtime LRU and LFU data will take some time ' +
      'to adjust.',
  )
}

function objectIdletime(client: Client, args: readonly string[]) {
  const { database, server } = client
  const slot = database.slot(args[2] as string)
  if (slot === -1) return client.reply.null()
  const { accesses } = server.keyspace
  if (accesses.countsUses) {
    throw new ReplyError(
      'ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when ' +
        'switching between policies at runtime LRU and LFU data will take some time to adjust.',
    )
  }
  client.reply.integer(accesses.idleSeconds(database.table.accessAt(slot)))
}

const base = {
  group: 'generic',
  categories: ['keyspace'],
  arity: 3,
  flags: ['readonly'],
  keys: [keyAt(2, 'RO')],
} as const

export const OBJECT_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'object',
    complexity: 'Depends on the subcommand.',
    group: 'generic',
    arity: -2,
    flags: [],
    helpSince: '6.2.0',
    since: '2.2.3',
    summary: 'Looks at how a key is kept.',
    subcommands: [
      {
        ...base,
        name: 'encoding',
        syntax: 'key',
        complexity: 'O(1)',
        since: '2.2.3',
        summary: 'Answers the encoding that Redis would use for the value.',
        tips: ['nondeterministic_output'],
        handler: objectEncoding,
      },
      {
        ...base,
        name: 'refcount',
        syntax: 'key',
        complexity: 'O(1)',
        since: '2.2.3',
        summary: 'Answers the number of references to the value.',
        tips: ['nondeterministic_output'],
        handler: objectRefcount,
      },
      {
        ...base,
        name: 'idletime',
        syntax: 'key',
        complexity: 'O(1)',
        since: '2.2.3',
        summary: 'Answers for how many seconds a key was not used.',
        tips: ['nondeterministic_output'],
        handler: objectIdletime,
      },
      {
        ...base,
        name: 'freq',
        syntax: 'key',
        complexity: 'O(1)',
        since: '4.0.0',
        summary: 'Answers how often a key is used, under an LFU policy.',
        tips: ['nondeterministic_output'],
        handler: objectFreq,
      },
    ],
  },
]
