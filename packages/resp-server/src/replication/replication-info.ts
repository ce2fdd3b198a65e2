import { backlogLines, replicaLine } from '../downstream/downstream-info.ts'
import type { History } from '../persistence/control.ts'
import type { ServerContext } from '../server/context.ts'
import { upstreamLines } from '../upstream/upstream-info.ts'
import type { Replication } from './replication.ts'

const NO_ID = '0'.repeat(40)

/** INFO's section, in Redis' names; offsets are sequences of the primary's store. */
export function replicationLines(server: ServerContext): string[] {
  const { replication, upstream } = server
  if (upstream.isFollowing) return upstreamLines(server, upstream)
  if (replication === undefined) {
    const { id, past, offset } = server.downstream
    return [...master(id, offset, downstreamLines(server, 0), past), ...backlogLines(server)]
  }
  return replication.isPrimary
    ? primaryLines(server, replication)
    : replicaLines(server, replication)
}

/** Those who follow by Redis' protocol; their offsets are bytes. */
const downstreamLines = (server: ServerContext, first: number): string[] =>
  [...server.downstream.replicas].map((replica, at) => replicaLine(server, replica, first + at))

const master = (
  id: string,
  offset: number,
  replicas: readonly string[],
  past?: History,
): string[] => [
  'role:master',
  `connected_slaves:${replicas.length}`,
  ...replicas,
  'master_failover_state:no-failover',
  `master_replid:${id}`,
  `master_replid2:${past?.ids[0] ?? NO_ID}`,
  `master_repl_offset:${offset}`,
  `second_repl_offset:${past === undefined ? -1 : past.bytes + 1}`,
]

function primaryLines(server: ServerContext, replication: Replication): string[] {
  const now = server.clock.monotonic()
  const { timeline, sequence } = replication.position
  const replicas = replication.followers.map(({ address, applied, lastSeen }, index) => {
    const state = applied > 0 ? 'online' : 'wait_bgsave'
    const lag = Math.floor((now - lastSeen) / 1000)
    const where = `ip=${address.host},port=${address.port}`
    return `slave${index}:${where},state=${state},offset=${applied},lag=${lag}`
  })
  return [
    ...master(timeline.id, sequence, [
      ...replicas,
      ...downstreamLines(server, replicas.length),
    ]).map((line) =>
      line.startsWith('master_failover_state:')
        ? `master_failover_state:${replication.handover.state}`
        : line,
    ),
    ...backlog(replication),
    `ashlar_epoch:${timeline.epoch}`,
  ]
}

function replicaLines({ clock }: ServerContext, replication: Replication): string[] {
  const { link, shard, position } = replication
  const { timeline, sequence } = position
  const heard = link === undefined ? -1 : Math.floor((clock.monotonic() - link.lastHeard) / 1000)
  return [
    'role:slave',
    `master_host:${shard?.primary.address.host ?? ''}`,
    `master_port:${shard?.primary.address.port ?? 0}`,
    `master_link_status:${link?.state === 'connected' ? 'up' : 'down'}`,
    `master_last_io_seconds_ago:${heard}`,
    `master_sync_in_progress:${link?.state === 'sync' ? 1 : 0}`,
    `slave_read_repl_offset:${sequence}`,
    `slave_repl_offset:${sequence}`,
    'slave_priority:100',
    'slave_read_only:1',
    'replica_announced:1',
    'connected_slaves:0',
    'master_failover_state:no-failover',
    `master_replid:${timeline.id}`,
    `master_replid2:${NO_ID}`,
    `master_repl_offset:${sequence}`,
    'second_repl_offset:-1',
    ...backlog(replication),
    `ashlar_epoch:${timeline.epoch}`,
    `ashlar_link_error:${link?.lastError.replaceAll(/[\r\n]+/g, ' ') ?? ''}`,
  ]
}

/** The log of the store, in changes: bytes are not what it is counted in. */
const backlog = ({ log }: Replication): string[] => [
  'repl_backlog_active:1',
  `repl_backlog_first_byte_offset:${log.oldestChange}`,
  `repl_backlog_histlen:${log.lastSequence - log.oldestChange}`,
]
