import { checkFieldName, type RecordData } from '../record/record.ts'

/** What a field can be compared with. */
export type Scalar = string | number | boolean | null

/** Compares one field. An absent field equals nothing, is above and below nothing, and does not exist. */
export type FieldTest = { readonly field: string } & (
  | { readonly eq: Scalar }
  | { readonly ne: Scalar }
  | { readonly in: readonly Scalar[] }
  | { readonly gt: string | number }
  | { readonly gte: string | number }
  | { readonly lt: string | number }
  | { readonly lte: string | number }
  | { readonly exists: boolean }
)

/**
 * A condition over the fields of a record, as plain data: it travels to the publisher and is
 * evaluated there. Numbers (bigint included) compare with numbers and strings with strings, by
 * code unit; any other comparison by order is false. `ne` and `not` hold for an absent field.
 *
 * @example
 * ```ts
 * const where: Where = { and: [{ field: 'site', eq: 'sea' }, { field: 'celsius', gt: 30 }] }
 * ```
 */
export type Where =
  | FieldTest
  | { readonly and: readonly Where[] }
  | { readonly or: readonly Where[] }
  | { readonly not: Where }

/** Decides about one record. */
export type Predicate = (record: RecordData) => boolean

const DEPTH_MAX = 16
const NODES_MAX = 256
const IN_VALUES_MAX = 1024
const STRING_MAX = 4096

const OPERATORS: ReadonlySet<string> = new Set([
  'eq',
  'ne',
  'in',
  'gt',
  'gte',
  'lt',
  'lte',
  'exists',
])

/**
 * Checks a condition and compiles it. Throws TypeError or RangeError naming the part, also for
 * conditions that came over the wire: depth, size and lists are bounded.
 */
export function compileWhere(where: unknown): Predicate {
  let nodes = 0
  const compile = (part: unknown, depth: number): Predicate => {
    nodes += 1
    if (depth > DEPTH_MAX) throw new RangeError(`where: nested more than ${DEPTH_MAX} deep`)
    if (nodes > NODES_MAX) throw new RangeError(`where: more than ${NODES_MAX} conditions`)
    if (typeof part !== 'object' || part === null || Array.isArray(part)) {
      throw new TypeError('where: each condition must be an object')
    }
    if ('field' in part) return compileTest(part)
    const entries = Object.entries(part)
    const [name, value] = entries[0] ?? []
    if (entries.length !== 1) throw new TypeError('where: give one of field, and, or, not')
    if (name === 'not') {
      const inner = compile(value, depth + 1)
      return (record) => !inner(record)
    }
    if ((name !== 'and' && name !== 'or') || !Array.isArray(value)) {
      throw new TypeError('where: and, or take a list of conditions')
    }
    const inner = value.map((condition) => compile(condition, depth + 1))
    return name === 'and'
      ? (record) => inner.every((test) => test(record))
      : (record) => inner.some((test) => test(record))
  }
  return compile(where, 1)
}

/** The fields that a checked condition looks at. */
export function fieldsOf(where: Where): Set<string> {
  if ('field' in where) return new Set([where.field])
  const inner = 'not' in where ? [where.not] : 'and' in where ? where.and : where.or
  return new Set(inner.flatMap((condition) => [...fieldsOf(condition)]))
}

function compileTest(part: object): Predicate {
  const entries = Object.entries(part)
  const [operator, operand] = entries.find(([name]) => name !== 'field') ?? []
  const field: unknown = 'field' in part ? part.field : undefined
  checkFieldName(field, 'where.field')
  if (entries.length !== 2 || operator === undefined || !OPERATORS.has(operator)) {
    throw new TypeError(`where: '${field}' needs one of ${[...OPERATORS].join(', ')}`)
  }
  const test = compileOperator(operator, operand)
  return (record) => test(Object.hasOwn(record, field) ? record[field] : undefined)
}

function compileOperator(operator: string, operand: unknown): (value: unknown) => boolean {
  if (operator === 'exists') {
    if (typeof operand !== 'boolean') throw new TypeError('where: exists takes true or false')
    return (value) => (value !== undefined) === operand
  }
  if (operator === 'in') {
    if (!Array.isArray(operand)) throw new TypeError('where: in takes a list of values')
    if (operand.length > IN_VALUES_MAX) {
      throw new RangeError(`where: in takes at most ${IN_VALUES_MAX} values`)
    }
    const values = new Set<unknown>(operand.map((value) => checkScalar(value)))
    return (value) => values.has(plain(value))
  }
  const wanted = checkScalar(operand)
  if (operator === 'eq') return (value) => plain(value) === wanted
  if (operator === 'ne') return (value) => plain(value) !== wanted
  if (typeof wanted !== 'string' && typeof wanted !== 'number') {
    throw new TypeError(`where: ${operator} takes a string or a number`)
  }
  return compileOrder(operator, wanted)
}

function compileOrder(operator: string, wanted: string | number): (value: unknown) => boolean {
  const comparable = (value: unknown): value is string | number | bigint =>
    typeof wanted === 'string'
      ? typeof value === 'string'
      : typeof value === 'number' || typeof value === 'bigint'
  if (operator === 'gt') return (value) => comparable(value) && value > wanted
  if (operator === 'gte') return (value) => comparable(value) && value >= wanted
  if (operator === 'lt') return (value) => comparable(value) && value < wanted
  return (value) => comparable(value) && value <= wanted
}

/** A bigint that a number can hold compares as that number. */
function plain(value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return BigInt(number) === value ? number : value
}

function checkScalar(value: unknown): Scalar {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (typeof value === 'string') {
    if (value.length > STRING_MAX)
      throw new RangeError(`where: a string of more than ${STRING_MAX}`)
    return value
  }
  throw new TypeError('where: values are strings, numbers, booleans or null')
}
