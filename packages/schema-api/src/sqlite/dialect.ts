import {
  DummyDriver,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { Collection, Field } from '../catalog/catalog.ts'
import type { CaseFold, DatePart, SqlValue, TextMatch } from '../plan/ast.ts'
import type { CompiledSql, Dialect, Fragment, SlotRef } from '../plan/dialect.ts'

/** The functions that every connection registers, see connection.ts. */
export const FUNCTIONS = {
  base64: 'ashlar_base64',
  digits: 'ashlar_digits',
  lower: 'ashlar_lower',
  merge: 'ashlar_merge',
  time: 'ashlar_time',
  rows: 'ashlar_rows',
} as const

/** json_object takes at most 127 arguments in older builds. */
const MAX_MEMBERS = 60
/** A prime, so that no regular pattern of row ids passes the guard by. */
const ROWS_PER_TIME_CHECK = 4093

const STRFTIME: Readonly<Record<DatePart, string>> = {
  year: '%Y',
  month: '%m',
  week: '%W',
  day: '%d',
  weekday: '%w',
  hour: '%H',
  minute: '%M',
  second: '%S',
}

/** What differs between builds of SQLite, asked once per connection. */
export interface SqliteFeatures {
  /** JSON functions print floating point numbers with all their digits. */
  readonly exactFloats: boolean
}

/** SQLite's way of saying what the compiler needs. Kysely quotes names and numbers parameters. */
export function sqliteDialect(features: SqliteFeatures): Dialect {
  const compiler = new Kysely<Record<string, never>>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (database) => new SqliteIntrospector(database),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
  return {
    compile(fragment): CompiledSql {
      const { sql: text, parameters } = fragment.compile(compiler)
      return { sql: text, parameters: parameters as readonly (SqlValue | SlotRef)[] }
    },
    jsonObject,
    jsonArray: (item) => sql`json_group_array(${item})`,
    jsonValue: (field, reference) => jsonValue(features, field, reference),
    jsonText: (expression) => sql`CAST(${expression} AS TEXT)`,
    jsonPath: (reference, path) =>
      sql`CASE WHEN json_valid(${reference}) THEN json_extract(${reference}, ${path}) END`,
    jsonMember: (reference, path) =>
      sql`CASE WHEN json_valid(${reference}) THEN json(${reference} -> ${path}) END`,
    matches,
    matchValue,
    isIn: (reference, list) => sql`${reference} IN (SELECT value FROM json_each(${list}))`,
    datePart: (part, reference) =>
      sql`CAST(strftime(${sql.lit(STRFTIME[part])}, ${reference}) AS INTEGER)`,
    decimalText,
    // a bare parameter here makes SQLite prepare the whole statement anew at each run
    limit: (rows) => sql` LIMIT (${rows} + 0)`,
    timeGuard,
    rowGuard: () => call('rows'),
  }
}

function call(name: keyof typeof FUNCTIONS, ...parameters: readonly Fragment[]): Fragment {
  return sql`${sql.raw(FUNCTIONS[name])}(${sql.join(parameters)})`
}

function jsonObject(members: readonly (readonly [string, Fragment])[]): Fragment {
  const chunks: RawBuilder<unknown>[] = []
  for (let start = 0; start < members.length; start += MAX_MEMBERS) {
    const pairs = members
      .slice(start, start + MAX_MEMBERS)
      .map(([key, value]) => sql`${sql.lit(key)}, ${value}`)
    chunks.push(sql`json_object(${sql.join(pairs)})`)
  }
  if (chunks.length === 1) return chunks[0]!
  return chunks.length === 0 ? sql`json_object()` : sql`json(${call('merge', ...chunks)})`
}

const SAFE = sql`BETWEEN -9007199254740991 AND 9007199254740991`

/**
 * SQLite keeps any value in any column (STRICT tables excepted), and JSON can hold neither bytes
 * nor, once in JavaScript, integers beyond 2^53: those become base64 and text.
 */
function jsonValue(features: SqliteFeatures, field: Field, x: Fragment): Fragment {
  switch (field.type) {
    case 'boolean':
      return sql`CASE ${x} WHEN 1 THEN json('true') WHEN 0 THEN json('false') ELSE ${orBytes(x, x)} END`
    case 'integer':
      return sql`CASE WHEN ${x} ${SAFE} THEN ${x} ELSE ${orBytes(x, textOf(x))} END`
    case 'bigInteger':
    case 'decimal':
      return orBytes(x, textOf(x))
    case 'json':
      return sql`CASE WHEN json_valid(${x}) THEN json(${x}) ELSE ${orBytes(x, x)} END`
    case 'float':
      return orBytes(x, features.exactFloats ? x : allDigits(x))
    case 'unknown':
      return sql`CASE WHEN typeof(${x}) = 'integer' AND ${x} NOT ${SAFE} THEN ${textOf(x)}
        ELSE ${orBytes(x, features.exactFloats ? x : allDigits(x))} END`
    default:
      return orBytes(x, x)
  }
}

const textOf = (x: Fragment): Fragment => sql`CAST(${x} AS TEXT)`

const decimalText = (x: Fragment): Fragment =>
  sql`CASE WHEN ${x} = CAST(${x} AS INTEGER) THEN CAST(CAST(${x} AS INTEGER) AS TEXT)
    ELSE CAST(round(${x}, 10) AS TEXT) END`

const allDigits = (x: Fragment): Fragment =>
  sql`CASE WHEN typeof(${x}) = 'real' THEN json(${call('digits', x)}) ELSE ${x} END`

/** Bytes sort after everything else: the cheapest way to tell them apart. */
const orBytes = (x: Fragment, otherwise: Fragment): Fragment =>
  sql`iif(${x} >= x'', ${call('base64', x)}, ${otherwise})`

function matches(match: TextMatch, fold: CaseFold, reference: Fragment, value: Fragment): Fragment {
  // as for LIMIT; only a pattern that begins with letters could make use of an index
  const pattern = match === 'starts' ? value : sql`(${value} || '')`
  if (fold === 'ascii') return sql`${reference} LIKE ${pattern} ESCAPE '\\'`
  if (fold === 'unicode') return sql`${call('lower', reference)} LIKE ${pattern} ESCAPE '\\'`
  if (match === 'contains') return sql`instr(${reference}, ${value}) > 0`
  if (match === 'starts') return sql`substr(${reference}, 1, length(${value})) = ${value}`
  return sql`substr(${reference}, length(${reference}) - length(${value}) + 1) = ${value}`
}

/** `%` and `_` in what the user looks for mean themselves. */
function matchValue(match: TextMatch, fold: CaseFold, text: string): string {
  if (fold === 'none') return text
  const folded = fold === 'unicode' ? text.toLowerCase() : text
  const escaped = folded.replaceAll(/[\\%_]/g, (character) => `\\${character}`)
  return `${match === 'starts' ? '' : '%'}${escaped}${match === 'ends' ? '' : '%'}`
}

/**
 * Asks the clock once in a few thousand rows where rows have ids, and for each row otherwise: a
 * synchronous SQLite has no other way to be stopped.
 */
function timeGuard(collection: Collection, alias: string): Fragment {
  const { rowIdName, fields, kind } = collection
  if (kind !== 'table') return call('time')
  const id = rowIdName ?? [...fields.values()].find((field) => field.autoIncrement)?.name
  if (id === undefined) return call('time')
  return sql`(${sql.id(alias, id)} % ${sql.lit(ROWS_PER_TIME_CHECK)} <> 0 OR ${call('time')})`
}
