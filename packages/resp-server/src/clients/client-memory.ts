import type { Settings } from '../config/settings.ts'
import type { Statistics } from '../server/statistics.ts'
import type { Client } from './client.ts'

/** What a connection takes that asks for nothing, roughly. */
const CONNECTION_BYTES = 4096
/** A subscription, watched key or tracked prefix, besides its name, which others may share. */
const ENTRY_BYTES = 64
/** With less nobody could say anything to the server any more. */
const LOWEST_LIMIT = 128 * 1024

/** What a client takes of the server's memory: its buffers, and what it has asked to be kept. */
export function clientBytes(client: Client): number {
  const { transport, transaction, tracking } = client
  const entries =
    client.subscriptions +
    client.shardChannels.size +
    client.watched.length +
    (tracking?.prefixes.length ?? 0)
  const buffers = transport.inputBytes + transport.outputBytes + (transaction?.bytes ?? 0)
  return CONNECTION_BYTES + entries * ENTRY_BYTES + buffers
}

/**
 * `maxmemory-clients`: when clients take more together, those that take most are closed, but none that
 * said CLIENT NO-EVICT. Nothing is counted while there is no limit.
 */
export class ClientMemory {
  readonly #settings: Settings
  readonly #statistics: Statistics
  readonly #onEvicted: (client: Client, bytes: number) => void
  readonly #charged = new Map<Client, number>()
  #total = 0
  #limit = 0

  constructor(
    settings: Settings,
    statistics: Statistics,
    onEvicted: (client: Client, bytes: number) => void,
  ) {
    this.#settings = settings
    this.#statistics = statistics
    this.#onEvicted = onEvicted
    this.settingsChanged([])
  }

  get isLimited(): boolean {
    return this.#limit > 0
  }

  /** The limit may be another one. `connected` are all who count. */
  settingsChanged(connected: Iterable<{ readonly client: Client }>): void {
    const { maxmemory, maxmemoryClients } = this.#settings
    // negative: a percentage of maxmemory, and no limit while there is none to take it of
    const wanted = maxmemoryClients < 0 ? (maxmemory * -maxmemoryClients) / 100 : maxmemoryClients
    this.#limit = wanted === 0 ? 0 : Math.max(LOWEST_LIMIT, wanted)
    this.#charged.clear()
    this.#total = 0
    if (!this.isLimited) return
    for (const { client } of connected) this.#charge(client)
    this.#evict()
  }

  /**
   * Something of the client has grown or shrunk, or it has sent a request whose arguments take so
   * many bytes.
   */
  changed(client: Client, argumentBytes = 0): void {
    if (client.isClosing) return
    this.#charge(client, argumentBytes)
    if (this.#total >= this.#limit) this.#evict()
  }

  forget(client: Client): void {
    this.#total -= this.#charged.get(client) ?? 0
    this.#charged.delete(client)
  }

  #charge(client: Client, argumentBytes = 0): void {
    const bytes = clientBytes(client) + argumentBytes
    this.#total += bytes - (this.#charged.get(client) ?? 0)
    this.#charged.set(client, bytes)
  }

  #evict(): void {
    if (this.#total < this.#limit) return
    const largestFirst = [...this.#charged].sort(([, a], [, b]) => b - a)
    for (const [client, bytes] of largestFirst) {
      if (this.#total < this.#limit) return
      // what waits for a replica has a bound of its own
      if (client.noEvict || client.server.downstream.of(client) !== undefined) continue
      this.forget(client)
      this.#statistics.evictedClients += 1
      this.#onEvicted(client, bytes)
      client.transport.close('now')
    }
  }
}
