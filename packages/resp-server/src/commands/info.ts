import type { Client } from '../clients/client.ts'
import { INFO_SECTIONS, type InfoSection } from '../server/info-sections.ts'
import type { CommandDefinition } from './command.ts'

function info(client: Client, args: readonly string[]) {
  const wanted = args.slice(1).map((name) => name.toLowerCase())
  const takesAll =
    wanted.length === 0 || ['default', 'all', 'everything'].some((name) => wanted.includes(name))
  const chosen = takesAll
    ? INFO_SECTIONS
    : INFO_SECTIONS.filter(({ name }: InfoSection) => wanted.includes(name.toLowerCase()))
  const text = chosen
    .map(
      ({ name, lines }) =>
        `# ${name}\r\n${lines(client.server)
          .map((line) => `${line}\r\n`)
          .join('')}`,
    )
    .join('\r\n')
  client.reply.verbatim(text)
}

export const INFO_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'info',
    arity: -1,
    group: 'server',
    categories: ['dangerous'],
    flags: ['loading', 'stale'],
    since: '1.0.0',
    summary: 'Describes the server by sections.',
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    handler: info,
  },
]
