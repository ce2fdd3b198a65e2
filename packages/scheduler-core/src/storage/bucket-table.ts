import type { Batch, Store } from '@ashlar/lsm-store'
import type { Journal } from './journal.ts'
import type { Layout } from './layout.ts'
import type { Queue } from './queue.ts'

/** Whose token bucket it is: that of the whole queue, or that of the tenant of a stream. */
export type BucketOwner = 'queue' | 'tenant'

/** What was left in a bucket. */
export interface StoredBucket {
  readonly tokens: number
  /** By the wall clock. */
  readonly at: number
}

/**
 * What is left in the token buckets of limited queues and tenants, stored together with each start:
 * so a rate holds over a restart. A queue's stands with its base, a tenant's with the stream whose
 * task started.
 */
export class BucketTable {
  readonly #store: Store
  readonly #layout: Layout
  readonly #journal: Journal

  constructor(store: Store, layout: Layout, journal: Journal) {
    this.#store = store
    this.#layout = layout
    this.#journal = journal
  }

  read(stream: Queue, owner: BucketOwner): StoredBucket | undefined {
    const bytes = this.#store.getSync(this.#layout.named('bucket', stream.number, owner))
    if (bytes === undefined) return undefined
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return { tokens: view.readDoubleBE(0), at: view.readUIntBE(8, 6) }
  }

  /** tokens f64, time u48 */
  write(stream: Queue, owner: BucketOwner, { tokens, at }: StoredBucket): void {
    const bytes = Buffer.allocUnsafe(14)
    bytes.writeDoubleBE(tokens, 0)
    bytes.writeUIntBE(at, 8, 6)
    this.#journal.begin().put(this.#layout.named('bucket', stream.number, owner), bytes)
  }

  /** Those of a stream that is forgotten. */
  erase(batch: Batch, stream: Queue): void {
    batch.delete(this.#layout.named('bucket', stream.number, 'tenant'))
  }
}
