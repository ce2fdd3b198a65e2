import { type Clock, type Random, systemClock } from '@ashlar/codec'
import { HubCore } from '../hub/hub-core.ts'
import type { HubStorage } from '../hub/hub-storage.ts'
import { HubTransport } from '../hub/hub-transport.ts'
import { positiveInteger } from '../log/log-options.ts'
import { copyExact, copyPooled } from '../message/copy-payload.ts'
import type { Transport } from '../transport.ts'
import { MemoryRecords } from './memory-records.ts'

const DEFAULT_MAX_PAYLOAD_BYTES = 1024 * 1024
const DEFAULT_MAX_HEADER_BYTES = 16 * 1024
const DEFAULT_MAX_OFFLINE_MESSAGES = 8192

/** Keeps nothing beyond the process, so there is never anything to wait for. */
const MEMORY_STORAGE: HubStorage = {
  logs: [],
  buckets: [],
  createLog: (_, { maxMessagesPerSubject }) => ({
    records: new MemoryRecords(maxMessagesPerSubject === Infinity ? copyPooled : copyExact),
  }),
  createBucket: () => ({ records: new MemoryRecords() }),
  assertUsable: () => {},
  commit: () => undefined,
}

/** An in-process network: transports made with the same hub talk to each other. */
export interface MemoryHub {
  /** Open connections. */
  readonly connections: number
}

/** How a hub is made. */
export interface MemoryHubOptions {
  /** The hub's clock: timestamps, ages, ack waits. Default the system's. */
  readonly clock?: Clock | undefined
}

/** How a transport in memory is made. */
export interface MemoryOptions {
  /** Default: a hub of its own. */
  readonly hub?: MemoryHub | undefined
  /** The connection's clock (timeouts, leases), and that of its own hub. Default the system's. */
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

/** A transport in memory, whose connection can be cut and healed. */
export interface MemoryTransport extends Transport {
  /** Cuts this connection off from the hub, as a network would. Idempotent. */
  disconnect(): void
  /** Heals it: queued messages go out in order, consumers and watchers resume. Idempotent. */
  reconnect(): void
}

/**
 * A hub for several transports of one process.
 *
 * @example
 * ```ts
 * const hub = createMemoryHub()
 * const cloud = memory({ hub })
 * const edge = memory({ hub })
 * ```
 */
export function createMemoryHub(options: MemoryHubOptions = {}): MemoryHub {
  return new HubCore(options.clock ?? systemClock, MEMORY_STORAGE)
}

/**
 * The whole transport in memory: nothing survives the hub, delivery within the process is
 * immediate and in order.
 *
 * @example
 * ```ts
 * await using transport = memory()
 * transport.respond('greet', () => new TextEncoder().encode('hello'))
 * const answer = await transport.request('greet', new Uint8Array())
 * ```
 */
export function memory(options: MemoryOptions = {}): MemoryTransport {
  const clock = options.clock ?? systemClock
  const hub = options.hub ?? createMemoryHub({ clock })
  if (!(hub instanceof HubCore)) throw new TypeError('hub must come from createMemoryHub()')
  return new HubTransport({
    hub,
    clock,
    random: options.random,
    maxOfflineMessages: positiveInteger(
      'maxOfflineMessages',
      options.maxOfflineMessages,
      DEFAULT_MAX_OFFLINE_MESSAGES,
    ),
    supports: Object.freeze({
      driver: 'memory',
      durable: false,
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
  })
}
