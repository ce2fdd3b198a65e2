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

const row = { group: 'cluster', flags: ['stale'], since: '3.0.0' } as const
const tips = ['nondeterministic_output']

const SUBCOMMANDS: readonly CommandDefinition[] = [
  {
    ...row,
    name: 'countkeysinslot',
    syntax: 'slot',
    complexity: 'O(1)',
    arity: 3,
    summary: 'Answers how many keys of a slot are here.',
    handler: inCluster(({ reply, isInTransaction }, cluster, args) => {
      const slot = slotOf(args[2] as string)
      reply.integer([...cluster.keysIn(slot, Number.POSITIVE_INFINITY, isInTransaction)].length)
    }),
  },
  {
    ...row,
    name: 'getkeysinslot',
    syntax: 'slot count',
    complexity: 'O(N), N keys answered',
    arity: 4,
    summary: 'Answers keys of a slot.',
    tips,
    handler: inCluster(keysInSlot),
  },
  {
    ...row,
    name: 'info',
    complexity: 'O(1)',
    arity: 2,
    summary: 'Describes the cluster.',
    tips,
    handler: inCluster(({ reply }, cluster) => reply.verbatim(lines(infoLines(cluster), '\r\n'))),
  },
  {
    ...row,
    name: 'keyslot',
    syntax: 'key:string',
    complexity: 'O(N), N bytes',
    arity: 3,
    summary: 'Answers the slot of a key.',
    handler: inCluster(({ reply }, _, args) => reply.integer(keySlot(args[2] as string))),
  },
  {
    ...row,
    name: 'myid',
    complexity: 'O(1)',
    arity: 2,
    summary: 'Answers the id of this node.',
    handler: inCluster(({ reply }, cluster) => reply.bulk(cluster.selfId)),
  },
  {
    ...row,
    name: 'nodes',
    complexity: 'O(N), N nodes',
    arity: 2,
    summary: 'Describes the nodes.',
    tips,
    handler: inCluster(({ reply }, cluster) => reply.verbatim(lines(nodeLines(cluster), '\n'))),
  },
  {
    ...row,
    name: 'shards',
    complexity: 'O(N), N nodes',
    arity: 2,
    since: '7.0.0',
    summary: 'Describes the groups.',
    tips,
    handler: inCluster(({ reply }, cluster) => describeShards(cluster, reply)),
  },
  {
    ...row,
    name: 'slots',
    complexity: 'O(N), N nodes',
    deprecated: { since: '7.0.0', replacedBy: '`CLUSTER SHARDS`' },
    history: [
      ['4.0.0', 'Answers the ids of nodes.'],
      ['7.0.0', 'Answers more of how nodes are reached.'],
    ],
    arity: 2,
    summary: 'Answers which node has which slots.',
    tips,
    handler: inCluster(({ reply }, cluster) => describeSlots(cluster, reply)),
  },
]

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
    complexity: 'Depends on the subcommand.',
    arity: -2,
    group: 'cluster',
    flags: [],
    since: '3.0.0',
    summary: 'Describes the cluster and changes who has which slots.',
    subcommands: [...SUBCOMMANDS, ...SLOT_SUBCOMMANDS],
  },
  ...(['readonly', 'readwrite'] as const).map(
    (name): CommandDefinition => ({
      name,
      complexity: 'O(1)',
      arity: 1,
      group: 'cluster',
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
    complexity: 'O(1)',
    arity: 1,
    group: 'cluster',
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
