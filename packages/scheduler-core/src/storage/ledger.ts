import type { Batch, Store, WriteOptions } from '@ashlar/lsm-store'

/** Where the journal's batches go: what makes a change durable. */
export interface Ledger {
  batch(): Batch
  /**
   * Makes a batch visible to reads of the store at once, and resolves when it is durable. Batches
   * are durable in the order in which they were written, or not at all.
   */
  write(batch: Batch): Promise<unknown>
}

/** The store itself. */
export function storeLedger(store: Store, options: WriteOptions): Ledger {
  return {
    batch: () => store.batch(),
    write: (batch) => store.write(batch, options),
  }
}
