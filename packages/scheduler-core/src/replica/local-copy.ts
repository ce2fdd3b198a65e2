import { prefixEnd } from '@ashlar/codec'
import type { Batch, Store } from '@ashlar/lsm-store'
import type { Ledger } from '../storage/ledger.ts'
import { OperationWriter, readOperations } from './log-entry.ts'
import type { ReplicaTarget } from './log-reader.ts'
import type { LogWriter } from './log-writer.ts'
import { TeeBatch } from './tee-batch.ts'

/** The local store is a cache of the log: it need not survive anything. */
const UNSYNCED = { sync: 'none' } as const
/** A batch that is used again keeps at most so many bytes. */
const SPARE_BYTES = 64 * 1024
/** Bytes of one message of a compaction. */
const CHUNK_BYTES = 128 * 1024

/** The keys of one partition in the local store: what its log says, made readable. */
export class LocalCopy implements ReplicaTarget {
  readonly store: Store
  readonly prefix: string
  readonly #prefix: Buffer

  constructor(store: Store, prefix: string) {
    this.store = store
    this.prefix = prefix
    this.#prefix = Buffer.from(prefix, 'utf8')
  }

  async clear(): Promise<void> {
    await this.store.write([{ type: 'deleteRange', prefix: this.#prefix }], UNSYNCED)
  }

  async apply(operations: Buffer): Promise<void> {
    const batch = this.store.batch()
    const at = (key: Uint8Array): Buffer => Buffer.concat([this.#prefix, key])
    readOperations(operations, {
      put: (key, value) => batch.put(at(key), value),
      delete: (key) => batch.delete(at(key)),
    })
    await this.store.write(batch, UNSYNCED)
  }

  /** Puts all that is here into another copy too. */
  async copyTo(other: LocalCopy): Promise<void> {
    const end = prefixEnd(this.#prefix) ?? new Uint8Array()
    let batch = other.store.batch()
    using iterator = this.store.iterator({ gte: this.#prefix, lt: end })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      const [key, value] = entry
      batch.put(Buffer.concat([other.#prefix, key.subarray(this.#prefix.length)]), value)
      if (batch.byteLength < CHUNK_BYTES) continue
      await other.store.write(batch, UNSYNCED)
      await new Promise((resolve) => setImmediate(resolve)) // leases have to be renewed
      batch = other.store.batch()
    }
    await other.store.write(batch, UNSYNCED)
  }

  /** A ledger whose batches are visible here at once, and durable when the log has them. */
  ledger(writer: LogWriter): Ledger {
    let spare: Batch | undefined
    return {
      batch: () => {
        const inner = spare ?? this.store.batch()
        spare = undefined
        return new TeeBatch(inner, this.#prefix.length)
      },
      write: (batch: Batch) => {
        if (!(batch instanceof TeeBatch)) throw new TypeError('the batch is not of this ledger')
        const { inner, operations } = batch
        const stored = writer.append(operations.bytes)
        const seen = this.store.write(inner, UNSYNCED)
        // The store has taken its bytes: making room for them anew costs more than filling it.
        if (inner.byteLength < SPARE_BYTES) spare = inner.clear()
        return Promise.all([stored, seen])
      },
    }
  }

  /**
   * Writes every present entry into the log again, a chunk at a time among the changes that go on.
   * Each chunk says what is at its place in the order, so whoever reads from the first of them on has
   * everything. Resolves with the bytes written, or undefined when it was told to stop.
   */
  async rewrite(writer: LogWriter, stopped: () => boolean): Promise<number | undefined> {
    const end = prefixEnd(this.#prefix) ?? new Uint8Array()
    let after: Uint8Array = this.#prefix
    let total = 0
    for (;;) {
      if (stopped()) return undefined
      const chunk = new OperationWriter()
      using iterator = this.store.iterator({ gt: after, lt: end })
      let entry = iterator.nextSync()
      for (; entry !== undefined; entry = iterator.nextSync()) {
        const [key, value] = entry
        chunk.put(key.subarray(this.#prefix.length), value)
        after = Uint8Array.from(key)
        if (chunk.byteLength >= CHUNK_BYTES) break
      }
      if (chunk.byteLength > 0) await writer.append(chunk.bytes)
      total += chunk.byteLength
      if (entry === undefined) return total
    }
  }
}
