import type { Clock, Timer } from '@ashlar/codec'
import { isTransportError, TransportError } from '../errors.ts'
import type { KeyValue } from '../kv/key-value.ts'
import type { Lease } from './lease.ts'
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseRecord } from './lease-record.ts'

/** Part of its ttl for which a holder trusts its lease: clocks may differ in speed by a tenth. */
const TRUSTED_PART = 0.9
/** Renewals within one ttl. */
const RENEWALS = 3

/** What a lease starts from. */
export interface HeldLeaseOptions {
  readonly kv: KeyValue
  readonly key: string
  readonly record: LeaseRecord
  readonly epoch: number
  /** Monotonic time before the acquiring write was sent. */
  readonly sentAt: number
  readonly clock: Clock
  readonly autoRenew: boolean
  readonly onLost: ((reason: Error) => void) | undefined
  /** Called once when it is released or lost. */
  readonly onGone: () => void
}

/** A lease from its holder's side. */
export class HeldLease implements Lease {
  readonly owner: string
  readonly epoch: number
  readonly #options: HeldLeaseOptions
  #revision: number
  #deadline: number
  #state: 'held' | 'released' | 'lost' = 'held'
  #expiry: Timer | undefined
  #renewal: Timer | undefined
  /** Renewals and the release, one after the other. Never rejects. */
  #queue: Promise<void> = Promise.resolve()
  #lastFailure: unknown

  constructor(options: HeldLeaseOptions) {
    this.#options = options
    this.owner = options.record.owner
    this.epoch = options.epoch
    this.#revision = options.epoch
    this.#deadline = options.sentAt + options.record.ttlMs * TRUSTED_PART
    this.#armExpiry()
    if (options.autoRenew) this.#armRenewal()
  }

  get held(): boolean {
    return this.#state === 'held' && this.#options.clock.monotonic() < this.#deadline
  }

  renew(): Promise<void> {
    return this.#enqueue(() => this.#renew())
  }

  release(): Promise<void> {
    if (this.#state !== 'held') return this.#queue
    this.#end('released')
    return this.#enqueue(async () => {
      const { kv, key } = this.#options
      try {
        await kv.delete(key, { revision: this.#revision })
      } catch (error) {
        // Somebody else has it already: then there is nothing to give up.
        if (!isTransportError(error, 'KV_CONFLICT')) throw error
      }
    })
  }

  #enqueue(action: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(action)
    // The caller gets the failure; the queue only keeps the order.
    this.#queue = done.catch(() => undefined)
    return done
  }

  async #renew(): Promise<void> {
    if (!this.held) throw this.#lost('it was released or not renewed in time')
    const { clock, record } = this.#options
    const sentAt = clock.monotonic()
    try {
      this.#revision = await this.#write()
    } catch (error) {
      this.#lastFailure = error
      if (isTransportError(error, 'KV_CONFLICT')) this.#lose('another holder took it')
      throw isTransportError(error, 'KV_CONFLICT') ? this.#lost('another holder took it') : error
    }
    if (!this.held) throw this.#lost('the renewal came too late')
    this.#deadline = sentAt + record.ttlMs * TRUSTED_PART
    this.#armExpiry()
  }

  async #write(): Promise<number> {
    const { kv, key, record } = this.#options
    const value = encodeLeaseRecord(record)
    try {
      return await kv.update(key, value, this.#revision)
    } catch (error) {
      if (!isTransportError(error, 'KV_CONFLICT')) throw error
      // An earlier renewal whose answer was lost may have moved the revision on.
      const entry = await kv.get(key)
      if (entry === undefined || decodeLeaseRecord(kv.bucket, entry).id !== record.id) throw error
      return await kv.update(key, value, entry.revision)
    }
  }

  #armExpiry(): void {
    const { clock } = this.#options
    this.#expiry?.cancel()
    this.#expiry = clock.setTimer(
      () => this.#lose('it was not renewed in time'),
      this.#deadline - clock.monotonic(),
    )
  }

  #armRenewal(): void {
    const { clock, record } = this.#options
    this.#renewal = clock.setTimer(() => {
      if (this.#state !== 'held') return
      this.#armRenewal()
      // A failure is kept as the cause of the loss that follows if the next attempts fail too.
      this.renew().catch((error: unknown) => {
        this.#lastFailure = error
      })
    }, record.ttlMs / RENEWALS)
  }

  #lose(reason: string): void {
    if (this.#state !== 'held') return
    this.#end('lost')
    const { onLost } = this.#options
    const error = this.#lost(reason)
    if (onLost !== undefined) queueMicrotask(() => onLost(error))
  }

  #end(state: 'released' | 'lost'): void {
    this.#state = state
    this.#expiry?.cancel()
    this.#renewal?.cancel()
    this.#options.onGone()
  }

  #lost(reason: string): TransportError {
    const { key, kv } = this.#options
    return new TransportError(
      'LEASE_LOST',
      `lease ${key} of bucket ${kv.bucket}: ${reason}; stop the work that it guards`,
      this.#lastFailure === undefined ? {} : { cause: this.#lastFailure },
    )
  }
}
