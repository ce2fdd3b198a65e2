import type { MetaName } from '../plan/ast.ts'

/**
 * What to read, in Directus' words. Lists may be given as arrays or as comma-separated text, and
 * objects as JSON text: exactly what fits into a query string.
 *
 * @example
 * ```ts
 * const query: Query = {
 *   fields: ['id', 'customer_id.full_name'],
 *   filter: { status: { _eq: 'paid' } },
 *   sort: '-placed_on',
 *   limit: 25,
 * }
 * ```
 */
export interface Query {
  /** Columns and, with dots, what lies behind relations; `*` is every column. Default `*`. */
  readonly fields?: string | readonly string[]
  readonly filter?: unknown
  readonly sort?: string | readonly string[]
  /** Rows per page. Default `defaultLimit`; -1 is as many as `maxLimit` allows. */
  readonly limit?: number | string
  readonly offset?: number | string
  /** From 1; takes precedence over `offset`. */
  readonly page?: number | string
  /** Looks for the text in every text column, and for the number in every number column. */
  readonly search?: string
  readonly aggregate?: unknown
  readonly groupBy?: string | readonly string[]
  /** Filters, orders and pages of nested relations. */
  readonly deep?: unknown
  /** Other names for fields, as `{ alias: field }`. */
  readonly alias?: unknown
  /** `total_count`, `filter_count` or `*`. */
  readonly meta?: string | readonly string[]
}

/** The counts that `meta` asks for. */
export type Meta = Partial<Readonly<Record<MetaName, number>>>
