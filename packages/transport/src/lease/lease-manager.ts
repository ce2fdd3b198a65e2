import { type Clock, createIdGenerator, type Random } from '@ashlar/codec'
import { isTransportError } from '../errors.ts'
import type { KeyValue, KvEntry } from '../kv/key-value.ts'
import { atLeast } from '../log/log-options.ts'
import { abortedError } from '../message/request-table.ts'
import { HeldLease } from './held-lease.ts'
import type { Lease, LeaseOptions } from './lease.ts'
import { decodeLeaseRecord, encodeLeaseRecord, type LeaseRecord } from './lease-record.ts'

/** Shortest ttl: below it renewal and loss cannot be told apart over a network. */
export const MIN_LEASE_TTL_MS = 50
/** Keys whose holders are being observed; the least recently asked for is forgotten beyond. */
const MAX_OBSERVED = 65_536
/** Tries against concurrent writers before the key counts as held. */
const MAX_RACES = 8

/** What the manager needs of its transport. */
export interface LeaseManagerOptions {
  readonly clock: Clock
  /** Ids of leases are drawn from it. */
  readonly random: Random
  readonly open: (bucket: string) => Promise<KeyValue>
}

/** A revision that another holder wrote, and since when it has been the last one. */
interface Observation {
  readonly revision: number
  readonly since: number
}

/** An attempt ends with the lease, or with how long the holder still has. */
type Attempt = { readonly lease: Lease } | { readonly revision: number; readonly leftMs: number }

/** Leases over the key-value buckets of any driver. */
export class LeaseManager {
  readonly #clock: Clock
  readonly #open: (bucket: string) => Promise<KeyValue>
  readonly #observed = new Map<string, Observation>()
  readonly #held = new Set<HeldLease>()
  readonly #createId: () => string

  constructor(options: LeaseManagerOptions) {
    this.#clock = options.clock
    this.#open = options.open
    this.#createId = createIdGenerator({ clock: options.clock, random: options.random })
  }

  async acquire(bucket: string, key: string, options: LeaseOptions): Promise<Lease | undefined> {
    checkOptions(options)
    const { signal, seen } = options
    const now = this.#clock.monotonic()
    const deadline = now + (options.waitMs ?? 0)
    if (seen !== undefined) {
      this.#sinceWhen(observationKey(bucket, key), seen.revision, now - seen.forMs)
    }
    const kv = await this.#open(bucket)
    for (;;) {
      if (signal?.aborted) throw abortedError(`waiting for lease ${key}`, signal.reason)
      const attempt = await this.#attempt(kv, key, options)
      if ('lease' in attempt) return attempt.lease
      const left = deadline - this.#clock.monotonic()
      if (left <= 0) return undefined
      await this.#waitForChange(kv, key, attempt.revision, Math.min(left, attempt.leftMs), signal)
    }
  }

  /** Gives everything back that is still held; what cannot be reached expires by itself. */
  async releaseAll(): Promise<void> {
    await Promise.allSettled([...this.#held].map((lease) => lease.release()))
  }

  async #attempt(kv: KeyValue, key: string, options: LeaseOptions): Promise<Attempt> {
    const record: LeaseRecord = {
      owner: options.owner,
      id: this.#createId(),
      ttlMs: options.ttlMs,
    }
    for (let race = 0; ; race += 1) {
      const sentAt = this.#clock.monotonic()
      const entry = await kv.get(key)
      const leftMs = entry === undefined ? 0 : this.#observe(kv.bucket, entry)
      if (entry !== undefined && (leftMs > 0 || race >= MAX_RACES)) {
        return { revision: entry.revision, leftMs: Math.max(1, leftMs) }
      }
      const revision = await writeFirst(kv, key, record, entry?.revision)
      if (revision === undefined) continue
      this.#observed.delete(observationKey(kv.bucket, key))
      return { lease: this.#hold(kv, key, options, record, revision, sentAt) }
    }
  }

  /** How long the holder has left, judged by how long its revision did not change before my eyes. */
  #observe(bucket: string, entry: KvEntry): number {
    const { ttlMs } = decodeLeaseRecord(bucket, entry)
    const now = this.#clock.monotonic()
    return this.#sinceWhen(observationKey(bucket, entry.key), entry.revision, now) + ttlMs - now
  }

  /** Since when a revision is known: since this time, or longer. */
  #sinceWhen(id: string, revision: number, time: number): number {
    const known = this.#observed.get(id)
    const since = known?.revision === revision ? Math.min(known.since, time) : time
    this.#observed.delete(id)
    this.#observed.set(id, { revision, since })
    if (this.#observed.size > MAX_OBSERVED) {
      const oldest = this.#observed.keys().next()
      if (!oldest.done) this.#observed.delete(oldest.value)
    }
    return since
  }

  #hold(
    kv: KeyValue,
    key: string,
    options: LeaseOptions,
    record: LeaseRecord,
    revision: number,
    sentAt: number,
  ): Lease {
    const lease = new HeldLease({
      kv,
      key,
      record,
      epoch: revision,
      sentAt,
      clock: this.#clock,
      autoRenew: options.autoRenew ?? false,
      onLost: options.onLost,
      onGone: () => this.#held.delete(lease),
    })
    this.#held.add(lease)
    return lease
  }

  /** Resolves when the key has another revision, the time is over or the caller aborts. */
  async #waitForChange(
    kv: KeyValue,
    key: string,
    revision: number,
    forMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const stop = new AbortController()
    const onAbort = (): void => stop.abort()
    signal?.addEventListener('abort', onAbort, { once: true })
    const timer = this.#clock.setTimer(onAbort, forMs, { keepAlive: true })
    try {
      for await (const entry of kv.watch({ key, history: true, signal: stop.signal })) {
        if (entry.revision > revision) return
      }
    } finally {
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

function observationKey(bucket: string, key: string): string {
  return `${bucket}/${key}`
}

/** Takes the key; undefined when somebody else was faster. */
async function writeFirst(
  kv: KeyValue,
  key: string,
  record: LeaseRecord,
  revision: number | undefined,
): Promise<number | undefined> {
  try {
    const value = encodeLeaseRecord(record)
    return revision === undefined
      ? await kv.create(key, value)
      : await kv.update(key, value, revision)
  } catch (error) {
    if (isTransportError(error, 'KV_EXISTS') || isTransportError(error, 'KV_CONFLICT')) {
      return undefined
    }
    throw error
  }
}

function checkOptions(options: LeaseOptions): void {
  if (typeof options.owner !== 'string' || options.owner === '') {
    throw new TypeError('owner must be a string that names the holder')
  }
  atLeast('ttlMs', options.ttlMs, MIN_LEASE_TTL_MS, MIN_LEASE_TTL_MS)
  if (options.ttlMs === undefined) throw new RangeError('ttlMs is required')
  atLeast('waitMs', options.waitMs, 0, 0)
  atLeast('seen.forMs', options.seen?.forMs, 0, 0)
}
