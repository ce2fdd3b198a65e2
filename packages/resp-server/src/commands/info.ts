import type { Client } from '../clients/client.ts'
import { INFO_SECTIONS, type InfoSection } from '../server/info-sections.ts'
import type { CommandDefinition } from './command.ts'

function info(client: Client, args: readonly string[]) {
  const wanted = args.slice(1).map((name) => name.toLowerCase())
  const isWanted = ({ name, isExtra, isModule }: InfoSection): boolean => {
    if (isModule && wanted.includes('modules')) return true
    if (wanted.includes('everything') || wanted.includes(name.toLowerCase())) return true
    if (wanted.includes('all')) return name !== 'Modules' && !isModule
    return isExtra !== true && !isModule && (wanted.length === 0 || wanted.includes('default'))
  }
  client.server.timing.settle()
  const chosen = [...INFO_SECTIONS, ...client.server.modules.infoSections].filter(isWanted)
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
    syntax: '[section [section ...]]',
    complexity: 'O(1)',
    history: [['7.0.0', 'Takes several sections.']],
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
