import type { Store } from '@ashlar/lsm-store'
import { GARBAGE_FLAG } from './control.ts'
import {
  collectionKey,
  DROPPED,
  ELEMENT,
  GARBAGE,
  KEY,
  LONG_ELEMENT,
  LONG_KEY,
  tablePrefix,
} from './layout.ts'

/** Records deleted per batch: small, so that commands get their turn in between. */
const DELETES_PER_BATCH = 500

/** Records that nothing refers to any more: a collection's elements, or a whole table. */
export interface Garbage {
  readonly kind: 'collection' | 'table'
  readonly table: number
  readonly id: number
}

/**
 * Deletes in the background what DEL and FLUSHDB left behind. The mark of a piece of garbage is
 * deleted after its records, so a crash at any point only repeats work.
 */
export class Collector {
  readonly #store: Store
  readonly #onError: (error: unknown) => void
  readonly #mayForget: () => boolean
  #queue: Garbage[] = []
  #running: Promise<void> | undefined
  #stopped = false
  #isRemoving = false
  /** Pieces deleted so far. */
  collected = 0

  /** `mayForget` says no while others have marks in the store: then a later start looks for them. */
  constructor(store: Store, onError: (error: unknown) => void, mayForget: () => boolean) {
    this.#store = store
    this.#mayForget = mayForget
    this.#onError = onError
  }

  /** Pieces still to be deleted. */
  get backlog(): number {
    return this.#queue.length + (this.#isRemoving ? 1 : 0)
  }

  /** Takes up what an earlier process left. */
  recover(): void {
    if (!this.#store.hasSync(GARBAGE_FLAG)) return
    for (const kind of [GARBAGE, DROPPED]) {
      const iterator = this.#store.iterator({ prefix: Buffer.of(kind), keysOnly: true })
      try {
        for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
          const key = Buffer.from(entry[0])
          const table = key.readUInt32BE(1)
          if (kind === DROPPED) this.add({ kind: 'table', table, id: 0 })
          else this.add({ kind: 'collection', table, id: key.readUIntBE(5, 6) })
        }
      } finally {
        iterator.close()
      }
    }
  }

  add(garbage: Garbage): void {
    this.#queue.push(garbage)
    if (this.#running !== undefined || this.#stopped) return
    this.#running = this.#run().catch(this.#onError)
  }

  /** Stops after the batch in flight; the marks keep the rest for the next start. */
  async close(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#isRemoving = true
        if (!(await this.#remove(next))) return
        this.#isRemoving = false
        this.collected += 1
      }
      // garbage that comes from here on puts the flag again, after this
      if (this.#mayForget()) await this.#store.delete(GARBAGE_FLAG, { sync: 'none' })
    }
    this.#running = undefined
  }

  /** False when told to stop before the end. */
  async #remove({ kind, table, id }: Garbage): Promise<boolean> {
    const prefixes =
      kind === 'collection'
        ? [ELEMENT, LONG_ELEMENT].map((part) => collectionKey(part, table, id))
        : [KEY, LONG_KEY, ELEMENT, LONG_ELEMENT, GARBAGE].map((part) => tablePrefix(part, table))
    for (const prefix of prefixes) if (!(await this.#clear(prefix))) return false
    const mark =
      kind === 'collection' ? collectionKey(GARBAGE, table, id) : tablePrefix(DROPPED, table)
    await this.#store.delete(mark, { sync: 'none' })
    return true
  }

  /** False when told to stop before the end. */
  async #clear(prefix: Buffer): Promise<boolean> {
    const iterator = this.#store.iterator({ prefix, keysOnly: true })
    try {
      while (!this.#stopped) {
        const batch = this.#store.batch()
        for (let count = 0; count < DELETES_PER_BATCH; count += 1) {
          const entry = iterator.nextSync()
          if (entry === undefined) break
          batch.delete(entry[0])
        }
        if (batch.size === 0) return true
        await this.#store.write(batch, { sync: 'none' })
      }
      return false
    } finally {
      iterator.close()
    }
  }
}
