import { TransportError } from '../../errors.ts'
import type { ResolvedKvOptions } from '../../kv/kv-options.ts'
import { DEFAULT_DEDUP_WINDOW_MS, type ResolvedLogOptions } from '../../log/log-options.ts'
import type { ResolvedStorageOptions } from '../nats-options.ts'
import { requireServer } from '../server-version.ts'

/** The part of JetStream's stream configuration that the driver writes and reads. Times in ns. */
export interface StreamConfig {
  readonly name: string
  readonly subjects: readonly string[]
  readonly retention: 'limits'
  readonly storage: 'file' | 'memory'
  readonly num_replicas: number
  readonly max_msgs: number
  readonly max_bytes: number
  readonly max_age: number
  readonly max_msgs_per_subject: number
  readonly duplicate_window: number
  readonly discard: 'old' | 'new'
  readonly allow_direct: boolean
  readonly allow_rollup_hdrs?: boolean
  readonly deny_delete?: boolean
  readonly compression?: string
  readonly placement?: object
}

/** A stream as the server shows it. */
export interface StreamInfo {
  readonly config: StreamConfig
  readonly created: string
  readonly state: {
    readonly messages: number
    readonly bytes: number
    readonly first_seq: number
    readonly last_seq: number
  }
}

const NANOS = 1_000_000

/** Milliseconds as JetStream writes durations. */
export function nanos(ms: number): number {
  return Math.round(ms * NANOS)
}

/** The stream that keeps a log. */
export function logStream(name: string): string {
  return `LOG_${name}`
}

/** What stands before the subjects of a log, so that only `append` reaches it. */
export function logPrefix(domain: string, name: string): string {
  return `$LOG.${domain}.${name}.`
}

/** The stream that keeps a bucket: the one that other NATS clients use too. */
export function bucketStream(bucket: string): string {
  return `KV_${bucket}`
}

/** A log's configuration. */
export function logConfig(
  name: string,
  prefix: string,
  options: ResolvedLogOptions,
  storage: ResolvedStorageOptions,
): StreamConfig {
  return {
    name: logStream(name),
    subjects: options.subjects.map((subject) => prefix + subject),
    retention: 'limits',
    ...storageConfig(storage),
    max_msgs: limit(options.maxMessages),
    max_bytes: limit(options.maxBytes),
    max_age: age(options.maxAgeMs),
    max_msgs_per_subject: limit(options.maxMessagesPerSubject),
    duplicate_window: nanos(options.dedupWindowMs),
    discard: options.discard,
  }
}

/** A bucket's configuration, as NATS's own key-value clients write it. */
export function bucketConfig(
  bucket: string,
  options: ResolvedKvOptions,
  storage: ResolvedStorageOptions,
): StreamConfig {
  return {
    name: bucketStream(bucket),
    subjects: [`$KV.${bucket}.>`],
    retention: 'limits',
    ...storageConfig(storage),
    max_msgs: -1,
    max_bytes: -1,
    max_age: age(options.ttlMs),
    max_msgs_per_subject: options.history,
    duplicate_window: nanos(Math.min(DEFAULT_DEDUP_WINDOW_MS, options.ttlMs)),
    discard: 'new',
    allow_rollup_hdrs: true,
    deny_delete: true,
  }
}

/** A log's options, read back from the server. */
export function logOptionsOf(config: StreamConfig, prefix: string): ResolvedLogOptions {
  return {
    subjects: config.subjects.map((subject) => subject.slice(prefix.length)),
    maxMessages: unlimited(config.max_msgs),
    maxBytes: unlimited(config.max_bytes),
    maxAgeMs: config.max_age === 0 ? Infinity : config.max_age / NANOS,
    maxMessagesPerSubject: unlimited(config.max_msgs_per_subject),
    dedupWindowMs: config.duplicate_window / NANOS,
    discard: config.discard,
  }
}

/** A bucket's options, read back from the server. */
export function bucketOptionsOf(config: StreamConfig): ResolvedKvOptions {
  return {
    history: unlimited(config.max_msgs_per_subject),
    ttlMs: config.max_age === 0 ? Infinity : config.max_age / NANOS,
  }
}

/** Refuses, before anything is created, what the server would ignore without a word. */
export function requireFeatures(config: StreamConfig, serverVersion: string): void {
  if (config.compression !== undefined) {
    requireServer(serverVersion, '2.10.0', 'streams.compression')
  }
}

/** Refuses when the server did not take over what it was asked for. */
export function assertEchoed(wanted: StreamConfig, echoed: StreamConfig): void {
  const fields = Object.keys(wanted) as (keyof StreamConfig)[]
  const field = fields.find((name) => !isSame(wanted[name], echoed[name]))
  if (field === undefined) return
  throw new TransportError(
    'UNSUPPORTED',
    `the server created ${wanted.name} with ${field} ${JSON.stringify(echoed[field])} instead of ` +
      `${JSON.stringify(wanted[field])}; it was removed again`,
  )
}

function isSame(wanted: unknown, echoed: unknown): boolean {
  if (wanted === undefined || wanted === false) return true
  if (typeof wanted === 'object') return JSON.stringify(wanted) === JSON.stringify(echoed)
  return wanted === echoed
}

/** One copy is read directly; of several only the leader's is sure to be the newest. */
function storageConfig(storage: ResolvedStorageOptions) {
  const { replicas, compression, placement } = storage
  return {
    storage: storage.storage,
    num_replicas: replicas,
    allow_direct: replicas === 1,
    ...(compression === undefined ? {} : { compression }),
    ...(placement === undefined ? {} : { placement }),
  }
}

function limit(value: number): number {
  return value === Infinity ? -1 : value
}

function unlimited(value: number): number {
  return value <= 0 ? Infinity : value
}

function age(ms: number): number {
  return ms === Infinity ? 0 : nanos(ms)
}
