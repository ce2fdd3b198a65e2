import { sql } from 'kysely'
import { type Collection, collectionOf } from '../catalog/catalog.ts'
import type { Aggregate, AggregateFunction, AggregateRead, Group } from './ast.ts'
import {
  all,
  type CompileContext,
  column,
  conditionSql,
  operandSql,
  type Source,
  slot,
  table,
} from './compile-condition.ts'
import type { Fragment } from './dialect.ts'

type JsonMember = readonly [key: string, value: Fragment]

/** Figures per group as one statement with one row: the JSON array. */
export function compileAggregate(context: CompileContext, read: AggregateRead): Fragment {
  const collection = collectionOf(context.catalog, read.collection)
  const source: Source = { collection, alias: context.nextAlias() }
  const columns = [
    ...read.groups.map(
      (group, index) => sql`${operandSql(context, source, group.operand)} AS ${groupId(index)}`,
    ),
    ...read.aggregates.map(
      (aggregate, index) => sql`${aggregateSql(source, aggregate)} AS ${aggregateId(index)}`,
    ),
  ]
  const where = [context.dialect.timeGuard(collection, source.alias)]
  if (read.where !== undefined) where.push(conditionSql(context, source, read.where))
  const item = context.dialect.jsonObject([
    ...read.groups.map(
      (group, index): JsonMember => [group.key, groupValue(context, collection, group, index)],
    ),
    ...aggregateMembers(context, collection, read.aggregates),
  ])
  const offset = read.offset === undefined ? sql`` : sql` OFFSET ${slot(read.offset)}`
  return sql`SELECT ${context.dialect.jsonArray(item)} FROM (
    SELECT ${sql.join(columns)} FROM ${table(collection)} AS ${sql.id(source.alias)}
    WHERE ${all(where)}${groupBy(read)}${context.dialect.limit(slot(read.limit))}${offset}
  ) AS ${sql.id('a')}`
}

const groupId = (index: number): Fragment => sql`${sql.id(`g${index}`)}`
const aggregateId = (index: number): Fragment => sql`${sql.id(`f${index}`)}`

/** Groups come in the order asked for, then in that of their keys. */
function groupBy(read: AggregateRead): Fragment {
  if (read.groups.length === 0) return sql``
  const ids = read.groups.map((_, index) => groupId(index))
  const asked = read.sort.map(({ by, index, descending }) => {
    const id = by === 'group' ? groupId(index) : aggregateId(index)
    return sql`${id}${descending ? sql` DESC` : sql``}`
  })
  return sql` GROUP BY ${sql.join(ids)} ORDER BY ${sql.join([...asked, ...ids])}`
}

const CALLS: Readonly<Record<AggregateFunction, (reference: Fragment) => Fragment>> = {
  count: (reference) => sql`count(${reference})`,
  countAll: () => sql`count(*)`,
  countDistinct: (reference) => sql`count(DISTINCT ${reference})`,
  sum: (reference) => sql`sum(${reference})`,
  sumDistinct: (reference) => sql`sum(DISTINCT ${reference})`,
  avg: (reference) => sql`avg(${reference})`,
  avgDistinct: (reference) => sql`avg(DISTINCT ${reference})`,
  min: (reference) => sql`min(${reference})`,
  max: (reference) => sql`max(${reference})`,
}

function aggregateSql(source: Source, aggregate: Aggregate): Fragment {
  if (aggregate.field === undefined) return sql`count(*)`
  return CALLS[aggregate.function](column(source.alias, aggregate.field))
}

function groupValue(
  context: CompileContext,
  collection: Collection,
  group: Group,
  index: number,
): Fragment {
  if (group.operand.kind !== 'field') return groupId(index)
  const field = collection.fields.get(group.operand.field)
  if (field === undefined) throw new Error(`${collection.name} has no ${group.operand.field}`)
  return context.dialect.jsonValue(field, groupId(index))
}

/** Directus' shape: `count` of rows stands bare, all else is an object by field. */
function aggregateMembers(
  context: CompileContext,
  collection: Collection,
  aggregates: readonly Aggregate[],
): JsonMember[] {
  const members = new Map<AggregateFunction, Fragment | JsonMember[]>()
  for (const [index, aggregate] of aggregates.entries()) {
    const value = aggregateValue(context, collection, aggregate, index)
    const known = members.get(aggregate.function)
    if (aggregate.field === undefined) members.set(aggregate.function, value)
    else if (Array.isArray(known)) known.push([aggregate.field, value])
    else members.set(aggregate.function, [[aggregate.field, value]])
  }
  return [...members].map(([name, value]) => [
    name,
    Array.isArray(value) ? context.dialect.jsonObject(value) : value,
  ])
}

/** Counts, and sums and averages of exact numbers, are text, so that no digit is lost. */
function aggregateValue(
  context: CompileContext,
  collection: Collection,
  aggregate: Aggregate,
  index: number,
): Fragment {
  const { dialect } = context
  const id = aggregateId(index)
  const field = aggregate.field === undefined ? undefined : collection.fields.get(aggregate.field)
  if (field === undefined || aggregate.function.startsWith('count')) return dialect.jsonText(id)
  if (aggregate.function === 'min' || aggregate.function === 'max') {
    return dialect.jsonValue(field, id)
  }
  if (field.type === 'float') return id
  if (field.type === 'decimal' && aggregate.function.startsWith('sum')) {
    return dialect.decimalText(id)
  }
  return dialect.jsonText(id)
}
