import type { KnownNames } from '../protocol/request-parser.ts'
import { Collection } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { ModuleValue } from '../values/module-value.ts'
import { StringIndex } from '../values/string-index.ts'
import type { Accesses } from './accesses.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { entryBytes, valueBytes } from './memory.ts'
import { ScanPlaces } from './scan-places.ts'
import { ColdValue, type KeySource, NO_EXPIRY, type StoredKey, type Value } from './value.ts'

/**
 * The keys of one incarnation of a database: flushing replaces the table, swapping exchanges two.
 *
 * Parallel arrays indexed by slot, with a map from key to slot: no object per key. Removal moves
 * the last key into the gap, so the arrays stay dense, random picks cost O(1), and a scan from
 * the end towards 0 sees every key that is there throughout (see IndexedMap).
 */
export class Table implements KnownNames {
  /** Names the table in the store; a flushed table's number is never used again. */
  readonly id: number
  readonly expiryQueue: ExpiryQueue = new ExpiryQueue()
  /** Hashes in memory by the time of the first field to expire; may hold what is not so any more. */
  readonly fieldQueue: ExpiryQueue = new ExpiryQueue()
  /** How far scans are. */
  readonly places: ScanPlaces = new ScanPlaces()
  /** Keys in memory that have an expiry. */
  expiring = 0
  readonly #keys: string[] = []
  readonly #slots = new StringIndex(this.#keys)
  readonly #values: (Value | ColdValue)[] = []
  /** Always doubles: Infinity for none. */
  readonly #expiries: number[] = []
  readonly #source: KeySource | undefined
  #accesses = new Uint32Array(16)
  /** Set by the keyspace: what a use of a key is noted as. */
  uses: Accesses | undefined
  /** What keys and values take, by estimation. */
  bytes = 0
  /** Keys removed while older versions of them may still be in the store; undefined: all is here. */
  #removed: Set<string> | undefined
  #unseen = 0
  /** Passes over the store that are under way. */
  #passes = 0
  /** Keys that were left to the store alone so far, by a pass or by {@link forget}. */
  #left = 0
  /** The key that was looked for last, and its slot: a command looks for its key more than once. */
  #lastKey = ''
  #lastSlot = -1

  constructor(id: number, source: KeySource | undefined, stored: number) {
    this.id = id
    this.#source = source
    if (source !== undefined && stored > 0) {
      this.#removed = new Set()
      this.#unseen = stored
    }
  }

  /** Exact, also while keys are still in the store only. */
  get size(): number {
    return this.#keys.length + this.#unseen
  }

  /** True when every key is in memory, its value perhaps not. */
  get isComplete(): boolean {
    return this.#removed === undefined
  }

  /** Keys in memory, by slot. */
  get loadedKeys(): readonly string[] {
    return this.#keys
  }

  /** The key's slot, or -1. Slots change with every removal. */
  slot(key: string): number {
    const slot = this.slotInMemory(key)
    return slot !== -1 || this.#removed === undefined ? slot : this.#fetch(key)
  }

  /** As {@link slot}, without a look into the store. */
  slotInMemory(key: string): number {
    if (this.#lastSlot !== -1 && key === this.#lastKey) return this.#lastSlot
    return this.#lookedUp(this.#slots.find(key))
  }

  /** The key of these bytes that is in memory: no other string of them is needed then. */
  nameOf(bytes: Uint8Array, start: number, end: number): string | undefined {
    const slot = this.#lookedUp(this.#slots.findBytes(bytes, start, end))
    return slot === -1 ? undefined : this.#keys[slot]
  }

  #lookedUp(slot: number): number {
    if (slot === -1) return -1
    this.#lastKey = this.#keys[slot] as string
    this.#lastSlot = slot
    return slot
  }

  keyAt(slot: number): string {
    return this.#keys[slot] as string
  }

  expiryAt(slot: number): number {
    return this.#expiries[slot] as number
  }

  /** Without a look at the key's own expiry while no key has one. */
  isExpiredAt(slot: number, now: number): boolean {
    return this.expiring > 0 && (this.#expiries[slot] as number) < now
  }

  valueAt(slot: number): Value {
    const value = this.#values[slot] as Value | ColdValue
    return value instanceof ColdValue ? this.#load(slot, value) : value
  }

  /** The value of a key in memory or not; what is in the store only stays there. */
  readThrough(key: string): Value | undefined {
    const slot = this.slotInMemory(key)
    const value =
      slot !== -1
        ? this.#values[slot]
        : this.#removed && this.#source?.fetchKey(this.id, key)?.value
    return value instanceof ColdValue ? this.#source?.loadValue(this.id, key, value) : value
  }

  /** The value as it is, loaded or not. */
  residentAt(slot: number): Value | ColdValue {
    return this.#values[slot] as Value | ColdValue
  }

  setValue(slot: number, value: Value | ColdValue): void {
    this.bytes -= charged(this.#values[slot] as Value | ColdValue)
    this.#values[slot] = value
    this.bytes += charge(value)
  }

  insert(key: string, value: Value | ColdValue, expiry: number): void {
    const slot = this.#keys.length
    this.#slots.add(key, slot)
    this.#lastKey = key
    this.#lastSlot = slot
    if (slot === this.#accesses.length) this.#growAccesses()
    this.#accesses[slot] = this.uses?.first ?? 0
    this.bytes += entryBytes(key) + charge(value)
    this.#keys.push(key)
    this.#values.push(value)
    this.#expiries.push(NO_EXPIRY)
    if (expiry !== NO_EXPIRY) this.setExpiry(this.#keys.length - 1, expiry)
    const fieldExpiry = value instanceof ColdValue ? fieldExpiryOf(value) : NO_EXPIRY
    if (fieldExpiry !== NO_EXPIRY) this.fieldQueue.push(fieldExpiry, key)
  }

  setExpiry(slot: number, expiry: number): void {
    if (expiry === NO_EXPIRY && this.expiring === 0) return
    const before = this.#expiries[slot] as number
    if (before === expiry) return
    this.#expiries[slot] = expiry
    if (before === NO_EXPIRY) this.expiring += 1
    if (expiry === NO_EXPIRY) {
      this.expiring -= 1
      return
    }
    this.expiryQueue.push(expiry, this.#keys[slot] as string)
    this.expiryQueue.tidy(this.expiring, this.#isLive)
  }

  /** Drops entries of {@link fieldQueue} that mean nothing any more, when they are many. */
  tidyFieldQueue(): void {
    this.fieldQueue.tidy(this.#keys.length, (time, key) => {
      const slot = this.#slots.find(key)
      const value = slot === -1 ? undefined : this.#values[slot]
      if (value instanceof ColdValue) return fieldExpiryOf(value) === time
      return value instanceof HashValue && value.queuedFor === time
    })
  }

  remove(slot: number): void {
    this.#removed?.add(this.#keys[slot] as string)
    this.#takeOut(slot)
  }

  #takeOut(slot: number): void {
    const key = this.#keys[slot] as string
    this.#lastSlot = -1
    if (this.#expiries[slot] !== NO_EXPIRY) this.expiring -= 1
    this.#slots.remove(key, slot)
    this.bytes -= entryBytes(key) + charged(this.#values[slot] as Value | ColdValue)
    const lastKey = this.#keys.pop() as string
    const lastValue = this.#values.pop() as Value | ColdValue
    const lastExpiry = this.#expiries.pop() as number
    if (slot === this.#keys.length) return
    this.#keys[slot] = lastKey
    this.#values[slot] = lastValue
    this.#expiries[slot] = lastExpiry
    this.#accesses[slot] = this.#accesses[this.#keys.length] as number
    this.#slots.move(lastKey, this.#keys.length, slot)
  }

  accessAt(slot: number): number {
    return this.#accesses[slot] as number
  }

  setAccess(slot: number, access: number): void {
    this.#accesses[slot] = access
  }

  /** A collection at a key has changed in size. */
  recharge(collection: Collection): void {
    this.bytes -= collection.charged
    this.bytes += charge(collection)
  }

  /**
   * Lets go of a value that the store has as it is; it comes back when it is touched. False when
   * it has to stay.
   */
  letGo(slot: number): boolean {
    const value = this.#values[slot] as Value | ColdValue
    const cold = coldForm(value)
    if (cold === undefined) return false
    this.bytes += charge(cold) - charged(value)
    this.#values[slot] = cold
    if (value instanceof ModuleValue) value.free()
    return true
  }

  /**
   * Lets go of a key and its value, which the store has as they are; both come back when the key is
   * touched. False when they have to stay: what expires is known in memory. The last key moves
   * into its slot.
   */
  forget(slot: number): boolean {
    if (this.#expiries[slot] !== NO_EXPIRY || !isStored(this.residentAt(slot))) return false
    const value = this.residentAt(slot)
    this.#removed ??= new Set()
    this.#left += 1
    this.#unseen += 1
    this.#takeOut(slot)
    if (value instanceof ModuleValue) value.free()
    return true
  }

  /** A pass over what the store holds begins; to be ended by {@link endPass}. */
  beginPass(): Pass {
    this.#passes += 1
    return { left: this.#left }
  }

  /** A key that a pass came by. Unless it `mayStay`, only one that expires is taken in. */
  learn(pass: Pass, key: string, stored: StoredKey, mayStay: boolean): void {
    if (this.#removed === undefined || this.#slots.find(key) !== -1 || this.#removed.has(key))
      return
    if (!mayStay && stored.expiry === NO_EXPIRY && !hasFieldExpiry(stored.value)) {
      this.#left += 1
      return
    }
    // one that has left memory since the pass began may be newer than what the pass sees
    if (this.#left > pass.left) this.#fetch(key)
    else this.#takeIn(key, stored)
  }

  /** When `isThrough` and it has left nothing out, no other keys than those in memory exist. */
  endPass(pass: Pass, isThrough: boolean): void {
    this.#passes -= 1
    if (!isThrough || this.#left > pass.left) return
    this.#removed = undefined
    this.#unseen = 0
  }

  /** The store has every change: what was removed is not there either, for whoever looks from now on. */
  changesStored(): void {
    if (this.#passes === 0) this.#removed?.clear()
  }

  readonly #isLive = (time: number, key: string): boolean => {
    const slot = this.#slots.find(key)
    return slot !== -1 && this.#expiries[slot] === time
  }

  #growAccesses(): void {
    const grown = new Uint32Array(this.#accesses.length * 2)
    grown.set(this.#accesses)
    this.#accesses = grown
  }

  #fetch(key: string): number {
    if (this.#removed?.has(key)) return -1
    const stored = this.#source?.fetchKey(this.id, key)
    return stored === undefined ? -1 : this.#takeIn(key, stored)
  }

  #takeIn(key: string, { value, expiry }: StoredKey): number {
    this.#unseen -= 1
    this.insert(key, value, expiry)
    return this.#keys.length - 1
  }

  #load(slot: number, cold: ColdValue): Value {
    if (this.#source === undefined) throw new Error('a cold value without a store')
    const value = this.#source.loadValue(this.id, this.#keys[slot] as string, cold)
    this.#values[slot] = value
    this.bytes += charge(value) - charged(cold)
    if (value instanceof HashValue) value.queuedFor = fieldExpiryOf(cold)
    return value
  }
}

/** How far a table was when a pass over the store began. */
export interface Pass {
  readonly left: number
}

/** True when the store has the value, or will once the changes so far are written, and it need not be known. */
function isStored(value: Value | ColdValue): boolean {
  if (typeof value === 'string') return true
  if (value instanceof Collection) {
    return value.id !== 0 && value.touched.size === 0 && !hasFieldExpiry(value)
  }
  if (value instanceof ColdValue) return !hasFieldExpiry(value)
  return value.isClean
}

const hasFieldExpiry = (value: Value | ColdValue): boolean =>
  value instanceof HashValue
    ? value.storesExpiries
    : value instanceof ColdValue && fieldExpiryOf(value) !== NO_EXPIRY

/** When the first field of a hash that is in the store only expires. */
const fieldExpiryOf = ({ type, length }: ColdValue): number =>
  type === 'hash' && length > 1 ? length : NO_EXPIRY

/** Shorter strings are not worth a look into the store. */
const MIN_COLD_STRING_BYTES = 64

/** What stands for a value that is in the store only; undefined when it cannot be. */
function coldForm(value: Value | ColdValue): ColdValue | undefined {
  if (typeof value === 'string') {
    return value.length > MIN_COLD_STRING_BYTES ? new ColdValue('string', 0) : undefined
  }
  if (value instanceof Collection) {
    const isClean = value.id !== 0 && value.touched.size === 0
    if (!isClean) return undefined
    // the time that its key is queued for already, not one that may have become later meanwhile
    const number =
      value instanceof HashValue && value.storesExpiries
        ? Number.isFinite(value.queuedFor)
          ? value.queuedFor
          : 1
        : 0
    return new ColdValue(value.type, value.id, number, value.typeName)
  }
  if (value instanceof ColdValue || !value.isClean) return undefined
  return new ColdValue('string', value.id, value.length)
}

/** What a value takes now; things that change in place keep what was charged. */
function charge(value: Value | ColdValue): number {
  const bytes = valueBytes(value)
  if (typeof value !== 'string' && !(value instanceof ColdValue)) value.charged = bytes
  return bytes
}

const charged = (value: Value | ColdValue): number =>
  typeof value === 'string' || value instanceof ColdValue ? valueBytes(value) : value.charged
