import { sql } from 'kysely'
import { type Catalog, type Collection, collectionOf, type Relation } from '../catalog/catalog.ts'
import type { CompareOperator, Condition, Operand, Slot } from './ast.ts'
import { type Dialect, type Fragment, SlotRef } from './dialect.ts'

/** What compiling one statement shares. */
export interface CompileContext {
  readonly catalog: Catalog
  readonly dialect: Dialect
  /** A table alias that the statement does not use yet. */
  nextAlias(): string
}

/** Rows of a collection under an alias. */
export interface Source {
  readonly collection: Collection
  readonly alias: string
}

export const slot = (index: Slot): Fragment => sql`${new SlotRef(index)}`
export const column = (alias: string, name: string): Fragment => sql`${sql.id(alias, name)}`
export const table = (collection: Collection): Fragment => sql`${sql.id(collection.name)}`
export const all = (conditions: readonly Fragment[]): Fragment => sql.join(conditions, sql` AND `)

export function relationOf(collection: Collection, name: string): Relation {
  const relation = collection.relations.get(name)
  if (relation === undefined) throw new Error(`${collection.name} has no relation ${name}`)
  return relation
}

/** The condition under which a row of `to` is the one that `relation` leads to from `from`. */
export function joins(relation: Relation, from: string, to: string): Fragment {
  return all(
    relation.fields.map(
      (field, index) =>
        sql`${column(to, relation.targetFields[index] ?? '')} = ${column(from, field)}`,
    ),
  )
}

export function operandSql(context: CompileContext, source: Source, operand: Operand): Fragment {
  switch (operand.kind) {
    case 'field':
      return column(source.alias, operand.field)
    case 'part':
      return context.dialect.datePart(operand.part, column(source.alias, operand.field))
    case 'json':
      return context.dialect.jsonPath(column(source.alias, operand.field), slot(operand.path))
    case 'count': {
      const { relation, target } = follow(context, source, operand.relation)
      return sql`(SELECT count(*) FROM ${table(target.collection)} AS ${sql.id(target.alias)}
        WHERE ${context.dialect.timeGuard(target.collection, target.alias)}
        AND ${joins(relation, source.alias, target.alias)})`
    }
    case 'via': {
      const { relation, target } = follow(context, source, operand.relation)
      return sql`(SELECT ${operandSql(context, target, operand.operand)}
        FROM ${table(target.collection)} AS ${sql.id(target.alias)}
        WHERE ${joins(relation, source.alias, target.alias)} LIMIT 1)`
    }
  }
}

function follow(
  context: CompileContext,
  source: Source,
  name: string,
): { relation: Relation; target: Source } {
  const relation = relationOf(source.collection, name)
  const collection = collectionOf(context.catalog, relation.target)
  return { relation, target: { collection, alias: context.nextAlias() } }
}

const COMPARE: Readonly<Record<CompareOperator, Fragment>> = {
  eq: sql`=`,
  neq: sql`<>`,
  lt: sql`<`,
  lte: sql`<=`,
  gt: sql`>`,
  gte: sql`>=`,
}

export function conditionSql(
  context: CompileContext,
  source: Source,
  condition: Condition,
): Fragment {
  const operand = (of: Operand): Fragment => operandSql(context, source, of)
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const parts = condition.of.map((part) => conditionSql(context, source, part))
      return sql`(${sql.join(parts, condition.kind === 'and' ? sql` AND ` : sql` OR `)})`
    }
    case 'not':
      return sql`NOT (${conditionSql(context, source, condition.of)})`
    case 'constant':
      return condition.value ? sql`1 = 1` : sql`1 = 0`
    case 'compare':
      return sql`${operand(condition.operand)} ${COMPARE[condition.operator]} ${slot(condition.value)}`
    case 'between':
      return sql`${operand(condition.operand)} BETWEEN ${slot(condition.low)} AND ${slot(condition.high)}`
    case 'in':
      return context.dialect.isIn(operand(condition.operand), slot(condition.list))
    case 'null':
      return sql`${operand(condition.operand)} IS NULL`
    case 'empty':
      return sql`(${operand(condition.operand)} IS NULL OR ${operand(condition.operand)} = '')`
    case 'text': {
      const { match, fold, value } = condition
      return context.dialect.matches(match, fold, operand(condition.operand), slot(value))
    }
    case 'related':
      return relatedSql(context, source, condition)
  }
}

/**
 * A condition on related rows is an EXISTS, never a join, so that no row counts twice. A to-one
 * condition that a missing row satisfies (such as "name is null") also holds where there is none.
 */
function relatedSql(
  context: CompileContext,
  source: Source,
  condition: Extract<Condition, { kind: 'related' }>,
): Fragment {
  const exists = (where: Condition | undefined): Fragment => {
    const { relation, target } = follow(context, source, condition.relation)
    const parts = [joins(relation, source.alias, target.alias)]
    if (!relation.indexed) {
      parts.unshift(context.dialect.timeGuard(target.collection, target.alias))
    }
    if (where !== undefined) parts.push(conditionSql(context, target, where))
    return sql`EXISTS (SELECT 1 FROM ${table(target.collection)} AS ${sql.id(target.alias)}
      WHERE ${all(parts)})`
  }
  if (condition.quantifier === 'none') return sql`NOT ${exists(condition.where)}`
  if (condition.quantifier === 'one' && condition.where !== undefined) {
    if (holdsForNothing(condition.where) === true) {
      return sql`(${exists(condition.where)} OR NOT ${exists(undefined)})`
    }
  }
  return exists(condition.where)
}

/** The condition's value for a row whose every column is NULL; undefined is SQL's NULL. */
function holdsForNothing(condition: Condition): boolean | undefined {
  switch (condition.kind) {
    case 'and':
      return fold(condition.of, false)
    case 'or':
      return fold(condition.of, true)
    case 'not': {
      const inner = holdsForNothing(condition.of)
      return inner === undefined ? undefined : !inner
    }
    case 'constant':
      return condition.value
    case 'null':
    case 'empty':
      return condition.operand.kind !== 'count'
    case 'related':
      if (condition.quantifier === 'none') return true
      if (condition.quantifier === 'some') return false
      return condition.where === undefined ? false : holdsForNothing(condition.where) === true
    default:
      return undefined
  }
}

function fold(parts: readonly Condition[], decisive: boolean): boolean | undefined {
  const values = parts.map(holdsForNothing)
  if (values.includes(decisive)) return decisive
  return values.includes(undefined) ? undefined : !decisive
}
