import type { Client } from '../clients/client.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { describeShards, describeSlots, infoLines, nodeLines } from '../cluster/describe-cluster.ts'
import { keySlot } from '../cluster/key-slot.ts'
import { ReplyError } from '../errors.ts'
import { integer } from './arguments.ts'
import { SLOT_SUBCOMMANDS, slotOf } from './cluster-slots.ts'
import { clusterOf } from './cluster-state.ts'
import type { CommandDefinition, Handler } from './command.ts'

type ClusterHandler = (client: Client, cluster: Cluster, args: readonly string[]) => void

const inCluster =
  (handler: ClusterHandler): Handler =>
  (client, args) =>
    handler(client, clusterOf(client), args)

function keysInSlot(client: Client, cluster: Cluster, args: readonly string[]): void {
  const { reply, isInTransaction } = client
  const limit = integer(args[3] as string)
  if (limit < 0) throw new ReplyError('ERR Invalid number of keys')
  const keys = [...cluster.keysIn(slotOf(args[2] as string), limit, isInTransaction)]
  reply.array(keys.length)
  for (const key of keys) reply.bulk(key)
}

const lines = (text: readonly string[], end: string): string =>
  text.map((line) => line + end).join('')

const SUBCOMMANDS: readonly (readonly [string, number, string, ClusterHandler])[] = [
  [
    'countkeysinslot',
    3,
    'Answers how many keys of a slot are here.',
    ({ reply, isInTransaction }, cluster, args) => {
      reply.integer(
        [...cluster.keysIn(slotOf(args[2] as string), Number.POSITIVE_INFINITY, isInTransaction)]
          .length,
      )
    },
  ],
  ['getkeysinslot', 4, 'Answers keys of a slot.', keysInSlot],
  [
    'info',
    2,
    'Describes the cluster.',
    ({ reply }, cluster) => reply.verbatim(lines(infoLines(cluster), '\r\n')),
  ],
  [
    'keyslot',
    3,
    'Answers the slot of a key.',
    ({ reply }, _, args) => reply.integer(keySlot(args[2] as string)),
  ],
  ['myid', 2, 'Answers the id of this node.', ({ reply }, cluster) => reply.bulk(cluster.selfId)],
  [
    'nodes',
    2,
    'Describes the nodes.',
    ({ reply }, cluster) => reply.verbatim(lines(nodeLines(cluster), '\n')),
  ],
  ['shards', 2, 'Describes the groups.', ({ reply }, cluster) => describeShards(cluster, reply)],
  [
    'slots',
    2,
    'Answers which node has which slots.',
    ({ reply }, cluster) => describeSlots(cluster, reply),
  ],
]

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

const reading =
  (readsReplicas: boolean): Handler =>
  (client) => {
    clusterOf(client)
    client.readsReplicas = readsReplicas
    client.reply.ok()
  }

/** One node of a cluster; without one, clients that ask are told so in Redis' words. */
export const CLUSTER_COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'cluster',
    arity: -2,
    group: 'server',
    flags: [],
    since: '3.0.0',
    summary: 'Describes the cluster and changes who has which slots.',
    subcommands: [
      ...SUBCOMMANDS.map(
        ([name, arity, summary, handler]): CommandDefinition => ({
          name,
          arity,
          group: 'server',
          flags: ['stale'],
          since: name === 'shards' ? '7.0.0' : '3.0.0',
          summary,
          ...withTips(name),
          handler: inCluster(handler),
        }),
      ),
      ...SLOT_SUBCOMMANDS,
    ],
  },
  ...(['readonly', 'readwrite'] as const).map(
    (name): CommandDefinition => ({
      name,
      arity: 1,
      group: 'connection',
      categories: ['connection'],
      flags: ['loading', 'stale', 'fast'],
      since: '3.0.0',
      summary:
        name === 'readonly'
          ? 'Lets this connection read from a replica.'
          : 'Sends this connection to the primary again.',
      handler: reading(name === 'readonly'),
    }),
  ),
  {
    name: 'asking',
    arity: 1,
    group: 'connection',
    categories: ['connection'],
    flags: ['fast'],
    since: '3.0.0',
    summary: 'The next command is for a slot that is on its way here.',
    handler: (client: Client) => {
      clusterOf(client)
      client.isAsking = true
      client.reply.ok()
    },
  },
]
