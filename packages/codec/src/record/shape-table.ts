import { ownCopyOf } from '../bytes/allocate.ts'
import { latin1Text, utf8Text } from '../bytes/text.ts'
import { readVarint, VARINT_BYTES_MAX, varintLength, writeVarint } from '../bytes/varint.ts'
import { CodecError } from '../error.ts'
import { createShape, type Shape } from './shape.ts'
import { SHAPES_MAX } from './tokens.ts'

/**
 * Writes what stands in front of a record's body: version and table.
 *
 * ```text
 * prefix = varint version, varint length of the table, table
 * table  = shape*                        token 0x40 + n refers to shape n
 * shape  = varint key count, key*
 * key    = varint byte length, UTF-8
 * ```
 */
export function encodePrefix(version: number, shapes: readonly (readonly string[])[]): Uint8Array {
  let capacity = 0
  for (const keys of shapes) {
    capacity += VARINT_BYTES_MAX
    for (const key of keys) capacity += VARINT_BYTES_MAX + 3 * key.length
  }
  const table = new Uint8Array(capacity)
  let end = 0
  for (const keys of shapes) {
    end = writeVarint(table, end, keys.length)
    for (const key of keys) end = writeKey(table, end, key)
  }
  const bodyAt = varintLength(version) + varintLength(end)
  const prefix = new Uint8Array(bodyAt + end)
  writeVarint(prefix, writeVarint(prefix, 0, version), end)
  prefix.set(table.subarray(0, end), bodyAt)
  return prefix
}

function writeKey(table: Uint8Array, at: number, key: string): number {
  const start = writeVarint(table, at, key.length)
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit >= 0x80) {
      const bytes = Buffer.from(key)
      const textAt = writeVarint(table, at, bytes.length)
      table.set(bytes, textAt)
      return textAt + bytes.length
    }
    table[start + i] = unit
  }
  return start + key.length
}

/** Reads the table in `bytes[start, end)`. Work and memory are bounded by its length. */
export function decodeShapeTable(bytes: Uint8Array, start: number, end: number): Shape[] {
  const shapes: Shape[] = []
  const ascii = latin1Text(bytes, start, end)
  let position = start
  const readLength = (): number => {
    const value = readVarint(bytes, position)
    position += varintLength(value)
    // Whatever is counted takes at least a byte each.
    if (value < 0 || value > end - position) throw corruptTable(position)
    return value
  }
  while (position < end) {
    if (shapes.length === SHAPES_MAX) throw corruptTable(position)
    const keys: string[] = []
    for (let remaining = readLength(); remaining > 0; remaining--) {
      const length = readLength()
      const at = position
      position += length
      keys.push(
        isAscii(bytes, at, position)
          ? ascii.slice(at - start, position - start)
          : utf8Text(bytes, at, position),
      )
    }
    shapes.push(createShape(keys))
  }
  return shapes
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if ((bytes[i] as number) >= 0x80) return false
  return true
}

function corruptTable(offset: number): CodecError {
  return new CodecError('RECORD_CORRUPT', `the record's shape table is damaged at ${offset}`, {
    offset,
  })
}

const SLOTS = 64
const TABLE_BYTES_MAX = 4096

interface Slot {
  readonly table: Uint8Array
  readonly shapes: readonly Shape[]
}

/**
 * Remembers decoded tables by their bytes, so that the records of one kind share what was made of
 * their shapes. Direct-mapped: an entry gives way to the next of its slot. Bounded at 64 tables of
 * 4 KiB; larger ones are decoded each time.
 */
export class ShapeTableCache {
  readonly #slots: (Slot | undefined)[] = []

  /** The shapes of the table in `bytes[start, end)`. */
  get(bytes: Uint8Array, start: number, end: number): readonly Shape[] {
    if (end - start > TABLE_BYTES_MAX) return decodeShapeTable(bytes, start, end)
    const index = slotOf(bytes, start, end)
    const slot = this.#slots[index]
    if (slot !== undefined && equal(slot.table, bytes, start, end)) return slot.shapes
    const shapes = decodeShapeTable(bytes, start, end)
    this.#slots[index] = { table: ownCopyOf(bytes, start, end), shapes }
    return shapes
  }
}

/** Mixes the length and a few bytes: `equal` decides, this only has to spread. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  let hash = length
  for (let i = start + (length >> 3); i < end; i += 1 + (length >> 2)) {
    hash = Math.imul(hash, 31) + (bytes[i] as number)
  }
  return hash & (SLOTS - 1)
}

function equal(table: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (table.length !== end - start) return false
  for (let i = 0, at = start; at < end; i++, at++) if (table[i] !== bytes[at]) return false
  return true
}
