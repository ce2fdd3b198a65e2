import type { Database } from '../keyspace/database.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { Table } from '../keyspace/table.ts'
import { ColdValue, type StoredKey } from '../keyspace/value.ts'
import { CONTROL_KEY, libraryKey, readControl, readTexts } from '../persistence/control.ts'
import {
  CONTROL,
  decodeKeyRecord,
  ELEMENT,
  ELEMENT_PREFIX_BYTES,
  KEY,
  KEY_PREFIX_BYTES,
  LONG_ELEMENT,
  LONG_KEY,
  splitName,
} from '../persistence/layout.ts'
import type { Persistence } from '../persistence/persistence.ts'
import { Collection } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import type { LargeString } from '../values/large-string.ts'
import { asBuffer, readLatin1, writeLatin1 } from '../values/latin1.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import type { SentOperation } from './block.ts'

/** A value in memory, and the key it is at. */
interface Resident {
  readonly tableId: number
  readonly key: string
  readonly value: Collection | LargeString
}

const LIBRARY_PREFIX: Buffer = libraryKey('')
const scratch = Buffer.alloc(8)

/**
 * Keeps what a following server has in memory up to date with the changes that are written to its
 * store: keys always, collections when they are loaded. Those whose order of elements matters are
 * let go of instead, and come back from the store when somebody asks.
 */
export class FollowerMemory {
  readonly #persistence: Persistence
  readonly #keyspace: Keyspace
  /** The libraries of functions changed. */
  readonly #onLibraries: (texts: ReadonlyMap<string, string>) => void
  readonly #residents = new Map<number, Resident>()
  readonly #databases = new Map<number, Database>()

  constructor(
    persistence: Persistence,
    keyspace: Keyspace,
    onLibraries: (texts: ReadonlyMap<string, string>) => void,
  ) {
    this.#persistence = persistence
    this.#keyspace = keyspace
    this.#onLibraries = onLibraries
    persistence.source.onLoaded = (tableId, key, value) => {
      this.#residents.set(value.id, { tableId, key, value })
    }
    this.#mapDatabases()
  }

  /** Everything in the store may be another: begins anew. */
  reset(tables: readonly Table[]): void {
    this.#residents.clear()
    this.#install((database) => tables[database.index])
    this.#onLibraries(readTexts(this.#persistence.store, LIBRARY_PREFIX))
  }

  /** To be called before the operations are written: fetches keys of which little is known yet. */
  prepare(operations: readonly SentOperation[]): void {
    for (const operation of operations) {
      if (operation.type === 'deleteRange') continue
      const key = asBuffer(operation.key)
      // under LONG_KEY stands a hash: the name is in the value, or all are loaded first
      if (key[0] === KEY) {
        this.#tableOf(key)?.slot(readLatin1(key, KEY_PREFIX_BYTES))
      } else if (key[0] === LONG_KEY) {
        const table = this.#tableOf(key)
        if (table !== undefined) this.#persistence.loadAll(table)
      }
    }
  }

  /** To be called when the operations are written. */
  apply(operations: readonly SentOperation[]): void {
    let isControl = false
    let hasLibraries = false
    for (const operation of operations) {
      if (operation.type === 'deleteRange') {
        isControl = true
        continue
      }
      const key = asBuffer(operation.key)
      const value = operation.type === 'put' ? asBuffer(operation.value) : undefined
      switch (key[0]) {
        case KEY:
          this.#applyKey(key, readLatin1(key, KEY_PREFIX_BYTES), value)
          break
        case LONG_KEY:
          this.#applyLongKey(key, value)
          break
        case ELEMENT:
        case LONG_ELEMENT:
          this.#applyElement(key, value)
          break
        case CONTROL:
          if (CONTROL_KEY.equals(key)) isControl = true
          else if (startsWith(key, LIBRARY_PREFIX)) hasLibraries = true
          break
        default:
      }
    }
    if (isControl) this.#applyControl()
    if (hasLibraries) this.#onLibraries(readTexts(this.#persistence.store, LIBRARY_PREFIX))
  }

  close(): void {
    this.#persistence.source.onLoaded = undefined
    this.#residents.clear()
  }

  #tableOf(key: Buffer): Table | undefined {
    return this.#databases.get(key.readUInt32BE(1))?.table
  }

  #applyLongKey(key: Buffer, record: Buffer | undefined): void {
    if (record !== undefined) {
      const { name, value } = splitName(record)
      this.#applyKey(key, name, value)
      return
    }
    // only the hash of its name is known: what is in memory must be what is in the store
    const database = this.#databases.get(key.readUInt32BE(1))
    if (database === undefined) return
    this.#replaceTable(database, this.#persistence.openTable(database.table.id))
  }

  #applyKey(key: Buffer, name: string, record: Buffer | undefined): void {
    const database = this.#databases.get(key.readUInt32BE(1))
    if (database === undefined) return
    const { table } = database
    const slot = table.slotInMemory(name)
    if (record === undefined) {
      if (slot === -1) return
      this.#forget(table.residentAt(slot), name)
      table.remove(slot)
    } else this.#put(table, slot, name, decodeKeyRecord(record, true))
    this.#tell(database, name)
  }

  #put(table: Table, slot: number, name: string, { value, expiry }: StoredKey): void {
    if (slot === -1) {
      table.insert(name, value, expiry)
      return
    }
    const before = table.residentAt(slot)
    if (!isSameCollection(before, value)) {
      this.#forget(before, name)
      table.setValue(slot, value)
    }
    table.setExpiry(slot, expiry)
  }

  #applyElement(key: Buffer, stored: Buffer | undefined): void {
    const database = this.#databases.get(key.readUInt32BE(1))
    if (database === undefined) return
    const id = key.readUIntBE(5, 6)
    const resident = this.#residents.get(id)
    if (resident === undefined) {
      this.#touchAllWatchers(database)
      return
    }
    const { table } = database
    const slot = table.slotInMemory(resident.key)
    if (slot === -1 || table.residentAt(slot) !== resident.value) {
      this.#residents.delete(id)
      return
    }
    const { value } = resident
    if (!(value instanceof Collection)) {
      table.setValue(slot, new ColdValue('string', id, value.length))
      this.#residents.delete(id)
    } else if (key[0] === ELEMENT && changeElement(value, key, stored)) table.recharge(value)
    else {
      const isExpiring = value instanceof HashValue && value.storesExpiries
      table.setValue(slot, new ColdValue(value.type, id, isExpiring ? 1 : 0, value.typeName))
      this.#residents.delete(id)
    }
    this.#tell(database, resident.key)
  }

  /** Databases may have other tables: FLUSHDB, SWAPDB. */
  #applyControl(): void {
    const before = new Map<number, Table>()
    for (const { table } of this.#keyspace.databases) before.set(table.id, table)
    const tables = readControl(this.#persistence.store)?.tables ?? []
    this.#install(({ index, table }) => {
      const id = tables[index]
      return id === undefined ? table : (before.get(id) ?? this.#persistence.openTable(id))
    })
  }

  #install(tableFor: (database: Database) => Table | undefined): void {
    const others: Database[] = []
    for (const database of this.#keyspace.databases) {
      const table = tableFor(database)
      if (table === undefined || table === database.table) continue
      others.push(database)
      database.table = table
      this.#touchAllWatchers(database)
      for (const key of database.awaited) database.announce(key)
    }
    this.#mapDatabases()
    if (others.length > 0) this.#keyspace.onFlushed?.(others)
  }

  #replaceTable(database: Database, table: Table): void {
    this.#install((other) => (other === database ? table : other.table))
  }

  #mapDatabases(): void {
    this.#databases.clear()
    for (const database of this.#keyspace.databases) {
      this.#databases.set(database.table.id, database)
    }
  }

  /** What depends on a key hears that it has changed. */
  #tell(database: Database, key: string): void {
    if (database.watchers.size > 0) database.touchWatchers(key)
    database.announce(key)
    this.#keyspace.onKeyChanged?.(key, database)
  }

  /** An element of which nobody in memory knows to which key it belongs. */
  #touchAllWatchers(database: Database): void {
    for (const key of database.watchers.keys()) database.touchWatchers(key)
  }

  /** The value is no longer at the key; under another name it is loaded anew. */
  #forget(value: unknown, key: string): void {
    if (!(value instanceof Collection) && !isLarge(value)) return
    if (this.#residents.get(value.id)?.key === key) this.#residents.delete(value.id)
  }
}

const isLarge = (value: unknown): value is LargeString =>
  typeof value === 'object' && value !== null && !(value instanceof ColdValue)

const startsWith = (bytes: Buffer, prefix: Buffer): boolean =>
  bytes.length >= prefix.length && prefix.equals(bytes.subarray(0, prefix.length))

/** The collection that is loaded already; a hash whose records now look different is not. */
function isSameCollection(before: unknown, after: unknown): boolean {
  if (!(before instanceof Collection) || !(after instanceof ColdValue)) return false
  if (before.id !== after.id || before.type !== after.type) return false
  return !(before instanceof HashValue) || before.storesExpiries === after.length >= 1
}

/** Changes an element in place; false where that cannot be done. */
function changeElement(value: Collection, key: Buffer, stored: Buffer | undefined): boolean {
  const element = readLatin1(key, ELEMENT_PREFIX_BYTES)
  if (value instanceof HashValue) {
    // of fields that expire the set of expiries would have to follow
    if (value.storesExpiries) return false
    if (stored === undefined) value.delete(element)
    else value.set(element, readLatin1(stored))
    return true
  }
  if (value instanceof SetValue) {
    if (stored === undefined) value.delete(element)
    else value.add(element)
    return true
  }
  if (!(value instanceof SortedSetValue)) return false
  if (stored === undefined) value.delete(element)
  else {
    writeLatin1(scratch, readLatin1(stored), 0)
    value.set(element, scratch.readDoubleBE(0))
  }
  return true
}
