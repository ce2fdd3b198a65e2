import type { Database } from '../keyspace/database.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { Table } from '../keyspace/table.ts'
import { ColdValue, type StoredKey, type Value } from '../keyspace/value.ts'
import { freeValues } from '../modules/free-values.ts'
import type { ModuleRegistry } from '../modules/module-registry.ts'
import { CHANGED_KEY, type ChangedName, readChangedNames } from '../persistence/changed-names.ts'
import {
  CONTROL_KEY,
  libraryKey,
  moduleRecordOf,
  readControl,
  readTexts,
} from '../persistence/control.ts'
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
import { ModuleValue } from '../values/module-value.ts'
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
 * let go of instead, and come back from the store when somebody asks. Modules hear of each commit.
 */
export class FollowerMemory {
  readonly #persistence: Persistence
  readonly #keyspace: Keyspace
  readonly #modules: ModuleRegistry
  /** The libraries of functions changed. */
  readonly #onLibraries: (texts: ReadonlyMap<string, string>) => void
  readonly #residents = new Map<number, Resident>()
  readonly #databases = new Map<number, Database>()
  /** Names of keys that go and stand under their hash, by store key. */
  readonly #longNames = new Map<string, string>()

  constructor(
    persistence: Persistence,
    keyspace: Keyspace,
    modules: ModuleRegistry,
    onLibraries: (texts: ReadonlyMap<string, string>) => void,
  ) {
    this.#persistence = persistence
    this.#keyspace = keyspace
    this.#modules = modules
    this.#onLibraries = onLibraries
    persistence.source.onLoaded = (tableId, key, value) => {
      this.#residents.set(value.id, { tableId, key, value })
    }
    this.#mapDatabases()
  }

  /** Everything in the store may be another: begins anew. */
  reset(tables: readonly Table[]): void {
    this.#residents.clear()
    for (const database of this.#keyspace.databases) {
      const table = tables[database.index]
      if (table !== undefined) this.#replaceTable(database, table)
    }
    this.#mapDatabases()
    this.#keyspace.onReplaced?.()
    this.#onLibraries(readTexts(this.#persistence.store, LIBRARY_PREFIX))
  }

  /** As {@link reset}, when a snapshot is whole. */
  replace(tables: readonly Table[]): void {
    this.reset(tables)
    this.#modules.replaced()
  }

  /** As {@link reset}, when the store holds what was in memory. */
  reopen(tables: readonly Table[]): void {
    for (const { table } of this.#keyspace.databases) freeValues(table)
    this.reset(tables)
  }

  /**
   * To be called before the operations are written: fetches keys of which little is known yet, and
   * shows modules what will go.
   */
  prepare(operations: readonly SentOperation[]): void {
    this.#longNames.clear()
    for (const operation of operations) {
      if (operation.type === 'deleteRange') continue
      const key = asBuffer(operation.key)
      if (key[0] !== KEY && key[0] !== LONG_KEY) continue
      const database = this.#databaseOf(key)
      const name = this.#nameOf(key, operation)
      if (database === undefined || name === undefined) continue
      const slot = database.table.slot(name)
      if (slot === -1 || this.#keyspace.beforeRemoval === undefined) continue
      const stays =
        operation.type === 'put' && isSame(database.table.residentAt(slot), recordOf(operation))
      if (!stays) this.#keyspace.beforeRemoval(name, database)
    }
  }

  /** To be called when the operations are written. */
  apply(operations: readonly SentOperation[]): void {
    let isControl = false
    let hasLibraries = false
    const unknown: SentOperation[] = []
    let named: Uint8Array | undefined
    for (const operation of operations) {
      if (operation.type === 'deleteRange') {
        isControl = true
        continue
      }
      const key = asBuffer(operation.key)
      const isKey = key[0] === KEY || key[0] === LONG_KEY
      if (isKey && this.#databaseOf(key) === undefined) unknown.push(operation)
      else if (isKey) this.#applyKey(key, operation)
      else if (key[0] === ELEMENT || key[0] === LONG_ELEMENT) {
        this.#applyElement(key, storedBy(operation))
      } else if (key[0] === CONTROL) {
        if (CONTROL_KEY.equals(key)) isControl = true
        else if (CHANGED_KEY.equals(key)) named = storedBy(operation)
        else if (startsWith(key, LIBRARY_PREFIX)) hasLibraries = true
        else this.#applyModuleRecord(key, operation)
      }
    }
    const isUntold = ({ table, name }: ChangedName): boolean => !this.#tellAt(table, name)
    const others = named === undefined ? [] : readChangedNames(named).filter(isUntold)
    this.#modules.followed()
    if (isControl) {
      this.#applyControl()
      for (const { table, name } of others) this.#tellAt(table, name)
      // keys of databases that were made by this very change: their table has them already
      for (const operation of unknown) this.#tellOfKey(operation)
      this.#modules.followed()
    }
    if (hasLibraries) this.#onLibraries(readTexts(this.#persistence.store, LIBRARY_PREFIX))
  }

  close(): void {
    this.#persistence.source.onLoaded = undefined
    this.#residents.clear()
  }

  #databaseOf(key: Buffer): Database | undefined {
    return this.#databases.get(key.readUInt32BE(1))
  }

  /** The name of a key by its record; undefined for one that stood under its hash and is not there. */
  #nameOf(key: Buffer, operation: SentOperation): string | undefined {
    if (key[0] === KEY) return readLatin1(key, KEY_PREFIX_BYTES)
    if (operation.type === 'put') return splitName(operation.value).name
    const storeKey = readLatin1(key)
    const known = this.#longNames.get(storeKey)
    if (known !== undefined) return known
    // asked for before the record is removed
    const stored = this.#persistence.store.getSync(key)
    const name = stored === undefined ? undefined : splitName(stored).name
    if (name !== undefined) this.#longNames.set(storeKey, name)
    return name
  }

  #applyKey(key: Buffer, operation: SentOperation): void {
    const database = this.#databaseOf(key)
    const name = this.#nameOf(key, operation)
    if (database === undefined || name === undefined) return
    const { table } = database
    const slot = table.slotInMemory(name)
    if (operation.type === 'put') this.#put(table, slot, name, recordOf(operation))
    else {
      if (slot === -1) return
      this.#forget(table.residentAt(slot), name)
      table.remove(slot)
    }
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

  #tellAt(table: number, name: string): boolean {
    const database = this.#databases.get(table)
    if (database !== undefined) this.#tell(database, name)
    return database !== undefined
  }

  #tellOfKey(operation: SentOperation): void {
    if (operation.type === 'deleteRange') return
    const key = asBuffer(operation.key)
    const database = this.#databaseOf(key)
    const name = this.#nameOf(key, operation)
    if (database !== undefined && name !== undefined) this.#tell(database, name)
  }

  #applyElement(key: Buffer, stored: Buffer | undefined): void {
    const database = this.#databaseOf(key)
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
      this.#forget(value, resident.key)
    }
    this.#tell(database, resident.key)
  }

  #applyModuleRecord(key: Buffer, operation: SentOperation): void {
    const found = moduleRecordOf(key)
    if (found === undefined) return
    const value = storedBy(operation)
    this.#modules.recordFollowed(found.module, found.name, value && readLatin1(value))
  }

  /** Databases may have other tables: FLUSHDB, SWAPDB. */
  #applyControl(): void {
    const { databases } = this.#keyspace
    const tables = new Map(databases.map(({ table }) => [table.id, table]))
    const ids = readControl(this.#persistence.store)?.tables ?? []
    const wanted = databases.map(({ index, table }) => ids[index] ?? table.id)
    const flushed = this.#flush(wanted)
    for (const id of wanted) {
      if (!tables.has(id)) tables.set(id, this.#persistence.openTable(id))
    }
    for (const { database, id } of flushed) {
      this.#replaceTable(database, tables.get(id) as Table)
    }
    if (flushed.length > 0) this.#keyspace.onFlushed?.(flushed.map(({ database }) => database))
    for (const database of databases) {
      const other = databases.find(({ table }) => table.id === wanted[database.index]) as Database
      if (other === database) continue
      const { table } = database
      this.#replaceTable(database, other.table)
      this.#replaceTable(other, table)
      this.#keyspace.onSwapped?.(database, other)
    }
    this.#mapDatabases()
  }

  /** Databases whose tables are gone, each with a new one: its own, or one that it has until a swap. */
  #flush(wanted: readonly number[]): { readonly database: Database; readonly id: number }[] {
    const { databases } = this.#keyspace
    const held = new Set(databases.map(({ table }) => table.id))
    const gone = databases.filter(({ table }) => !wanted.includes(table.id))
    const fresh = new Set(wanted.filter((id) => !held.has(id)))
    const own = gone.filter(({ index }) => fresh.delete(wanted[index] as number))
    const rest = [...fresh]
    return gone.map((database) => {
      const id = own.includes(database) ? wanted[database.index] : rest.pop()
      return { database, id: id as number }
    })
  }

  #replaceTable(database: Database, table: Table): void {
    if (table === database.table) return
    database.table = table
    this.#touchAllWatchers(database)
    for (const key of database.awaited) database.announce(key)
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
    if (value instanceof ModuleValue) value.free()
    if (this.#residents.get(value.id)?.key === key) this.#residents.delete(value.id)
  }
}

const storedBy = (operation: SentOperation): Buffer | undefined =>
  operation.type === 'put' ? asBuffer(operation.value) : undefined

/** Of an operation that puts a key. */
function recordOf({ key, value }: Extract<SentOperation, { type: 'put' }>): StoredKey {
  const record = asBuffer(key)[0] === LONG_KEY ? splitName(value).value : value
  return decodeKeyRecord(record, true)
}

const isLarge = (value: unknown): value is LargeString =>
  typeof value === 'object' && value !== null && !(value instanceof ColdValue)

const startsWith = (bytes: Buffer, prefix: Buffer): boolean =>
  bytes.length >= prefix.length && prefix.equals(bytes.subarray(0, prefix.length))

/** Whether a key goes on with the value that it has. */
const isSame = (before: Value | ColdValue, { value }: StoredKey): boolean => {
  if (typeof before === 'string' || typeof value === 'string') return before === value
  return before.id !== 0 && before.id === value.id
}

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
  if (value instanceof ModuleValue) return changeModuleValue(value, element, stored)
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

function changeModuleValue(
  value: ModuleValue,
  record: string,
  stored: Buffer | undefined,
): boolean {
  try {
    return value.changeRecord(record, stored === undefined ? undefined : readLatin1(stored))
  } catch {
    // whatever it has become, what the store holds is read instead
    return false
  }
}
