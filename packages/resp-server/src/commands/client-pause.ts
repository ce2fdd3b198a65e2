import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import { parseInteger } from '../values/numbers.ts'
import type { CommandDefinition } from './command.ts'

const MAX_PAUSE_MS = 2 ** 31 - 1

function pause(client: Client, args: readonly string[]) {
  const mode = (args[3] ?? 'all').toLowerCase()
  if (args.length > 4 || (mode !== 'all' && mode !== 'write')) {
    throw new ReplyError('ERR CLIENT PAUSE mode must be WRITE or ALL')
  }
  const milliseconds = parseInteger(args[2] as string)
  if (milliseconds === undefined) {
    throw new ReplyError('ERR timeout is not an integer or out of range')
  }
  if (milliseconds < 0) throw new ReplyError('ERR timeout is negative')
  client.server.keyspace.holdsExpired = true
  client.server.pause.start(mode, Math.min(MAX_PAUSE_MS, Number(milliseconds)))
  client.reply.ok()
}

function unpause(client: Client) {
  client.server.pause.end()
  client.reply.ok()
}

const base = {
  group: 'connection',
  categories: ['connection'],
  flags: ['admin', 'noscript', 'loading', 'stale'],
} as const

/** Subcommands of CLIENT. */
export const PAUSE_SUBCOMMANDS: readonly CommandDefinition[] = [
  {
    ...base,
    name: 'pause',
    syntax: 'timeout mode=[WRITE | ALL]@6.2.0',
    complexity: 'O(1)',
    arity: -3,
    since: '3.0.0',
    summary: 'Lets requests wait for a while, all of them or those that write.',
    handler: pause,
  },
  {
    ...base,
    name: 'unpause',
    complexity: 'O(N), N paused clients',
    arity: 2,
    since: '6.2.0',
    summary: 'Ends the wait of CLIENT PAUSE.',
    handler: unpause,
  },
]
