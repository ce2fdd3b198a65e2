import type { KnownNames } from '../protocol/known-names.ts'
import { LookAhead } from '../protocol/look-ahead.ts'
import { Collection } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import type { IndexedKeys } from '../values/indexed-keys.ts'
import { ModuleValue } from '../values/module-value.ts'
import { StringIndex } from '../values/string-index.ts'
import { type Accesses, twiceAsLong } from './accesses.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { FoundKeys } from './found-keys.ts'
import { entryBytes } from './memory.ts'
import {
  asValue,
  charge,
  charged,
  coldForm,
  fieldExpiryOf,
  isStored,
  type Resident,
  waitsFor,
} from './resident.ts'
import { ScanPlaces } from './scan-places.ts'
import { StoredExpiries } from './stored-expiries.ts'
import {
  ColdValue,
  type KeySource,
  NO_EXPIRY,
  type StoredKey,
  type Value,
  type WalkedKey,
} from './value.ts'
import { CACHED_NAMES, Warmer } from './warmer.ts'

const NEVER = { expiry: NO_EXPIRY, fieldExpiry: NO_EXPIRY } as const

/**
 * The keys of one incarnation of a database: flushing replaces the table, swapping exchanges two.
 *
 * Parallel arrays indexed by slot, with a map from key to slot: no object per key. Removal moves
 * the last key into the gap, so the arrays stay dense, random picks cost O(1), and a scan from
 * the end towards 0 sees every key that is there throughout (see IndexedKeys).
 */
export class Table implements KnownNames {
  /** Names the table in the store; a flushed table's number is never used again. */
  readonly id: number
  readonly expiryQueue: ExpiryQueue = new ExpiryQueue()
  /** Hashes in memory by the time of the first field to expire; may hold what is not so any more. */
  readonly fieldQueue: ExpiryQueue = new ExpiryQueue()
  /** How far scans are. */
  readonly places: ScanPlaces = new ScanPlaces()
  /** When keys that are in the store alone expire. */
  readonly stored: StoredExpiries = new StoredExpiries()
  /** Keys in memory that have an expiry. */
  expiring = 0
  readonly #keys: string[] = []
  readonly #slots = new StringIndex(this.#keys)
  readonly #values: Resident[] = []
  /** Always doubles: Infinity for none. */
  readonly #expiries: number[] = []
  /** Where keys are that are not in memory; undefined where nothing is stored. */
  readonly source: KeySource | undefined
  #accesses = new Uint32Array(16)
  /** Set by the keyspace: what a use of a key is noted as. */
  uses: Accesses | undefined
  /** What keys and values take, by estimation. */
  bytes = 0
  /** Keys removed while older versions of them may still be in the store; undefined: all is here. */
  #removed: Set<string> | undefined
  #unseen = 0
  /** Keys that were left to the store alone so far, by a pass or by {@link forget}. */
  #left = 0
  readonly #found = new FoundKeys()
  readonly ahead: LookAhead = new LookAhead()
  readonly #warmer = new Warmer(this.ahead)
  /** Elements of the collection that a request named last. */
  #lastElements = 0

  constructor(id: number, source: KeySource | undefined, stored: number) {
    this.id = id
    this.source = source
    if (source !== undefined && stored > 0) {
      this.#removed = new Set()
      this.#unseen = stored
      this.stored.expectPass()
    }
  }

  /** Exact, also while keys are still in the store only. */
  get size(): number {
    return this.#keys.length + this.#unseen
  }

  /** Keys that have an expiry, in memory or not. */
  get expires(): number {
    return this.expiring + this.stored.count
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
    const found = this.#found.take(key)
    return found === -1 ? this.#slots.find(key) : found
  }

  /** Whether a text is ASCII, and so the same as its bytes; then the command that follows finds it at once. */
  looksFor(text: string): boolean {
    return this.#slots.findsAscii(text)
  }

  get isLarge(): boolean {
    return this.#keys.length > CACHED_NAMES || this.#lastElements > CACHED_NAMES
  }

  nameOf(bytes: Uint8Array, start: number, end: number, hash: number): string | undefined {
    const slot = this.#slots.findBytes(bytes, start, end, hash)
    return slot === -1 ? undefined : this.#keys[slot]
  }

  isNoName(text: string): void {
    this.#slots.isMissing(text)
  }

  expectSeveral(): void {
    this.#found.forget()
  }

  nextNameOf(bytes: Uint8Array, start: number, end: number, hash: number): string | undefined {
    const slot = this.#slots.findBytes(bytes, start, end, hash)
    if (slot === -1) return undefined
    const key = this.#keys[slot] as string
    this.#found.add(key, slot)
    return key
  }

  elementsOf(name: string): IndexedKeys | undefined {
    const slot = this.slotInMemory(name)
    const value = slot === -1 ? undefined : this.#values[slot]
    const elements = value instanceof Collection ? value.elements : undefined
    this.#lastElements = elements?.size ?? 0
    return elements
  }

  warm(bytes: Uint8Array): void {
    this.#warmer.warm(bytes, this.ahead, {
      slots: this.#slots,
      keys: this.#keys,
      values: this.#values,
      accesses: this.#accesses,
    })
  }

  keyAt(slot: number): string {
    return this.#keys[slot] as string
  }

  /** Without a look at the key's own while no key has one. */
  expiryAt(slot: number): number {
    return this.expiring === 0 ? NO_EXPIRY : (this.#expiries[slot] as number)
  }

  isExpiredAt(slot: number, now: number): boolean {
    return this.expiring > 0 && (this.#expiries[slot] as number) < now
  }

  valueAt(slot: number): Value {
    const value = this.#values[slot] as Resident
    if (typeof value === 'string') return value
    if (typeof value === 'number') return String(value)
    return value instanceof ColdValue ? this.#load(slot, value) : value
  }

  /** The integer at the slot, when it is held as one. */
  integerAt(slot: number): number | undefined {
    const value = this.#values[slot]
    return typeof value === 'number' ? value : undefined
  }

  /** Holds an integer, which stands for the string of its digits. */
  setInteger(slot: number, value: number): void {
    const before = this.#values[slot] as Resident
    if (typeof before !== 'number') this.bytes += charge(value) - charged(before)
    this.#values[slot] = value
  }

  /** The value of a key in memory or not; what is in the store only stays there. */
  readThrough(key: string): Value | undefined {
    const slot = this.slotInMemory(key)
    const value =
      slot !== -1
        ? asValue(this.#values[slot] as Resident)
        : this.#removed && this.source?.fetchKey(this.id, key)?.value
    return value instanceof ColdValue ? this.source?.loadValue(this.id, key, value) : value
  }

  /** The value as it is, loaded or not. */
  residentAt(slot: number): Value | ColdValue {
    return asValue(this.#values[slot] as Resident)
  }

  setValue(slot: number, value: Value | ColdValue): void {
    this.bytes -= charged(this.#values[slot] as Resident)
    this.#values[slot] = value
    this.bytes += charge(value)
  }

  insert(key: string, value: Value | ColdValue, expiry: number): void {
    const slot = this.#keys.length
    this.#slots.add(key, slot)
    if (slot === this.#accesses.length) this.#accesses = twiceAsLong(this.#accesses)
    this.#accesses[slot] = this.uses?.first ?? 0
    this.bytes += entryBytes(key) + charge(value)
    this.#keys.push(key)
    this.#values.push(value)
    this.#expiries.push(NO_EXPIRY)
    if (expiry !== NO_EXPIRY) this.setExpiry(this.#keys.length - 1, expiry)
    const fieldExpiry = value instanceof ColdValue ? fieldExpiryOf(value) : NO_EXPIRY
    if (fieldExpiry !== NO_EXPIRY) this.queueFields(fieldExpiry, key)
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

  /** A hash waits for its first field to expire. */
  queueFields(time: number, key: string): void {
    this.fieldQueue.push(time, key)
    this.fieldQueue.tidy(this.#keys.length, this.#isFieldLive)
  }

  remove(slot: number): void {
    this.#removed?.add(this.#keys[slot] as string)
    this.#takeOut(slot)
  }

  #takeOut(slot: number): void {
    const key = this.#keys[slot] as string
    this.#found.forget()
    if (this.#expiries[slot] !== NO_EXPIRY) this.expiring -= 1
    this.#slots.remove(key, slot)
    this.bytes -= entryBytes(key) + charged(this.#values[slot] as Resident)
    const lastKey = this.#keys.pop() as string
    const lastValue = this.#values.pop() as Resident
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
    const value = this.#values[slot] as Resident
    const cold = coldForm(value)
    if (cold === undefined) return false
    this.bytes += charge(cold) - charged(value)
    this.#values[slot] = cold
    if (value instanceof ModuleValue) value.free()
    return true
  }

  /**
   * Lets go of a key and its value, which the store has as they are; both come back when the key is
   * touched. False when they have to stay. The last key moves into its slot.
   */
  forget(slot: number): boolean {
    const value = this.#values[slot] as Resident
    if (!isStored(value)) return false
    const expiry = this.#expiries[slot] as number
    const fieldExpiry = fieldExpiryOf(value)
    this.#removed ??= new Set()
    this.#left += 1
    this.#unseen += 1
    const key = this.#keys[slot] as string
    this.#takeOut(slot)
    if (value instanceof ModuleValue) value.free()
    if (expiry !== NO_EXPIRY) this.expiryQueue.tidy(this.expiring, this.#isLive)
    if (fieldExpiry !== NO_EXPIRY) this.fieldQueue.tidy(this.#keys.length, this.#isFieldLive)
    this.stored.left(this.source?.placeOf(key) ?? key, expiry, fieldExpiry)
    return true
  }

  /** Whether the store alone has the key that a walk of this turn has come by, and as the walk says. */
  isLeft(key: string): boolean {
    return this.#removed !== undefined && !this.#removed.has(key) && this.#slots.find(key) === -1
  }

  /** Takes in a key that a walk has come by and for which {@link isLeft} holds; answers its slot. */
  takeIn(key: WalkedKey): number {
    return this.#takeIn(key.name, key.read(false))
  }

  /** A pass over all keys in the store begins; what it answers is for {@link endPass}. */
  beginPass(): number {
    return this.#left
  }

  /** A pass came by a key, which the store has like this now. It is taken in if it `mayStay`. */
  learn(key: WalkedKey, mayStay: boolean): void {
    const isLeft = this.isLeft(key.name)
    const { expiry, fieldExpiry } = isLeft && !mayStay ? key : NEVER
    if (isLeft && mayStay) this.takeIn(key)
    else if (isLeft) this.#left += 1
    this.stored.passed(key.place, expiry, fieldExpiry)
  }

  /** It has come to the end, at this moment: unless it left something out, memory has every key. */
  endPass(leftBefore: number): void {
    this.stored.passedAll()
    if (this.#left > leftBefore) return
    this.#removed = undefined
    this.#unseen = 0
  }

  /** The store has every change: what was removed is not there either, for whoever looks from now on. */
  changesStored(): void {
    this.#removed?.clear()
  }

  readonly #isLive = (time: number, key: string): boolean => {
    const slot = this.#slots.find(key)
    return slot !== -1 && this.#expiries[slot] === time
  }

  readonly #isFieldLive = (time: number, key: string): boolean => {
    const slot = this.#slots.find(key)
    return slot !== -1 && waitsFor(this.#values[slot] as Resident, time)
  }

  #fetch(key: string): number {
    if (this.#removed?.has(key)) return -1
    const stored = this.source?.fetchKey(this.id, key)
    return stored === undefined ? -1 : this.#takeIn(key, stored)
  }

  #takeIn(key: string, { value, expiry }: StoredKey): number {
    this.#unseen -= 1
    if (expiry !== NO_EXPIRY) this.stored.cameBack(this.source?.placeOf(key) ?? key)
    this.insert(key, value, expiry)
    return this.#keys.length - 1
  }

  #load(slot: number, cold: ColdValue): Value {
    if (this.source === undefined) throw new Error('a cold value without a store')
    const value = this.source.loadValue(this.id, this.#keys[slot] as string, cold)
    this.#values[slot] = value
    this.bytes += charge(value) - charged(cold)
    if (value instanceof HashValue) value.queuedFor = fieldExpiryOf(cold)
    return value
  }
}
