import { MetricsPage } from '@ashlar/service-kit'
import type { ReplicationMetrics, ServerMetrics } from './metrics.ts'

/** What {@link formatPrometheus} may be told. */
export interface PrometheusOptions {
  /** Begins every metric's name. Default `ashlar_resp`. */
  readonly prefix?: string
  /** Labels of every line, such as the service's name. */
  readonly labels?: Readonly<Record<string, string>>
}

type Simple = {
  [K in keyof ServerMetrics]: ServerMetrics[K] extends number ? K : never
}[keyof ServerMetrics]

const ROWS = [
  ['uptimeSeconds', 'uptime_seconds', 'gauge', 'Since the start.'],
  ['connectedClients', 'connected_clients', 'gauge', 'Sessions, those within the process too.'],
  ['blockedClients', 'blocked_clients', 'gauge', 'Clients that wait.'],
  ['connections', 'connections_total', 'counter', 'Connections accepted.'],
  ['rejectedConnections', 'rejected_connections_total', 'counter', 'Refused: maxclients.'],
  ['commands', 'commands_total', 'counter', 'Commands run.'],
  ['inputBytes', 'input_bytes_total', 'counter', 'Bytes read from sockets.'],
  ['outputBytes', 'output_bytes_total', 'counter', 'Bytes written to sockets.'],
  ['keyspaceHits', 'keyspace_hits_total', 'counter', 'Reads of keys that were there.'],
  ['keyspaceMisses', 'keyspace_misses_total', 'counter', 'Reads of keys that were not.'],
  ['expiredKeys', 'expired_keys_total', 'counter', 'Keys whose time was up.'],
  ['evictedKeys', 'evicted_keys_total', 'counter', 'Keys removed to make room.'],
  ['tieredValues', 'tiered_values_total', 'counter', 'Values that left memory for the store.'],
  ['usedBytes', 'memory_used_bytes', 'gauge', 'Keys and values, by estimation.'],
  ['maxBytes', 'memory_max_bytes', 'gauge', 'maxmemory; 0: none.'],
  ['residentBytes', 'memory_resident_bytes', 'gauge', 'Of the whole process.'],
  ['heapBytes', 'memory_heap_bytes', 'gauge', "Of V8's heap, in use."],
  ['changesSinceSave', 'changes_since_save', 'gauge', 'Changes since the last save.'],
  ['commitsPending', 'commits_pending', 'gauge', 'Batches that are not durable yet.'],
] as const satisfies readonly (readonly [Simple, string, 'counter' | 'gauge', string])[]

/**
 * A server's metrics in the text format of Prometheus (version 0.0.4), durations in seconds.
 *
 * @throws RangeError for a prefix or a label name that Prometheus does not take.
 *
 * @example
 * ```ts
 * response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
 * response.end(formatPrometheus(server.metrics()))
 * ```
 */
export function formatPrometheus(metrics: ServerMetrics, options: PrometheusOptions = {}): string {
  const page = new MetricsPage(options.prefix ?? 'ashlar_resp', options.labels ?? {})
  page.head('up', 'gauge', '0 when the store has failed and writes are refused.')
  page.line('up', metrics.isFailed ? 0 : 1)
  page.head('loading', 'gauge', '1 while keys are read from the store in the background.')
  page.line('loading', metrics.isLoading ? 1 : 0)
  for (const [field, name, type, help] of ROWS) {
    page.head(name, type, help)
    page.line(name, metrics[field])
  }
  replication(page, metrics.replication)
  page.head('errors_total', 'counter', 'Error replies by their first word.')
  for (const [code, count] of Object.entries(metrics.errors)) {
    page.line('errors_total', count, { code })
  }
  page.head('keys', 'gauge', 'Keys of a database.')
  for (const [db, { keys }] of Object.entries(metrics.databases)) page.line('keys', keys, { db })
  page.head(
    'expiring_keys',
    'gauge',
    'Keys of a database that expire; without those not loaded yet.',
  )
  for (const [db, { expiring }] of Object.entries(metrics.databases)) {
    page.line('expiring_keys', expiring, { db })
  }
  commands(page, metrics)
  return page.text
}

function replication(page: MetricsPage, metrics: ReplicationMetrics): void {
  page.head('replica', 'gauge', '1 for a replica, 0 for a primary or a server alone.')
  page.line('replica', metrics.isReplica ? 1 : 0)
  page.head('connected_replicas', 'gauge', 'Replicas of a primary.')
  page.line('connected_replicas', metrics.replicas)
  page.head('replication_offset', 'counter', 'How far in the history of the data this server is.')
  page.line('replication_offset', metrics.offset)
  if (!metrics.isReplica) return
  page.head('replica_link_up', 'gauge', '1 while a replica hears from the one that it follows.')
  page.line('replica_link_up', metrics.isLinkUp ? 1 : 0)
  if (metrics.secondsSinceHeard === undefined) return
  page.head('replica_heard_seconds', 'gauge', 'Since a replica heard from the one that it follows.')
  page.line('replica_heard_seconds', metrics.secondsSinceHeard)
}

function commands(page: MetricsPage, { byCommand }: ServerMetrics): void {
  const all = Object.entries(byCommand)
  page.head('command_failures_total', 'counter', 'Calls that answered an error.')
  for (const [command, { failed }] of all) page.line('command_failures_total', failed, { command })
  page.head('command_rejections_total', 'counter', 'Requests refused before they ran.')
  for (const [command, { rejected }] of all) {
    page.line('command_rejections_total', rejected, { command })
  }
  page.head('command_seconds', 'histogram', 'How long commands took.')
  for (const [command, { calls, seconds, buckets }] of all) {
    for (const [limit, count] of buckets) {
      page.line('command_seconds_bucket', count, { command, le: String(limit) })
    }
    page.line('command_seconds_bucket', calls, { command, le: '+Inf' })
    page.line('command_seconds_sum', seconds, { command })
    page.line('command_seconds_count', calls, { command })
  }
}
