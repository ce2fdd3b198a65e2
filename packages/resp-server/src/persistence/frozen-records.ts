import type { RangeOptions, Snapshot, Store, StoreIterator } from '@ashlar/lsm-store'
import { ColdValue, type Value } from '../keyspace/value.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import type { RecordReader } from './record-reader.ts'
import { StoreSource } from './store-source.ts'
import { StoredKeys } from './stored-keys.ts'

export interface FrozenEntry {
  readonly name: string
  readonly value: Value
  /** Infinity for never. */
  readonly expiry: number
}

/**
 * Everything that the store held at one moment, whatever is written meanwhile: for a walk that takes
 * many turns of the event loop. What it reads comes into no one else's memory.
 */
export class FrozenRecords implements Disposable {
  readonly #snapshot: Snapshot
  readonly #reader: RecordReader
  readonly #source: StoreSource

  constructor(store: Store, modules: ModuleTypes) {
    const snapshot = store.snapshot()
    this.#snapshot = snapshot
    this.#reader = {
      getSync: (key: Uint8Array) => store.getSync(key, { snapshot }),
      iterator: (options: RangeOptions): StoreIterator => store.iterator({ ...options, snapshot }),
    }
    this.#source = new StoreSource(this.#reader, undefined, modules)
  }

  /** Every key of a table with its value. */
  *entries(table: number): Generator<FrozenEntry> {
    using keys = new StoredKeys(this.#reader, table)
    for (let key = keys.next(); key !== undefined; key = keys.next()) {
      const { name } = key
      const { value, expiry } = key.read(true)
      const isCold = value instanceof ColdValue
      yield { name, value: isCold ? this.#source.loadValue(table, name, value) : value, expiry }
    }
  }

  /** The values of a table that are collections or long, without what they hold; others are left out. */
  *coldValues(table: number): Generator<ColdValue | undefined> {
    using keys = new StoredKeys(this.#reader, table)
    for (let key = keys.next(); key !== undefined; key = keys.next()) {
      const { value } = key.read(false)
      yield value instanceof ColdValue ? value : undefined
    }
  }

  [Symbol.dispose](): void {
    this.#snapshot.close()
  }
}
