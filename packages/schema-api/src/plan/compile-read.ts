import { sql } from 'kysely'
import { collectionOf } from '../catalog/catalog.ts'
import type { ListRead, OneRead, Operand, Output, Page, SortTerm } from './ast.ts'
import {
  all,
  type CompileContext,
  column,
  conditionSql,
  joins,
  operandSql,
  relationOf,
  type Source,
  slot,
  table,
} from './compile-condition.ts'
import type { Fragment } from './dialect.ts'

/**
 * A list read as one statement with one row: the JSON array, then the counts that were asked for.
 * The page is cut first and nested selections are evaluated for its rows only.
 */
export function compileList(context: CompileContext, read: ListRead): Fragment {
  const collection = collectionOf(context.catalog, read.collection)
  const source: Source = { collection, alias: context.nextAlias() }
  const columns: Fragment[] = [
    context.dialect.jsonArray(objectOf(context, source, read.select)),
    ...read.meta.map((name) =>
      name === 'total_count'
        ? sql`(SELECT count(*) FROM ${table(collection)})`
        : filterCount(context, read),
    ),
  ]
  const page = pageOf(context, source, read.select, read.page, [])
  return sql`SELECT ${sql.join(columns)} FROM (${page}) AS ${sql.id(source.alias)}`
}

function filterCount(context: CompileContext, read: ListRead): Fragment {
  const collection = collectionOf(context.catalog, read.collection)
  const source: Source = { collection, alias: context.nextAlias() }
  const where = read.page.where
  if (where === undefined) return sql`(SELECT count(*) FROM ${table(collection)})`
  return sql`(SELECT count(*) FROM ${table(collection)} AS ${sql.id(source.alias)}
    WHERE ${context.dialect.timeGuard(collection, source.alias)}
    AND ${conditionSql(context, source, where)})`
}

/** One row by its key: a row with the JSON object, or no row. */
export function compileOne(context: CompileContext, read: OneRead): Fragment {
  const collection = collectionOf(context.catalog, read.collection)
  const source: Source = { collection, alias: context.nextAlias() }
  const key = (collection.key?.fields ?? []).map(
    (field, index) => sql`${column(source.alias, field)} = ${slot(read.key[index] ?? 0)}`,
  )
  return sql`SELECT ${objectOf(context, source, read.select)}
    FROM ${table(collection)} AS ${sql.id(source.alias)} WHERE ${all(key)} LIMIT 1`
}

/** The JSON object of one row of `source`. */
export function objectOf(
  context: CompileContext,
  source: Source,
  select: readonly Output[],
): Fragment {
  return context.dialect.jsonObject(
    select.map((output) => [output.key, outputSql(context, source, output)]),
  )
}

function outputSql(context: CompileContext, source: Source, output: Output): Fragment {
  if (output.kind === 'value') return valueSql(context, source, output.operand)
  const relation = relationOf(source.collection, output.relation)
  const collection = collectionOf(context.catalog, relation.target)
  const target: Source = { collection, alias: context.nextAlias() }
  const join = joins(relation, source.alias, target.alias)
  if (output.kind === 'one') {
    const where =
      output.where === undefined ? [join] : [join, conditionSql(context, target, output.where)]
    return sql`(SELECT ${objectOf(context, target, output.select)}
      FROM ${table(collection)} AS ${sql.id(target.alias)} WHERE ${all(where)} LIMIT 1)`
  }
  const select = output.kind === 'many' ? output.select : keyOutputs(target)
  const item =
    output.kind === 'keys' && select.length === 1
      ? valueSql(context, target, operandOf(select[0]))
      : objectOf(context, target, select)
  return sql`(SELECT ${context.dialect.jsonArray(item)}
    FROM (${pageOf(context, target, select, output.page, [join])}) AS ${sql.id(target.alias)}
    WHERE ${context.dialect.rowGuard()})`
}

/** What stands for a row when only its relation is asked for: its key, or all it has. */
function keyOutputs(target: Source): readonly Output[] {
  const fields = target.collection.key?.fields ?? [...target.collection.fields.keys()]
  return fields.map((field) => ({ kind: 'value', key: field, operand: { kind: 'field', field } }))
}

function operandOf(output: Output | undefined): Operand {
  if (output?.kind !== 'value') throw new Error('a key is made of values')
  return output.operand
}

export function valueSql(context: CompileContext, source: Source, operand: Operand): Fragment {
  if (operand.kind === 'json') {
    return context.dialect.jsonMember(column(source.alias, operand.field), slot(operand.path))
  }
  const expression = operandSql(context, source, operand)
  if (operand.kind !== 'field') return expression
  const field = source.collection.fields.get(operand.field)
  if (field === undefined) throw new Error(`${source.collection.name} has no ${operand.field}`)
  return context.dialect.jsonValue(field, expression)
}

/**
 * The rows of a page with the columns that `select` needs, under their own names. The alias is the
 * one that the rows get outside, too: the two never see each other.
 */
function pageOf(
  context: CompileContext,
  source: Source,
  select: readonly Output[],
  page: Page,
  conditions: readonly Fragment[],
): Fragment {
  const { collection, alias } = source
  const columns = columnsFor(source, select).map(
    (name) => sql`${column(alias, name)} AS ${sql.id(name)}`,
  )
  const where = [context.dialect.timeGuard(collection, alias), ...conditions]
  if (page.where !== undefined) where.push(conditionSql(context, source, page.where))
  const order = orderBy(context, source, page.sort)
  const offset = page.offset === undefined ? sql`` : sql` OFFSET ${slot(page.offset)}`
  return sql`SELECT ${sql.join(columns)} FROM ${table(collection)} AS ${sql.id(alias)}
    WHERE ${all(where)}${order}${context.dialect.limit(slot(page.limit))}${offset}`
}

function columnsFor(source: Source, select: readonly Output[]): string[] {
  const names = new Set<string>()
  const addRelation = (name: string): void => {
    for (const field of relationOf(source.collection, name).fields) names.add(field)
  }
  for (const output of select) {
    if (output.kind !== 'value') addRelation(output.relation)
    else if (output.operand.kind === 'count' || output.operand.kind === 'via') {
      addRelation(output.operand.relation)
    } else names.add(output.operand.field)
  }
  return [...names]
}

/**
 * The order asked for, then the key, so that equal rows keep their places from page to page. The
 * key runs in the direction of the last term: so an index on that term still gives the order.
 */
function orderBy(context: CompileContext, source: Source, sort: readonly SortTerm[]): Fragment {
  const terms = sort.map(
    (term) =>
      sql`${operandSql(context, source, term.operand)}${term.descending ? sql` DESC` : sql``}`,
  )
  const descending = sort.at(-1)?.descending === true
  const sorted = new Set(
    sort.map((term) => (term.operand.kind === 'field' ? term.operand.field : undefined)),
  )
  const { key, fields } = source.collection
  const isTotal = [...sorted].some(
    (name) => name !== undefined && fields.get(name)?.unique && !fields.get(name)?.nullable,
  )
  for (const field of isTotal ? [] : (key?.fields ?? [])) {
    if (sorted.has(field)) continue
    terms.push(sql`${column(source.alias, field)}${descending ? sql` DESC` : sql``}`)
  }
  return terms.length === 0 ? sql`` : sql` ORDER BY ${sql.join(terms)}`
}
