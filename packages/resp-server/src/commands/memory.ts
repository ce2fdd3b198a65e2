import { getHeapStatistics } from 'node:v8'
import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { keyBytes } from '../keyspace/memory.ts'
import { positive } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'

function usage(client: Client, args: readonly string[]) {
  const { database, reply } = client
  for (let at = 3; at < args.length; at += 2) {
    if (args[at]?.toUpperCase() !== 'SAMPLES' || at + 1 >= args.length) {
      throw new ReplyError('ERR syntax error')
    }
    positive(args[at + 1] as string, 'ERR value is not an integer or out of range')
  }
  const key = args[2] as string
  const value = database.peek(key)
  if (value === undefined) reply.null()
  else reply.integer(keyBytes(key, value))
}

function stats({ reply, server }: Client) {
  const { keyspace, scripting } = server
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage()
  const keys = keyspace.databases.reduce((sum, { table }) => sum + table.size, 0)
  const dataset = keyspace.usedMemory
  const rows: readonly (readonly [string, number])[] = [
    ['total.allocated', dataset],
    ['startup.allocated', 0],
    [
      'clients.normal',
      server.clients
        .all()
        .reduce((sum, one) => sum + one.transport.outputBytes + one.transport.inputBytes, 0),
    ],
    ['lua.caches', scripting.scripts.bytes],
    ['keys.count', keys],
    ['keys.bytes-per-key', keys === 0 ? 0 : Math.floor(dataset / keys)],
    ['dataset.bytes', dataset],
    ['heap.used', heapUsed],
    ['heap.total', heapTotal],
    ['external.bytes', external],
    ['process.rss', rss],
  ]
  reply.map(rows.length)
  for (const [name, value] of rows) {
    reply.bulk(name)
    reply.integer(value)
  }
}

function doctor({ reply, server }: Client) {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  const advice: string[] = []
  if (used > limit * 0.8) {
    advice.push(
      `The heap holds ${Math.round((used / limit) * 100)} % of what V8 allows: set maxmemory, or start ` +
        'node with a larger --max-old-space-size.',
    )
  }
  const { maxmemory } = server.settings
  if (maxmemory > limit * 0.9) {
    advice.push('maxmemory is beyond what V8 allows the heap to grow to.')
  }
  reply.verbatim(
    advice.length === 0
      ? "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n"
      : `Sam, I detected a few issues in this instance memory implants:\n\n * ${advice.join('\n\n * ')}\n`,
  )
}

function purge({ reply }: Client) {
  // only there with node --expose-gc; without it V8 collects when it sees fit
  globalThis.gc?.()
  reply.ok()
}

function mallocStats({ reply }: Client) {
  const rows = Object.entries(getHeapStatistics()).map(([name, value]) => `${name}:${value}`)
  reply.verbatim(`V8 heap\n${rows.join('\n')}\n`)
}

const base = { group: 'server', since: '4.0.0' } as const
const tips = ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special']

export const MEMORY_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'memory',
    complexity: 'Depends on the subcommand.',
    arity: -2,
    flags: [],
    helpSince: '4.0.0',
    summary: 'Looks at the use of memory.',
    subcommands: [
      {
        ...base,
        name: 'usage',
        syntax: 'key [SAMPLES count]',
        complexity: 'O(N), N samples',
        arity: -3,
        flags: ['readonly'],
        categories: ['read'],
        keys: [keyAt(2, 'RO')],
        summary: 'Estimates the memory that a key takes.',
        handler: usage,
      },
      {
        ...base,
        name: 'stats',
        complexity: 'O(1)',
        arity: 2,
        flags: [],
        summary: 'Answers figures on memory.',
        tips,
        handler: stats,
      },
      {
        ...base,
        name: 'doctor',
        complexity: 'O(1)',
        arity: 2,
        flags: [],
        summary: 'Tells of trouble with memory.',
        tips,
        handler: doctor,
      },
      {
        ...base,
        name: 'purge',
        complexity: 'O(N), N bytes in use',
        arity: 2,
        flags: [],
        summary: 'Collects garbage where node was started with --expose-gc.',
        tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
        handler: purge,
      },
      {
        ...base,
        name: 'malloc-stats',
        complexity: 'O(1)',
        arity: 2,
        flags: [],
        summary: 'Answers the figures of the heap.',
        tips,
        handler: mallocStats,
      },
    ],
  },
]
