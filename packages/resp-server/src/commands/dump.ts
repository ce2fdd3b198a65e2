import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import { NO_EXPIRY, type Value } from '../keyspace/value.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import { asText, type Bytes } from '../protocol/reply.ts'
import { dumpValue, isDump, restoreValue } from '../rdb/dump.ts'
import { RdbError } from '../rdb/rdb-error.ts'
import { parseInteger } from '../values/numbers.ts'
import { integer, syntaxError } from './arguments.ts'
import { type CommandDefinition, keyAt } from './command.ts'

function dump(client: Client, args: readonly string[]) {
  const value = client.database.read(args[1] as string)
  if (value === undefined) return client.reply.null()
  client.reply.bulk(dumpValue(value, client.server.settings))
}

interface RestoreOptions {
  replaces: boolean
  isAbsolute: boolean
  idleSeconds: number | undefined
  frequency: number | undefined
}

function parseRestore(args: readonly Bytes[]): RestoreOptions {
  const found: RestoreOptions = {
    replaces: false,
    isAbsolute: false,
    idleSeconds: undefined,
    frequency: undefined,
  }
  for (let at = 4; at < args.length; at += 1) {
    const option = asText(args[at] as Bytes).toUpperCase()
    const hasMore = at + 1 < args.length
    if (option === 'REPLACE') found.replaces = true
    else if (option === 'ABSTTL') found.isAbsolute = true
    else if (option === 'IDLETIME' && hasMore) {
      at += 1
      const idle = integer(asText(args[at] as Bytes))
      if (idle < 0) throw new ReplyError('ERR Invalid IDLETIME value, must be >= 0')
      found.idleSeconds = idle
    } else if (option === 'FREQ' && hasMore) {
      at += 1
      const frequency = integer(asText(args[at] as Bytes))
      if (frequency < 0 || frequency > 255) {
        throw new ReplyError('ERR Invalid FREQ value, must be >= 0 and <= 255')
      }
      found.frequency = frequency
    } else throw syntaxError()
  }
  return found
}

/** How lately or how often the key was used where it comes from, under the policy that is on. */
function setAccess(database: Database, key: string, options: RestoreOptions): void {
  const { accesses } = database.keyspace
  const { idleSeconds, frequency } = options
  const access = accesses.countsUses
    ? frequency === undefined
      ? undefined
      : accesses.withFrequency(frequency)
    : idleSeconds === undefined
      ? undefined
      : accesses.idleFor(idleSeconds)
  if (access !== undefined) database.table.setAccess(database.slot(key), access)
}

function restored(payload: Bytes, modules: ModuleTypes): Value {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  if (!isDump(bytes)) throw new ReplyError('ERR DUMP payload version or checksum are wrong')
  try {
    return restoreValue(bytes, modules)
  } catch (error) {
    if (error instanceof RdbError) throw new ReplyError('ERR Bad data format')
    throw error
  }
}

function restore(client: Client, args: readonly Bytes[]) {
  const { database, reply, server } = client
  const key = asText(args[1] as Bytes)
  const options = parseRestore(args)
  if (!options.replaces && database.has(key)) {
    throw new ReplyError('BUSYKEY Target key name already exists.')
  }
  const ttl = parseInteger(asText(args[2] as Bytes))
  if (ttl === undefined) throw new ReplyError('ERR value is not an integer or out of range')
  if (ttl < 0) throw new ReplyError('ERR Invalid TTL value, must be >= 0')
  const value = restored(args[3] as Bytes, server.modules.types)
  const { now } = server.keyspace
  const expiry = ttl === 0 ? NO_EXPIRY : Number(ttl) + (options.isAbsolute ? 0 : now)
  if (server.keyspace.isOver(expiry)) {
    if (options.replaces) database.remove(key)
  } else {
    if (options.replaces) database.discard(key)
    database.set(key, value, expiry)
    setAccess(database, key, options)
    database.notify('generic', 'restore', key)
  }
  reply.ok()
}

const base = { group: 'generic', categories: ['keyspace'] } as const
const restoring = {
  ...base,
  arity: -4,
  categories: ['keyspace', 'dangerous'],
  keys: [keyAt(1, 'OW', 'update')],
  takesBuffers: true,
  handler: restore,
} as const

export const DUMP_COMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'dump',
    syntax: 'key',
    complexity: 'O(N), N bytes of the value',
    arity: 2,
    flags: ['readonly'],
    keys: [keyAt(1, 'RO', 'access')],
    since: '2.6.0',
    summary: "Answers what a key holds in Redis' own serialized form.",
    tips: ['nondeterministic_output'],
    handler: dump,
  },
  {
    ...restoring,
    name: 'restore',
    syntax:
      'key ttl serialized-value [REPLACE]@3.0.0 [ABSTTL]@5.0.0 [IDLETIME seconds]@5.0.0 [FREQ frequency]@5.0.0',
    complexity: 'O(N), N bytes; O(N*log(N)) for sorted sets',
    flags: ['write', 'denyoom'],
    since: '2.6.0',
    summary: 'Makes a key of what DUMP answered.',
  },
  {
    ...restoring,
    name: 'restore-asking',
    syntax:
      'key ttl serialized-value [REPLACE]@3.0.0 [ABSTTL]@5.0.0 [IDLETIME seconds]@5.0.0 [FREQ frequency]@5.0.0',
    complexity: 'O(N), N bytes; O(N*log(N)) for sorted sets',
    isInternal: true,
    group: 'server',
    flags: ['write', 'denyoom', 'asking'],
    since: '3.0.0',
    summary: 'As RESTORE, while a slot moves.',
  },
]
