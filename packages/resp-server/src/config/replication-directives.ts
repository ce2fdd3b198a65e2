import { type Directive, integer, text, yesNo } from './directive.ts'

const COUNT = { min: 0, max: 0x7fff_ffff } as const
const PORT = { min: 0, max: 65_535, isMutable: false } as const

/** `<host> <port>`, or `no one`. */
const replicaof: Directive = {
  name: 'replicaof',
  setting: 'replicaof',
  aliases: ['slaveof'],
  isMutable: false,
  show: (settings) => settings.replicaof,
  apply(settings, given) {
    const words = given.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '')
    const [host = '', port = ''] = words
    if (words.length === 0 || (host.toLowerCase() === 'no' && port.toLowerCase() === 'one')) {
      settings.replicaof = ''
      return undefined
    }
    if (words.length !== 2 || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
      return 'argument must be host and port of a server, or no one'
    }
    settings.replicaof = `${host} ${port}`
    return undefined
  },
}

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
  replicaof,
  text('masteruser', 'masteruser', true),
  text('masterauth', 'masterauth', true),
  { ...yesNo('replica-read-only', 'replicaReadOnly', true), aliases: ['slave-read-only'] },
  {
    ...yesNo('replica-serve-stale-data', 'replicaServeStaleData', true),
    aliases: ['slave-serve-stale-data'],
  },
  integer('repl-timeout', 'replTimeoutSeconds', { ...COUNT, min: 1 }),
  integer('repl-backlog-size', 'replBacklogSize', {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    isMemory: true,
  }),
  integer('repl-backlog-ttl', 'replBacklogTtlSeconds', COUNT),
  integer('repl-ping-replica-period', 'replPingPeriodSeconds', {
    ...COUNT,
    min: 1,
    aliases: ['repl-ping-slave-period'],
  }),
]
