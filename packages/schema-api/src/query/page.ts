import type { Collection } from '../catalog/catalog.ts'
import { forbidden, invalidQuery } from '../errors.ts'
import type { Condition, Operand, Page, SortTerm } from '../plan/ast.ts'
import { parseFilter, parseSearch } from './filter.ts'
import { isCall, parseOperand } from './operand.ts'
import { nameList, type ParseContext } from './parse-context.ts'

/** The parts of a query that choose rows, whatever they are called where they come from. */
export interface PageParts {
  readonly filter?: unknown
  readonly search?: unknown
  readonly sort?: unknown
  readonly limit?: unknown
  readonly offset?: unknown
  readonly page?: unknown
}

export function parsePage(context: ParseContext, collection: Collection, parts: PageParts): Page {
  const where = parseWhere(context, collection, parts)
  const sort = parseSort(context, collection, parts.sort)
  const { limit, offset } = parseWindow(context, parts)
  return {
    where,
    sort,
    limit: context.bind(limit),
    offset: offset === 0 ? undefined : context.bind(offset),
  }
}

export function parseWhere(
  context: ParseContext,
  collection: Collection,
  parts: PageParts,
): Condition | undefined {
  const filter = parseFilter(context, collection, parts.filter)
  const search = parseSearch(context, collection, parts.search)
  if (filter === undefined) return search
  return search === undefined ? filter : { kind: 'and', of: [filter, search] }
}

/** Limit and offset in rows. */
export function parseWindow(
  context: ParseContext,
  parts: PageParts,
): { readonly limit: number; readonly offset: number } {
  const { defaultLimit, maxLimit } = context.limits
  let limit = integer(parts.limit, 'limit', -1) ?? defaultLimit
  if (limit === -1) limit = maxLimit
  if (limit > maxLimit) throw invalidQuery(`"limit" may be at most ${maxLimit}`)
  const page = integer(parts.page, 'page', 1)
  const offset = page === undefined ? (integer(parts.offset, 'offset', 0) ?? 0) : (page - 1) * limit
  if (!Number.isSafeInteger(offset)) throw invalidQuery('"page" is too large')
  return { limit, offset }
}

function integer(value: unknown, name: string, minimum: number): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const number = typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < minimum) {
    throw invalidQuery(`"${name}" must be an integer from ${minimum}`)
  }
  return number
}

/** Reads `name`, `-name`, `year(name)` and `relation.name`. */
export function parseSort(
  context: ParseContext,
  collection: Collection,
  given: unknown,
): readonly SortTerm[] {
  if (given === undefined || given === null || given === '') return []
  return nameList(given, 'sort').map((text) => {
    context.spend()
    const descending = text.startsWith('-') && !collection.fields.has(text)
    const path = descending ? text.slice(1) : text
    return { operand: sortOperand(context, collection, path, 1), descending }
  })
}

function sortOperand(
  context: ParseContext,
  collection: Collection,
  path: string,
  depth: number,
): Operand {
  context.checkDepth(depth)
  if (collection.fields.has(path) || isCall(path)) {
    return parseOperand(context, collection, path).operand
  }
  const dot = path.indexOf('.')
  if (dot < 0) throw forbidden(collection.name, path)
  const relation = context.relation(collection, path.slice(0, dot))
  if (relation.kind === 'toMany') {
    throw invalidQuery(`"${relation.name}" has many rows, which give no order`)
  }
  const operand = sortOperand(context, context.target(relation), path.slice(dot + 1), depth + 1)
  return { kind: 'via', relation: relation.name, operand }
}
