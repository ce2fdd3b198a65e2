import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { digestOfAll, digestOfKey } from '../keyspace/digest.ts'
import { freeValues } from '../modules/free-values.ts'
import { dumpValue } from '../rdb/dump.ts'
import { float } from './arguments.ts'
import type { CommandDefinition } from './command.ts'
import { encodingOf } from './object.ts'
import { waitFor } from './server.ts'

/** Stops the whole server, as Redis does. */
function sleep(client: Client, seconds: number) {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  Atomics.wait(cell, 0, 0, seconds * 1000)
  client.reply.ok()
}

/** Forgets all memory and goes on from the store. */
function reload(client: Client) {
  const { durability, keyspace } = client.server
  const work = durability.reload().then((tables) => {
    keyspace.databases.forEach((database, index) => {
      freeValues(database.table)
      database.table = tables[index] as typeof database.table
    })
  })
  waitFor(client, work, () => client.reply.ok())
}

/** Of Redis' own numbers: what DUMP puts around the bytes of a value, and that its clock has 24 bits. */
const DUMP_FRAME_BYTES = 11
const LRU_CLOCK = 2 ** 24

/** Where it stands, V8 does not tell; the other facts are as in Redis. */
function object(client: Client, key: string) {
  const { database, server, reply } = client
  const value = database.peek(key)
  if (value === undefined) throw new ReplyError('ERR no such key')
  const bytes = dumpValue(value, server.settings).length - DUMP_FRAME_BYTES
  const { accesses, now } = server.keyspace
  const slot = database.slot(key)
  const idle = accesses.countsUses ? 0 : accesses.idleSeconds(database.table.accessAt(slot))
  const lru = Math.floor(now / 1000 - idle) % LRU_CLOCK
  reply.simple(
    `Value at:0x0 refcount:1 encoding:${encodingOf(value, server.settings)} ` +
      `serializedlength:${bytes} lru:${lru} lru_seconds_idle:${idle}`,
  )
}

function debug(client: Client, args: readonly string[]) {
  const { keyspace, settings } = client.server
  if (settings.enableDebugCommand === 'no') {
    throw new ReplyError(
      'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you ' +
        'can run it from a local connection, otherwise you need to set this option in the ' +
        'configuration file, and then restart the server.',
    )
  }
  const name = (args[1] as string).toLowerCase()
  if (name === 'sleep' && args.length === 3) return sleep(client, float(args[2] as string))
  if (name === 'object' && args.length === 3) return object(client, args[2] as string)
  if (name === 'reload' && args.length === 2) return reload(client)
  if (name === 'set-active-expire' && args.length === 3) {
    keyspace.activeExpiry = args[2] !== '0'
    if (keyspace.activeExpiry) keyspace.scheduleExpiry()
    return client.reply.ok()
  }
  if (name === 'digest' && args.length === 2) {
    for (const { table } of keyspace.databases) client.server.durability.loadAll(table)
    return client.reply.simple(digestOfAll(keyspace.databases))
  }
  if (name === 'digest-value' && args.length > 2) {
    client.reply.array(args.length - 2)
    for (const key of args.slice(2)) client.reply.simple(digestOfKey(client.database, key))
    return undefined
  }
  throw new ReplyError(
    `ERR unknown subcommand or wrong number of arguments for '${args[1]}'. Try DEBUG HELP.`,
  )
}

export const DEBUG_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'debug',
    complexity: 'Depends on the subcommand.',
    isInternal: true,
    arity: -2,
    group: 'server',
    flags: ['admin', 'noscript', 'loading', 'stale'],
    since: '1.0.0',
    summary: 'SLEEP, RELOAD, OBJECT, DIGEST, DIGEST-VALUE and SET-ACTIVE-EXPIRE, for tests.',
    handler: debug,
  },
]
