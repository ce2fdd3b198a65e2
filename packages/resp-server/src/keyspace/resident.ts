import { Collection } from '../values/collection.ts'
import { HashValue } from '../values/hash-value.ts'
import { stringBytes } from '../values/string-bytes.ts'
import { valueBytes } from './memory.ts'
import { ColdValue, NO_EXPIRY, type Value } from './value.ts'

/**
 * What a table has for a key: the value, what stands for one that is in the store only, or an
 * integer. Integers are strings to everybody else; to add to one makes no garbage here.
 */
export type Resident = Value | ColdValue | number

/** What an integer is charged: as a short string, which it may be again. */
const INTEGER_BYTES = stringBytes(8)

/** As everybody else has it. */
export const asValue = (resident: Resident): Value | ColdValue =>
  typeof resident === 'number' ? String(resident) : resident

/** True when the store has the value, or will once the changes so far are written. */
export function isStored(value: Resident): boolean {
  if (typeof value === 'string' || typeof value === 'number') return true
  if (value instanceof Collection) return value.id !== 0 && value.touched === undefined
  return value instanceof ColdValue || value.isClean
}

/** No field of a hash expires before this, as far as is known without a look at its elements. */
export function fieldExpiryOf(value: Resident): number {
  if (value instanceof HashValue) return value.soonest
  if (!(value instanceof ColdValue) || value.type !== 'hash') return NO_EXPIRY
  return value.length > 1 ? value.length : NO_EXPIRY
}

/** Whether what is at a key waits for this time to lose a field. */
export const waitsFor = (value: Resident, time: number): boolean =>
  value instanceof HashValue ? value.queuedFor === time : fieldExpiryOf(value) === time

/** Shorter strings are not worth a look into the store. */
const MIN_COLD_STRING_BYTES = 64

/** What stands for a value that is in the store only; undefined when it cannot be. */
export function coldForm(value: Resident): ColdValue | undefined {
  if (typeof value === 'number') return undefined
  if (typeof value === 'string') {
    return value.length > MIN_COLD_STRING_BYTES ? new ColdValue('string', 0) : undefined
  }
  if (value instanceof Collection) {
    const isClean = value.id !== 0 && value.touched === undefined
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
export function charge(value: Resident): number {
  if (typeof value === 'number') return INTEGER_BYTES
  const bytes = valueBytes(value)
  if (typeof value !== 'string' && !(value instanceof ColdValue)) value.charged = bytes
  return bytes
}

export function charged(value: Resident): number {
  if (typeof value === 'number') return INTEGER_BYTES
  return typeof value === 'string' || value instanceof ColdValue ? valueBytes(value) : value.charged
}
