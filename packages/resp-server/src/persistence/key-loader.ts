import type { Store } from '@ashlar/lsm-store'
import type { Table } from '../keyspace/table.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import { decodeKeyRecord, KEY, tablePrefix } from './layout.ts'

/** Keys brought in per turn of the event loop. */
const KEYS_PER_TURN = 256
const KEY_PREFIX_BYTES = 5

/**
 * Brings the keys of a table into memory behind the back of running commands: short strings with
 * their value, everything else as a cold value. Until it is through, a command that misses a key
 * asks the store.
 */
export class KeyLoader {
  readonly #store: Store
  readonly #onLoaded: (table: Table) => void
  #stopped = false
  #loading = 0

  constructor(store: Store, onLoaded: (table: Table) => void) {
    this.#store = store
    this.#onLoaded = onLoaded
  }

  get isLoading(): boolean {
    return this.#loading > 0
  }

  async load(table: Table): Promise<void> {
    this.#loading += 1
    const iterator = this.#store.iterator({ prefix: tablePrefix(KEY, table.id) })
    try {
      while (!this.#stopped) {
        if (!this.#step(iterator, table)) {
          table.complete()
          break
        }
        this.#onLoaded(table)
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
    } finally {
      iterator.close()
      this.#loading -= 1
    }
    if (!this.#stopped) this.#onLoaded(table)
  }

  /** All at once, for commands that need every key now. */
  finish(table: Table): void {
    const iterator = this.#store.iterator({ prefix: tablePrefix(KEY, table.id) })
    while (this.#step(iterator, table));
    iterator.close()
    table.complete()
    this.#onLoaded(table)
  }

  stop(): void {
    this.#stopped = true
  }

  /** False at the end. */
  #step(iterator: ReturnType<Store['iterator']>, table: Table): boolean {
    if (table.isComplete) return false
    for (let count = 0; count < KEYS_PER_TURN; count += 1) {
      const entry = iterator.nextSync()
      if (entry === undefined) return false
      const key = asBuffer(entry[0])
      table.learn(readLatin1(key, KEY_PREFIX_BYTES), decodeKeyRecord(entry[1], false))
    }
    return true
  }
}
