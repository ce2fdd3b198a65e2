import { ReplyError } from '../errors.ts'
import type { CommandDefinition } from './command.ts'

const disabled = (): never => {
  throw new ReplyError('ERR This instance has cluster support disabled')
}

const SUBCOMMANDS = [
  ['countkeysinslot', 3, 'Would count the keys of a slot.'],
  ['getkeysinslot', 4, 'Would answer keys of a slot.'],
  ['info', 2, 'Would describe the cluster.'],
  ['keyslot', 3, 'Would answer the slot of a key.'],
  ['myid', 2, 'Would answer the id of this node.'],
  ['nodes', 2, 'Would describe the nodes.'],
  ['shards', 2, 'Would describe the shards.'],
  ['slots', 2, 'Would answer which node has which slots.'],
] as const

/** Words of COMMAND INFO that differ between the subcommands. */
const TIPS: Readonly<Record<string, readonly string[]>> = {
  info: ['nondeterministic_output'],
  nodes: ['nondeterministic_output'],
  shards: ['nondeterministic_output'],
  slots: ['nondeterministic_output'],
  getkeysinslot: ['nondeterministic_output'],
}

const withTips = (name: string): { readonly tips?: readonly string[] } => {
  const tips = TIPS[name]
  return tips === undefined ? {} : { tips }
}

/** There is no cluster, and clients that ask are told so in Redis' words. */
export const CLUSTER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'cluster',
    arity: -2,
    group: 'server',
    flags: [],
    since: '3.0.0',
    summary: 'Tells that this is no cluster.',
    subcommands: SUBCOMMANDS.map(([name, arity, summary]) => ({
      name,
      arity,
      group: 'server',
      flags: ['stale'],
      since: name === 'shards' ? '7.0.0' : '3.0.0',
      summary,
      ...withTips(name),
      handler: disabled,
    })),
  },
  ...(['readonly', 'readwrite'] as const).map(
    (name): CommandDefinition => ({
      name,
      arity: 1,
      group: 'connection',
      categories: ['connection'],
      flags: ['loading', 'stale', 'fast'],
      since: '3.0.0',
      summary: 'Refused outside of a cluster.',
      handler: disabled,
    }),
  ),
  {
    name: 'asking',
    arity: 1,
    group: 'connection',
    categories: ['connection'],
    flags: ['fast'],
    since: '3.0.0',
    summary: 'Refused outside of a cluster.',
    handler: disabled,
  },
]
