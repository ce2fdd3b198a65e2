import type { Store, StoreBatch, SyncMode } from '@ashlar/lsm-store'
import type { ChangeLog } from '../keyspace/change-log.ts'
import { Table } from '../keyspace/table.ts'
import { ColdValue, type KeySource, NO_EXPIRY, type Value } from '../keyspace/value.ts'
import { Collection, type ElementObserver } from '../values/collection.ts'
import { type LargeString, PIECE_BYTES } from '../values/large-string.ts'
import { readLatin1 } from '../values/latin1.ts'
import type { TouchedElements } from '../values/touched-elements.ts'
import { ChangedElements } from './changed-elements.ts'
import { ChangedKeys } from './changed-keys.ts'
import { CHANGED_KEY, ChangedNames } from './changed-names.ts'
import type { Garbage } from './collector.ts'
import {
  CONTROL_KEY,
  type ControlState,
  countKey,
  encodeControl,
  encodeCount,
  GARBAGE_FLAG,
  libraryKey,
  moduleRecordKey,
  UPSTREAM_KEY,
} from './control.ts'
import {
  collectionKey,
  DROPPED,
  elementKey,
  encodeKeyRecord,
  GARBAGE,
  keyRecordKey,
  latin1,
  pieceKey,
  tablePrefix,
  withName,
} from './layout.ts'
import { RecordScratch } from './record-scratch.ts'
import { Staging } from './staging.ts'

/** Collection ids are reserved in the store this many at a time. */
const ID_BLOCK = 1_000_000
/** A new string longer than this is written before the batch that refers to it. */
const MAX_PIECES_IN_BATCH = 8 * 1024 * 1024
/** A collection of up to this many elements is deleted at once, a larger one by the collector. */
const DELETED_AT_ONCE = 128
/** The memory of larger batches is not kept. */
const REUSED_BATCH_BYTES = 1024 * 1024
const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Collects what commands change and writes it as one atomic batch per commit. A key or element
 * changed several times between two commits is written once, as it is at the commit.
 */
export class Journal implements ChangeLog, ElementObserver {
  readonly #store: Store
  readonly #onGarbage: (garbage: Garbage) => void
  #source: KeySource | undefined
  #keys = new ChangedKeys()
  /** Takes turns with {@link #keys}: to write a key may change others. */
  #spareKeys = new ChangedKeys()
  #garbage: Garbage[] = []
  /** Element records of small collections that are gone. */
  #deletions: Buffer[] = []
  /** Small records beside the keys: libraries and what modules keep. By latin1 of their keys. */
  readonly #records = new Map<string, string | undefined>()
  readonly #names = new ChangedNames()
  readonly #dropped = new Set<number>()
  readonly #counts = new Map<number, number>()
  #state: ControlState
  /** As the store has it. */
  #storedState: ControlState
  #stateChanged: boolean
  #nextId: number
  #batch: StoreBatch
  /** Tables of whose keys the batch at hand tells. */
  readonly #written: Table[] = []
  readonly #scratch = new RecordScratch()
  readonly #elements = new ChangedElements(this.#scratch)
  /** Large values that were written before the commands that set them. */
  readonly staging: Staging

  constructor(store: Store, state: ControlState, onGarbage: (garbage: Garbage) => void) {
    this.#store = store
    this.#batch = store.batch()
    this.staging = new Staging(store)
    this.#onGarbage = onGarbage
    this.#nextId = state.idCeiling
    this.#storedState = state
    this.#state = { ...state, idCeiling: state.idCeiling + ID_BLOCK }
    this.#stateChanged = true
  }

  /** Forgets everything that is not committed, and goes on from this state of the store. */
  restart(state: ControlState): void {
    this.#keys.clear()
    this.#spareKeys.clear()
    this.#elements.forget()
    this.#garbage = []
    this.#deletions = []
    this.#records.clear()
    this.#names.clear()
    this.#dropped.clear()
    this.#counts.clear()
    this.staging.clear()
    this.#nextId = state.idCeiling
    this.#storedState = state
    this.#state = { ...state, idCeiling: state.idCeiling + ID_BLOCK }
    this.#stateChanged = true
  }

  useSource(source: KeySource): void {
    this.#source = source
  }

  /** A known count needs no rewrite. */
  countStored(table: number, count: number): void {
    this.#counts.set(table, count)
  }

  get isEmpty(): boolean {
    return (
      this.#keys.count === 0 &&
      this.#elements.count === 0 &&
      this.#garbage.length === 0 &&
      this.#deletions.length === 0 &&
      this.#records.size === 0 &&
      this.#names.isEmpty &&
      !this.#stateChanged &&
      !this.staging.hasUnused
    )
  }

  /** Records that the next commit would write, roughly. */
  get pending(): number {
    return this.#keys.count + this.#elements.count
  }

  keyChanged(table: Table, key: string): void {
    this.#keys.add(table, key, undefined, NO_EXPIRY)
  }

  stringSet(table: Table, key: string, value: string | number, expiry: number): void {
    this.#keys.add(table, key, value, expiry)
  }

  elementsNamed(table: Table, key: string): void {
    this.#names.add(table, key)
  }

  adopt(table: Table, collection: Collection): void {
    collection.observe(this, table.id)
    collection.touchAll()
  }

  abandon(table: Table, collection: Collection): void {
    if (collection.id !== 0) {
      if (collection.elementCount > DELETED_AT_ONCE) this.abandonStored(table, collection.id)
      else this.#deleteElements(table, collection)
    }
    collection.observe(undefined, -1)
    collection.touched = undefined
    collection.id = 0
  }

  abandonStored(table: Table, id: number): void {
    this.#garbage.push({ kind: 'collection', table: table.id, id })
  }

  elementsChanged(collection: Collection): TouchedElements {
    return this.#elements.elementsChanged(collection)
  }

  createTable(): Table {
    const id = this.#state.nextTable
    this.#state = { ...this.#state, nextTable: id + 1 }
    return new Table(id, this.#source, 0)
  }

  tablesChanged(tables: readonly Table[], dropped: readonly Table[]): void {
    // databases beyond the configured number keep their tables for a later, larger configuration
    const others = this.#state.tables.slice(tables.length)
    this.#state = { ...this.#state, tables: [...tables.map((table) => table.id), ...others] }
    this.#stateChanged = true
    for (const table of dropped) {
      this.#dropped.add(table.id)
      this.#counts.delete(table.id)
      this.#garbage.push({ kind: 'table', table: table.id, id: 0 })
    }
  }

  libraryChanged(name: string, code: string | undefined): void {
    this.#records.set(readLatin1(libraryKey(name)), code)
  }

  moduleRecordChanged(module: string, name: string, value: string | undefined): void {
    this.#records.set(readLatin1(moduleRecordKey(module, name)), value)
  }

  upstreamChanged(record: string | undefined): void {
    this.#records.set(readLatin1(UPSTREAM_KEY), record)
  }

  /** Writes everything changed since the last commit. The promise settles when it is durable. */
  commit(sync: SyncMode): Promise<number> {
    const batch = this.#takeBatch()
    this.#writeKeys(batch)
    this.#elements.write(batch, this.#dropped, () => this.takeId())
    for (const key of this.#deletions) batch.delete(key)
    this.#deletions = []
    for (const [key, value] of this.#records) {
      if (value === undefined) batch.delete(latin1(key))
      else batch.put(latin1(key), latin1(value))
    }
    this.#records.clear()
    const names = this.#names.take(this.#dropped)
    if (names !== undefined) batch.put(CHANGED_KEY, names)
    const garbage = this.#garbage
    this.#garbage = []
    for (const { table, id } of this.staging.takeUnused()) {
      garbage.push({ kind: 'collection', table, id })
    }
    if (garbage.length > 0) batch.put(GARBAGE_FLAG, NOTHING)
    for (const { kind, table, id } of garbage) {
      if (kind === 'table') {
        batch.put(tablePrefix(DROPPED, table), NOTHING)
        batch.delete(countKey(table))
      } else if (!this.#dropped.has(table)) {
        batch.put(collectionKey(GARBAGE, table, id), NOTHING)
      }
    }
    if (this.#stateChanged) batch.put(CONTROL_KEY, encodeControl(this.#state))
    this.#storedState = this.#state
    this.#stateChanged = false
    const written = this.#store.write(batch, { sync })
    for (const table of this.#written) table.changesStored()
    this.#written.length = 0
    for (const item of garbage) this.#onGarbage(item)
    return written
  }

  /** The batch of before, unless it has grown large. */
  #takeBatch(): StoreBatch {
    if (this.#batch.byteLength > REUSED_BATCH_BYTES) this.#batch = this.#store.batch()
    return this.#batch.clear()
  }

  /** What is in memory and what was changed since the last commit is all that can be stored. */
  #deleteElements(table: Table, collection: Collection): void {
    collection.touchAll()
    for (const element of collection.touched?.elements() ?? []) {
      const name = collection.elementKey(element)
      this.#deletions.push(elementKey(table.id, collection.id, name))
    }
  }

  #writeKeys(batch: StoreBatch): void {
    const changed = this.#keys
    const { keys, tables, strings, expiries, count } = changed
    this.#keys = this.#spareKeys
    this.#spareKeys = changed
    let counted: Table | undefined
    for (let at = 0; at < count; at += 1) {
      const table = tables[at] as Table
      if (this.#dropped.has(table.id)) continue
      const key = keys[at] as string
      const text = strings[at]
      if (text === undefined) this.#writeKey(batch, table, key)
      else if (!this.#scratch.putString(batch, table.id, key, text, expiries[at] as number)) {
        const record = encodeKeyRecord(String(text), expiries[at] as number)
        batch.put(keyRecordKey(table.id, key), withName(key, record))
      }
      if (table === counted) continue
      counted = table
      this.#writeCount(batch, table)
      this.#written.push(table)
    }
    changed.clear()
  }

  #writeKey(batch: StoreBatch, table: Table, key: string): void {
    const slot = table.slotInMemory(key)
    if (slot === -1) {
      if (!this.#scratch.deleteKey(batch, table.id, key)) batch.delete(keyRecordKey(table.id, key))
      return
    }
    const value = this.#settledValue(batch, table, slot)
    const record = encodeKeyRecord(value, table.expiryAt(slot))
    batch.put(keyRecordKey(table.id, key), withName(key, record))
  }

  /** The value in the form that its record needs: with an id, or not cold at all. */
  #settledValue(batch: StoreBatch, table: Table, slot: number): Value | ColdValue {
    const value = table.residentAt(slot)
    if (typeof value === 'string') return value
    if (value instanceof ColdValue) return value.id === 0 ? table.valueAt(slot) : value
    if (value instanceof Collection) {
      if (value.id === 0) value.id = this.takeId()
    } else this.#writePieces(batch, table, value)
    return value
  }

  #writePieces(batch: StoreBatch, table: Table, value: LargeString): void {
    const isNew = value.id === 0
    const staged = isNew ? this.staging.take(value, table.id) : undefined
    if (isNew) value.id = staged ?? this.takeId()
    const touched = value.takeTouched()
    if (staged !== undefined) {
      batch.delete(collectionKey(GARBAGE, table.id, staged))
      return
    }
    if (!isNew || value.length <= MAX_PIECES_IN_BATCH) {
      for (const piece of touched) {
        batch.put(pieceKey(table.id, value.id, piece), value.piece(piece))
      }
      return
    }
    // ahead of the batch, marked as garbage until the batch makes them part of the key. What cannot be
    // written throws here: the batch must not tell of pieces that are not there
    const mark = collectionKey(GARBAGE, table.id, value.id)
    let ahead = this.#store.batch().put(mark, NOTHING).put(GARBAGE_FLAG, NOTHING)
    this.#reserveIds(ahead)
    for (const piece of touched) {
      ahead.put(pieceKey(table.id, value.id, piece), value.piece(piece))
      if (ahead.size * PIECE_BYTES < MAX_PIECES_IN_BATCH) continue
      this.#store.writeSync(ahead)
      ahead = this.#store.batch()
    }
    if (ahead.size > 0) this.#store.writeSync(ahead)
    batch.delete(mark)
  }

  /** What is written ahead must not stand under an id that another value could take after a crash. */
  #reserveIds(ahead: StoreBatch): void {
    const { idCeiling } = this.#state
    if (this.#storedState.idCeiling === idCeiling) return
    this.#storedState = { ...this.#storedState, idCeiling }
    ahead.put(CONTROL_KEY, encodeControl(this.#storedState))
  }

  #writeCount(batch: StoreBatch, table: Table): void {
    const { id, size } = table
    if (this.#counts.get(id) === size) return
    this.#counts.set(id, size)
    batch.put(countKey(id), encodeCount(size))
  }

  /** The number of a collection or long string that was never used. */
  takeId(): number {
    const id = this.#nextId
    this.#nextId += 1
    if (this.#nextId >= this.#state.idCeiling) {
      this.#state = { ...this.#state, idCeiling: this.#nextId + ID_BLOCK }
      this.#stateChanged = true
    }
    return id
  }
}
