import type { Client } from '../clients/client.ts'
import type { ServerContext } from '../server/context.ts'
import { Replica, type ReplicaOptions } from './replica.ts'

/** The replicas that are connected, in the order in which they came. */
export class Roster {
  readonly all: Set<Replica> = new Set()
  /** When the last one left, on the monotonic clock; undefined while there are any. */
  aloneSince: number | undefined
  readonly #server: ServerContext
  readonly #byClient = new Map<Client, Replica>()

  constructor(server: ServerContext) {
    this.#server = server
  }

  of(client: Client): Replica | undefined {
    return this.#byClient.get(client)
  }

  add(options: ReplicaOptions): Replica {
    const replica = new Replica(options, this.#server.clock.monotonic())
    this.all.add(replica)
    this.#byClient.set(options.client, replica)
    this.aloneSince = undefined
    return replica
  }

  forget(client: Client): void {
    const replica = this.#byClient.get(client)
    if (replica === undefined) return
    this.#byClient.delete(client)
    this.all.delete(replica)
    replica.isGone = true
    replica.wake()
    if (this.all.size === 0) this.aloneSince = this.#server.clock.monotonic()
    this.#server.logger.info('a replica has left', { address: client.transport.address })
  }

  wake(): void {
    for (const replica of this.all) replica.wake()
  }

  /** Replicas that were heard of within so many seconds. */
  countWithin(seconds: number): number {
    return this.#count((replica) => replica.lag(this.#server) <= seconds)
  }

  /** Replicas that have run everything up to an offset. */
  countApplied(offset: number): number {
    return this.#count(({ acknowledged }) => acknowledged >= offset)
  }

  cutOffAll(): void {
    for (const { client } of this.all) client.transport.close('now')
  }

  /** Those for whom too much waits, of a stream that ends there; bounds as of `client-output-buffer-limit`. */
  cutOffSlow(end: number): void {
    const { settings, statistics } = this.#server
    const { hardBytes, softBytes, softSeconds } = settings.replicaOutputLimit
    // what is kept for those who come back is no burden
    const hard = hardBytes === 0 ? Number.POSITIVE_INFINITY : hardBytes
    const soft = softBytes === 0 ? Number.POSITIVE_INFINITY : softBytes
    const now = this.#server.clock.monotonic()
    for (const replica of this.all) {
      const waiting = end - replica.position
      if (waiting <= Math.max(soft, settings.replBacklogSize)) replica.slowSince = undefined
      else replica.slowSince ??= now
      const { slowSince } = replica
      const isLong = slowSince !== undefined && now - slowSince >= softSeconds * 1000
      if (!isLong && waiting <= Math.max(hard, settings.replBacklogSize)) continue
      statistics.outputBufferDisconnections += 1
      this.#cutOff(replica, 'it reads too slowly')
    }
  }

  /** Those who have not said for long how far they are. */
  cutOffSilent(): void {
    for (const replica of this.all) {
      if (replica.isSilent || replica.state !== 'online') continue
      if (replica.lag(this.#server) < this.#server.settings.replTimeoutSeconds) continue
      this.#cutOff(replica, 'it says nothing')
    }
  }

  #cutOff({ client }: Replica, reason: string): void {
    if (client.isClosing) return
    const { address } = client.transport
    this.#server.logger.warn('a replica is cut off', { address, reason })
    client.transport.close('now')
  }

  #count(holds: (replica: Replica) => boolean): number {
    let count = 0
    for (const replica of this.all) if (replica.state === 'online' && holds(replica)) count += 1
    return count
  }
}
