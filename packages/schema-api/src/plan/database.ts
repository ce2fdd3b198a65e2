import type { Catalog } from '../catalog/catalog.ts'
import type { ApiError } from '../errors.ts'
import type { SqlValue } from './ast.ts'
import type { Dialect } from './dialect.ts'

/** One statement with its values. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
}

/** A row as an array, in the order of the statement's columns. */
export type SqlRow = readonly (string | number | bigint | Uint8Array | null)[]

/** Runs statements; all rows come at once. */
export interface SqlRunner {
  run(statement: Statement): Promise<readonly SqlRow[]>
}

/**
 * The port to one SQL database. SQLite is the first implementation; the layers above know only
 * this and {@link Dialect}.
 */
export interface SqlDatabase extends SqlRunner {
  readonly dialect: Dialect
  /** Reads the schema as it is now. */
  introspect(): Promise<Catalog>
  /** A cheap mark that changes with the schema. */
  schemaVersion(): Promise<string>
  /** Runs one writing statement on its own. `committed` is called before any later write begins. */
  write(
    statement: Statement,
    committed?: (rows: readonly SqlRow[]) => void,
  ): Promise<readonly SqlRow[]>
  /** Runs `work` as one transaction: committed when it resolves, undone when it rejects. */
  transaction<T>(
    work: (transaction: SqlRunner) => Promise<T>,
    committed?: (result: T) => void,
  ): Promise<T>
  /** Says in this package's words what an error of the database means. */
  explain(error: unknown): ApiError
  close(): Promise<void>
}
