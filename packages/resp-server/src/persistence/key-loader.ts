import type { Store } from '@ashlar/lsm-store'
import type { Table } from '../keyspace/table.ts'
import { StoredKeys } from './stored-keys.ts'

/** Keys brought in per turn of the event loop. */
const KEYS_PER_TURN = 256
/** Less than this is sorted within some milliseconds. */
const MUCH_LOG_BYTES = 4 * 1024 * 1024

/**
 * Brings the keys of a table into memory behind the back of running commands: short strings with
 * their value, everything else as a cold value. Until it is through, a command that misses a key
 * asks the store. Once there is no more room, keys stay in the store, and the table learns when those
 * of them expire that do. Each turn looks at the store as it is then: what the table hears is never old.
 */
export class KeyLoader {
  /** Whether memory may take in more keys. */
  hasRoom: () => boolean = () => true
  readonly #store: Store
  readonly #onLoaded: (table: Table) => void
  #stopped = false
  #settled: Promise<void> | undefined
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
      await this.#settleLog()
      if (!this.#stopped) await this.#pass(table)
    } finally {
      this.#loading -= 1
    }
    if (!this.#stopped) this.#onLoaded(table)
  }

  async #pass(table: Table): Promise<void> {
    const pass = table.beginPass()
    let behind: Uint8Array | undefined
    while (!table.isComplete) {
      behind = this.#turn(table, pass, behind)
      this.#onLoaded(table)
      if (behind === undefined) return
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (this.#stopped) return
    }
  }

  /** What a crash left in the log would be sorted by the first pass: a thread of the store does that. */
  #settleLog(): Promise<void> {
    if (this.#store.metrics().memtableBytes < MUCH_LOG_BYTES) return Promise.resolve()
    // the pass does without when it fails, and the store tells of that itself
    this.#settled ??= this.#store.flush().catch(() => undefined)
    return this.#settled
  }

  /** All at once, whatever room there is, for what needs every key now. */
  finish(table: Table): void {
    const pass = table.beginPass()
    using keys = new StoredKeys(this.#store, table.id)
    for (let key = keys.next(); key !== undefined; key = keys.next()) table.learn(key, true)
    table.endPass(pass)
    this.#onLoaded(table)
  }

  stop(): void {
    this.#stopped = true
  }

  /** Answers behind which key to go on; undefined at the end. */
  #turn(table: Table, pass: number, behind: Uint8Array | undefined): Uint8Array | undefined {
    const mayStay = this.hasRoom()
    let last = behind
    using keys = new StoredKeys(this.#store, table.id, behind && { gt: behind })
    for (let count = 0; count < KEYS_PER_TURN; count += 1) {
      const key = keys.next()
      if (key === undefined) {
        table.endPass(pass)
        return undefined
      }
      last = key.recordKey
      table.learn(key, mayStay)
    }
    return last
  }
}
