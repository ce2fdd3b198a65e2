import type { Reply } from '../protocol/reply.ts'
import type { Address, Member } from '../replication/member.ts'
import type { Cluster } from './cluster.ts'
import { SLOTS } from './key-slot.ts'

/** CLUSTER INFO, in Redis' names. */
export function infoLines(cluster: Cluster): string[] {
  const { slots, shards } = cluster.board
  const { assigned, epoch } = slots
  const nodes = cluster.groups.reduce((sum, { shard }) => sum + 1 + shard.replicas.length, 0)
  const served = new Set(slots.ranges.map(({ group }) => group))
  const isWhole = assigned === SLOTS && [...served].every((group) => shards.has(group))
  return [
    `cluster_state:${isWhole ? 'ok' : 'fail'}`,
    `cluster_slots_assigned:${assigned}`,
    `cluster_slots_ok:${assigned}`,
    'cluster_slots_pfail:0',
    'cluster_slots_fail:0',
    `cluster_known_nodes:${nodes}`,
    `cluster_size:${served.size}`,
    `cluster_current_epoch:${epoch}`,
    `cluster_my_epoch:${shards.get(cluster.group)?.epoch ?? 0}`,
  ]
}

/** CLUSTER SLOTS: first, last, then the nodes with the primary in front. */
export function describeSlots(cluster: Cluster, reply: Reply): void {
  const served = cluster.board.slots.ranges.flatMap(({ group, range }) => {
    const shard = cluster.board.shards.get(group)
    return shard === undefined ? [] : [{ range, members: cluster.membersOf(shard) }]
  })
  reply.array(served.length)
  for (const { range, members } of served) {
    reply.array(2 + members.length)
    reply.integer(range[0])
    reply.integer(range[1])
    for (const { node, address } of members) {
      reply.array(4)
      reply.bulk(address.host)
      reply.integer(address.port)
      reply.bulk(cluster.idOf(node))
      reply.array(0)
    }
  }
}

/** CLUSTER SHARDS. */
export function describeShards(cluster: Cluster, reply: Reply): void {
  const { groups } = cluster
  reply.array(groups.length)
  for (const { group, shard } of groups) {
    const ranges = rangesOf(cluster, group)
    reply.map(2)
    reply.bulk('slots')
    reply.array(ranges.length * 2)
    for (const [first, last] of ranges) {
      reply.integer(first)
      reply.integer(last)
    }
    reply.bulk('nodes')
    const members = cluster.membersOf(shard)
    reply.array(members.length)
    for (const member of members) describeMember(cluster, reply, member, shard.primary === member)
  }
}

function describeMember(
  cluster: Cluster,
  reply: Reply,
  { node, address }: Member,
  isPrimary: boolean,
): void {
  reply.map(6)
  reply.bulk('id')
  reply.bulk(cluster.idOf(node))
  reply.bulk('port')
  reply.integer(address.port)
  reply.bulk('ip')
  reply.bulk(address.host)
  reply.bulk('endpoint')
  reply.bulk(address.host)
  reply.bulk('role')
  reply.bulk(isPrimary ? 'master' : 'replica')
  reply.bulk('health')
  reply.bulk('online')
}

/** CLUSTER NODES: a line for each. There is no bus between them, hence no port of one. */
export function nodeLines(cluster: Cluster): string[] {
  return cluster.groups.flatMap(({ group, shard }) =>
    cluster.membersOf(shard).map(({ node, address }) => {
      const id = cluster.idOf(node)
      const isPrimary = node === shard.primary.node
      const flags = [id === cluster.selfId ? 'myself' : '', isPrimary ? 'master' : 'slave']
      const master = isPrimary ? '-' : cluster.idOf(shard.primary.node)
      const slots = isPrimary ? slotWords(cluster, group) : []
      return [
        ...[id, `${at(address)}@0`, flags.filter((flag) => flag !== '').join(','), master],
        ...['0', '0', String(shard.epoch), 'connected', ...slots],
      ].join(' ')
    }),
  )
}

/** As CLUSTER NODES lists them: ranges, and what moves. */
function slotWords(cluster: Cluster, group: string): string[] {
  const ranges = rangesOf(cluster, group).map(([first, last]) =>
    first === last ? String(first) : `${first}-${last}`,
  )
  if (group !== cluster.group) return ranges
  const primaryOf = (other: string): string =>
    cluster.idOf(cluster.board.shards.get(other)?.primary.node ?? '')
  for (const { slot, from, to } of cluster.board.slots.moves.values()) {
    if (from === group) ranges.push(`[${slot}->-${primaryOf(to)}]`)
    if (to === group) ranges.push(`[${slot}-<-${primaryOf(from)}]`)
  }
  return ranges
}

const rangesOf = (cluster: Cluster, group: string) =>
  cluster.board.slots.ranges.filter((one) => one.group === group).map(({ range }) => range)

const at = ({ host, port }: Address): string => `${host}:${port}`
