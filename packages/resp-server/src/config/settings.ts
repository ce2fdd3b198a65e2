import { DEFAULT_MAX_TRACKED_KEYS } from '../clients/tracking.ts'
import type { EvictionPolicy } from '../keyspace/eviction.ts'
import type { AppendFsync } from '../persistence/durability.ts'
import type { EncodingLimits } from '../values/collection.ts'

/** A client that exceeds `hardBytes`, or `softBytes` for `softSeconds` on end, is closed. 0: off. */
export interface OutputLimit {
  readonly hardBytes: number
  readonly softBytes: number
  readonly softSeconds: number
}

export interface SaveRule {
  readonly seconds: number
  readonly changes: number
}

/** Everything that CONFIG can show, typed. */
export interface Settings extends EncodingLimits {
  port: number
  bind: readonly string[]
  unixsocket: string
  unixsocketperm: number
  dir: string
  dbfilename: string
  /** Where redis-server has its append-only log, below `dir`. */
  appenddirname: string
  appendfilename: string
  /** The last file of such a log may end within a command. */
  aofLoadTruncated: boolean
  /** What is imported where there is no store yet, when `dir` holds both. */
  importFrom: 'auto' | 'rdb' | 'aof'
  /** Folder that BGSAVE adds backups to; empty: none. */
  backupDir: string
  /** Backups that are kept there; 0: all. */
  backupKeep: number
  /** Everything is brought onto disk after so many changes in so many seconds. */
  save: readonly SaveRule[]
  appendonly: boolean
  appendfsync: AppendFsync
  requirepass: string
  /** Users of the configuration: name and rules. */
  users: readonly (readonly string[])[]
  aclfile: string
  aclPubsubDefault: 'allchannels' | 'resetchannels'
  aclLogMaxLen: number
  maxclients: number
  enableDebugCommand: 'yes' | 'no' | 'local'
  databases: number
  maxmemory: number
  maxmemoryPolicy: EvictionPolicy
  maxmemorySamples: number
  lfuLogFactor: number
  lfuDecayTime: number
  slowlogLogSlowerThan: number
  slowlogMaxLen: number
  latencyMonitorThreshold: number
  latencyTracking: boolean
  latencyPercentiles: readonly number[]
  trackingTableMaxKeys: number
  /** Files of modules that are loaded at the start. */
  loadModules: readonly string[]
  /** Port of the HTTP surface; 0: none. */
  httpPort: number
  /** Values of modules' settings, by `<module>.<name>`. */
  moduleParameters: Readonly<Record<string, string>>
  /** Values of directives that have no effect here. */
  inert: Readonly<Record<string, string>>
  /** Path of the configuration file, for CONFIG REWRITE. */
  configFile: string
  busyReplyThreshold: number
  timeoutSeconds: number
  tcpKeepaliveSeconds: number
  protoMaxBulkLen: number
  clientQueryBufferLimit: number
  /** Bytes, or negative a percentage of maxmemory; 0: no limit. */
  maxmemoryClients: number
  normalOutputLimit: OutputLimit
  replicaOutputLimit: OutputLimit
  pubsubOutputLimit: OutputLimit
  hashMaxListpackEntries: number
  hashMaxListpackValue: number
  setMaxIntsetEntries: number
  setMaxListpackEntries: number
  setMaxListpackValue: number
  zsetMaxListpackEntries: number
  zsetMaxListpackValue: number
  listMaxListpackSize: number
  /** Mask of what `notify-keyspace-events` asks for. */
  notifyKeyspaceEvents: number
  streamNodeMaxBytes: number
  hllSparseMaxBytes: number
  streamNodeMaxEntries: number
  minReplicasToWrite: number
  minReplicasMaxLag: number
  /** `nats://...`, where the nodes of a group meet; empty: the server is alone. */
  replicationTransport: string
  replicationName: string
  replicationGroup: string
  replicationNode: string
  replicationLeaseMs: number
  replicaAnnounceIp: string
  replicaAnnouncePort: number
  clusterEnabled: boolean
  /** Host and port of the server to follow; empty: none. */
  replicaof: string
  masteruser: string
  masterauth: string
  replicaReadOnly: boolean
  replicaServeStaleData: boolean
  replTimeoutSeconds: number
  /** Of what replicas were sent so much is kept for those who come back. */
  replBacklogSize: number
  /** How long, after the last one has left; 0: for ever. */
  replBacklogTtlSeconds: number
  replPingPeriodSeconds: number
  /** Port of encrypted connections; 0: none. */
  tlsPort: number
  tlsCertFile: string
  tlsKeyFile: string
  tlsKeyFilePass: string
  tlsCaCertFile: string
  tlsCaCertDir: string
  tlsDhParamsFile: string
  tlsAuthClients: 'yes' | 'no' | 'optional'
  /** Empty: what OpenSSL takes to be safe. */
  tlsProtocols: readonly string[]
  tlsCiphers: string
  tlsCiphersuites: string
  tlsPreferServerCiphers: boolean
  /** The connection to the server that is followed is encrypted. */
  tlsReplication: boolean
}

const MIB = 1024 * 1024
/** Redis' own. */
export const DEFAULT_SAVE: readonly SaveRule[] = [
  { seconds: 3600, changes: 1 },
  { seconds: 300, changes: 100 },
  { seconds: 60, changes: 10_000 },
]

/** No group, no cluster, nobody to follow. */
const ALONE = {
  maxmemoryClients: 0,
  minReplicasToWrite: 0,
  minReplicasMaxLag: 10,
  replicationTransport: '',
  replicationName: 'resp',
  replicationGroup: 'main',
  replicationNode: '',
  replicationLeaseMs: 5000,
  replicaAnnounceIp: '',
  replicaAnnouncePort: 0,
  clusterEnabled: false,
  replicaof: '',
  masteruser: '',
  masterauth: '',
  replicaReadOnly: true,
  replicaServeStaleData: true,
  replTimeoutSeconds: 60,
  replBacklogSize: MIB,
  replBacklogTtlSeconds: 3600,
  replPingPeriodSeconds: 10,
} as const

/** Encrypted connections are off; once on, clients need a certificate, as with Redis. */
const UNENCRYPTED = {
  tlsPort: 0,
  tlsCertFile: '',
  tlsKeyFile: '',
  tlsKeyFilePass: '',
  tlsCaCertFile: '',
  tlsCaCertDir: '',
  tlsDhParamsFile: '',
  tlsAuthClients: 'yes',
  tlsProtocols: [],
  tlsCiphers: '',
  tlsCiphersuites: '',
  tlsPreferServerCiphers: false,
  tlsReplication: false,
} as const

/** From which size on a value has another encoding. */
const ENCODINGS = {
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValue: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
  listMaxListpackSize: -2,
  streamNodeMaxBytes: 4096,
  hllSparseMaxBytes: 3000,
  streamNodeMaxEntries: 100,
} as const

/** Redis' own defaults, but for appendonly: here data is kept unless told otherwise. */
export function defaultSettings(): Settings {
  return {
    port: 6379,
    bind: ['127.0.0.1'],
    unixsocket: '',
    unixsocketperm: 0,
    dir: process.cwd(),
    dbfilename: 'dump.rdb',
    appenddirname: 'appendonlydir',
    appendfilename: 'appendonly.aof',
    aofLoadTruncated: true,
    importFrom: 'auto',
    backupDir: '',
    backupKeep: 7,
    save: DEFAULT_SAVE,
    appendonly: true,
    appendfsync: 'everysec',
    requirepass: '',
    users: [],
    aclfile: '',
    aclPubsubDefault: 'resetchannels',
    aclLogMaxLen: 128,
    maxclients: 10_000,
    enableDebugCommand: 'no',
    databases: 16,
    maxmemory: 0,
    maxmemoryPolicy: 'noeviction',
    maxmemorySamples: 5,
    lfuLogFactor: 10,
    lfuDecayTime: 1,
    slowlogLogSlowerThan: 10_000,
    slowlogMaxLen: 128,
    latencyMonitorThreshold: 0,
    latencyTracking: true,
    latencyPercentiles: [50, 99, 99.9],
    trackingTableMaxKeys: DEFAULT_MAX_TRACKED_KEYS,
    loadModules: [],
    httpPort: 0,
    moduleParameters: {},
    inert: {},
    configFile: '',
    busyReplyThreshold: 5000,
    timeoutSeconds: 0,
    tcpKeepaliveSeconds: 300,
    protoMaxBulkLen: 512 * MIB,
    clientQueryBufferLimit: 1024 * MIB,
    normalOutputLimit: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
    replicaOutputLimit: { hardBytes: 256 * MIB, softBytes: 64 * MIB, softSeconds: 60 },
    pubsubOutputLimit: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softSeconds: 60 },
    notifyKeyspaceEvents: 0,
    ...ENCODINGS,
    ...ALONE,
    ...UNENCRYPTED,
  }
}
