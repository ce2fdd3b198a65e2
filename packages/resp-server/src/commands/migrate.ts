import type { Client } from '../clients/client.ts'
import { type MigrationRequest, migrate } from '../cluster/migration.ts'
import { ReplyError } from '../errors.ts'
import { integer, syntaxError } from './arguments.ts'
import type { CommandDefinition, KeySpec } from './command.ts'
import { waitFor } from './server.ts'

const DEFAULT_TIMEOUT_MS = 1000

/** The one key, or those after KEYS where that is an option and no password; both are an error. */
function keyPositions(args: readonly string[]): number[] {
  for (let at = 6; at < args.length; at += 1) {
    const word = (args[at] as string).toLowerCase()
    if (word === 'keys') {
      return args[3] === '' ? args.slice(at + 1).map((_, index) => at + 1 + index) : []
    }
    if (word === 'auth') at += 1
    else if (word === 'auth2') at += 2
  }
  return [3]
}

/** MIGRATE host port key|"" database timeout [COPY] [REPLACE] [AUTH p | AUTH2 u p] [KEYS key ...] */
function parse(args: readonly string[]): MigrationRequest {
  const [, host, port, key, database, timeout] = args as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  let keys: readonly string[] = [key]
  const words = new Set<string>()
  let credentials: readonly string[] = []
  for (let at = 6; at < args.length; at += 1) {
    const word = (args[at] as string).toLowerCase()
    if (word === 'copy' || word === 'replace') words.add(word)
    else if (word === 'auth' && at + 1 < args.length) {
      credentials = args.slice(at + 1, at + 2)
      at += 1
    } else if (word === 'auth2' && at + 2 < args.length) {
      credentials = args.slice(at + 1, at + 3)
      at += 2
    } else if (word === 'keys') {
      if (key !== '') {
        throw new ReplyError(
          'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
        )
      }
      keys = args.slice(at + 1)
      break
    } else throw syntaxError()
  }
  const timeoutMs = integer(timeout)
  return {
    host,
    port: integer(port),
    database: integer(database),
    timeoutMs: timeoutMs <= 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
    keys,
    copies: words.has('copy'),
    replaces: words.has('replace'),
    credentials,
  }
}

function handle(client: Client, args: readonly string[]): void {
  const request = parse(args)
  if (client.isInTransaction || client.isScript) {
    throw new ReplyError('ERR MIGRATE does not wait within MULTI and scripts')
  }
  let hasMoved = false
  const work = migrate(client.server, client.database, request).then((moved) => {
    hasMoved = moved
  })
  waitFor(client, work, () => client.reply.simple(hasMoved ? 'OK' : 'NOKEY'))
}

const flags = ['RW', 'access', 'delete'] as const
const single: KeySpec = { flags, begin: { index: 3 }, find: { lastKey: 0, step: 1, limit: 0 } }
const several: KeySpec = {
  flags: [...flags, 'incomplete'],
  begin: { keyword: 'KEYS', startFrom: -2 },
  find: { lastKey: -1, step: 1, limit: 0 },
}

export const MIGRATE_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'migrate',
    syntax:
      'host port key_or_empty_string=<key | empty_string=""> destination-db timeout [COPY]@3.0.0 [REPLACE]@3.0.0 authentication=[[AUTH password]@4.0.7 | [AUTH2 username password]@6.0.0] [KEYS key [key ...]]@3.0.6',
    complexity: 'O(N), N bytes of the values, here and there',
    arity: -6,
    group: 'generic',
    categories: ['keyspace', 'dangerous'],
    flags: ['write', 'movablekeys'],
    keys: [single, several],
    keyPositions,
    since: '2.6.0',
    summary: 'Moves keys to another server.',
    tips: ['nondeterministic_output'],
    handler: handle,
  },
]
