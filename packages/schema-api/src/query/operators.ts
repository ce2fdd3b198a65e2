import type { DateForm } from '../catalog/date-form.ts'
import { invalidQuery } from '../errors.ts'
import type { CompareOperator, Condition, Operand, TextMatch } from '../plan/ast.ts'
import {
  booleanFrom,
  bytesFrom,
  filterValue,
  jsonListOf,
  numberFrom,
  type ValueKind,
} from './filter-value.ts'
import type { ParseContext } from './parse-context.ts'
import { splitList } from './parse-context.ts'

/** One side of a comparison. */
export interface Compared {
  readonly operand: Operand
  readonly kind: ValueKind
  readonly dateForm: DateForm | undefined
  /** As the user wrote it, for messages. */
  readonly name: string
}

type Build = (context: ParseContext, compared: Compared, value: unknown) => Condition

const not = (of: Condition): Condition => ({ kind: 'not', of })

function compare(operator: CompareOperator): Build {
  return (context, compared, value) => {
    const { operand, kind, name } = compared
    if (value === null) return compareNull(operator, compared)
    if (kind === 'binary' && operator !== 'eq' && operator !== 'neq') {
      throw invalidQuery(`"${name}" holds bytes, which have no order here`)
    }
    const slot = context.bind(filterValue(compared, value, context.now))
    return { kind: 'compare', operator, operand, value: slot }
  }
}

/** Directus reads `_eq: null` as `_null: true`. */
function compareNull(operator: CompareOperator, { operand, name }: Compared): Condition {
  if (operator === 'eq') return { kind: 'null', operand }
  if (operator === 'neq') return not({ kind: 'null', operand })
  throw invalidQuery(`"${name}" cannot be compared with null by _${operator}`)
}

const isIn: Build = (context, compared, value) => {
  const { operand, kind, name } = compared
  const given = listFrom(value, name)
  if (given.length === 0) return { kind: 'constant', value: false }
  const values = given.map((item) => filterValue(compared, item, context.now))
  if (kind === 'binary') {
    const of = given.map((item): Condition => {
      context.spend()
      return compare('eq')(context, compared, item)
    })
    return { kind: 'or', of }
  }
  return { kind: 'in', operand, list: context.bind(jsonListOf(values)) }
}

const between: Build = (context, compared, value) => {
  const { operand, kind, name } = compared
  const given = listFrom(value, name)
  if (given.length !== 2) throw invalidQuery(`_between on "${name}" needs two values`)
  if (kind === 'binary') throw invalidQuery(`"${name}" holds bytes, which have no order here`)
  const [low, high] = given.map((item) => context.bind(filterValue(compared, item, context.now)))
  return { kind: 'between', operand, low: low!, high: high! } // two values were given
}

function listFrom(value: unknown, name: string): readonly unknown[] {
  const list = typeof value === 'string' ? splitList(value) : value
  const values = Array.isArray(list) ? list : typeof list === 'number' ? [list] : undefined
  if (values === undefined) throw invalidQuery(`"${name}" needs a list of values`)
  if (values.includes(null)) throw invalidQuery(`The list for "${name}" has null in it; use _null`)
  return values
}

/** A pattern as long as SQLite takes one, less what escaping may add. */
const MAX_TEXT = 20_000

function text(match: TextMatch, insensitive: boolean): Build {
  return (context, { operand, kind, name }, value) => {
    if (kind === 'binary') throw invalidQuery(`"${name}" holds bytes, not text`)
    const wanted = typeof value === 'number' ? String(value) : value
    if (typeof wanted !== 'string') throw invalidQuery(`"${name}" needs a text to look for`)
    if (wanted.length > MAX_TEXT) throw invalidQuery(`The text for "${name}" is too long`)
    const fold = !insensitive ? 'none' : isAscii(wanted) ? 'ascii' : 'unicode'
    const pattern = context.dialect.matchValue(match, fold, wanted)
    return { kind: 'text', match, fold, operand, value: context.bind(pattern) }
  }
}

const isAscii = (value: string): boolean => !/[^\0-\x7f]/.test(value)

/** `_null: false` is `_nnull: true`. A bare `_null` in a query string is meant as true. */
function flag(build: (operand: Operand) => Condition): Build {
  return (_context, { operand, name }, value) => {
    const isSet = value === '' ? 1 : booleanFrom(value)
    if (isSet === undefined) throw invalidQuery(`"${name}" needs true or false here`)
    return isSet === 1 ? build(operand) : not(build(operand))
  }
}

const isNull = (operand: Operand): Condition => ({ kind: 'null', operand })
const isEmpty = (operand: Operand): Condition => ({ kind: 'empty', operand })

function negated(build: Build): Build {
  return (context, compared, value) => not(build(context, compared, value))
}

const OPERATORS: ReadonlyMap<string, Build> = new Map([
  ['_eq', compare('eq')],
  ['_neq', compare('neq')],
  ['_lt', compare('lt')],
  ['_lte', compare('lte')],
  ['_gt', compare('gt')],
  ['_gte', compare('gte')],
  ['_in', isIn],
  ['_nin', negated(isIn)],
  ['_null', flag(isNull)],
  ['_nnull', flag((operand) => not(isNull(operand)))],
  ['_empty', flag(isEmpty)],
  ['_nempty', flag((operand) => not(isEmpty(operand)))],
  ['_between', between],
  ['_nbetween', negated(between)],
  ['_contains', text('contains', false)],
  ['_ncontains', negated(text('contains', false))],
  ['_icontains', text('contains', true)],
  ['_nicontains', negated(text('contains', true))],
  ['_starts_with', text('starts', false)],
  ['_nstarts_with', negated(text('starts', false))],
  ['_istarts_with', text('starts', true)],
  ['_nistarts_with', negated(text('starts', true))],
  ['_ends_with', text('ends', false)],
  ['_nends_with', negated(text('ends', false))],
  ['_iends_with', text('ends', true)],
  ['_niends_with', negated(text('ends', true))],
])

const UNSUPPORTED = /^_(n?intersects(_bbox)?|regex)$/

export const isOperator = (name: string): boolean => OPERATORS.has(name) || UNSUPPORTED.test(name)

/** The condition that an operator of a filter stands for. */
export function operatorCondition(
  context: ParseContext,
  compared: Compared,
  operator: string,
  value: unknown,
): Condition {
  context.spend()
  const build = OPERATORS.get(operator)
  if (build !== undefined) return build(context, compared, value)
  const reason = UNSUPPORTED.test(operator) ? 'is not supported by this database' : 'is no operator'
  throw invalidQuery(`"${operator.slice(0, 40)}" on "${compared.name}" ${reason}`)
}

/** The conditions under which a row is found by a search text: none when nothing can hold it. */
export function searchCondition(
  context: ParseContext,
  fields: readonly { readonly name: string; readonly kind: ValueKind }[],
  wanted: string,
): Condition {
  const of: Condition[] = []
  for (const { name, kind } of fields) {
    const operand: Operand = { kind: 'field', field: name }
    const compared: Compared = { operand, kind, dateForm: undefined, name }
    if (kind === 'string' || kind === 'text' || kind === 'uuid' || kind === 'unknown') {
      of.push(text('contains', true)(context, compared, wanted))
    } else if (NUMBERS.has(kind) && numberFrom(wanted) !== undefined) {
      of.push(compare('eq')(context, compared, wanted))
    }
  }
  return of.length === 0 ? { kind: 'constant', value: false } : { kind: 'or', of }
}

const NUMBERS: ReadonlySet<ValueKind> = new Set<ValueKind>([
  'integer',
  'bigInteger',
  'float',
  'decimal',
])

/** Key text as the value of a key column, or undefined when the column cannot hold it. */
export function keyValue(
  kind: ValueKind,
  given: unknown,
): string | number | bigint | Uint8Array | undefined {
  switch (kind) {
    case 'integer':
    case 'bigInteger':
      return typeof given === 'string' && !/^-?\d+$/.test(given) ? undefined : numberFrom(given)
    case 'float':
    case 'decimal':
      return numberFrom(given)
    case 'boolean':
      return booleanFrom(given)
    case 'binary':
      return bytesFrom(given)
    case 'unknown':
      return numberFrom(given) ?? (typeof given === 'string' ? given : undefined)
    default:
      if (typeof given === 'number' || typeof given === 'bigint') return String(given)
      return typeof given === 'string' ? given : undefined
  }
}
