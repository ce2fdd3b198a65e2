import type { Collection, Field } from '../catalog/catalog.ts'
import type { DateForm } from '../catalog/date-form.ts'
import { forbidden, invalidQuery } from '../errors.ts'
import type { DatePart, Operand } from '../plan/ast.ts'
import type { ValueKind } from './filter-value.ts'
import type { ParseContext } from './parse-context.ts'

/** A column, or a function of one, with what it holds and the key under which it is answered. */
export interface ParsedOperand {
  readonly operand: Operand
  readonly kind: ValueKind
  readonly dateForm: DateForm | undefined
  readonly key: string
}

const DATE_PARTS: ReadonlySet<string> = new Set<DatePart>([
  'year',
  'month',
  'week',
  'day',
  'weekday',
  'hour',
  'minute',
  'second',
])

/** Whether the name is written as a function of a field. */
export const isCall = (name: string): boolean => /^[a-z]+\([^()]*\)$/i.test(name)

export function fieldOf(collection: Collection, name: string): Field {
  const field = collection.fields.get(name)
  if (field === undefined) throw forbidden(collection.name, name)
  return field
}

/** Reads `name`, `year(name)`, `count(relation)` or `json(name, path)`. */
export function parseOperand(
  context: ParseContext,
  collection: Collection,
  text: string,
): ParsedOperand {
  const field = collection.fields.get(text)
  if (field !== undefined) {
    const { type: kind, dateForm } = field
    return { operand: { kind: 'field', field: text }, kind, dateForm, key: text }
  }
  const call = /^([a-z]+)\(([^()]*)\)$/i.exec(text)
  if (call === null) throw forbidden(collection.name, text)
  return parseCall(context, collection, call[1]?.toLowerCase() ?? '', call[2]?.trim() ?? '')
}

function parseCall(
  context: ParseContext,
  collection: Collection,
  name: string,
  argument: string,
): ParsedOperand {
  if (name === 'count') {
    if (context.relation(collection, argument).kind !== 'toMany') {
      throw invalidQuery(`count(${argument}) needs a to-many relation`)
    }
    context.spend()
    const operand: Operand = { kind: 'count', relation: argument }
    return { operand, kind: 'number', dateForm: undefined, key: `${argument}_count` }
  }
  if (name === 'json') return parseJsonCall(context, collection, argument)
  if (!DATE_PARTS.has(name)) throw invalidQuery(`"${name}" is not a function`)
  const field = fieldOf(collection, argument)
  const operand: Operand = { kind: 'part', part: name as DatePart, field: field.name }
  return { operand, kind: 'number', dateForm: undefined, key: `${argument}_${name}` }
}

function parseJsonCall(
  context: ParseContext,
  collection: Collection,
  argument: string,
): ParsedOperand {
  const comma = argument.indexOf(',')
  if (comma < 0) throw invalidQuery('json() needs a field and a path')
  const field = fieldOf(collection, argument.slice(0, comma).trim())
  const path = argument.slice(comma + 1).trim()
  return {
    operand: jsonOperand(context, field.name, path),
    kind: 'unknown',
    dateForm: undefined,
    key: `${field.name}_${path.replaceAll(/\W+/g, '_')}_json`,
  }
}

/** `a.b[0]` as a path that every member of is quoted; the path itself is a parameter. */
export function jsonOperand(context: ParseContext, field: string, path: string): Operand {
  if (!/^[\w-]+(\[\d+\])*(\.[\w-]+(\[\d+\])*)*$/.test(path) || path.length > 500) {
    throw invalidQuery(`"${path.slice(0, 40)}" is not a path into JSON`)
  }
  const quoted = path.replaceAll(/[\w-]+(?=[.[]|$)/g, (member) => `"${member}"`)
  return { kind: 'json', field, path: context.bind(`$.${quoted}`) }
}
