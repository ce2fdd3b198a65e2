import type { Collection, CollectionType } from '../values/collection.ts'
import type { LargeString } from '../values/large-string.ts'

/** What a key can hold in memory. */
export type Value = string | LargeString | Collection
export type ValueType = 'string' | CollectionType

/** Stands for a value that is in the store only, until first touched. */
export class ColdValue {
  readonly type: ValueType
  /** Prefix of its elements or pieces; 0 for a string that stands in the key's record. */
  readonly id: number
  /** Bytes of a string in pieces; for a hash see `HashValue.storedNumber`. */
  readonly length: number
  /** What TYPE answers. */
  readonly typeName: string

  constructor(type: ValueType, id: number, length = 0, typeName: string = type) {
    this.type = type
    this.id = id
    this.length = length
    this.typeName = typeName
  }
}

/** A key as the store has it. */
export interface StoredKey {
  readonly value: Value | ColdValue
  readonly expiry: number
}

/** Never: sorts after every time, so that `expiry < now` needs no special case. */
export const NO_EXPIRY: number = Number.POSITIVE_INFINITY

/** A key that a walk over the store comes by. */
export interface WalkedKey {
  readonly name: string
  /** See {@link KeySource.placeOf}. */
  readonly place: string
  readonly expiry: number
  /** When the first field of a hash expires, or never. */
  readonly fieldExpiry: number
  /** With `eager` longer strings come whole too, otherwise as cold values. */
  read(eager: boolean): StoredKey
}

/** To be disposed of before the store is written to. */
export interface StoredKeyWalk extends Disposable {
  next(): WalkedKey | undefined
}

/** Where keys that are not in memory come from. Synchronous, as the store's reads are. */
export interface KeySource {
  fetchKey(tableId: number, key: string): StoredKey | undefined
  loadValue(tableId: number, key: string, cold: ColdValue): Value
  /** Where a key stands in the order of walks, which is that of strings. The key, but for very long ones. */
  placeOf(key: string): string
  /**
   * The keys of a table as the store has them now, from a place on, which need not be a key's, to before
   * another; undefined: to the end.
   */
  walk(tableId: number, from: string, to: string | undefined): StoredKeyWalk
}
