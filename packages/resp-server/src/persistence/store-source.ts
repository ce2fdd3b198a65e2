import type { Store } from '@ashlar/lsm-store'
import { ColdValue, type KeySource, type StoredKey, type Value } from '../keyspace/value.ts'
import type { Collection, CollectionType, ElementObserver } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import { ListValue } from '../values/list-value.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { collectionKey, decodeKeyRecord, ELEMENT, keyRecordKey } from './layout.ts'

const ELEMENT_PREFIX_BYTES = 11

export function emptyCollection(type: CollectionType): Collection {
  switch (type) {
    case 'list':
      return new ListValue()
    case 'set':
      return new SetValue()
    case 'zset':
      return new SortedSetValue()
    case 'hash':
      return new HashValue()
  }
}

/** Fetches keys and values that are not in memory, in the middle of a command. */
export class StoreSource implements KeySource {
  readonly #store: Store
  readonly #observer: ElementObserver

  constructor(store: Store, observer: ElementObserver) {
    this.#store = store
    this.#observer = observer
  }

  fetchKey(tableId: number, key: string): StoredKey | undefined {
    const record = this.#store.getSync(keyRecordKey(tableId, key))
    return record === undefined ? undefined : decodeKeyRecord(record, true)
  }

  loadValue(tableId: number, key: string, cold: ColdValue): Value {
    if (cold.type === 'string') {
      const stored = this.fetchKey(tableId, key)
      if (stored === undefined || stored.value instanceof ColdValue) return ''
      return stored.value
    }
    const collection = emptyCollection(cold.type)
    collection.id = cold.id
    const iterator = this.#store.iterator({ prefix: collectionKey(ELEMENT, tableId, cold.id) })
    try {
      for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
        const element = text(entry[0], ELEMENT_PREFIX_BYTES)
        collection.restoreElement(element, text(entry[1], 0))
      }
    } finally {
      iterator.close()
    }
    collection.observe(this.#observer, tableId)
    return collection
  }
}

const text = (bytes: Uint8Array, start: number): string => readLatin1(asBuffer(bytes), start)
