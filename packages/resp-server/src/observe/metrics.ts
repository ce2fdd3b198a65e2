import type { ServerContext } from '../server/context.ts'

/** A command's figures since the start or CONFIG RESETSTAT. */
export interface CommandMetrics {
  readonly calls: number
  readonly failed: number
  readonly rejected: number
  readonly seconds: number
  /** Calls that took no longer than so many seconds, ascending; empty without latency tracking. */
  readonly buckets: readonly (readonly [atMostSeconds: number, calls: number])[]
}

export interface DatabaseMetrics {
  readonly keys: number
  readonly expiring: number
}

/** How a server stands to the others that hold the same data. */
export interface ReplicationMetrics {
  /** It holds what another server holds, and takes no writes. */
  readonly isReplica: boolean
  /** A replica hears from the one that it follows. */
  readonly isLinkUp: boolean
  /** Since a replica heard from it last; undefined for a primary, and before the first word. */
  readonly secondsSinceHeard: number | undefined
  /** Bytes of the history of a redis-server, or changes of the store's. */
  readonly offset: number
  /** Of a primary. */
  readonly replicas: number
}

/** What a server has done and holds, at one moment. Counters start anew with CONFIG RESETSTAT. */
export interface ServerMetrics {
  readonly uptimeSeconds: number
  /** Writes are refused because the store has failed. */
  readonly isFailed: boolean
  /** Keys are still being read from the store in the background. */
  readonly isLoading: boolean
  readonly connectedClients: number
  readonly blockedClients: number
  readonly connections: number
  readonly rejectedConnections: number
  readonly commands: number
  readonly errors: Readonly<Record<string, number>>
  readonly inputBytes: number
  readonly outputBytes: number
  readonly keyspaceHits: number
  readonly keyspaceMisses: number
  readonly expiredKeys: number
  readonly evictedKeys: number
  readonly tieredValues: number
  /** What keys and values take, by estimation: what `maxmemory` limits. */
  readonly usedBytes: number
  readonly maxBytes: number
  readonly residentBytes: number
  readonly heapBytes: number
  readonly changesSinceSave: number
  readonly commitsPending: number
  readonly replication: ReplicationMetrics
  /** By number, only those with keys. */
  readonly databases: Readonly<Record<string, DatabaseMetrics>>
  /** By full name, such as `client|list`, only those that were called. */
  readonly byCommand: Readonly<Record<string, CommandMetrics>>
}

export function takeMetrics(server: ServerContext): ServerMetrics {
  const { statistics, keyspace, eviction, durability, settings, clock } = server
  const { rss, heapUsed } = process.memoryUsage()
  server.timing.settle()
  return Object.freeze({
    uptimeSeconds: Math.max(0, (clock.now() - server.startedAt) / 1000),
    isFailed: durability.failure !== undefined,
    isLoading: durability.isLoading,
    connectedClients: server.clients.all().length,
    blockedClients: server.blocking.blockedClients,
    connections: statistics.connections,
    rejectedConnections: statistics.rejectedConnections,
    commands: statistics.commands,
    errors: Object.fromEntries(statistics.errorsByPrefix),
    inputBytes: statistics.inputBytes,
    outputBytes: statistics.outputBytes,
    keyspaceHits: keyspace.hits,
    keyspaceMisses: keyspace.misses,
    expiredKeys: keyspace.expired,
    evictedKeys: eviction.evicted,
    tieredValues: eviction.tiered,
    usedBytes: keyspace.usedMemory,
    maxBytes: settings.maxmemory,
    residentBytes: rss,
    heapBytes: heapUsed,
    changesSinceSave: keyspace.dirty - keyspace.savedDirty,
    commitsPending: durability.issued - durability.durable,
    replication: replicationMetrics(server),
    databases: databaseMetrics(server),
    byCommand: commandMetrics(server),
  })
}

function replicationMetrics(server: ServerContext): ReplicationMetrics {
  const { replication, upstream, downstream, isReplica, clock } = server
  const link = upstream.link ?? replication?.link
  const isHeard = isReplica && link !== undefined
  return {
    isReplica,
    isLinkUp: isReplica && link?.state === 'connected',
    secondsSinceHeard: isHeard ? (clock.monotonic() - link.lastHeard) / 1000 : undefined,
    offset: upstream.offset?.bytes ?? replication?.position.sequence ?? downstream.offset,
    replicas: (replication?.followers.length ?? 0) + downstream.replicas.size,
  }
}

function databaseMetrics({ keyspace }: ServerContext): Record<string, DatabaseMetrics> {
  const used = keyspace.databases.filter(({ table }) => table.size > 0)
  return Object.fromEntries(
    used.map(({ index, table }) => [index, { keys: table.size, expiring: table.expires }]),
  )
}

function commandMetrics({ commands }: ServerContext): Record<string, CommandMetrics> {
  const found: Record<string, CommandMetrics> = {}
  for (const top of commands.all()) {
    for (const one of [top, ...(top.subcommands?.values() ?? [])]) {
      const { calls, failed, rejected, microseconds, histogram } = one
      if (calls + failed + rejected === 0) continue
      const rows = histogram?.cumulative() ?? []
      found[one.fullName] = {
        calls,
        failed,
        rejected,
        seconds: microseconds / 1e6,
        buckets: rows.map(([limit, count]) => [limit / 1e6, count] as const),
      }
    }
  }
  return found
}
