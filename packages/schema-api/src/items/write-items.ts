import { sql } from 'kysely'
import type { Collection } from '../catalog/catalog.ts'
import { forbidden } from '../errors.ts'
import type { Output, SqlValue } from '../plan/ast.ts'
import { all, column, slot, table } from '../plan/compile-condition.ts'
import { objectOf } from '../plan/compile-read.ts'
import type { SqlRow, SqlRunner, Statement } from '../plan/database.ts'
import type { Fragment } from '../plan/dialect.ts'
import { formatKey, parseKey, parseOne } from '../query/parse.ts'
import type { Query } from '../query/query.ts'
import type { ChangeEvent } from './changes.ts'
import type { Engine } from './engine.ts'
import type { Payload } from './payload.ts'

/** One row to write: where `key` is absent it is created, otherwise updated. */
export interface RowWrite {
  readonly key: readonly SqlValue[] | undefined
  readonly payload: Payload
}

/** A written row as the client asked for it, and what the change feed says of it. */
export interface WrittenRow {
  readonly json: string
  readonly key: string | number
  /** Present when somebody listens. */
  readonly row: Readonly<Record<string, unknown>> | undefined
}

/** How the rows of one request are answered. */
export interface Answering {
  readonly collection: Collection
  readonly query: Query
  readonly select: readonly Output[]
  readonly shape: string
  /** Rows with all columns are wanted, too, for the change feed. */
  readonly isHeard: boolean
}

export function answering(
  engine: Engine,
  collection: Collection,
  query: Query,
  isHeard: boolean,
): Answering {
  const selection = engine.memo.read(engine.parseContext(), collection, query)
  return { collection, query, select: selection.outputs, shape: selection.shape, isHeard }
}

/**
 * The written row can be given back by the writing statement itself: no trigger may change it
 * afterwards, and nothing of another table is asked for.
 */
export function answersDirectly({ collection, select }: Answering): boolean {
  return (
    !collection.hasTriggers &&
    select.every((output) => output.kind === 'value' && output.operand.kind === 'field')
  )
}

/** The statement that writes one row and returns it: the answer, then the key, then the row. */
export function writeStatement(engine: Engine, answer: Answering, write: RowWrite): Statement {
  const { collection, isHeard } = answer
  const isDirect = answersDirectly(answer)
  const { columns, values } = write.payload
  const kind = write.key === undefined ? 'insert' : 'update'
  const parts = [kind, collection.name, columns, isDirect && answer.shape, isHeard]
  return engine.prepare(JSON.stringify(parts), [...values, ...(write.key ?? [])], () => {
    const source = { collection, alias: collection.name }
    const object = (select: readonly Output[]): Fragment =>
      objectOf(engine.compileContext(), source, select)
    const returned = [isDirect ? object(answer.select) : sql`NULL`, object(keyOutputs(collection))]
    if (isHeard && isDirect) returned.push(object(allColumns(collection)))
    const body = kind === 'insert' ? insertSql(collection, columns) : updateSql(collection, columns)
    return sql`${body} RETURNING ${sql.join(returned)}`
  })
}

function insertSql(collection: Collection, columns: readonly string[]): Fragment {
  if (columns.length === 0) return sql`INSERT INTO ${table(collection)} DEFAULT VALUES`
  const names = sql.join(columns.map((name) => sql.id(name)))
  const slots = sql.join(columns.map((_, index) => slot(index)))
  return sql`INSERT INTO ${table(collection)} (${names}) VALUES (${slots})`
}

function updateSql(collection: Collection, columns: readonly string[]): Fragment {
  const sets = columns.map((name, index) => sql`${sql.id(name)} = ${slot(index)}`)
  const where = keyIs(collection, columns.length)
  return sql`UPDATE ${table(collection)} SET ${sql.join(sets)} WHERE ${where}`
}

/** The row whose key is in the slots from `first` on. */
function keyIs(collection: Collection, first: number): Fragment {
  const names = collection.key?.fields ?? []
  return all(
    names.map((name, index) => sql`${column(collection.name, name)} = ${slot(first + index)}`),
  )
}

const keyOutputs = (collection: Collection): Output[] =>
  (collection.key?.fields ?? []).map(columnOutput)

const allColumns = (collection: Collection): Output[] =>
  [...collection.fields.keys()].map(columnOutput)

function columnOutput(field: string): Output {
  return { kind: 'value', key: field, operand: { kind: 'field', field } }
}

/** Reads the rows that a writing statement returned; undefined when it met no row. */
export function writtenRow(
  answer: Answering,
  rows: readonly SqlRow[],
): { readonly json: string; readonly key: string | number; readonly row: Row } | undefined {
  const [returned] = rows
  if (returned === undefined) return undefined
  const [json, key, row] = returned.map((part) => (typeof part === 'string' ? part : undefined))
  return {
    json: json ?? '',
    key: formatKey(answer.collection, JSON.parse(key ?? '{}')),
    row: row === undefined ? undefined : JSON.parse(row),
  }
}

type Row = Readonly<Record<string, unknown>> | undefined

/** Writes one row inside a transaction and reads it back where the statement could not. */
export async function writeRow(
  engine: Engine,
  answer: Answering,
  write: RowWrite,
  runner: SqlRunner,
): Promise<WrittenRow> {
  const { collection } = answer
  const isUntouched = write.key !== undefined && write.payload.columns.length === 0
  const rows = isUntouched ? [] : await engine.run(writeStatement(engine, answer, write), runner)
  const written = writtenRow(answer, rows)
  if (written === undefined && !isUntouched) throw forbidden(collection.name)
  const before = write.key === undefined ? undefined : keyText(collection, write.key)
  const key = before ?? written?.key ?? ''
  if (written !== undefined && answersDirectly(answer)) return { ...written, key }
  const values = written === undefined ? (write.key ?? []) : parseKey(collection, written.key)
  const json = await readBack(engine, collection, values, answer.query, runner)
  if (!answer.isHeard) return { json, key, row: undefined }
  const row = await readBack(engine, collection, values, {}, runner)
  return { json, key, row: JSON.parse(row) }
}

async function readBack(
  engine: Engine,
  collection: Collection,
  key: readonly SqlValue[],
  query: Query,
  runner: SqlRunner,
): Promise<string> {
  const bound = parseOne(engine.parseContext(), engine.memo, collection, key, query)
  const text = (await engine.read(bound, runner))[0]?.[0]
  if (typeof text !== 'string') throw forbidden(collection.name)
  return text
}

/** The key that the values of {@link parseKey} stand for, as a row's JSON would spell it. */
export function keyText(collection: Collection, values: readonly SqlValue[]): string | number {
  const names = collection.key?.fields ?? []
  const spelled = names.map((name, index): [string, unknown] => {
    const value = values[index]
    if (value instanceof Uint8Array) return [name, Buffer.from(value).toString('base64')]
    const type = collection.fields.get(name)?.type
    const isText = type === 'bigInteger' || type === 'decimal'
    const isSafe = typeof value !== 'bigint' || Number.isSafeInteger(Number(value))
    if (typeof value === 'string') return [name, value]
    return [name, isText || !isSafe ? String(value) : Number(value)]
  })
  return formatKey(collection, Object.fromEntries(spelled))
}

export function deleteStatement(
  engine: Engine,
  collection: Collection,
  key: readonly SqlValue[],
): Statement {
  return engine.prepare(JSON.stringify(['delete', collection.name]), key, () => {
    return sql`DELETE FROM ${table(collection)} WHERE ${keyIs(collection, 0)} RETURNING 1`
  })
}

/** The event of rows that were created or updated together. */
export function changeOf(
  collection: Collection,
  event: 'create' | 'update',
  rows: readonly WrittenRow[],
): ChangeEvent {
  return {
    collection: collection.name,
    event,
    keys: rows.map(({ key }) => key),
    data: rows.flatMap(({ row }) => (row === undefined ? [] : [row])),
  }
}
