import { AbstractChainedBatch } from 'abstract-level'
import type { Store } from '../store/store.ts'
import type { Batch } from '../wal/batch.ts'
import type { LevelData } from './format.ts'
import { levelError } from './level-error.ts'
import { type LevelWriteOptions, storeWrite } from './level-options.ts'

/** A chained batch: operations are encoded as they come. */
export class LevelBatch<D, K, V> extends AbstractChainedBatch<D, K, V> {
  readonly #store: Store
  readonly #batch: Batch

  constructor(db: D, store: Store) {
    super(db)
    this.#store = store
    this.#batch = store.batch()
  }

  _put(key: LevelData, value: LevelData): void {
    this.#batch.put(key, value)
  }

  _del(key: LevelData): void {
    this.#batch.delete(key)
  }

  _clear(): void {
    this.#batch.clear()
  }

  async _write(options: LevelWriteOptions): Promise<void> {
    try {
      await this.#store.write(this.#batch, storeWrite(options))
    } catch (error) {
      throw levelError(error)
    }
  }

  async _close(): Promise<void> {
    this.#batch.clear()
  }
}
