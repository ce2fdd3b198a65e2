import type { Field } from '../catalog/catalog.ts'
import { type DateForm, toDateForm } from '../catalog/date-form.ts'
import { invalidQuery } from '../errors.ts'
import type { SqlValue } from '../plan/ast.ts'
import { resolveVariable } from './variables.ts'

/** What kind of value a condition compares with. */
export type ValueKind = Field['type'] | 'number'

/**
 * Turns a value of a filter into what the column is compared with. Query strings know only text,
 * so text that spells a number is a number where the column holds numbers.
 */
export function filterValue({ kind, name, dateForm }: Target, given: unknown, now: Date): SqlValue {
  const value = typeof given === 'string' ? resolveVariable(given, kind, now) : given
  switch (kind) {
    case 'integer':
    case 'bigInteger':
    case 'float':
    case 'decimal':
    case 'number':
      return numberFrom(value) ?? refuse(name, 'a number', given)
    case 'boolean':
      return booleanFrom(value) ?? refuse(name, 'true or false', given)
    case 'binary':
      return bytesFrom(value) ?? refuse(name, 'base64 text', given)
    case 'unknown':
      return (typeof value === 'string' ? numberFrom(value) : undefined) ?? scalar(name, value)
    case 'date':
    case 'dateTime':
    case 'timestamp':
      return dateValue(name, dateForm, value)
    default:
      return typeof value === 'string' ? value : String(scalar(name, value))
  }
}

/** What a value is compared with. */
interface Target {
  readonly kind: ValueKind
  readonly name: string
  readonly dateForm: DateForm | undefined
}

/** Numbers are what columns of epoch seconds or milliseconds hold, and stay what they are. */
function dateValue(name: string, form: DateForm | undefined, value: unknown): SqlValue {
  if (form?.kind === 'epoch') {
    const number = numberFrom(value)
    if (number !== undefined) return number
  }
  const text = typeof value === 'string' ? value : String(scalar(name, value))
  return form === undefined ? text : toDateForm(form, text)
}

function refuse(name: string, expected: string, given: unknown): never {
  const shown = typeof given === 'string' ? JSON.stringify(given.slice(0, 40)) : typeof given
  throw invalidQuery(`"${name}" compares with ${expected}, not with ${shown}`)
}

function scalar(name: string, value: unknown): string | number | bigint {
  if (typeof value === 'string' || typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return refuse(name, 'a text or a number', value)
}

const INT64_MAX = 2n ** 63n - 1n

/** A finite number; an integer that JavaScript would round comes as a bigint. */
export function numberFrom(value: unknown): number | bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'bigint') return inRange(value)
  if (typeof value !== 'string' || value.length > 400) return undefined
  const text = value.trim()
  if (/^[+-]?\d+$/.test(text)) {
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : inRange(BigInt(text))
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined
  return Number.isFinite(Number(text)) ? Number(text) : undefined
}

/** Beyond 64 bits the nearest floating point number still compares as it should. */
function inRange(value: bigint): number | bigint | undefined {
  if (value <= INT64_MAX && value >= -INT64_MAX - 1n) return value
  return Number.isFinite(Number(value)) ? Number(value) : undefined
}

export function booleanFrom(value: unknown): 0 | 1 | undefined {
  if (value === true || value === 1 || value === 'true' || value === '1') return 1
  if (value === false || value === 0 || value === 'false' || value === '0') return 0
  return undefined
}

export function bytesFrom(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined
  return Buffer.from(value, 'base64')
}

/** Values as one JSON array, which a single parameter carries whatever their number. */
export function jsonListOf(values: readonly SqlValue[]): string {
  return `[${values.map((value) => (typeof value === 'bigint' ? value : JSON.stringify(value))).join()}]`
}
