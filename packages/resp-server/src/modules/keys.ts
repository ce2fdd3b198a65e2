import { ReplyError } from '../errors.ts'
import type { Database } from '../keyspace/database.ts'
import type { EventClass } from '../keyspace/notifications.ts'
import { NO_EXPIRY, type Value } from '../keyspace/value.ts'
import { wrongType } from '../keyspace/value-types.ts'
import { HashValue } from '../values/hash-value.ts'
import { textOf } from '../values/large-string.ts'
import { ModuleValue } from '../values/module-value.ts'
import type { ModuleType } from './module-type.ts'

/** A hash as it is at this moment; good until the command ends. */
export interface HashReader {
  readonly size: number
  readonly fields: readonly string[]
  get(field: string): string | undefined
}

/** A key that holds a value of a module's type, or may. Good until the command ends. */
export interface ModuleKey<V> {
  readonly key: string
  /** undefined while there is no such key. Not to be kept: it may leave memory at any time. */
  readonly value: V | undefined
  /** The value, made when there is none, to be changed. Call {@link changed} once it is filled. */
  create(): V
  /**
   * The value changed: the named records are written with the command, all of them when none are
   * named, and waiting clients, WATCH, tracking and listeners hear of it. An empty value's key goes.
   */
  changed(event: string, records?: Iterable<string>): void
  /** False when there is no such key. */
  remove(): boolean
}

/**
 * Keys as a module sees them: in one database, at one moment. Names and strings are byte strings.
 * Methods throw a ReplyError, `WRONGTYPE` above all, which is the command's answer unless caught.
 * On a server that follows another all that change keys throw `READONLY` and change nothing.
 */
export interface Keys {
  readonly database: number
  /** Unix time in ms, the same during a command. */
  readonly now: number
  /** The same in another database. Throws RangeError when there is none. */
  in(database: number): Keys
  exists(key: string): boolean
  /** As TYPE answers it; undefined when absent. */
  type(key: string): string | undefined
  /** Unix time in ms; undefined for none, and for an absent key. */
  expiry(key: string): number | undefined
  /** undefined: never. False when there is no such key. */
  setExpiry(key: string, at: number | undefined): boolean
  remove(key: string): boolean
  open<V>(key: string, type: ModuleType<V>): ModuleKey<V>
  /** The hash at the key, undefined when absent. */
  hash(key: string): HashReader | undefined
  /** The string at the key, undefined when absent. */
  string(key: string): string | undefined
  setString(key: string, value: string, expiry?: number): void
  /** Tells subscribers of keyspace events, in the class of modules (`d`). */
  notify(event: string, key: string): void
  /** Lets clients that wait for the key look at it, though it did not change. */
  signal(key: string): void
}

/** The error to answer when keys must not be changed now. */
export type Refusal = () => string | undefined

/** {@link Keys} of a database. */
export class KeyAccess implements Keys {
  readonly #database: Database
  readonly #refusal: Refusal

  constructor(database: Database, refusal: Refusal) {
    this.#database = database
    this.#refusal = refusal
  }

  get database(): number {
    return this.#database.index
  }

  get now(): number {
    return this.#database.keyspace.now
  }

  in(index: number): Keys {
    const database = this.#database.keyspace.databases[index]
    if (database === undefined) throw new RangeError(`there is no database ${index}`)
    return new KeyAccess(database, this.#refusal)
  }

  exists(key: string): boolean {
    return this.#database.has(key)
  }

  type(key: string): string | undefined {
    const slot = this.#database.slot(key)
    return slot === -1 ? undefined : this.#database.typeAt(slot)
  }

  expiry(key: string): number | undefined {
    const expiry = this.#database.expiry(key)
    return expiry === NO_EXPIRY ? undefined : expiry
  }

  setExpiry(key: string, at: number | undefined): boolean {
    this.#mayChange()
    const database = this.#database
    if (!database.has(key)) return false
    if (at !== undefined && at <= this.now) return database.remove(key)
    database.setExpiry(key, at ?? NO_EXPIRY)
    database.notify('generic', at === undefined ? 'persist' : 'expire', key)
    return true
  }

  remove(key: string): boolean {
    this.#mayChange()
    return this.#database.remove(key)
  }

  open<V>(key: string, type: ModuleType<V>): ModuleKey<V> {
    return new OpenKey(this.#database, key, type, this.#refusal)
  }

  hash(key: string): HashReader | undefined {
    const value = this.#database.get(key)
    if (value === undefined || value instanceof HashValue) return value
    throw wrongType()
  }

  string(key: string): string | undefined {
    const value = this.#database.string(key)
    return value === undefined ? undefined : textOf(value)
  }

  setString(key: string, value: string, expiry: number = NO_EXPIRY): void {
    this.#mayChange()
    this.#database.set(key, value, expiry)
    this.#database.notify('string', 'set', key)
  }

  notify(event: string, key: string): void {
    this.#database.notify('module' satisfies EventClass, event, key)
  }

  signal(key: string): void {
    this.#database.announce(key)
  }

  #mayChange(): void {
    check(this.#refusal)
  }
}

function check(refusal: Refusal): void {
  const line = refusal()
  if (line !== undefined) throw new ReplyError(line)
}

class OpenKey<V> implements ModuleKey<V> {
  readonly key: string
  readonly #database: Database
  readonly #type: ModuleType<V>
  readonly #refusal: Refusal

  constructor(database: Database, key: string, type: ModuleType<V>, refusal: Refusal) {
    this.key = key
    this.#database = database
    this.#type = type
    this.#refusal = refusal
    // a key of another type is refused at once
    this.#find()
  }

  get value(): V | undefined {
    return this.#find()?.value as V | undefined
  }

  create(): V {
    check(this.#refusal)
    const found = this.#find()
    const made = found ?? this.#database.create(this.key, new ModuleValue(this.#type))
    return made.value as V
  }

  changed(event: string, records?: Iterable<string>): void {
    const found = this.#find()
    if (found === undefined) throw new Error(`changed('${event}') of a key without a value`)
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      // what the module has changed already is not so: the store has it as it is
      this.#database.table.letGo(this.#database.slot(this.key))
      throw new ReplyError(refusal)
    }
    if (records === undefined) found.touchAll()
    else found.touchRecords(records)
    this.#database.settle(this.key, found, event)
  }

  remove(): boolean {
    check(this.#refusal)
    return this.#find() !== undefined && this.#database.remove(this.key)
  }

  #find(): ModuleValue | undefined {
    return expectModule(this.#database.get(this.key), this.#type)
  }
}

function expectModule<V>(value: Value | undefined, type: ModuleType<V>): ModuleValue | undefined {
  if (value === undefined) return undefined
  if (value instanceof ModuleValue && value.definition === type) return value
  throw wrongType()
}
