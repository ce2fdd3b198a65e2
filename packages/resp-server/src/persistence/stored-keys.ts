import type { StoreIterator } from '@ashlar/lsm-store'
import type { StoredKey, StoredKeyWalk, WalkedKey } from '../keyspace/value.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import {
  decodeKeyRecord,
  expiryOfRecord,
  fieldExpiryOfRecord,
  KEY,
  KEY_PREFIX_BYTES,
  LONG_KEY,
  placeOfRecord,
  splitName,
  tablePrefix,
} from './layout.ts'
import type { RecordReader } from './record-reader.ts'

/** A key of a table as a walk over the store comes by it. */
export class PassedKey implements WalkedKey {
  readonly name: string
  /** Where its record stands: a later walk can go on behind it. */
  readonly recordKey: Uint8Array
  readonly #record: Uint8Array

  constructor(name: string, recordKey: Uint8Array, record: Uint8Array) {
    this.name = name
    this.recordKey = recordKey
    this.#record = record
  }

  get place(): string {
    return this.recordKey[0] === KEY ? this.name : placeOfRecord(this.recordKey)
  }

  get expiry(): number {
    return expiryOfRecord(this.#record)
  }

  get fieldExpiry(): number {
    return fieldExpiryOfRecord(this.#record)
  }

  read(eager: boolean): StoredKey {
    return decodeKeyRecord(this.#record, eager)
  }
}

/** Where a walk begins: at the key of a record, or behind it. */
export type WalkStart = { readonly gte: Uint8Array } | { readonly gt: Uint8Array }

/** The keys of a table as the store had them when the walk began, short names first. */
export class StoredKeys implements StoredKeyWalk {
  readonly #store: RecordReader
  readonly #table: number
  readonly #end: Uint8Array | undefined
  #kind: number
  #iterator: StoreIterator

  /** With an `end` it ends before that key of a record. */
  constructor(store: RecordReader, table: number, start?: WalkStart, end?: Uint8Array) {
    this.#store = store
    this.#table = table
    this.#end = end
    const first = start && ('gt' in start ? start.gt : start.gte)
    this.#kind = first?.[0] ?? KEY
    this.#iterator = this.#iterate(start)
  }

  next(): PassedKey | undefined {
    for (;;) {
      const entry = this.#iterator.nextSync()
      if (entry !== undefined) {
        const [key, record] = entry
        if (this.#kind === KEY) {
          return new PassedKey(readLatin1(asBuffer(key), KEY_PREFIX_BYTES), key, record)
        }
        const { name, value } = splitName(record)
        return new PassedKey(name, key, value)
      }
      if (this.#kind === LONG_KEY || this.#end?.[0] === KEY) return undefined
      this.#iterator.close()
      this.#kind = LONG_KEY
      this.#iterator = this.#iterate(undefined)
    }
  }

  #iterate(start: WalkStart | undefined): StoreIterator {
    const end = this.#end?.[0] === this.#kind ? { lt: this.#end } : undefined
    return this.#store.iterator({ prefix: tablePrefix(this.#kind, this.#table), ...start, ...end })
  }

  [Symbol.dispose](): void {
    this.#iterator.close()
  }
}
