import { CATALOG, kindKey, nameKey } from './keys.ts'
import type { StoreWriter } from './store-writer.ts'

/** Keys removed per step, between which other work gets its turn. */
const KEYS_PER_STEP = 1_000
const EMPTY = new Uint8Array(0)

/** Empties the scopes of removed logs and buckets, a little at a time, across restarts. */
export class ScopeCleaner {
  readonly #writer: StoreWriter
  readonly #scopes: Set<number>
  #running: Promise<void> | undefined
  #stopped = false

  constructor(writer: StoreWriter) {
    this.#writer = writer
    this.#scopes = new Set()
    using iterator = writer.store.iterator({ prefix: kindKey(CATALOG, 'G'), keysOnly: true })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      this.#scopes.add(Number(new TextDecoder().decode(entry[0].subarray(kindKey(0, 'G').length))))
    }
  }

  /** Scopes that are still to be emptied: their ids must not be given out again. */
  get scopes(): Iterable<number> {
    return this.#scopes
  }

  add(scope: number): void {
    this.#scopes.add(scope)
    this.#writer.put(nameKey(CATALOG, 'G', String(scope)), EMPTY)
    this.start()
  }

  start(): void {
    if (this.#scopes.size === 0 || this.#stopped) return
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      for (const scope of this.#scopes) {
        while (!this.#stopped && this.#removeSome(scope)) await this.#writer.commit()
        if (this.#stopped) return
        this.#writer.delete(nameKey(CATALOG, 'G', String(scope)))
        this.#scopes.delete(scope)
      }
    } catch {
      // The store failed, which assertUsable() tells everybody; the next opening goes on here.
      this.#stopped = true
    } finally {
      this.#running = undefined
    }
  }

  /** False when nothing was left. */
  #removeSome(scope: number): boolean {
    const prefix = kindKey(scope, 'm').subarray(0, 4)
    const keys: Uint8Array[] = []
    using iterator = this.#writer.store.iterator({ prefix, keysOnly: true, limit: KEYS_PER_STEP })
    for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
      keys.push(entry[0])
    }
    for (const key of keys) this.#writer.delete(key)
    return keys.length > 0
  }
}
