import { readFile } from 'node:fs/promises'
import { type Clock, type Random, systemClock, systemRandom } from '@ashlar/codec'
import { atLeast, positiveInteger } from '../log/log-options.ts'

const DEFAULT_SERVER = 'nats://127.0.0.1:4222'
const DEFAULT_MAX_OFFLINE_MESSAGES = 8_192
const DEFAULT_MAX_IN_FLIGHT_WRITES = 4_096
const DEFAULT_MAX_PREFETCH = 256
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000
const DEFAULT_REQUEST_TIMEOUT_MS = 5_000
const DEFAULT_PING_INTERVAL_MS = 5_000
const DEFAULT_RECONNECT_MIN_MS = 50
const DEFAULT_RECONNECT_MAX_MS = 4_000
const INBOX_PREFIX = /^[A-Za-z0-9_-]+$/

/** Who the client is. Give one kind; take secrets from the environment or from files. */
export type NatsCredentials =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  /** An nkey seed, `SU...`. */
  | { readonly nkeySeed: string }
  /** The contents of a `.creds` file: a JWT and its nkey seed. */
  | { readonly creds: string | Uint8Array }
  /** The path of a `.creds` file. */
  | { readonly credsFile: string }

/** Transport security towards the server. Contents in PEM, not paths. */
export interface NatsTlsOptions {
  /** Authorities to trust besides nobody: default those of Node. */
  readonly ca?: string | undefined
  /** The client's own certificate and key, for servers that verify clients. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** TLS before the server's first word, for servers with `handshake_first` (2.10.4 and newer). */
  readonly handshakeFirst?: boolean | undefined
}

/** How streams of logs and buckets are created; what exists keeps what it has. */
export interface NatsStorageOptions {
  /** Copies of each stream in a cluster: 1, 3 or 5. Default 1. */
  readonly replicas?: number | undefined
  /** Default `file`. */
  readonly storage?: 'file' | 'memory' | undefined
  /** Compresses what is stored. Needs nats-server 2.10: refused with `UNSUPPORTED` before. */
  readonly compression?: 's2' | undefined
  /** Servers on which streams are placed. */
  readonly placement?:
    | { readonly cluster?: string | undefined; readonly tags?: readonly string[] | undefined }
    | undefined
}

/** What happens to the connection; a listener that throws is reported as uncaught. */
export interface NatsEvents {
  readonly onDisconnected?: ((server: string) => void) | undefined
  readonly onReconnected?: ((server: string) => void) | undefined
  /** Errors that belong to no operation: permissions, a subscription that the server refused. */
  readonly onError?: ((error: Error) => void) | undefined
}

/** How {@link nats} connects. */
export interface NatsOptions {
  /** One or several servers of a cluster, `nats://` or `tls://`. Default the local one. */
  readonly servers?: string | readonly string[] | undefined
  /** Also use the other servers of the cluster, as each server names them. Default true. */
  readonly discoverServers?: boolean | undefined
  readonly credentials?: NatsCredentials | undefined
  /** `true` demands TLS with Node's authorities; without it TLS is used where the server demands it. */
  readonly tls?: NatsTlsOptions | true | undefined
  /** JetStream domain to work in: a hub's from its leaf, or the other way round. */
  readonly domain?: string | undefined
  /** What the server shows for this connection. */
  readonly name?: string | undefined
  readonly streams?: NatsStorageOptions | undefined
  readonly events?: NatsEvents | undefined
  /** Timeouts and leases. Default the system's. */
  readonly clock?: Clock | undefined
  /** Ids of leases, and the jitter of reconnects. Default the system's. */
  readonly random?: Random | undefined
  /** First token of the subjects on which answers arrive. Default `_INBOX`. */
  readonly inboxPrefix?: string | undefined
  /** Messages that `publish` keeps while disconnected. Default 8,192. */
  readonly maxOfflineMessages?: number | undefined
  /** Appends and puts that wait for their acknowledgement; more wait their turn. Default 4,096. */
  readonly maxInFlightWrites?: number | undefined
  /** Deliveries that a busy consumer may hold ahead; 1 asks for each alone. Default 256. */
  readonly maxPrefetch?: number | undefined
  /** For the first connection and each attempt to get it back. Default 5,000. */
  readonly connectTimeoutMs?: number | undefined
  /** For what JetStream is asked. Default 5,000. */
  readonly requestTimeoutMs?: number | undefined
  /** A server that leaves two pings unanswered counts as gone. Default 5,000. */
  readonly pingIntervalMs?: number | undefined
  /** Wait before an attempt to reconnect; doubles from the first to the second. Default 50, 4,000. */
  readonly reconnectMinMs?: number | undefined
  readonly reconnectMaxMs?: number | undefined
}

/** Options with every default filled in. */
export interface ResolvedNatsOptions {
  readonly servers: readonly string[]
  readonly discoverServers: boolean
  readonly credentials: NatsCredentials | undefined
  readonly tls: NatsTlsOptions | undefined
  readonly domain: string | undefined
  readonly name: string | undefined
  readonly streams: ResolvedStorageOptions
  readonly events: NatsEvents
  readonly clock: Clock
  readonly random: Random
  readonly inboxPrefix: string
  readonly maxOfflineMessages: number
  readonly maxInFlightWrites: number
  readonly maxPrefetch: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly pingIntervalMs: number
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
}

/** Storage options with every default filled in. */
export interface ResolvedStorageOptions {
  readonly replicas: number
  readonly storage: 'file' | 'memory'
  readonly compression: 's2' | undefined
  readonly placement: NatsStorageOptions['placement']
}

/** Checks and fills the options. */
export function resolveNatsOptions(options: NatsOptions): ResolvedNatsOptions {
  const { servers = DEFAULT_SERVER, inboxPrefix = '_INBOX', domain } = options
  const list = typeof servers === 'string' ? servers.split(',') : [...servers]
  if (list.length === 0) throw new TypeError('servers must name at least one server')
  if (!INBOX_PREFIX.test(inboxPrefix)) {
    throw new TypeError('inboxPrefix must be one token of letters, digits, - or _')
  }
  if (domain !== undefined && !INBOX_PREFIX.test(domain)) {
    throw new TypeError('domain must be one token of letters, digits, - or _')
  }
  return {
    servers: list,
    discoverServers: options.discoverServers ?? true,
    credentials: options.credentials,
    tls: options.tls === true ? {} : options.tls,
    domain,
    name: options.name,
    streams: resolveStorage(options.streams ?? {}),
    events: options.events ?? {},
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    inboxPrefix,
    ...resolveBounds(options),
    ...resolveTimes(options),
  }
}

/** The bytes of a creds file. */
export async function readCreds(
  credentials: { readonly creds: string | Uint8Array } | { readonly credsFile: string },
): Promise<Uint8Array> {
  if ('credsFile' in credentials) return await readFile(credentials.credsFile)
  const { creds } = credentials
  return typeof creds === 'string' ? new TextEncoder().encode(creds) : creds
}

function resolveStorage(options: NatsStorageOptions): ResolvedStorageOptions {
  const replicas = positiveInteger('streams.replicas', options.replicas, 1)
  if (replicas > 5) throw new RangeError('streams.replicas must be at most 5')
  const { storage = 'file', compression, placement } = options
  if (storage !== 'file' && storage !== 'memory') {
    throw new TypeError(`streams.storage must be 'file' or 'memory', got ${String(storage)}`)
  }
  if (compression !== undefined && compression !== 's2') {
    throw new TypeError(`streams.compression must be 's2', got ${String(compression)}`)
  }
  return { replicas, storage, compression, placement }
}

function resolveBounds(options: NatsOptions) {
  const { maxOfflineMessages, maxInFlightWrites, maxPrefetch } = options
  return {
    maxOfflineMessages: atLeast(
      'maxOfflineMessages',
      maxOfflineMessages,
      0,
      DEFAULT_MAX_OFFLINE_MESSAGES,
    ),
    maxInFlightWrites: positiveInteger(
      'maxInFlightWrites',
      maxInFlightWrites,
      DEFAULT_MAX_IN_FLIGHT_WRITES,
    ),
    maxPrefetch: positiveInteger('maxPrefetch', maxPrefetch, DEFAULT_MAX_PREFETCH),
  }
}

function resolveTimes(options: NatsOptions) {
  const time = (
    field:
      | 'connectTimeoutMs'
      | 'requestTimeoutMs'
      | 'pingIntervalMs'
      | 'reconnectMinMs'
      | 'reconnectMaxMs',
    missing: number,
    least = 1,
  ): number => atLeast(field, options[field], least, Math.max(missing, least))
  const reconnectMinMs = time('reconnectMinMs', DEFAULT_RECONNECT_MIN_MS)
  return {
    connectTimeoutMs: time('connectTimeoutMs', DEFAULT_CONNECT_TIMEOUT_MS),
    requestTimeoutMs: time('requestTimeoutMs', DEFAULT_REQUEST_TIMEOUT_MS),
    pingIntervalMs: time('pingIntervalMs', DEFAULT_PING_INTERVAL_MS),
    reconnectMinMs,
    reconnectMaxMs: time('reconnectMaxMs', DEFAULT_RECONNECT_MAX_MS, reconnectMinMs),
  }
}
