import { type Clock, type Random, systemClock } from '@ashlar/codec'
import { type FileSystem, isStoreError, Store, type SyncMode } from '@ashlar/lsm-store'
import { TransportError } from '../errors.ts'
import { HubCore } from '../hub/hub-core.ts'
import { HubTransport } from '../hub/hub-transport.ts'
import { positiveInteger } from '../log/log-options.ts'
import type { Transport } from '../transport.ts'
import { EmbeddedStorage } from './embedded-storage.ts'

const DEFAULT_MAX_PAYLOAD_BYTES: number = 1024 * 1024
const DEFAULT_MAX_HEADER_BYTES: number = 16 * 1024
const DEFAULT_MAX_OFFLINE_MESSAGES = 8192
const DEFAULT_SYNC_INTERVAL_MS = 1_000

/** How an embedded hub is opened. */
export interface EmbeddedHubOptions {
  /** Directory of the store; made when it is not there. One process at a time. */
  readonly path: string
  /**
   * When an `append`, `put` or `ack` resolves. `always`: after fdatasync, shared by all that wait.
   * `interval`: after write(2); survives kill -9, and a power cut except for the last
   * `syncIntervalMs`. `none`: after write(2), synced by the operating system. Default `interval`.
   */
  readonly sync?: SyncMode | undefined
  /** Default 1,000. */
  readonly syncIntervalMs?: number | undefined
  /** The hub's clock: timestamps, ages, ack waits. Default the system's. */
  readonly clock?: Clock | undefined
  /** Where the files are. Default the real file system. */
  readonly fileSystem?: FileSystem | undefined
}

/** An in-process network whose logs and buckets are on disk. */
export interface EmbeddedHub {
  /** Open connections. */
  readonly connections: number
  /** Closes the store; connections that are still open are cut. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How one connection to an embedded hub is made. */
export interface EmbeddedConnectionOptions {
  /** The connection's clock: timeouts and leases. Default that of the hub. */
  readonly clock?: Clock | undefined
  /** Ids of leases are drawn from it. Default the system's. */
  readonly random?: Random | undefined
  /** Default 1 MiB. */
  readonly maxPayloadBytes?: number | undefined
  /** Default 16 KiB. */
  readonly maxHeaderBytes?: number | undefined
  /** Messages that `publish` keeps while disconnected; then it throws. Default 8,192. */
  readonly maxOfflineMessages?: number | undefined
}

/** How an embedded transport is opened: on a path of its own, or on a hub that is open. */
export type EmbeddedOptions = EmbeddedConnectionOptions &
  (EmbeddedHubOptions | { readonly hub: EmbeddedHub })

/** A transport on a hub, whose connection can be cut and healed. */
export interface EmbeddedTransport extends Transport {
  /** Cuts this connection off from the hub, as a network would. Idempotent. */
  disconnect(): void
  /** Heals it: queued messages go out in order, consumers and watchers resume. Idempotent. */
  reconnect(): void
}

class StoreHub implements EmbeddedHub {
  readonly core: HubCore
  readonly #store: Store
  readonly #storage: EmbeddedStorage
  #closing: Promise<void> | undefined

  constructor(store: Store, storage: EmbeddedStorage, clock: Clock) {
    this.#store = store
    this.#storage = storage
    this.core = new HubCore(clock, storage)
  }

  get connections(): number {
    return this.core.connections
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.core.closeConnections()
    this.core.close()
    try {
      await this.#storage.close()
    } finally {
      await this.#store.close()
    }
  }
}

/**
 * Opens a hub for several embedded transports of one process.
 *
 * @throws TransportError `STORAGE_FAILED` when the store is locked by another process or damaged
 * @example
 * ```ts
 * await using hub = await openEmbeddedHub({ path: './data' })
 * const api = await embedded({ hub })
 * const worker = await embedded({ hub })
 * ```
 */
export async function openEmbeddedHub(options: EmbeddedHubOptions): Promise<EmbeddedHub> {
  const clock = options.clock ?? systemClock
  const { fileSystem, sync = 'interval' } = options
  if (typeof options.path !== 'string' || options.path === '') {
    throw new TypeError('path must be the directory of the store')
  }
  const syncIntervalMs = options.syncIntervalMs ?? DEFAULT_SYNC_INTERVAL_MS
  const store = await opened(() =>
    Store.open(options.path, {
      sync,
      syncIntervalMs,
      clock,
      ...(fileSystem === undefined ? {} : { fileSystem }),
    }),
  )
  try {
    return await opened(async () => new StoreHub(store, new EmbeddedStorage(store), clock))
  } catch (error) {
    await store.close()
    throw error
  }
}

/**
 * The whole transport in one process, with logs, buckets, consumers and leases on disk.
 *
 * What resolved survives the process being killed; what a power cut may take is said by `sync`.
 * Messages (`publish`, `request`) are never stored.
 *
 * @throws TransportError `STORAGE_FAILED` when the store is locked by another process or damaged
 * @example
 * ```ts
 * await using transport = await embedded({ path: './data', sync: 'always' })
 * ```
 */
export async function embedded(options: EmbeddedOptions): Promise<EmbeddedTransport> {
  const own = 'hub' in options ? undefined : await openEmbeddedHub(options)
  const hub = 'hub' in options ? options.hub : own
  if (!(hub instanceof StoreHub)) throw new TypeError('hub must come from openEmbeddedHub()')
  return new HubTransport({
    hub: hub.core,
    clock: options.clock ?? hub.core.clock,
    random: options.random,
    maxOfflineMessages: positiveInteger(
      'maxOfflineMessages',
      options.maxOfflineMessages,
      DEFAULT_MAX_OFFLINE_MESSAGES,
    ),
    supports: Object.freeze({
      driver: 'embedded',
      durable: true,
      distributed: false,
      maxPayloadBytes: positiveInteger(
        'maxPayloadBytes',
        options.maxPayloadBytes,
        DEFAULT_MAX_PAYLOAD_BYTES,
      ),
      maxHeaderBytes: positiveInteger(
        'maxHeaderBytes',
        options.maxHeaderBytes,
        DEFAULT_MAX_HEADER_BYTES,
      ),
    }),
    ...(own === undefined ? {} : { onClosed: () => own.close() }),
  })
}

/** What the store refuses, in the words of this package. */
async function opened<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (!isStoreError(error)) throw error
    throw new TransportError('STORAGE_FAILED', `the store cannot be opened: ${error.message}`, {
      cause: error,
    })
  }
}
