import type { Transport } from '../transport.ts'
import { type NatsOptions, resolveNatsOptions } from './nats-options.ts'
import { NatsTransport } from './nats-transport.ts'

/**
 * A transport over NATS: messages by its core, logs, buckets and leases by JetStream. Works with
 * nats-server 2.9 and newer, alone, as a cluster, and through leaf nodes.
 *
 * JetStream acknowledges an append before the disk has it, unless the server is configured
 * otherwise: one copy may lose the last seconds in a power cut, three copies only when a majority
 * loses power at the same time.
 *
 * Rejects with `DISCONNECTED` when no server is reachable or none takes the credentials, with
 * `UNSUPPORTED` when the server is too old. Later the connection comes back by itself.
 *
 * @example
 * ```ts
 * await using transport = await nats({ servers: 'nats://127.0.0.1:4222' })
 * ```
 */
export async function nats(options: NatsOptions = {}): Promise<Transport> {
  return await NatsTransport.open(resolveNatsOptions(options))
}
