import type { Store } from '@ashlar/lsm-store'
import type { Table } from '../keyspace/table.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import {
  decodeKeyRecord,
  KEY,
  KEY_PREFIX_BYTES,
  LONG_KEY,
  splitName,
  tablePrefix,
} from './layout.ts'

/** Keys brought in per turn of the event loop. */
const KEYS_PER_TURN = 256

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
    try {
      for (const _ of this.#steps(table)) {
        this.#onLoaded(table)
        await new Promise<void>((resolve) => setImmediate(resolve))
        if (this.#stopped) return
      }
    } finally {
      this.#loading -= 1
    }
    this.#onLoaded(table)
  }

  /** All at once, for commands that need every key now. */
  finish(table: Table): void {
    for (const _ of this.#steps(table));
    this.#onLoaded(table)
  }

  stop(): void {
    this.#stopped = true
  }

  /** Some keys per step; the table is complete after the last. */
  *#steps(table: Table): Generator<undefined> {
    for (const kind of [KEY, LONG_KEY]) {
      const iterator = this.#store.iterator({ prefix: tablePrefix(kind, table.id) })
      try {
        while (!table.isComplete && this.#step(iterator, table, kind)) {
          yield undefined
        }
      } finally {
        iterator.close()
      }
    }
    table.complete()
  }

  /** False at the end. */
  #step(iterator: ReturnType<Store['iterator']>, table: Table, kind: number): boolean {
    for (let count = 0; count < KEYS_PER_TURN; count += 1) {
      const entry = iterator.nextSync()
      if (entry === undefined) return false
      if (kind === KEY) {
        const name = readLatin1(asBuffer(entry[0]), KEY_PREFIX_BYTES)
        table.learn(name, decodeKeyRecord(entry[1], false))
      } else {
        const { name, value } = splitName(entry[1])
        table.learn(name, decodeKeyRecord(value, false))
      }
    }
    return true
  }
}
