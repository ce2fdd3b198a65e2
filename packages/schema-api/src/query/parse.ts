import type { Collection } from '../catalog/catalog.ts'
import { forbidden, invalidQuery } from '../errors.ts'
import type {
  AggregateRead,
  Bound,
  ListRead,
  MetaName,
  OneRead,
  Output,
  SqlValue,
} from '../plan/ast.ts'
import { parseAggregate } from './aggregate.ts'
import { parseFields } from './fields.ts'
import { keyValue } from './operators.ts'
import { parsePage } from './page.ts'
import { nameList, type ParseContext } from './parse-context.ts'
import type { Query } from './query.ts'

/** A selection with its values, kept for the queries that ask for the same fields. */
interface KnownSelection {
  readonly outputs: readonly Output[]
  readonly shape: string
  readonly values: readonly SqlValue[]
}

/** Selections that were read once; one memo lives as long as its catalogue. */
export class SelectionMemo {
  readonly #capacity: number
  readonly #known = new Map<string, KnownSelection>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The selection of a query; its values come first among the context's. */
  read(context: ParseContext, collection: Collection, query: Query): KnownSelection {
    const { fields, alias, deep } = query
    const isPlain = alias === undefined && deep === undefined
    const isText = fields === undefined || typeof fields === 'string'
    if (!isPlain || !isText) return readSelection(context, collection, query)
    const memoKey = `${collection.name}\n${fields ?? ''}`
    const known = this.#known.get(memoKey)
    if (known !== undefined) {
      context.values.push(...known.values)
      return known
    }
    const fresh = readSelection(context, collection, query)
    if (this.#known.size >= this.#capacity) this.#known.clear()
    this.#known.set(memoKey, fresh)
    return fresh
  }
}

function readSelection(
  context: ParseContext,
  collection: Collection,
  query: Query,
): KnownSelection {
  const outputs = parseFields(context, collection, query)
  return { outputs, shape: JSON.stringify(outputs), values: [...context.values] }
}

export function parseList(
  context: ParseContext,
  memo: SelectionMemo,
  collection: Collection,
  query: Query,
): Bound<ListRead> {
  const selection = memo.read(context, collection, query)
  const page = parsePage(context, collection, query)
  const meta = parseMeta(query.meta)
  const name = JSON.stringify(collection.name)
  const shape = `list ${name} ${selection.shape} ${JSON.stringify(page)} ${meta.join()}`
  return {
    tree: { kind: 'list', collection: collection.name, select: selection.outputs, page, meta },
    shape,
    values: context.values,
  }
}

export function parseOne(
  context: ParseContext,
  memo: SelectionMemo,
  collection: Collection,
  key: readonly SqlValue[],
  query: Query,
): Bound<OneRead> {
  const selection = memo.read(context, collection, query)
  const slots = key.map((value) => context.bind(value))
  return {
    tree: { kind: 'one', collection: collection.name, select: selection.outputs, key: slots },
    shape: `one ${JSON.stringify(collection.name)} ${selection.shape}`,
    values: context.values,
  }
}

export function parseFigures(
  context: ParseContext,
  collection: Collection,
  query: Query,
): Bound<AggregateRead> {
  const tree = parseAggregate(context, collection, query)
  return { tree, shape: JSON.stringify(tree), values: context.values }
}

function parseMeta(given: Query['meta']): readonly MetaName[] {
  if (given === undefined || given === '') return []
  const names = new Set(nameList(given, 'meta'))
  const wanted = names.has('*') ? ['total_count', 'filter_count'] : [...names]
  return wanted.map((name) => {
    if (name === 'total_count' || name === 'filter_count') return name
    throw invalidQuery(`"${name.slice(0, 40)}" is no part of "meta"`)
  })
}

/**
 * The values of a key given as text or number: one column's value as it is, several as
 * `encodeURIComponent`ed parts joined by commas. What cannot be a key is refused as unknown.
 */
export function parseKey(collection: Collection, given: unknown): readonly SqlValue[] {
  const names = collection.key?.fields
  if (names === undefined) throw forbidden(collection.name)
  const parts = names.length === 1 ? [given] : splitKey(given)
  if (parts.length !== names.length) throw forbidden(collection.name)
  return names.map((name, index) => {
    const field = collection.fields.get(name)
    const value = field === undefined ? undefined : keyValue(field.type, parts[index])
    if (value === undefined) throw forbidden(collection.name)
    return value
  })
}

function splitKey(given: unknown): readonly string[] {
  if (typeof given !== 'string') return []
  try {
    return given.split(',').map(decodeURIComponent)
  } catch {
    return []
  }
}

/** The key of a row as {@link parseKey} reads it; numbers stay numbers where one column is the key. */
export function formatKey(
  collection: Collection,
  row: Readonly<Record<string, unknown>>,
): string | number {
  const names = collection.key?.fields ?? []
  if (names.length === 1) {
    const value = row[names[0] ?? '']
    return typeof value === 'number' ? value : String(value)
  }
  return names.map((name) => encodeURIComponent(String(row[name]))).join(',')
}
