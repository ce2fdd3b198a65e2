import type { StoreIterator } from '@ashlar/lsm-store'
import type { StoredKey } from '../keyspace/value.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import {
  decodeKeyRecord,
  KEY,
  KEY_PREFIX_BYTES,
  LONG_KEY,
  splitName,
  tablePrefix,
} from './layout.ts'
import type { RecordReader } from './record-reader.ts'

/** A key of a table as a pass over the store comes by it. */
export class PassedKey {
  readonly name: string
  /** Where it stands: a later pass can go on behind it. */
  readonly place: Uint8Array
  readonly #record: Uint8Array

  constructor(name: string, place: Uint8Array, record: Uint8Array) {
    this.name = name
    this.place = place
    this.#record = record
  }

  /** With `eager` longer strings come whole too, otherwise as cold values. */
  read(eager: boolean): StoredKey {
    return decodeKeyRecord(this.#record, eager)
  }
}

/** The keys of a table as the store had them when the pass began, short names first. */
export class StoredKeys implements Disposable {
  readonly #store: RecordReader
  readonly #table: number
  #kind: number
  #iterator: StoreIterator

  /** Begins behind a place that an earlier pass has come to. */
  constructor(store: RecordReader, table: number, behind?: Uint8Array) {
    this.#store = store
    this.#table = table
    this.#kind = behind?.[0] ?? KEY
    const prefix = tablePrefix(this.#kind, table)
    this.#iterator = store.iterator({ prefix, ...(behind && { gt: behind }) })
  }

  next(): PassedKey | undefined {
    for (;;) {
      const entry = this.#iterator.nextSync()
      if (entry !== undefined) {
        const [place, record] = entry
        if (this.#kind === KEY) {
          return new PassedKey(readLatin1(asBuffer(place), KEY_PREFIX_BYTES), place, record)
        }
        const { name, value } = splitName(record)
        return new PassedKey(name, place, value)
      }
      if (this.#kind === LONG_KEY) return undefined
      this.#iterator.close()
      this.#kind = LONG_KEY
      this.#iterator = this.#store.iterator({ prefix: tablePrefix(LONG_KEY, this.#table) })
    }
  }

  [Symbol.dispose](): void {
    this.#iterator.close()
  }
}
