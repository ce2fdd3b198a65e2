import { forbidden } from '../errors.ts'
import type { MetaName } from '../plan/ast.ts'
import { parseFigures, parseKey, parseList, parseOne } from '../query/parse.ts'
import type { Meta, Query } from '../query/query.ts'
import { type Engine, jsonOf } from './engine.ts'

/** A list answer: the JSON array as text, as the database made it, and the counts asked for. */
export interface ListAnswer {
  readonly json: string
  readonly meta: Meta | undefined
}

/** Rows, or figures when the query aggregates: one statement. */
export function readList(engine: Engine, name: string, query: Query): Promise<ListAnswer> {
  return engine.attempt(async () => {
    const collection = engine.collection(name)
    if (query.aggregate !== undefined || query.groupBy !== undefined) {
      const bound = parseFigures(engine.parseContext(), collection, query)
      return { json: jsonOf(await engine.read(bound)) ?? '[]', meta: undefined }
    }
    const bound = parseList(engine.parseContext(), engine.memo, collection, query)
    const rows = await engine.read(bound)
    return { json: jsonOf(rows) ?? '[]', meta: metaOf(bound.tree.meta, rows[0] ?? []) }
  })
}

function metaOf(names: readonly MetaName[], row: readonly unknown[]): Meta | undefined {
  if (names.length === 0) return undefined
  return Object.fromEntries(names.map((name, index) => [name, Number(row[index + 1])]))
}

/** One row as JSON text: one statement. A key that no row has is FORBIDDEN, as in Directus. */
export function readOne(engine: Engine, name: string, key: unknown, query: Query): Promise<string> {
  return engine.attempt(async () => {
    const collection = engine.collection(name)
    const values = parseKey(collection, key)
    const bound = parseOne(engine.parseContext(), engine.memo, collection, values, query)
    const json = jsonOf(await engine.read(bound))
    if (json === undefined) throw forbidden(name)
    return json
  })
}
