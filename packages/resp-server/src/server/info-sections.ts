import { arch, platform, release } from 'node:os'
import type { Command } from '../commands/command.ts'
import { replicationLines } from '../replication/replication-info.ts'
import type { ServerContext } from './context.ts'
import { REDIS_VERSION, serverVersion } from './version.ts'

export interface InfoSection {
  readonly name: string
  /** Shown when asked for only. */
  readonly isExtra?: boolean
  /** Of a module. */
  readonly isModule?: boolean
  lines(server: ServerContext): string[]
}

const human = (bytes: number): string => {
  const units = ['B', 'K', 'M', 'G', 'T']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(2)}${units[unit]}`
}

function server({ clock, startedAt, runId, port, settings }: ServerContext): string[] {
  const uptime = Math.floor((clock.now() - startedAt) / 1000)
  return [
    `redis_version:${REDIS_VERSION}`,
    'redis_git_sha1:00000000',
    `redis_build_id:ashlar-${serverVersion()}`,
    `redis_mode:${settings.clusterEnabled ? 'cluster' : 'standalone'}`,
    `ashlar_version:${serverVersion()}`,
    `node_version:${process.versions.node}`,
    `os:${platform()} ${release()} ${arch()}`,
    'arch_bits:64',
    `process_id:${process.pid}`,
    `run_id:${runId}`,
    `tcp_port:${port}`,
    `server_time_usec:${Math.floor(clock.now() * 1000)}`,
    `uptime_in_seconds:${uptime}`,
    `uptime_in_days:${Math.floor(uptime / 86_400)}`,
    `executable:${process.execPath}`,
    `config_file:${settings.configFile}`,
  ]
}

function clients({ clients: registry, settings, blocking, tracking }: ServerContext): string[] {
  const all = registry.all()
  return [
    `connected_clients:${all.length}`,
    'cluster_connections:0',
    `maxclients:${settings.maxclients}`,
    `blocked_clients:${blocking.blockedClients}`,
    `tracking_clients:${tracking.clientCount}`,
    `pubsub_clients:${all.filter((client) => client.isSubscriber).length}`,
    `watching_clients:${all.filter((client) => client.watched.length > 0).length}`,
  ]
}

/** The most that was seen when somebody asked. */
let peakMemory = 0

function memory({
  scripting,
  keyspace,
  settings,
  durability,
  statistics,
}: ServerContext): string[] {
  const { heapUsed, heapTotal, external, rss } = process.memoryUsage()
  const used = keyspace.usedMemory
  peakMemory = Math.max(peakMemory, used)
  return [
    `used_memory:${used}`,
    `used_memory_human:${human(used)}`,
    `used_memory_rss:${rss}`,
    `used_memory_rss_human:${human(rss)}`,
    `used_memory_peak:${peakMemory}`,
    `used_memory_peak_human:${human(peakMemory)}`,
    `used_memory_dataset:${used}`,
    `ashlar_heap_used:${heapUsed}`,
    `ashlar_heap_total:${heapTotal}`,
    `ashlar_external:${external}`,
    `maxmemory:${settings.maxmemory}`,
    `maxmemory_human:${human(settings.maxmemory)}`,
    `maxmemory_policy:${settings.maxmemoryPolicy}`,
    'mem_not_counted_for_evict:0',
    `lazyfree_pending_objects:${durability.collecting}`,
    `lazyfreed_objects:${durability.collected - statistics.collectedBefore}`,
    `number_of_cached_scripts:${scripting.scripts.size}`,
    `used_memory_scripts:${scripting.scripts.bytes}`,
    `number_of_functions:${scripting.libraries.functionCount}`,
    `number_of_libraries:${scripting.libraries.libraryCount}`,
    'mem_allocator:v8',
  ]
}

function persistence(server: ServerContext): string[] {
  const { durability, keyspace, settings, backgroundSave } = server
  const status = durability.failure === undefined ? 'ok' : 'err'
  return [
    'loading:0',
    `async_loading:${durability.isLoading ? 1 : 0}`,
    `rdb_changes_since_last_save:${keyspace.dirty - keyspace.savedDirty}`,
    `rdb_bgsave_in_progress:${backgroundSave.isUnderWay ? 1 : 0}`,
    `rdb_last_save_time:${Math.floor(durability.lastSave / 1000)}`,
    `rdb_last_bgsave_status:${backgroundSave.hasFailed ? 'err' : status}`,
    `rdb_last_bgsave_time_sec:${backgroundSave.lastSeconds}`,
    `aof_enabled:${settings.appendonly ? 1 : 0}`,
    'aof_rewrite_in_progress:0',
    `aof_last_write_status:${status}`,
    `ashlar_commits_pending:${durability.issued - durability.durable}`,
  ]
}

function stats(context: ServerContext): string[] {
  const { statistics, keyspace, pubsub, clock, eviction, tracking } = context
  statistics.sampleRates(clock.now())
  const kib = (bytes: number): string => (bytes / 1024).toFixed(2)
  return [
    `total_connections_received:${statistics.connections}`,
    `total_commands_processed:${statistics.commands}`,
    `instantaneous_ops_per_sec:${statistics.commandsPerSecond}`,
    `total_net_input_bytes:${statistics.inputBytes}`,
    `total_net_output_bytes:${statistics.outputBytes}`,
    `instantaneous_input_kbps:${kib(statistics.inputPerSecond)}`,
    `instantaneous_output_kbps:${kib(statistics.outputPerSecond)}`,
    `rejected_connections:${statistics.rejectedConnections}`,
    `sync_full:${statistics.fullSyncs}`,
    `sync_partial_ok:${statistics.partialSyncs}`,
    `sync_partial_err:${statistics.refusedPartialSyncs}`,
    `expired_keys:${keyspace.expired}`,
    `evicted_keys:${eviction.evicted}`,
    `ashlar_tiered_values:${eviction.tiered}`,
    `keyspace_hits:${keyspace.hits}`,
    `keyspace_misses:${keyspace.misses}`,
    `pubsub_channels:${pubsub.size('channels')}`,
    `pubsub_patterns:${pubsub.size('patterns')}`,
    `pubsubshard_channels:${pubsub.size('shardChannels')}`,
    'migrate_cached_sockets:0',
    `tracking_total_keys:${tracking.keyCount}`,
    `tracking_total_items:${tracking.itemCount}`,
    `tracking_total_prefixes:${tracking.prefixCount}`,
    `total_error_replies:${statistics.errors}`,
    `evicted_clients:${statistics.evictedClients}`,
    `client_query_buffer_limit_disconnections:${statistics.queryBufferDisconnections}`,
    `client_output_buffer_limit_disconnections:${statistics.outputBufferDisconnections}`,
  ]
}

function cpu(): string[] {
  const { user, system } = process.cpuUsage()
  return [`used_cpu_sys:${(system / 1e6).toFixed(6)}`, `used_cpu_user:${(user / 1e6).toFixed(6)}`]
}

/** Every command and subcommand that was called. */
function called({ commands }: ServerContext): Command[] {
  return [...commands.all()]
    .flatMap((command) => [command, ...(command.subcommands?.values() ?? [])])
    .filter(({ calls, rejected, failed }) => calls > 0 || rejected > 0 || failed > 0)
}

const commandstats = (server: ServerContext): string[] =>
  called(server).map(({ fullName, calls, microseconds, rejected, failed }) => {
    const mean = calls === 0 ? 0 : microseconds / calls
    return (
      `cmdstat_${fullName}:calls=${calls},usec=${Math.round(microseconds)},` +
      `usec_per_call=${mean.toFixed(2)},rejected_calls=${rejected},failed_calls=${failed}`
    )
  })

const latencystats = (server: ServerContext): string[] =>
  called(server).flatMap(({ fullName, histogram }) => {
    if (histogram === undefined) return []
    const shares = server.settings.latencyPercentiles.map(
      (percent) => `p${percent}=${histogram.percentile(percent).toFixed(3)}`,
    )
    return [`latency_percentiles_usec_${fullName}:${shares.join(',')}`]
  })

const errorstats = ({ statistics }: ServerContext): string[] =>
  [...statistics.errorsByPrefix].map(([prefix, count]) => `errorstat_${prefix}:count=${count}`)

const keyspace = ({ keyspace: { databases } }: ServerContext): string[] =>
  databases
    .filter(({ table }) => table.size > 0)
    .map(({ index, table }) => `db${index}:keys=${table.size},expires=${table.expires},avg_ttl=0`)

const moduleList = ({ modules }: ServerContext): string[] =>
  modules.all.map(
    ({ name, version }) =>
      `module:name=${name},ver=${version},api=1,filters=0,usedby=[],using=[],options=[]`,
  )

/** In the order in which INFO shows them. Every figure is measured, none made up. */
export const INFO_SECTIONS: readonly InfoSection[] = [
  { name: 'Server', lines: server },
  { name: 'Clients', lines: clients },
  { name: 'Memory', lines: memory },
  { name: 'Persistence', lines: persistence },
  { name: 'Stats', lines: stats },
  { name: 'Replication', lines: replicationLines },
  { name: 'CPU', lines: cpu },
  { name: 'Modules', lines: moduleList },
  { name: 'Commandstats', isExtra: true, lines: commandstats },
  { name: 'Errorstats', lines: errorstats },
  { name: 'Latencystats', isExtra: true, lines: latencystats },
  {
    name: 'Cluster',
    lines: ({ settings }) => [`cluster_enabled:${settings.clusterEnabled ? 1 : 0}`],
  },
  { name: 'Keyspace', lines: keyspace },
]
