import { Collection } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { LargeString } from '../values/large-string.ts'
import { ListValue } from '../values/list-value.ts'
import { ModuleValue } from '../values/module-value.ts'
import { SetValue } from '../values/set-value.ts'
import { SortedSetValue } from '../values/sorted-set-value.ts'
import { StreamValue } from '../values/stream/stream-value.ts'
import { expireFields, fieldsExpire } from './field-expiry.ts'
import type { Keyspace } from './keyspace.ts'
import type { EventClass } from './notifications.ts'
import type { Table } from './table.ts'
import { ColdValue, NO_EXPIRY, type Value } from './value.ts'
import { asString, expectType, typeNameOf } from './value-types.ts'

/** Told when a key changes in any way: the seam for WATCH. */
export interface KeyWatcher {
  keyTouched(): void
}

/**
 * One numbered database: lookups that respect expiry, typed access, and the single place through
 * which every change goes, so that journal, watchers and blocked clients hear of it.
 */
export class Database {
  readonly index: number
  readonly keyspace: Keyspace
  #table: Table
  /** Clients that watch a key. */
  readonly watchers: Map<string, Set<KeyWatcher>> = new Map()
  /** Keys that some client is blocked on; blocking.ts owns the contents. */
  readonly awaited: Set<string> = new Set()

  constructor(keyspace: Keyspace, index: number, table: Table) {
    this.keyspace = keyspace
    this.index = index
    this.#table = table
    table.uses = keyspace.accesses
  }

  get table(): Table {
    return this.#table
  }

  /** Flushing and swapping exchange tables. */
  set table(table: Table) {
    this.#table = table
    table.uses = this.keyspace.accesses
  }

  /** The key's slot, or -1 when it is absent or has expired (it is removed then). */
  slot(key: string): number {
    const slot = this.table.slot(key)
    if (slot === -1 || !this.table.isExpiredAt(slot, this.keyspace.now)) return slot
    if (this.keyspace.obeys) return slot
    if (!this.keyspace.holdsExpired) this.expire(key, slot)
    return -1
  }

  /** The slot for a reading command: counts a hit or a miss. */
  look(key: string): number {
    const slot = this.slot(key)
    if (slot === -1) {
      this.keyspace.misses += 1
      this.notify('miss', 'keymiss', key)
    } else {
      this.keyspace.hits += 1
      this.#used(slot)
    }
    return slot
  }

  /** As {@link look}, and the key does not count as used: TTL, TYPE, EXISTS. */
  glance(key: string): number {
    let slot = this.slot(key)
    if (slot !== -1 && this.#mayHaveExpiredFields(slot)) {
      if (this.#valueAt(slot, key) === undefined) slot = -1
    }
    if (slot === -1) {
      this.keyspace.misses += 1
      this.notify('miss', 'keymiss', key)
    } else this.keyspace.hits += 1
    return slot
  }

  /** The value, which does not count as used. */
  peek(key: string): Value | undefined {
    const slot = this.slot(key)
    return slot === -1 ? undefined : this.#valueAt(slot, key)
  }

  /** The value for a reading command. */
  read(key: string): Value | undefined {
    const slot = this.look(key)
    return slot === -1 ? undefined : this.#valueAt(slot, key)
  }

  /** The value for a writing command. */
  get(key: string): Value | undefined {
    const slot = this.slot(key)
    if (slot === -1) return undefined
    this.#used(slot)
    return this.#valueAt(slot, key)
  }

  /** The record of the key is to be written anew, with the next commit. */
  rewriteKey(key: string): void {
    this.keyspace.changes.keyChanged(this.table, key)
  }

  has(key: string): boolean {
    return this.slot(key) !== -1
  }

  /** NO_EXPIRY without one; undefined when the key is absent. */
  expiry(key: string): number | undefined {
    const slot = this.slot(key)
    return slot === -1 ? undefined : this.table.expiryAt(slot)
  }

  /** Sets the key whatever it held. Without `expiry` it has none afterwards. */
  set(key: string, value: Value, expiry: number = NO_EXPIRY): void {
    const { table } = this
    const slot = table.slot(key)
    if (slot === -1) {
      table.insert(key, value, expiry)
      this.notify('new', 'new', key)
    } else {
      this.keyspace.beforeRemoval?.(key, this)
      this.#release(table.residentAt(slot))
      table.setValue(slot, value)
      table.setExpiry(slot, expiry)
    }
    if (typeof value !== 'string' && value instanceof Collection) {
      this.keyspace.changes.adopt(table, value)
      if (value instanceof HashValue && value.expiring > 0) {
        value.queuedFor = Number.POSITIVE_INFINITY
        fieldsExpire(this, key, value)
      }
    }
    this.announce(key)
    if (expiry !== NO_EXPIRY) this.keyspace.expiryScheduled(expiry)
    if (typeof value === 'string') this.#stringSet(key, value, expiry)
    else this.#recordChanged(key)
  }

  /** Replaces a string's bytes and keeps the expiry. */
  update(key: string, value: string | LargeString): void {
    const slot = this.table.slot(key)
    if (slot === -1) {
      this.set(key, value)
    } else {
      this.table.setValue(slot, value)
      if (typeof value === 'string') this.#stringSet(key, value, this.table.expiryAt(slot))
      else this.#recordChanged(key)
    }
  }

  /** The integer at the key, where the table holds it as one: see {@link Table.integerAt}. */
  integer(key: string): number | undefined {
    const slot = this.slot(key)
    const value = slot === -1 ? undefined : this.#table.integerAt(slot)
    if (value !== undefined) this.#used(slot)
    return value
  }

  /** As {@link update}, with the digits of an integer. */
  updateInteger(key: string, value: number): void {
    const slot = this.#table.slot(key)
    if (slot === -1) {
      this.set(key, String(value))
      return
    }
    this.#table.setInteger(slot, value)
    this.#stringSet(key, value, this.#table.expiryAt(slot))
  }

  /** False when there is no such key. */
  remove(key: string): boolean {
    if (!this.discard(key)) return false
    this.notify('generic', 'del', key)
    return true
  }

  /** As {@link remove}, and nobody is told: what comes next tells more. */
  discard(key: string): boolean {
    const slot = this.slot(key)
    if (slot === -1) return false
    this.#removeAt(key, slot)
    return true
  }

  setExpiry(key: string, expiry: number): void {
    const slot = this.table.slot(key)
    if (slot === -1) return
    this.table.setExpiry(slot, expiry)
    if (expiry !== NO_EXPIRY) this.keyspace.expiryScheduled(expiry)
    this.#recordChanged(key)
  }

  /** Removes a key to make room. */
  evict(key: string): void {
    const slot = this.table.slotInMemory(key)
    if (slot === -1) return
    this.#removeAt(key, slot)
    this.notify('evicted', 'evicted', key)
  }

  expire(key: string, slot: number): void {
    this.keyspace.expired += 1
    this.#removeAt(key, slot)
    this.notify('expired', 'expired', key)
  }

  /** Moves a key within the database; its elements stay where they are. */
  rename(from: string, to: string): void {
    const { table } = this
    this.keyspace.beforeRemoval?.(from, this)
    if (this.has(to)) this.keyspace.beforeRemoval?.(to, this)
    const value = table.valueAt(table.slot(from))
    const expiry = table.expiryAt(table.slot(from))
    table.remove(table.slot(from))
    this.#recordChanged(from)
    const taken = table.slot(to)
    if (taken !== -1) {
      this.#release(table.residentAt(taken))
      table.remove(taken)
    }
    table.insert(to, value, expiry)
    if (expiry !== NO_EXPIRY) this.keyspace.expiryScheduled(expiry)
    this.#recordChanged(to)
    if (typeof value !== 'string') this.announce(to)
    this.announce(from)
    if (value instanceof HashValue && value.expiring > 0) {
      value.queuedFor = Number.POSITIVE_INFINITY
      fieldsExpire(this, to, value)
    }
    this.notify('new', 'new', to)
    this.notify('generic', 'rename_from', from)
    this.notify('generic', 'rename_to', to)
  }

  /** Elements of the key's collection changed, which it has noted. Without an event nobody is told. */
  elementsChanged(key: string, collection: Collection, event: string | undefined): void {
    this.keyspace.dirty += 1
    this.table.recharge(collection)
    if (this.watchers.size > 0) this.touchWatchers(key)
    if (this.keyspace.namesChanges) this.keyspace.changes.elementsNamed(this.table, key)
    if (event !== undefined) this.notify(collection.type, event, key)
    this.keyspace.onKeyChanged?.(key, this)
  }

  /** As {@link elementsChanged}; a collection left empty goes, one that grew serves waiters. */
  settle(key: string, collection: Collection, event: string | undefined): void {
    if (collection.size === 0 && collection.vanishesWhenEmpty) {
      if (event !== undefined) this.notify(collection.type, event, key)
      this.remove(key)
      return
    }
    this.elementsChanged(key, collection, event)
    this.announce(key)
  }

  /** Tells subscribers of keyspace events. */
  notify(kind: EventClass, event: string, key: string): void {
    const { events } = this.keyspace
    if (events.mask !== 0) events.emit(this.index, kind, event, key)
  }

  touchWatchers(key: string): void {
    const watchers = this.watchers.get(key)
    if (watchers !== undefined) for (const watcher of watchers) watcher.keyTouched()
  }

  typeAt(slot: number): string {
    return typeNameOf(this.table.residentAt(slot))
  }

  /** The string at the key; throws WRONGTYPE. */
  string(key: string): string | LargeString | undefined {
    return asString(this.get(key))
  }

  hash(key: string): HashValue | undefined {
    return expectType(this.get(key), HashValue)
  }

  list(key: string): ListValue | undefined {
    return expectType(this.get(key), ListValue)
  }

  members(key: string): SetValue | undefined {
    return expectType(this.get(key), SetValue)
  }

  sorted(key: string): SortedSetValue | undefined {
    return expectType(this.get(key), SortedSetValue)
  }

  stream(key: string): StreamValue | undefined {
    return expectType(this.get(key), StreamValue)
  }

  /** Puts an empty collection at an absent key. Fill it, then {@link settle}. */
  create<C extends Collection>(key: string, collection: C): C {
    this.table.insert(key, collection, NO_EXPIRY)
    this.keyspace.changes.adopt(this.table, collection)
    this.keyspace.changes.keyChanged(this.table, key)
    this.notify('new', 'new', key)
    return collection
  }

  #used(slot: number): void {
    const { accesses, noTouch } = this.keyspace
    if (noTouch) return
    // who counts no uses need not look at what they were
    const before = accesses.countsUses ? this.#table.accessAt(slot) : 0
    this.#table.setAccess(slot, accesses.used(before))
  }

  #mayHaveExpiredFields(slot: number): boolean {
    const value = this.table.residentAt(slot)
    if (value instanceof HashValue) return value.soonest <= this.keyspace.now
    if (!(value instanceof ColdValue) || value.type !== 'hash') return false
    return value.length > 1 && value.length <= this.keyspace.now
  }

  #valueAt(slot: number, key: string): Value | undefined {
    const value = this.table.valueAt(slot)
    if (typeof value === 'string' || !(value instanceof HashValue)) return value
    if (value.soonest > this.keyspace.now || this.keyspace.holdsExpired) return value
    expireFields(this, key, value)
    return value.size === 0 ? undefined : value
  }

  #removeAt(key: string, slot: number): void {
    this.keyspace.beforeRemoval?.(key, this)
    this.#release(this.table.residentAt(slot))
    this.table.remove(slot)
    this.#recordChanged(key)
    this.announce(key)
  }

  #release(value: Value | ColdValue): void {
    if (typeof value === 'string') return
    if (value instanceof Collection) {
      this.keyspace.changes.abandon(this.table, value)
      if (value instanceof ModuleValue) value.free()
    } else if (value.id !== 0) {
      this.keyspace.changes.abandonStored(this.table, value.id)
      // the value may go on elsewhere: MOVE
      if (value instanceof LargeString) {
        value.id = 0
        value.touchAll()
      }
    }
  }

  #stringSet(key: string, value: string | number, expiry: number): void {
    this.keyspace.dirty += 1
    this.keyspace.changes.stringSet(this.table, key, value, expiry)
    if (this.watchers.size > 0) this.touchWatchers(key)
    this.keyspace.onKeyChanged?.(key, this)
  }

  #recordChanged(key: string): void {
    this.keyspace.dirty += 1
    this.keyspace.changes.keyChanged(this.table, key)
    if (this.watchers.size > 0) this.touchWatchers(key)
    this.keyspace.onKeyChanged?.(key, this)
  }

  /** Something about the key changed that may concern clients who wait for it. */
  announce(key: string): void {
    if (this.awaited.size > 0 && this.awaited.has(key)) this.keyspace.keyReady(this, key)
  }
}
