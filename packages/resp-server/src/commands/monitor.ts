import type { Client } from '../clients/client.ts'
import { ReplyError } from '../errors.ts'
import type { CommandDefinition } from './command.ts'

function monitor(client: Client) {
  if (client.isInTransaction) {
    throw new ReplyError("ERR MONITOR isn't allowed for DENY BLOCKING client")
  }
  client.server.monitors.add(client)
  client.reply.ok()
}

export const MONITOR_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'monitor',
    arity: 1,
    group: 'server',
    flags: ['admin', 'noscript', 'loading', 'stale'],
    since: '1.0.0',
    summary: 'Shows every command that the server runs, as it runs it.',
    handler: monitor,
  },
]
