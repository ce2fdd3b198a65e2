import type { DatabaseSync } from 'node:sqlite'
import type { EngineEvents } from './items/engine.ts'

/** Who may use the API. */
export interface AuthOptions {
  /** Asked of every request as `Authorization: Bearer <token>` or `?access_token=<token>`. */
  readonly token: string
}

/** Facts about the running instance, for logs and metrics. They change nothing. */
export interface ApiEvents extends EngineEvents {}

/** What {@link createApi} takes. Only `database` is required. */
export interface ApiOptions {
  /**
   * An existing database: `sqlite:./shop.db`, a bare path, `:memory:`, or an open `DatabaseSync`
   * that stays the caller's to close.
   */
  readonly database: string | DatabaseSync
  /** Without it only requests that name a loopback host are served. Default: none. */
  readonly auth?: AuthOptions
  /** The fields that identify a row of a view, by view name. Default: none. */
  readonly keys?: Readonly<Record<string, readonly string[]>>
  /** Tables and views that are not served at all. Default: none. */
  readonly hidden?: readonly string[]
  /** Host names, beside loopback, that are accepted without a token. Default: none. */
  readonly allowedHosts?: readonly string[]
  /** Serves the pages at `/` and `/admin`. Default: true. */
  readonly pages?: boolean
  /** Rows per answer when a query names no limit. Default: 100. */
  readonly defaultLimit?: number
  /** The most rows that a query may ask for; what `limit=-1` means. Default: 10 000. */
  readonly maxLimit?: number
  /** How deep fields, filters and orders may follow relations. Default: 10. */
  readonly maxDepth?: number
  /** How many conditions, relations and order terms one query may have. Default: 250. */
  readonly maxQueryParts?: number
  /** How many rows the nested lists of one answer may hold together. Default: 100 000. */
  readonly maxNestedRows?: number
  /** How many items one request may write. Default: 10 000. */
  readonly maxBatchItems?: number
  /** How large the body of a request may be. Default: 1 MiB. */
  readonly maxBodyBytes?: number
  /** How long one statement may run. Default: 5 000. */
  readonly statementTimeoutMs?: number
  /** How long a statement waits for another process that writes. Default: 1 000. */
  readonly busyTimeoutMs?: number
  /** How long a change of the schema may go unnoticed. Default: 1 000. */
  readonly schemaCheckIntervalMs?: number
  /** How many compiled queries are kept. Default: 1 000. */
  readonly planCacheSize?: number
  /** The clock that `$NOW` reads. Default: the system's. */
  readonly now?: () => Date
  readonly events?: ApiEvents
}

/** Options with every default filled in. */
export type ResolvedOptions = Required<Omit<ApiOptions, 'auth'>> & {
  readonly auth: AuthOptions | undefined
}

const NUMBERS = {
  defaultLimit: [100, 0],
  maxLimit: [10_000, 1],
  maxDepth: [10, 1],
  maxQueryParts: [250, 1],
  maxNestedRows: [100_000, 1],
  maxBatchItems: [10_000, 1],
  maxBodyBytes: [1_048_576, 1],
  statementTimeoutMs: [5_000, 1],
  busyTimeoutMs: [1_000, 0],
  schemaCheckIntervalMs: [1_000, 0],
  planCacheSize: [1_000, 1],
} as const satisfies Partial<Record<keyof ApiOptions, readonly [fallback: number, least: number]>>

type NumberName = keyof typeof NUMBERS

/** Fills in the defaults and checks every field once. */
export function resolveOptions(options: ApiOptions): ResolvedOptions {
  const { database, auth } = options
  const isHandle = typeof database === 'object' && database !== null && 'prepare' in database
  if (!isHandle && (typeof database !== 'string' || database === '')) {
    throw new TypeError('options.database must be a path, a sqlite: URL or a DatabaseSync')
  }
  if (auth !== undefined && (typeof auth.token !== 'string' || auth.token.length < 8)) {
    throw new RangeError('options.auth.token must be a text of at least 8 characters')
  }
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, [fallback, least]]) => [
      name,
      checked(name, options[name as NumberName] ?? fallback, least),
    ]),
  ) as Record<NumberName, number>
  if (numbers.defaultLimit > numbers.maxLimit) {
    throw new RangeError('options.defaultLimit must not be greater than options.maxLimit')
  }
  return {
    database,
    auth,
    keys: { ...options.keys },
    hidden: [...(options.hidden ?? [])],
    allowedHosts: (options.allowedHosts ?? []).map((host) => host.toLowerCase()),
    pages: options.pages ?? true,
    now: options.now ?? (() => new Date()),
    events: { ...options.events },
    ...numbers,
  }
}

function checked(name: string, value: unknown, least: number): number {
  if (typeof value !== 'number') throw new TypeError(`options.${name} must be a number`)
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`options.${name} must be an integer from ${least}, not ${value}`)
  }
  return value
}
