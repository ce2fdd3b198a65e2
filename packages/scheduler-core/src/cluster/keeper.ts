import type { Lease } from '@ashlar/transport'
import { isSchedulerError } from '../errors.ts'
import { isPassing } from '../replica/log-writer.ts'
import { leaseKey } from './names.ts'
import { OwnedPartition, type PartitionHost } from './owned-partition.ts'
import { pause } from './watch-bucket.ts'

/** After a partition could not be opened. */
const RETRY_MS = 250
/** After a partition could not be split: each attempt interrupts the work on it. */
const SPLIT_RETRY_MS = 30_000
/** How long a member does not try again what its handlers cannot serve. */
const REFUSAL_MS = 30_000
/** How many ttls one wait for a lease lasts, before it is begun anew. */
const WAIT_TTLS = 10

export interface KeeperOptions {
  readonly host: PartitionHost
  readonly partition: number
  /** This member cannot work on the partition, or can try again. */
  readonly onRefused: (refused: boolean) => Promise<void>
}

/** Has a partition whenever this member should have it. */
export class Keeper {
  readonly #options: KeeperOptions
  #wanted: AbortController | undefined
  #running: Promise<void> = Promise.resolve()
  #owned: OwnedPartition | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  get owned(): OwnedPartition | undefined {
    return this.#owned
  }

  want(): void {
    if (this.#wanted !== undefined) return
    const wanted = new AbortController()
    this.#wanted = wanted
    this.#running = this.#running.then(() => this.#keep(wanted.signal))
  }

  /** Takes the partition over anew, from whoever has it then, when it is the next to be split. */
  splitIfDue(): void {
    const { host } = this.#options
    if (this.#owned?.isDueToSplit === true) void this.#owned.handOver(host.options.drainMs)
  }

  /** Resolves when somebody else can have it. */
  async release(drainMs: number): Promise<void> {
    this.#wanted?.abort()
    this.#wanted = undefined
    await this.#owned?.handOver(drainMs)
    await this.#running
  }

  /** Never rejects. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { host, partition } = this.#options
    const { clock } = host.options
    while (!signal.aborted) {
      try {
        const lease = await this.#acquire(signal)
        if (lease !== undefined) await this.#own(lease, signal)
      } catch (error) {
        if (signal.aborted) return
        if (isSchedulerError(error, 'HANDLER_MISSING')) {
          host.onError(error, `partition ${partition}`)
          void this.#refuse()
          return
        }
        const expected = isPassing(error) || isSchedulerError(error, 'PARTITION_LOST')
        if (!expected) host.onError(error, `partition ${partition}`)
        await pause(clock, RETRY_MS)
      }
    }
  }

  #acquire(signal: AbortSignal): Promise<Lease | undefined> {
    const { host, partition } = this.#options
    const { transport, names, leaseTtlMs } = host.options
    return transport.lease(names.bucket, leaseKey(partition), {
      owner: host.member,
      ttlMs: leaseTtlMs,
      waitMs: leaseTtlMs * WAIT_TTLS,
      autoRenew: true,
      seen: host.leases.seen(partition),
      onLost: (reason) => this.#owned?.lose(reason),
      signal,
    })
  }

  async #own(lease: Lease, signal: AbortSignal): Promise<void> {
    const { host, partition } = this.#options
    if (signal.aborted) return await lease.release()
    const owned = new OwnedPartition(host, partition, lease)
    this.#owned = owned // it may be lost from here on
    try {
      await owned.open()
    } catch (error) {
      this.#owned = undefined
      throw error
    }
    if (signal.aborted) await owned.handOver(host.options.drainMs)
    else if (!lease.held) owned.lose(new Error('the lease was lost while the log was read'))
    else void this.#splitLater(owned)
    await owned.ended
    this.#owned = undefined
  }

  /** It could not be split when it was opened, or is to be since. */
  async #splitLater(owned: OwnedPartition): Promise<void> {
    const { host } = this.#options
    if (owned.splitFailed) await pause(host.options.clock, SPLIT_RETRY_MS)
    if (this.#owned === owned) this.splitIfDue()
  }

  async #refuse(): Promise<void> {
    const { host, onRefused } = this.#options
    this.#wanted = undefined
    await onRefused(true)
    await pause(host.options.clock, REFUSAL_MS)
    await onRefused(false)
  }
}
