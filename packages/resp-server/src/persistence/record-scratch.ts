import type { StoreBatch } from '@ashlar/lsm-store'
import { NO_EXPIRY } from '../keyspace/value.ts'
import { writeLatin1 } from '../values/latin1.ts'
import { POSITION_BYTES, writePosition } from '../values/list-position.ts'
import { writeInteger } from '../values/numbers.ts'
import {
  ELEMENT,
  ELEMENT_PREFIX_BYTES,
  HAS_EXPIRY,
  KEY,
  KEY_PREFIX_BYTES,
  SCORE_BYTES,
} from './layout.ts'

/** Entries beyond this, which is less than what makes a name long to layout.ts, are encoded in memory of their own. */
const SCRATCH_BYTES = 16 * 1024
/** Most that the digits of an integer take. */
const INTEGER_BYTES = 17
/** Up to here a loop is quicker than Node's native writing. */
const WRITTEN_BY_HAND = 32

const elementEnd = (name: string | number): number =>
  ELEMENT_PREFIX_BYTES + (typeof name === 'number' ? POSITION_BYTES : name.length)

/**
 * Encodes one small entry after another in the same memory: what the records of layout.ts are, for
 * those that are written most, without a Buffer for each.
 */
export class RecordScratch {
  readonly #bytes: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  readonly #view = new DataView(this.#bytes.buffer)
  /** The table and id that the first bytes stand for; -1 for none. */
  #table = -1
  #id = -1

  /** The record of a key with a short string, or an integer. False when it is too long for here. */
  putString(
    batch: StoreBatch,
    table: number,
    key: string,
    text: string | number,
    expiry: number,
  ): boolean {
    const keyEnd = KEY_PREFIX_BYTES + key.length
    const head = expiry === NO_EXPIRY ? 1 : 9
    const bound = keyEnd + head + (typeof text === 'number' ? INTEGER_BYTES : text.length)
    if (bound > SCRATCH_BYTES) return false
    const bytes = this.#bytes
    if (this.#table !== table || this.#id !== -1) this.#useTable(table)
    this.#write(key, KEY_PREFIX_BYTES)
    bytes[keyEnd] = head === 1 ? 0 : HAS_EXPIRY
    if (head === 9) bytes.writeDoubleBE(expiry, keyEnd + 1)
    let end = bound
    if (typeof text === 'number') end = writeInteger(bytes, text, keyEnd + head)
    else this.#write(text, keyEnd + head)
    batch.putJoined(bytes, keyEnd, end)
    return true
  }

  /** That a key is gone. False when it is too long for here. */
  deleteKey(batch: StoreBatch, table: number, key: string): boolean {
    const keyEnd = KEY_PREFIX_BYTES + key.length
    if (keyEnd > SCRATCH_BYTES) return false
    if (this.#table !== table || this.#id !== -1) this.#useTable(table)
    this.#write(key, KEY_PREFIX_BYTES)
    batch.deleteJoined(this.#bytes, keyEnd)
    return true
  }

  /** The record of an element: of a name, or of a position of a list. False when it is too long for here. */
  putElement(
    batch: StoreBatch,
    table: number,
    id: number,
    name: string | number,
    value: string | number,
  ): boolean {
    const keyEnd = elementEnd(name)
    const end = keyEnd + (typeof value === 'number' ? SCORE_BYTES : value.length)
    if (end > SCRATCH_BYTES) return false
    this.#writeElementKey(table, id, name)
    if (typeof value === 'number') this.#view.setFloat64(keyEnd, value)
    else this.#write(value, keyEnd)
    batch.putJoined(this.#bytes, keyEnd, end)
    return true
  }

  /** That an element is gone. False when it is too long for here. */
  deleteElement(batch: StoreBatch, table: number, id: number, name: string | number): boolean {
    const keyEnd = elementEnd(name)
    if (keyEnd > SCRATCH_BYTES) return false
    this.#writeElementKey(table, id, name)
    batch.deleteJoined(this.#bytes, keyEnd)
    return true
  }

  #writeElementKey(table: number, id: number, name: string | number): void {
    if (this.#table !== table || this.#id !== id) this.#useCollection(table, id)
    if (typeof name === 'number') writePosition(this.#bytes, name, ELEMENT_PREFIX_BYTES)
    else this.#write(name, ELEMENT_PREFIX_BYTES)
  }

  #useTable(table: number): void {
    this.#bytes[0] = KEY
    this.#bytes.writeUInt32BE(table, 1)
    this.#table = table
    this.#id = -1
  }

  #useCollection(table: number, id: number): void {
    this.#bytes[0] = ELEMENT
    this.#bytes.writeUInt32BE(table, 1)
    this.#bytes.writeUIntBE(id, 5, 6)
    this.#table = table
    this.#id = id
  }

  #write(text: string, offset: number): void {
    const bytes = this.#bytes
    const { length } = text
    if (length > WRITTEN_BY_HAND) writeLatin1(bytes, text, offset)
    else for (let at = 0; at < length; at += 1) bytes[offset + at] = text.charCodeAt(at)
  }
}
