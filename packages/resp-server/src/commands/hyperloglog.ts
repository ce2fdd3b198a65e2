import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Value } from '../keyspace/value.ts'
import { asString } from '../keyspace/value-types.ts'
import { estimateCardinality } from '../values/hyperloglog/cardinality.ts'
import {
  HyperLogLog,
  HyperLogLogError,
  mergeRegisters,
  REGISTERS,
} from '../values/hyperloglog/hyperloglog.ts'
import { describeSparse } from '../values/hyperloglog/sparse.ts'
import { toStringValue } from '../values/large-string.ts'
import { shown } from './arguments.ts'
import { type CommandDefinition, type Handler, keyAt, keysFrom } from './command.ts'

function hyperLogLogOf(value: Value | undefined): HyperLogLog | undefined {
  const text = asString(value)
  if (text === undefined) return undefined
  return typeof text === 'string' ? HyperLogLog.fromString(text) : HyperLogLog.from(text.peek())
}

/** What is wrong with a string that should be a HyperLogLog, in Redis' words. */
const checked =
  (handler: Handler): Handler =>
  (client, args) => {
    try {
      handler(client, args)
    } catch (error) {
      if (!(error instanceof HyperLogLogError)) throw error
      throw new ReplyError(
        error.isCorrupt
          ? 'INVALIDOBJ Corrupted HLL object detected'
          : 'WRONGTYPE Key is not a valid HyperLogLog string value.',
      )
    }
  }

function store(client: Client, key: string, value: HyperLogLog, event?: string): void {
  client.database.update(key, toStringValue(value.toString()))
  if (event !== undefined) client.database.notify('string', event, key)
}

function pfadd(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const key = args[1] as string
  const existing = hyperLogLogOf(database.get(key))
  const value = existing ?? HyperLogLog.empty()
  let isChanged = existing === undefined
  for (let at = 2; at < args.length; at += 1) {
    if (value.add(args[at] as string, server.settings.hllSparseMaxBytes)) isChanged = true
  }
  if (isChanged) {
    // one that is new and empty too: bytes are Redis' own
    value.invalidate()
    store(client, key, value, 'pfadd')
  }
  reply.integer(isChanged ? 1 : 0)
}

function pfcount(client: Client, args: readonly string[]) {
  const { database, reply } = client
  if (args.length === 2) {
    const value = hyperLogLogOf(database.read(args[1] as string))
    if (value === undefined) return reply.integer(0)
    const { cardinality, isNew } = value.count()
    if (isNew) store(client, args[1] as string, value)
    return reply.integer(cardinality)
  }
  const union = new Uint8Array(REGISTERS)
  for (const key of args.slice(1)) {
    const value = hyperLogLogOf(database.read(key))
    if (value !== undefined) mergeRegisters(union, value.registers())
  }
  reply.integer(estimateCardinality(union))
}

function pfmerge(client: Client, args: readonly string[]) {
  const { database, reply, server } = client
  const target = args[1] as string
  const union = new Uint8Array(REGISTERS)
  let isDense = false
  for (const key of args.slice(1)) {
    const value = hyperLogLogOf(database.get(key))
    if (value === undefined) continue
    if (!value.isSparse) isDense = true
    mergeRegisters(union, value.registers())
  }
  const result = hyperLogLogOf(database.get(target)) ?? HyperLogLog.empty()
  if (isDense) result.toDense()
  result.merge(union, server.settings.hllSparseMaxBytes)
  store(client, target, result, 'pfadd')
  reply.ok()
}

function pfdebug(client: Client, args: readonly string[]) {
  const { database, reply } = client
  const [, sub, key] = args as [string, string, string]
  const value = hyperLogLogOf(database.get(key))
  if (value === undefined) throw new ReplyError('ERR The specified key does not exist')
  switch (sub.toLowerCase()) {
    case 'getreg': {
      makeDense(client, key, value)
      const registers = value.registers()
      reply.array(registers.length)
      for (const register of registers) reply.integer(register)
      return
    }
    case 'decode':
      if (!value.isSparse) throw new ReplyError('ERR HLL encoding is not sparse')
      return reply.bulk(describeSparse(value.body))
    case 'encoding':
      return reply.simple(value.isSparse ? 'sparse' : 'dense')
    case 'todense':
      return reply.integer(makeDense(client, key, value) ? 1 : 0)
    default:
      throw new ReplyError(`ERR Unknown PFDEBUG subcommand '${shown(sub)}'`)
  }
}

function makeDense(client: Client, key: string, value: HyperLogLog): boolean {
  if (!value.isSparse) return false
  value.toDense()
  store(client, key, value)
  return true
}

/** Adds known elements to both encodings: they must agree, and with the truth within their error. */
function pfselftest(client: Client) {
  const { reply, server } = client
  const sparse = HyperLogLog.empty()
  const dense = HyperLogLog.empty()
  dense.toDense()
  for (let n = 1; n <= 20_000; n += 1) {
    sparse.add(`element ${n}`, server.settings.hllSparseMaxBytes)
    dense.add(`element ${n}`, 0)
    if (n !== 100 && n !== 1_000 && n !== 20_000) continue
    const counts = [sparse.count().cardinality, dense.count().cardinality] as const
    const isNear = Math.abs(counts[0] - n) / n < 0.05
    if (!isNear || counts[0] !== counts[1]) {
      throw new ReplyError(`ERR TESTFAILED ${n} elements are counted as ${counts.join(' and ')}`)
    }
  }
  reply.ok()
}

const base = { group: 'hyperloglog', categories: ['hyperloglog'], since: '2.8.9' } as const

export const HYPERLOGLOG_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'pfadd',
    syntax: 'key [element [element ...]]',
    complexity: 'O(1) for each element',
    arity: -2,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keyAt(1, 'RW', 'insert')],
    summary: 'Adds elements to a HyperLogLog.',
    handler: checked(pfadd),
  },
  {
    ...base,
    name: 'pfcount',
    syntax: 'key [key ...]',
    complexity: 'O(1) for one key, O(N) for N keys',
    arity: -2,
    flags: ['readonly', 'may_replicate'],
    keys: [keysFrom(1, -1, 1, 'RW', 'access')],
    summary: 'Answers how many distinct elements there are, approximately.',
    handler: checked(pfcount),
  },
  {
    ...base,
    name: 'pfmerge',
    syntax: 'destkey sourcekey [sourcekey ...]',
    complexity: 'O(N), N keys',
    arity: -2,
    flags: ['write', 'denyoom'],
    keys: [keyAt(1, 'RW', 'access', 'insert'), keysFrom(2, -1, 1, 'RO', 'access')],
    summary: 'Merges HyperLogLogs into one.',
    handler: checked(pfmerge),
  },
  {
    ...base,
    name: 'pfdebug',
    syntax: 'subcommand key',
    complexity: 'N/A',
    isInternal: true,
    arity: 3,
    flags: ['write', 'denyoom', 'admin'],
    keys: [keyAt(2, 'RW', 'access')],
    summary: 'Looks into a HyperLogLog.',
    handler: checked(pfdebug),
  },
  {
    ...base,
    name: 'pfselftest',
    complexity: 'N/A',
    isInternal: true,
    arity: 1,
    flags: ['admin'],
    summary: 'Checks the HyperLogLog itself.',
    handler: pfselftest,
  },
]
