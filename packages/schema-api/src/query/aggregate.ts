import type { Collection } from '../catalog/catalog.ts'
import { invalidQuery } from '../errors.ts'
import type { Aggregate, AggregateFunction, AggregateRead, Group, GroupSort } from '../plan/ast.ts'
import { fieldOf, parseOperand } from './operand.ts'
import { parseWhere, parseWindow } from './page.ts'
import { isRecord, nameList, type ParseContext, parsedJson } from './parse-context.ts'
import type { Query } from './query.ts'

const FUNCTIONS: ReadonlySet<string> = new Set<AggregateFunction>([
  'count',
  'countDistinct',
  'countAll',
  'sum',
  'sumDistinct',
  'avg',
  'avgDistinct',
  'min',
  'max',
])

/** Reads a query that has `aggregate` or `groupBy`. */
export function parseAggregate(
  context: ParseContext,
  collection: Collection,
  query: Query,
): AggregateRead {
  const groups = parseGroups(context, collection, query.groupBy)
  const aggregates = parseFunctions(context, collection, query.aggregate)
  if (groups.length === 0 && aggregates.length === 0) {
    throw invalidQuery('"aggregate" or "groupBy" must name something')
  }
  const where = parseWhere(context, collection, query)
  const sort = parseGroupSort(query.sort, groups, aggregates)
  const { limit, offset } = parseWindow(context, query)
  return {
    kind: 'aggregate',
    collection: collection.name,
    groups,
    aggregates,
    where,
    sort,
    limit: context.bind(limit),
    offset: offset === 0 ? undefined : context.bind(offset),
  }
}

function parseGroups(
  context: ParseContext,
  collection: Collection,
  given: Query['groupBy'],
): readonly Group[] {
  if (given === undefined || given === '') return []
  const names = new Set(nameList(given, 'groupBy'))
  return [...names].map((name) => {
    context.spend()
    const { operand, key } = parseOperand(context, collection, name)
    return { key, operand }
  })
}

function parseFunctions(
  context: ParseContext,
  collection: Collection,
  given: unknown,
): readonly Aggregate[] {
  const functions = parsedJson(given, 'aggregate')
  if (functions === undefined || functions === null || functions === '') return []
  if (!isRecord(functions)) throw invalidQuery('"aggregate" must be an object of functions')
  return Object.entries(functions).flatMap(([name, fields]) => {
    if (!FUNCTIONS.has(name)) throw invalidQuery(`"${name.slice(0, 40)}" is no aggregate function`)
    const names = [...new Set(nameList(fields, 'aggregate'))]
    if (names.includes('*') && names.length > 1) {
      throw invalidQuery(`"${name}" takes "*" or names of fields, not both`)
    }
    return names.map((field) => {
      context.spend()
      return parseFunction(collection, name as AggregateFunction, field)
    })
  })
}

function parseFunction(collection: Collection, name: AggregateFunction, field: string): Aggregate {
  const countsRows = name === 'countAll' || (field === '*' && name.startsWith('count'))
  if (countsRows) return { function: name, field: undefined }
  if (field === '*') throw invalidQuery(`"${name}" needs the name of a field`)
  const { type } = fieldOf(collection, field)
  const needsNumbers = /^(sum|avg)/.test(name)
  if (needsNumbers && !['integer', 'bigInteger', 'float', 'decimal', 'unknown'].includes(type)) {
    throw invalidQuery(`"${name}" needs a field of numbers, which "${field}" is not`)
  }
  return { function: name, field }
}

/** Groups are ordered by their keys (`country`) or by figures (`-count`, `sum.total`). */
function parseGroupSort(
  given: Query['sort'],
  groups: readonly Group[],
  aggregates: readonly Aggregate[],
): readonly GroupSort[] {
  if (given === undefined || given === '' || groups.length === 0) return []
  return nameList(given, 'sort').map((text) => {
    const descending = text.startsWith('-')
    const name = (descending ? text.slice(1) : text).replace(/^(\w+)\((\w+)\)$/, '$2_$1')
    const group = groups.findIndex(({ key }) => key === name)
    if (group >= 0) return { by: 'group', index: group, descending }
    const figure = aggregates.findIndex(
      (one) => (one.field === undefined ? one.function : `${one.function}.${one.field}`) === name,
    )
    if (figure >= 0) return { by: 'aggregate', index: figure, descending }
    throw invalidQuery(`Groups cannot be ordered by "${name.slice(0, 40)}"`)
  })
}
