import { createRecordCodec, type RecordCodec } from '@ashlar/codec'
import type { Batch, Store } from '@ashlar/lsm-store'
import { entries } from '../storage/entries.ts'
import type { Layout, Place } from '../storage/layout.ts'
import { MAX_RECORD_BYTES } from '../task/record.ts'
import type { TaskFailure } from '../task/task.ts'

/** How a child ended, as its parent is told. */
export type ChildOutcome =
  | { readonly status: 'completed'; readonly result: unknown }
  | { readonly status: 'failed'; readonly failure: TaskFailure }
  | { readonly status: 'cancelled' }

const codec: RecordCodec<ChildOutcome> = createRecordCodec<ChildOutcome>({
  version: 1,
  maxBytes: MAX_RECORD_BYTES,
})

/** What the store has of a waiting parent: how many children are open, and how the others ended. */
export class FlowTable {
  readonly #store: Store
  readonly #layout: Layout

  constructor(store: Store, layout: Layout) {
    this.#store = store
    this.#layout = layout
  }

  pending({ queue, at, seq }: Place): number {
    const bytes = this.#store.getSync(this.#layout.task('pending', queue, at, seq))
    return bytes === undefined ? 0 : Buffer.from(bytes).readUInt32BE(0)
  }

  writePending(batch: Batch, { queue, at, seq }: Place, pending: number): void {
    const key = this.#layout.task('pending', queue, at, seq)
    if (pending <= 0) {
      batch.delete(key)
      return
    }
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeUInt32BE(pending)
    batch.put(key, bytes)
  }

  /** Throws what the codec throws when a result cannot be stored. */
  encode(outcome: ChildOutcome): Uint8Array {
    return codec.encode(outcome)
  }

  writeOutcome(batch: Batch, parent: Place, child: string, encoded: Uint8Array): void {
    batch.put(this.#outcomeKey(parent, child), encoded)
  }

  outcomes(parent: Place): Record<string, ChildOutcome> {
    const found: Record<string, ChildOutcome> = {}
    for (const [key, value] of this.#entries(parent)) {
      const name = Buffer.from(key.subarray(this.#outcomeKey(parent, '').length)).toString('utf8')
      Object.defineProperty(found, name, { value: codec.decode(value), enumerable: true })
    }
    return found
  }

  /** Every key that is stored for a parent. */
  keysOf(parent: Place): Uint8Array[] {
    const keys = Array.from(this.#entries(parent), ([key]) => key)
    keys.push(this.#layout.task('pending', parent.queue, parent.at, parent.seq))
    return keys
  }

  #entries(parent: Place): Generator<[Uint8Array, Uint8Array]> {
    return entries(this.#store, this.#layout.under(this.#outcomeKey(parent, '')))
  }

  #outcomeKey({ queue, at, seq }: Place, child: string): Buffer {
    return Buffer.concat([this.#layout.task('outcome', queue, at, seq), Buffer.from(child, 'utf8')])
  }
}
