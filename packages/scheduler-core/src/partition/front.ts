import type { Clock, Timer } from '@ashlar/codec'
import type { BucketOwner, BucketTable } from '../storage/bucket-table.ts'
import type { Queue, QueueGroup } from '../storage/queue.ts'
import type { Task } from '../task/task.ts'
import { Fifo } from './fifo.ts'
import { Limit, type LimitOptions } from './limit.ts'
import type { Partition } from './partition.ts'
import { Share } from './share.ts'

/** How the tenants of a queue share it. */
export interface TenantSettings extends LimitOptions {
  readonly weights: Readonly<Record<string, number>>
}

export interface FrontParts {
  readonly clock: Clock
  readonly buckets: BucketTable
  /** The queue may have something to start. */
  readonly onReady: (front: Front) => void
}

/**
 * A queue as the runner sees it: its limits, and whose turn it is among its tenants. They come round
 * in a ring, each with as many starts in a row as its weight says: a tenant with a million tasks
 * delays the one task of another by one turn.
 */
export class Front {
  /** The runner has it in its ring. */
  enlisted = false
  readonly #group: QueueGroup
  readonly #tenants: TenantSettings
  readonly #parts: FrontParts
  readonly #limit: Limit
  readonly #shares = new Map<string, Share>()
  readonly #ring = new Fifo<Share>()
  /** Only rates need to know the time. */
  readonly #rated: boolean
  #current: Share | undefined
  #left = 0
  #timer: Timer | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(group: QueueGroup, limits: LimitOptions, tenants: TenantSettings, parts: FrontParts) {
    this.#group = group
    this.#tenants = tenants
    this.#parts = parts
    this.#rated = limits.rate !== undefined || tenants.rate !== undefined
    this.#limit = new Limit(limits, parts.clock.monotonic())
    if (limits.rate !== undefined) this.#restore(this.#limit, group.base, 'queue')
  }

  /** How many of a partition can run at one time. */
  concurrencyOf(partition: Partition): number {
    return Math.min(this.#limit.concurrency, partition.share.limit.concurrency)
  }

  /** A partition of the queue is made: the share of its tenant, which it keeps. */
  add(partition: Partition): Share {
    const share = this.#shareOf(partition)
    share.add(partition)
    if (this.#tenants.rate !== undefined) this.#restore(share.limit, partition.queue, 'tenant')
    return share
  }

  /** Whether nothing of a tenant's past matters any more, as its running tasks and its rate do. */
  isAtRest({ share }: Partition): boolean {
    return share.limit.isAtRest(this.#parts.clock.monotonic())
  }

  /** The stream of a partition is forgotten. */
  remove(partition: Partition): void {
    const { share, queue } = partition
    if (!share.remove(partition)) this.#shares.delete(queue.tenant)
  }

  /** Whether `take` may have something to give. */
  get hasReady(): boolean {
    if (this.#group.paused || !this.#limit.hasRoom) return false
    return this.#ring.size > 0 || this.#current !== undefined
  }

  /** Whether what is ready has to wait for time to pass, by a rate. */
  get resting(): boolean {
    if (this.#timerAt === Number.POSITIVE_INFINITY) return false
    if (this.#ring.size === 0 && this.#current === undefined) return true
    return this.#limit.waitMs(this.#parts.clock.monotonic()) > 0
  }

  /** The partition may have something to start. */
  offer(partition: Partition): void {
    const { share } = partition
    if (!share.listed && share.hasReady) {
      share.listed = true
      this.#ring.push(share)
    }
    if (this.hasReady) this.#parts.onReady(this)
  }

  /** The next task that may start now; it counts as running from here on. */
  take(now: number): Task | undefined {
    if (!this.hasReady) return undefined
    const monotonic = this.#rated ? this.#parts.clock.monotonic() : 0
    const waitMs = this.#limit.waitMs(monotonic)
    if (waitMs > 0) {
      this.#wakeAt(monotonic + waitMs, monotonic)
      return undefined
    }
    for (let share = this.#turn(); share !== undefined; share = this.#turn()) {
      const task = this.#takeFrom(share, now, monotonic)
      if (task !== undefined) return task
    }
    return undefined
  }

  began(partition: Partition): void {
    this.#limit.begin()
    partition.share.limit.begin()
    if (this.#rated) this.#store(partition)
  }

  ended(partition: Partition): void {
    this.#limit.end()
    partition.share.limit.end()
  }

  undone(partition: Partition): void {
    this.#limit.undo()
    partition.share.limit.undo()
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** Goes along with the start, so that a restart gives nobody a full bucket. */
  #store({ share, queue }: Partition): void {
    const { buckets, clock } = this.#parts
    const at = Math.max(0, Math.ceil(clock.now()))
    const ofQueue = this.#limit.tokens
    const ofTenant = share.limit.tokens
    if (ofQueue !== undefined) buckets.write(this.#group.base, 'queue', { tokens: ofQueue, at })
    if (ofTenant !== undefined) buckets.write(queue, 'tenant', { tokens: ofTenant, at })
  }

  /** A wall clock that was stepped back gives nothing. */
  #restore(limit: Limit, stream: Queue, owner: BucketOwner): void {
    const stored = this.#parts.buckets.read(stream, owner)
    if (stored !== undefined) limit.restore(stored.tokens, this.#parts.clock.now() - stored.at)
  }

  #takeFrom(share: Share, now: number, monotonic: number): Task | undefined {
    const waitMs = share.limit.waitMs(monotonic)
    if (waitMs > 0 || !share.limit.hasRoom) {
      if (waitMs > 0) this.#wakeAt(monotonic + waitMs, monotonic)
      this.#current = undefined
      share.listed = false
      return undefined
    }
    const task = share.choose()?.take(now)
    this.#left -= 1
    if (!share.hasReady) {
      this.#current = undefined
      share.listed = false
    } else if (this.#left <= 0) {
      this.#current = undefined
      this.#ring.push(share)
    }
    return task
  }

  #turn(): Share | undefined {
    if (this.#current !== undefined) return this.#current
    this.#current = this.#ring.shift()
    this.#left = this.#current?.weight ?? 0
    return this.#current
  }

  #wakeAt(at: number, monotonic: number): void {
    if (at >= this.#timerAt) return
    this.#timer?.cancel()
    this.#timerAt = at
    this.#timer = this.#parts.clock.setTimer(() => {
      this.#timerAt = Number.POSITIVE_INFINITY
      for (const share of this.#shares.values()) {
        if (share.listed || !share.hasReady) continue
        share.listed = true
        this.#ring.push(share)
      }
      if (this.hasReady) this.#parts.onReady(this)
    }, at - monotonic)
  }

  #shareOf({ queue }: Partition): Share {
    const known = this.#shares.get(queue.tenant)
    if (known !== undefined) return known
    const { weights, concurrency, rate } = this.#tenants
    const weight = Object.hasOwn(weights, queue.tenant) ? (weights[queue.tenant] as number) : 1
    const now = this.#parts.clock.monotonic()
    const share = new Share(weight, new Limit({ concurrency, rate }, now))
    this.#shares.set(queue.tenant, share)
    return share
  }
}
