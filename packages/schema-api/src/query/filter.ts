import type { Collection, Relation } from '../catalog/catalog.ts'
import { forbidden, invalidQuery } from '../errors.ts'
import type { Condition } from '../plan/ast.ts'
import { booleanFrom } from './filter-value.ts'
import { isCall, jsonOperand, parseOperand } from './operand.ts'
import { type Compared, isOperator, operatorCondition, searchCondition } from './operators.ts'
import { isRecord, type ParseContext, parsedJson } from './parse-context.ts'

/** Reads a filter; undefined when it asks for nothing. */
export function parseFilter(
  context: ParseContext,
  collection: Collection,
  given: unknown,
): Condition | undefined {
  const filter = parsedJson(given, 'filter')
  if (filter === undefined || filter === null || filter === '') return undefined
  return parseRules(context, collection, filter, 1)
}

/** An object of rules, all of which must hold. */
function parseRules(
  context: ParseContext,
  collection: Collection,
  rules: unknown,
  depth: number,
): Condition | undefined {
  context.checkDepth(depth)
  if (!isRecord(rules)) throw invalidQuery('A filter must be an object of fields')
  const parts: Condition[] = []
  for (const [name, rule] of Object.entries(rules)) {
    const part = parseRule(context, collection, name, rule, depth)
    if (part !== undefined) parts.push(part)
  }
  return allOf(parts)
}

const allOf = (parts: readonly Condition[]): Condition | undefined =>
  parts.length <= 1 ? parts[0] : { kind: 'and', of: parts }

function parseRule(
  context: ParseContext,
  collection: Collection,
  name: string,
  rule: unknown,
  depth: number,
): Condition | undefined {
  if (name === '_and' || name === '_or') return parseGroup(context, collection, name, rule, depth)
  const relation = collection.relations.get(name)
  if (relation?.kind === 'toMany') return parseToMany(context, relation, rule, depth)
  const isColumn = collection.fields.has(name) || isCall(name)
  if (relation !== undefined && isRecord(rule)) {
    const inner = Object.keys(rule)
    const isPlain = isColumn && inner.every((key) => isOperator(key) || key === '_json')
    if (!isPlain) return parseToOne(context, collection, relation, rule, depth)
  }
  if (!isColumn) throw forbidden(collection.name, name)
  return parseComparisons(context, collection, name, rule)
}

function parseGroup(
  context: ParseContext,
  collection: Collection,
  kind: '_and' | '_or',
  rules: unknown,
  depth: number,
): Condition | undefined {
  // a query string may number the members: filter[_or][0][...]
  const members = Array.isArray(rules) ? rules : isRecord(rules) ? Object.values(rules) : undefined
  if (members === undefined) throw invalidQuery(`"${kind}" needs a list of filters`)
  const of: Condition[] = []
  for (const member of members) {
    context.spend()
    const part = parseRules(context, collection, member, depth + 1)
    // an empty member asks for nothing, so it holds for every row
    of.push(part ?? { kind: 'constant', value: true })
  }
  if (of.length === 0) return undefined
  return of.length === 1 ? of[0] : { kind: kind === '_and' ? 'and' : 'or', of }
}

function parseComparisons(
  context: ParseContext,
  collection: Collection,
  name: string,
  rule: unknown,
): Condition | undefined {
  const { operand, kind, dateForm } = parseOperand(context, collection, name)
  const compared: Compared = { operand, kind, dateForm, name }
  if (!isRecord(rule)) {
    if (Array.isArray(rule)) throw invalidQuery(`"${name}" needs an operator such as _in`)
    return operatorCondition(context, compared, '_eq', rule)
  }
  const parts: Condition[] = []
  for (const [operator, value] of Object.entries(rule)) {
    if (operator === '_json') parts.push(...parseJsonRules(context, compared, value))
    else parts.push(operatorCondition(context, compared, operator, value))
  }
  return allOf(parts)
}

/** `{ attrs: { _json: { 'a.b[0]': { _eq: 1 } } } }` */
function parseJsonRules(context: ParseContext, compared: Compared, rules: unknown): Condition[] {
  if (compared.operand.kind !== 'field' || !isRecord(rules)) {
    throw invalidQuery(`_json on "${compared.name}" needs an object of paths`)
  }
  const { field } = compared.operand
  return Object.entries(rules).flatMap(([path, rule]) => {
    const inner: Compared = {
      operand: jsonOperand(context, field, path),
      kind: 'unknown',
      dateForm: undefined,
      name: path,
    }
    if (!isRecord(rule)) return [operatorCondition(context, inner, '_eq', rule)]
    return Object.entries(rule).map(([operator, value]) =>
      operatorCondition(context, inner, operator, value),
    )
  })
}

/** Without a prototype, so that no name of a rule means anything but itself. */
const noRules = (): Record<string, unknown> => Object.create(null)

/** Operators compare the column itself, everything else is about the row behind it. */
function parseToOne(
  context: ParseContext,
  collection: Collection,
  relation: Relation,
  rule: Readonly<Record<string, unknown>>,
  depth: number,
): Condition | undefined {
  const own = noRules()
  const behind = noRules()
  const isColumn = collection.fields.has(relation.name)
  for (const [key, value] of Object.entries(rule)) {
    const isOwn = isOperator(key) && (isColumn || key === '_null' || key === '_nnull')
    if (isOwn) own[key] = value
    else behind[key] = value
  }
  const parts: Condition[] = []
  if (isColumn) {
    const compared = parseComparisons(context, collection, relation.name, own)
    if (compared !== undefined) parts.push(compared)
  } else parts.push(...existence(context, relation, own))
  const where = parseRules(context, context.target(relation), behind, depth + 1)
  if (where !== undefined) {
    context.spend()
    parts.push({ kind: 'related', relation: relation.name, quantifier: 'one', where })
  }
  return allOf(parts)
}

/** `_some` is meant where neither it nor `_none` is said. */
function parseToMany(
  context: ParseContext,
  relation: Relation,
  rule: unknown,
  depth: number,
): Condition | undefined {
  if (!isRecord(rule)) throw invalidQuery(`"${relation.name}" needs an object of rules`)
  const own = noRules()
  const some = noRules()
  const parts: Condition[] = []
  for (const [key, value] of Object.entries(rule)) {
    if (key === '_some' || key === '_none') {
      context.spend()
      parts.push({
        kind: 'related',
        relation: relation.name,
        quantifier: key === '_some' ? 'some' : 'none',
        where: parseRules(context, context.target(relation), value, depth + 1),
      })
    } else if (isOperator(key)) own[key] = value
    else some[key] = value
  }
  parts.push(...existence(context, relation, own))
  const where = parseRules(context, context.target(relation), some, depth + 1)
  if (where !== undefined) {
    context.spend()
    parts.push({ kind: 'related', relation: relation.name, quantifier: 'some', where })
  }
  return allOf(parts)
}

/** `_null` and `_nnull` of a relation ask whether there is a row behind it. */
function existence(
  context: ParseContext,
  relation: Relation,
  rules: Readonly<Record<string, unknown>>,
): Condition[] {
  return Object.entries(rules).map(([operator, value]) => {
    const asksForNone = operator === '_null' || operator === '_empty'
    if (!asksForNone && operator !== '_nnull' && operator !== '_nempty') {
      throw invalidQuery(`"${relation.name}" is a relation: ${operator} needs one of its fields`)
    }
    const isSet = value === '' ? 1 : booleanFrom(value)
    if (isSet === undefined) throw invalidQuery(`"${relation.name}" needs true or false here`)
    context.spend()
    return {
      kind: 'related',
      relation: relation.name,
      quantifier: asksForNone === (isSet === 1) ? 'none' : 'some',
      where: undefined,
    }
  })
}

/** The rows whose text or number columns hold the text that was searched for. */
export function parseSearch(
  context: ParseContext,
  collection: Collection,
  search: unknown,
): Condition | undefined {
  if (search === undefined || search === null || search === '') return undefined
  if (typeof search !== 'string' && typeof search !== 'number') {
    throw invalidQuery('"search" must be text')
  }
  const fields = [...collection.fields.values()].map(({ name, type }) => ({ name, kind: type }))
  return searchCondition(context, fields, String(search))
}
