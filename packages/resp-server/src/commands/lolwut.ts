import type { Client } from '../clients/client.ts'
import { REDIS_VERSION } from '../server/version.ts'
import type { CommandDefinition } from './command.ts'

const WALL = [
  '  _____________________________ ',
  ' |______|_________|_______|____|',
  ' |___|_________|______|________|',
  ' |________|______|_________|___|',
]

/** A wall of stones that fit without mortar, and the version, as tradition wants it. */
function lolwut({ reply }: Client) {
  reply.verbatim(`${WALL.join('\n')}\n\nRedis ver. ${REDIS_VERSION}\n`)
}

export const LOLWUT_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'lolwut',
    syntax: '[VERSION version]',
    arity: -1,
    group: 'server',
    categories: ['read'],
    flags: ['readonly', 'fast'],
    since: '5.0.0',
    summary: 'Shows a picture and the version.',
    handler: lolwut,
  },
]
