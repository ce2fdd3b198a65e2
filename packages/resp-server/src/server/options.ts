import {
  type Clock,
  type Logger,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from '@ashlar/codec'
import type { Store } from '@ashlar/lsm-store'
import { findDirective } from '../config/directives.ts'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { Module } from '../modules/module.ts'
import type { ReadPath } from '../network/listener.ts'
import { type TlsOptions, type TlsSource, tlsFromOptions, tlsFromSettings } from '../network/tls.ts'
import type { AppendFsync } from '../persistence/durability.ts'
import {
  type ReplicationOptions,
  type ResolvedReplication,
  resolveReplication,
} from '../replication/replication-options.ts'
import type { ServerContext } from './context.ts'

/** Options of {@link createServer}. Without port and unixSocket it serves in-process calls only. */
export interface ServerOptions {
  /** TCP port; 0 takes a free one. Default: no TCP. */
  readonly port?: number
  /** Addresses to listen on. Default `127.0.0.1`. */
  readonly host?: string | readonly string[]
  /** A port for encrypted connections, beside `port` or alone. Default: none. */
  readonly tls?: TlsOptions
  /** Path of a Unix socket. Default: none. */
  readonly unixSocket?: string
  /** Folder of the data, made when missing. Without it and `store` nothing is kept. */
  readonly path?: string
  /** An open store instead of `path`; it stays open when the server closes. */
  readonly store?: Store
  /** When an answered write is on disk. Default `everysec`. */
  readonly appendFsync?: AppendFsync
  /** Password that clients must give. Default: none. */
  readonly requirePass?: string
  /** Connections at the same time. Default 10 000. */
  readonly maxClients?: number
  /** Numbered databases. Default 16. */
  readonly databases?: number
  /** Further settings under their redis.conf names, such as `{ 'proto-max-bulk-len': '1mb' }`. */
  readonly config?: Readonly<Record<string, string>>
  readonly clock?: Clock
  /** Behind SPOP, RANDOMKEY and the like. */
  readonly random?: Random
  readonly logger?: Logger
  /** `stream` keeps to documented socket API at some cost in speed. Default `shared`. */
  readonly readPath?: ReadPath
  /**
   * Modules: commands, types and services besides those of Redis. See {@link Module}. A node of a group
   * follows only with all modules of its primary, in the same versions or newer ones.
   */
  readonly modules?: readonly Module[]
  /** Makes it a node of a group of servers with the same data. Needs `path` or `store`. */
  readonly replication?: ReplicationOptions
  /** Called when the server has closed because a client sent SHUTDOWN. */
  readonly onShutdown?: () => void
}

export interface ResolvedOptions {
  readonly settings: Settings
  readonly listensOnTcp: boolean
  readonly tls?: TlsSource | undefined
  readonly path: string | undefined
  readonly store: Store | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly readPath: ReadPath
  readonly modules: readonly Module[]
  readonly onShutdown: (() => void) | undefined
  readonly replication?: ResolvedReplication | undefined
  /** Runs once the data is open, before anybody can connect. */
  readonly prepare?: (server: ServerContext) => Promise<void>
}

/** Fills in defaults and validates. Throws RangeError or TypeError naming the field. */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  const settings = defaultSettings()
  for (const [name, value] of Object.entries(options.config ?? {})) {
    const directive = findDirective(name)
    if (directive === undefined) throw new TypeError(`config: there is no setting '${name}'`)
    const problem = directive.apply(settings, [value])
    if (problem !== undefined) throw new RangeError(`config['${name}']: ${problem}`)
  }
  const { port, host, appendFsync } = options
  if (port !== undefined) settings.port = checkInteger('port', port, 0, 65_535)
  if (host !== undefined) settings.bind = typeof host === 'string' ? [host] : [...host]
  if (options.unixSocket !== undefined) settings.unixsocket = options.unixSocket
  if (options.requirePass !== undefined) settings.requirepass = options.requirePass
  if (appendFsync !== undefined) {
    if (!['always', 'everysec', 'no'].includes(appendFsync)) {
      throw new RangeError(`appendFsync: '${appendFsync}' is not always, everysec or no`)
    }
    settings.appendfsync = appendFsync
  }
  if (options.maxClients !== undefined) {
    settings.maxclients = checkInteger('maxClients', options.maxClients, 1, 0xffff_ffff)
  }
  if (options.databases !== undefined) {
    settings.databases = checkInteger('databases', options.databases, 1, 1_000_000)
  }
  if (options.path !== undefined && options.store !== undefined) {
    throw new TypeError('path and store exclude each other')
  }
  const { replication } = options
  if (replication !== undefined && options.path === undefined && options.store === undefined) {
    throw new TypeError('replication needs path or store: the log of the store is what is sent')
  }
  if (replication?.cluster === true) {
    settings.clusterEnabled = true
    settings.databases = 1
  }
  settings.appendonly = options.path !== undefined || options.store !== undefined
  if (options.path !== undefined) settings.dir = options.path
  return {
    settings,
    listensOnTcp: port !== undefined,
    tls: options.tls === undefined ? tlsFromSettings(settings) : tlsFromOptions(options.tls),
    path: options.path,
    store: options.store,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? silentLogger,
    readPath: options.readPath ?? 'shared',
    modules: options.modules ?? [],
    onShutdown: options.onShutdown,
    replication: replication === undefined ? undefined : resolveReplication(replication),
  }
}

function checkInteger(field: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new RangeError(`${field}: ${value} is not an integer between ${min} and ${max}`)
}
