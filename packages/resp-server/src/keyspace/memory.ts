import { Collection } from '../values/collection.ts'
import { stringBytes } from '../values/string-bytes.ts'
import { ColdValue, type Value } from './value.ts'

/** A key's places in the maps and arrays of its table. */
const ENTRY_BYTES = 56
const LARGE_STRING_BYTES = 96
const COLD_BYTES = 40

/** What a value takes beyond its key. */
export function valueBytes(value: Value | ColdValue): number {
  if (typeof value === 'string') return stringBytes(value.length)
  if (value instanceof ColdValue) return COLD_BYTES
  if (value instanceof Collection) return value.memoryBytes()
  return LARGE_STRING_BYTES + value.length
}

/** What a key and its value take, by estimation. */
export const keyBytes = (key: string, value: Value | ColdValue): number =>
  ENTRY_BYTES + stringBytes(key.length) + valueBytes(value)

/** What a key takes without its value. */
export const entryBytes = (key: string): number => ENTRY_BYTES + stringBytes(key.length)
