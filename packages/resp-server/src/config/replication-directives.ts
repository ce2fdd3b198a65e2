import { type Directive, integer, text, yesNo } from './directive.ts'

const COUNT = { min: 0, max: 0x7fff_ffff } as const
const PORT = { min: 0, max: 65_535, isMutable: false } as const

/** What makes a server a node of a group or cluster; those of Redis' own under its names. */
export const REPLICATION_DIRECTIVES: readonly Directive[] = [
  text('replication-transport', 'replicationTransport', false),
  text('replication-name', 'replicationName', false),
  text('replication-group', 'replicationGroup', false),
  text('replication-node', 'replicationNode', false),
  integer('replication-lease-ms', 'replicationLeaseMs', { ...COUNT, min: 100, isMutable: false }),
  { ...text('replica-announce-ip', 'replicaAnnounceIp', false), aliases: ['slave-announce-ip'] },
  integer('replica-announce-port', 'replicaAnnouncePort', {
    ...PORT,
    aliases: ['slave-announce-port'],
  }),
  integer('min-replicas-to-write', 'minReplicasToWrite', {
    ...COUNT,
    aliases: ['min-slaves-to-write'],
  }),
  integer('min-replicas-max-lag', 'minReplicasMaxLag', {
    ...COUNT,
    aliases: ['min-slaves-max-lag'],
  }),
  yesNo('cluster-enabled', 'clusterEnabled', false),
]
