import type { AbstractGetOptions, AbstractIteratorOptions } from 'abstract-level'
import type { Store } from '../store/store.ts'
import { decoderOf, type LevelData } from './format.ts'
import { levelError } from './level-error.ts'
import { storeRange, storeRead } from './level-range.ts'
import type { LsmLevel } from './lsm-level.ts'

/** A write of {@link LevelSync.batch}. */
export type SyncOperation<K, V> =
  | { readonly type: 'put'; readonly key: K; readonly value: V }
  | { readonly type: 'del'; readonly key: K }

/**
 * Reads and writes of a database that return at once, for code that cannot or will not await. Keys
 * and values go through the database's encodings. Writes are in the operating system's hands when
 * the call returns: they survive the process, not a power cut. They pass hooks and events by.
 */
export class LevelSync<K, V> {
  readonly #db: LsmLevel<K, V>
  readonly #store: () => Store

  constructor(db: LsmLevel<K, V>, store: () => Store) {
    this.#db = db
    this.#store = store
  }

  /** The value of a key, or undefined. */
  get(key: K, options?: AbstractGetOptions<K, V>): V | undefined {
    return options === undefined ? this.#db.getSync(key) : this.#db.getSync(key, options)
  }

  /** The values of many keys. */
  getMany(keys: readonly K[], options?: AbstractGetOptions<K, V>): (V | undefined)[] {
    return keys.map((key) => this.get(key, options))
  }

  has(key: K, { snapshot }: AbstractGetOptions<K, V> = {}): boolean {
    return guard(() => this.#store().hasSync(this.#key(key), storeRead(snapshot)))
  }

  put(key: K, value: V): void {
    this.batch([{ type: 'put', key, value }])
  }

  del(key: K): void {
    this.batch([{ type: 'del', key }])
  }

  /** All operations or none. */
  batch(operations: readonly SyncOperation<K, V>[]): void {
    const store = this.#store()
    const batch = store.batch()
    for (const operation of operations) {
      if (operation.type === 'put') {
        batch.put(this.#key(operation.key), this.#value(operation.value))
      } else batch.delete(this.#key(operation.key))
    }
    guard(() => store.writeSync(batch))
  }

  /** Entries of a range, from the view of the first step. */
  *entries(options: AbstractIteratorOptions<K, V> = {}): Generator<[K, V], void> {
    const keys = this.#db.keyEncoding()
    const values = this.#db.valueEncoding()
    const bound = (key: K | undefined): LevelData | undefined =>
      key === undefined ? undefined : keys.encode(key)
    const { gt, gte, lt, lte, reverse, limit, snapshot } = options
    const range = {
      ...withoutAbsent({ gt: bound(gt), gte: bound(gte), lt: bound(lt), lte: bound(lte) }),
      ...withoutAbsent({ reverse, limit, snapshot }),
    }
    const iterator = guard(() => this.#store().iterator(storeRange(range, false)))
    const decodeKey = decoderOf(keys.format)
    const decodeValue = decoderOf(values.format)
    try {
      for (;;) {
        const entry = guard(() => iterator.nextSync())
        if (entry === undefined) return
        yield [keys.decode(decodeKey(entry[0])), values.decode(decodeValue(entry[1]))]
      }
    } finally {
      iterator.close()
    }
  }

  #key(key: K): LevelData {
    return this.#db.keyEncoding().encode(key)
  }

  #value(value: V): LevelData {
    return this.#db.valueEncoding().encode(value)
  }
}

type Present<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> }

function withoutAbsent<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Present<T>
}

function guard<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw levelError(error)
  }
}
