import { Collection, type EncodingLimits } from './collection.ts'
import { IndexedMap } from './indexed-map.ts'
import { readLatin1, writeLatin1 } from './latin1.ts'

const EXPIRY_BYTES = 8
const scratch = Buffer.alloc(EXPIRY_BYTES)

/** Fields with string values, which may expire one by one. Small hashes keep insertion order. */
export class HashValue extends Collection {
  readonly type = 'hash'
  readonly #fields = new IndexedMap<string>()
  #longest = 0
  #most = 0
  /** When fields expire, in ms; most hashes have none. */
  #expiries: Map<string, number> | undefined
  #storesExpiries = false
  /** The time under which its key waits for the next field to expire. */
  queuedFor: number = Number.POSITIVE_INFINITY
  /** No field expires before this. */
  soonest: number = Number.POSITIVE_INFINITY

  override get elements(): IndexedMap<string> {
    return this.#fields
  }

  get size(): number {
    return this.#fields.size
  }

  get fields(): readonly string[] {
    return this.#fields.keys
  }

  get values(): readonly string[] {
    return this.#fields.values
  }

  /** Its records have room for expiries: so from the first one on. */
  get storesExpiries(): boolean {
    return this.#storesExpiries
  }

  /**
   * What stands beside its id in the store: 0 while no field ever had an expiry, else when the first
   * field expires, or 1 where none does at present.
   */
  get storedNumber(): number {
    if (!this.#storesExpiries) return 0
    return Number.isFinite(this.soonest) ? this.soonest : 1
  }

  /** How many fields have an expiry. */
  get expiring(): number {
    return this.#expiries?.size ?? 0
  }

  get(field: string): string | undefined {
    return this.#fields.get(field)
  }

  has(field: string): boolean {
    return this.#fields.has(field)
  }

  /** Sets a field, which does not expire any more. True when the field is new. */
  set(field: string, value: string): boolean {
    if (this.#expiries?.delete(field)) this.touch(field)
    return this.replace(field, value)
  }

  /** Sets a field and leaves its expiry. True when the field is new. */
  replace(field: string, value: string): boolean {
    const slot = this.#fields.slot(field)
    // what it holds already is not stored again
    if (slot !== -1 && this.values[slot] === value) return false
    this.#put(field, value, slot)
    this.touchAt(field, slot === -1 ? this.size - 1 : slot)
    return slot === -1
  }

  delete(field: string): boolean {
    if (!this.#fields.delete(field)) return false
    this.#expiries?.delete(field)
    this.touch(field)
    return true
  }

  /** When a field expires, in ms; Infinity for never. */
  expiryOf(field: string): number {
    return this.#expiries?.get(field) ?? Number.POSITIVE_INFINITY
  }

  /** The field must exist. True when the records had to be rewritten to hold expiries. */
  setExpiry(field: string, expiry: number): boolean {
    if (expiry === Number.POSITIVE_INFINITY) this.#expiries?.delete(field)
    else {
      this.#expiries ??= new Map()
      this.#expiries.set(field, expiry)
      if (expiry < this.soonest) this.soonest = expiry
    }
    this.touch(field)
    if (this.#storesExpiries || this.expiring === 0) return false
    this.#storesExpiries = true
    this.touchAll()
    return true
  }

  /** The fields that {@link expireFields} would remove. */
  fieldsUpTo(now: number): string[] {
    const fields: string[] = []
    for (const [field, expiry] of this.#expiries ?? []) if (expiry <= now) fields.push(field)
    return fields
  }

  /** Removes what has expired before `now`; answers how many fields that were. */
  expireFields(now: number): number {
    let removed = 0
    let soonest = Number.POSITIVE_INFINITY
    for (const [field, expiry] of this.#expiries ?? []) {
      if (expiry <= now) {
        this.delete(field)
        removed += 1
      } else if (expiry < soonest) soonest = expiry
    }
    this.soonest = soonest
    return removed
  }

  encodeElement(field: string, before: number): string | undefined {
    const slot = this.#fields.slotNear(field, before)
    if (slot === -1) return undefined
    const value = this.values[slot] as string
    if (!this.#storesExpiries) return value
    const expiry = this.#expiries?.get(field)
    if (expiry === undefined) return `\0${value}`
    scratch.writeDoubleBE(expiry)
    return `\x01${readLatin1(scratch)}${value}`
  }

  /** Says how the elements to be restored are stored. */
  expectExpiries(): void {
    this.#storesExpiries = true
  }

  restoreElement(field: string, stored: string): void {
    const slot = this.#fields.slot(field)
    if (!this.#storesExpiries) {
      this.#put(field, stored, slot)
      return
    }
    const hasExpiry = stored.startsWith('\x01')
    this.#put(field, stored.slice(hasExpiry ? 1 + EXPIRY_BYTES : 1), slot)
    if (!hasExpiry) return
    writeLatin1(scratch, stored.slice(1, 1 + EXPIRY_BYTES), 0)
    this.setExpiry(field, scratch.readDoubleBE())
  }

  touchAll(): void {
    for (let slot = 0; slot < this.size; slot += 1) this.touchAt(this.fields[slot] as string, slot)
  }

  clone(): HashValue {
    const copy = new HashValue()
    for (let at = 0; at < this.size; at += 1) {
      copy.#put(this.fields[at] as string, this.values[at] as string, -1)
    }
    for (const [field, expiry] of this.#expiries ?? []) copy.setExpiry(field, expiry)
    return copy
  }

  encoding(limits: EncodingLimits): string {
    const small =
      this.#most <= limits.hashMaxListpackEntries && this.#longest <= limits.hashMaxListpackValue
    if (!small) return 'hashtable'
    return this.expiring > 0 ? 'listpackex' : 'listpack'
  }

  memoryBytes(): number {
    return 200 + this.#fields.size * 56 + this.#fields.bytes
  }

  #put(field: string, value: string, slot: number): void {
    if (slot === -1) this.#fields.add(field, value)
    else this.#fields.replace(slot, value)
    const longest = Math.max(field.length, value.length)
    if (longest > this.#longest) this.#longest = longest
    if (this.#fields.size > this.#most) this.#most = this.#fields.size
  }
}
