import { RespServerError } from '../errors.ts'
import {
  ColdValue,
  type KeySource,
  type StoredKey,
  type StoredKeyWalk,
  type Value,
} from '../keyspace/value.ts'
import type { ModuleTypes } from '../modules/module-types.ts'
import type { Collection, CollectionType, ElementObserver } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { LargeString, PIECE_BYTES } from '../values/large-string.ts'
import { asBuffer, readLatin1 } from '../values/latin1.ts'
import { ListValue } from '../values/list-value.ts'
import { ModuleValue } from '../values/module-value.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import {
  collectionKey,
  decodeKeyRecord,
  ELEMENT,
  ELEMENT_PREFIX_BYTES,
  keyRecordKey,
  LONG_ELEMENT,
  placeOf,
  recordKeyAt,
  splitName,
  withoutName,
} from './layout.ts'
import type { RecordReader } from './record-reader.ts'
import { StoredKeys } from './stored-keys.ts'

function emptyCollection(type: CollectionType, name: string, modules: ModuleTypes): Collection {
  switch (type) {
    case 'list':
      return new ListValue()
    case 'set':
      return new SetValue()
    case 'zset':
      return new SortedSetValue()
    case 'hash':
      return new HashValue()
    case 'stream':
      return new StreamValue()
    case 'module':
      return new ModuleValue(modules.get(name))
  }
}

/** Fetches keys and values that are not in memory, in the middle of a command. */
export class StoreSource implements KeySource {
  /** Told of changes to the collections loaded from here on. */
  observer: ElementObserver | undefined
  /** Called with what was loaded, while somebody has to keep it up to date. */
  onLoaded: ((tableId: number, key: string, value: Collection | LargeString) => void) | undefined
  readonly #store: RecordReader
  readonly #modules: ModuleTypes

  constructor(store: RecordReader, observer: ElementObserver | undefined, modules: ModuleTypes) {
    this.#store = store
    this.#modules = modules
    this.observer = observer
  }

  fetchKey(tableId: number, key: string): StoredKey | undefined {
    const record = this.#store.getSync(keyRecordKey(tableId, key))
    return record === undefined ? undefined : decodeKeyRecord(withoutName(key, record), true)
  }

  placeOf(key: string): string {
    return placeOf(key)
  }

  walk(tableId: number, from: string, to: string | undefined): StoredKeyWalk {
    const start = { gte: recordKeyAt(tableId, from) }
    const end = to === undefined ? undefined : recordKeyAt(tableId, to)
    return new StoredKeys(this.#store, tableId, start, end)
  }

  loadValue(tableId: number, key: string, cold: ColdValue): Value {
    if (cold.type === 'string') return this.#loadString(tableId, key, cold)
    const collection = emptyCollection(cold.type, cold.typeName, this.#modules)
    collection.id = cold.id
    if (collection instanceof HashValue && cold.length >= 1) collection.expectExpiries()
    this.#visit(collectionKey(ELEMENT, tableId, cold.id), (stored, value) => {
      collection.restoreElement(readLatin1(stored, ELEMENT_PREFIX_BYTES), readLatin1(value))
    })
    this.#visit(collectionKey(LONG_ELEMENT, tableId, cold.id), (_, stored) => {
      const { name, value } = splitName(stored)
      collection.restoreElement(name, readLatin1(value))
    })
    collection.observe(this.observer, tableId)
    this.onLoaded?.(tableId, key, collection)
    return collection
  }

  #loadString(tableId: number, key: string, cold: ColdValue): Value {
    if (cold.id === 0) {
      const stored = this.fetchKey(tableId, key)
      if (stored === undefined || stored.value instanceof ColdValue) throw lost(key)
      return stored.value
    }
    const bytes = Buffer.alloc(cold.length)
    this.#visit(collectionKey(ELEMENT, tableId, cold.id), (stored, piece) => {
      piece.copy(bytes, stored.readUInt32BE(ELEMENT_PREFIX_BYTES) * PIECE_BYTES)
    })
    const value = LargeString.restored(bytes, cold.id)
    this.onLoaded?.(tableId, key, value)
    return value
  }

  #visit(prefix: Buffer, each: (key: Buffer, value: Buffer) => void): void {
    const iterator = this.#store.iterator({ prefix })
    try {
      for (let entry = iterator.nextSync(); entry !== undefined; entry = iterator.nextSync()) {
        each(asBuffer(entry[0]), asBuffer(entry[1]))
      }
    } finally {
      iterator.close()
    }
  }
}

const lost = (key: string): RespServerError =>
  new RespServerError('STORE_FORMAT', `the record of key '${key.slice(0, 100)}' is gone`)
