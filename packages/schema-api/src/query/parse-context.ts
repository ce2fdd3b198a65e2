import { type Catalog, type Collection, collectionOf, type Relation } from '../catalog/catalog.ts'
import { forbidden, invalidQuery } from '../errors.ts'
import type { Slot, SqlValue } from '../plan/ast.ts'
import type { Dialect } from '../plan/dialect.ts'

/** How much one query may ask for. */
export interface QueryLimits {
  readonly defaultLimit: number
  readonly maxLimit: number
  readonly maxDepth: number
  /** Conditions, relations and order terms together. */
  readonly maxNodes: number
}

/** What parsing one query shares: the catalogue, the values found so far, and what may still come. */
export class ParseContext {
  readonly catalog: Catalog
  readonly dialect: Dialect
  readonly limits: QueryLimits
  /** The moment that `$NOW` stands for. */
  readonly now: Date
  readonly values: SqlValue[] = []
  #nodes = 0

  constructor(catalog: Catalog, dialect: Dialect, limits: QueryLimits, now: Date) {
    this.catalog = catalog
    this.dialect = dialect
    this.limits = limits
    this.now = now
  }

  bind(value: SqlValue): Slot {
    return this.values.push(value) - 1
  }

  /** Counts one more part of the query. */
  spend(): void {
    this.#nodes += 1
    if (this.#nodes > this.limits.maxNodes) {
      throw invalidQuery(`It has more than ${this.limits.maxNodes} parts`)
    }
  }

  checkDepth(depth: number): void {
    if (depth > this.limits.maxDepth) {
      throw invalidQuery(`It goes more than ${this.limits.maxDepth} levels deep`)
    }
  }

  target(relation: Relation): Collection {
    return collectionOf(this.catalog, relation.target)
  }

  relation(collection: Collection, name: string): Relation {
    const relation = collection.relations.get(name)
    if (relation === undefined) throw forbidden(collection.name, name)
    return relation
  }
}

/** Whether a value is an object that came from JSON or a query string. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON text is parsed, anything else is what it is. */
export function parsedJson(value: unknown, what: string): unknown {
  if (typeof value !== 'string') return value
  try {
    return parseJson(value)
  } catch {
    throw invalidQuery(`"${what}" is not valid JSON`)
  }
}

/** An integer that a JavaScript number would round; TypeScript's library lacks the reviver's third argument. */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

const exactIntegers: SourceReviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? '')
    ? BigInt(source ?? '')
    : value

/** As JSON.parse, but integers beyond 2^53 become bigints. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text)
  return JSON.parse(text, exactIntegers as (key: string, value: unknown) => unknown)
}

/** A list of names: an array, or text with commas outside brackets. */
export function nameList(value: unknown, what: string): string[] {
  const parts = Array.isArray(value) ? value : [value]
  return parts.flatMap((part) => {
    if (typeof part !== 'string') throw invalidQuery(`"${what}" must be names`)
    return splitList(part)
  })
}

/** Splits at commas that are not inside brackets. */
export function splitList(text: string): string[] {
  if (!text.includes(',')) return text.trim() === '' ? [] : [text.trim()]
  if (!text.includes('('))
    return text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
  const parts = text.split(/,(?![^()]*\))/)
  return parts.map((part) => part.trim()).filter(Boolean)
}
