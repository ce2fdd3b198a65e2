import { backlogLines, replicaLine } from '../downstream/downstream-info.ts'
import type { ServerContext } from '../server/context.ts'
import type { Upstream } from './upstream.ts'

const NO_ID = '0'.repeat(40)

/** INFO's lines of a server that follows one of Redis' protocol, in Redis' names. */
export function upstreamLines(server: ServerContext, upstream: Upstream): string[] {
  const { clock, settings, downstream } = server
  const { record, link } = upstream
  const { id = NO_ID, bytes = 0 } = upstream.offset ?? {}
  const isUp = upstream.isLinkUp
  const heard = link === undefined ? -1 : Math.floor((clock.monotonic() - link.lastHeard) / 1000)
  return [
    'role:slave',
    `master_host:${record?.host ?? ''}`,
    `master_port:${record?.port ?? 0}`,
    `master_link_status:${isUp ? 'up' : 'down'}`,
    `master_last_io_seconds_ago:${heard}`,
    `master_sync_in_progress:${link?.state === 'sync' ? 1 : 0}`,
    `slave_read_repl_offset:${bytes}`,
    `slave_repl_offset:${bytes}`,
    'slave_priority:100',
    `slave_read_only:${settings.replicaReadOnly ? 1 : 0}`,
    'replica_announced:1',
    `connected_slaves:${downstream.replicas.size}`,
    ...[...downstream.replicas].map((replica, at) => replicaLine(server, replica, at)),
    'master_failover_state:no-failover',
    // as those know it who follow this server, if anybody does
    `master_replid:${downstream.isOn ? downstream.id : id}`,
    `master_replid2:${NO_ID}`,
    `master_repl_offset:${downstream.isOn ? downstream.offset : bytes}`,
    'second_repl_offset:-1',
    ...backlogLines(server),
    ...(isUp || upstream.lastError === '' ? [] : [`ashlar_upstream_error:${upstream.lastError}`]),
  ]
}
