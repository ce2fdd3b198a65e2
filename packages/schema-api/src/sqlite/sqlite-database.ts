import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Catalog } from '../catalog/catalog.ts'
import { ApiError } from '../errors.ts'
import type { SqlDatabase, SqlRow, SqlRunner, Statement } from '../plan/database.ts'
import type { Dialect } from '../plan/dialect.ts'
import { openHandle, SqliteConnection, type StatementLimits } from './connection.ts'
import { type SqliteFeatures, sqliteDialect } from './dialect.ts'
import { explainSqliteError } from './errors.ts'
import { type Annotations, introspect } from './introspect.ts'

export interface SqliteOptions extends StatementLimits {
  readonly annotations: Annotations
  /** How long a statement waits for another process' lock. */
  readonly busyTimeoutMs: number
}

/**
 * A SQLite database through node:sqlite. A file gets two handles, one that can only read and one
 * that writes; a handle that the caller owns, and a database in memory, serve for both.
 */
export class SqliteDatabase implements SqlDatabase {
  readonly dialect: Dialect
  readonly #reader: SqliteConnection
  readonly #writer: SqliteConnection
  readonly #annotations: Annotations
  readonly #ownsHandles: boolean
  /** Reads and writes get in each other's way: one handle, or a journal that is not WAL. */
  readonly #readsWait: boolean
  /** Resolves when the writers that came before are done. */
  #writers: Promise<void> = Promise.resolve()
  #writing = 0

  private constructor(
    reader: SqliteConnection,
    writer: SqliteConnection,
    options: { readonly annotations: Annotations; readonly ownsHandles: boolean },
  ) {
    this.#reader = reader
    this.#writer = writer
    this.#annotations = options.annotations
    this.#ownsHandles = options.ownsHandles
    this.#readsWait = reader === writer || journalMode(reader.handle) !== 'wal'
    this.dialect = sqliteDialect(featuresOf(reader.handle))
  }

  /** Opens an existing file (`:memory:` is a database that ends with the process). */
  static open(path: string, options: SqliteOptions): SqliteDatabase {
    const { annotations, busyTimeoutMs } = options
    if (path === ':memory:') {
      return SqliteDatabase.#over(openHandle(path, false, busyTimeoutMs), options, true)
    }
    if (!existsSync(path)) {
      throw new ApiError('DATABASE_NOT_FOUND', `There is no database file at ${path}.`, { path })
    }
    try {
      const writer = new SqliteConnection(openHandle(path, false, busyTimeoutMs), options)
      // reads the header: a file that is something else is found out here
      writer.handle.prepare('PRAGMA schema_version').get()
      const reader = new SqliteConnection(openHandle(path, true, busyTimeoutMs), options)
      return new SqliteDatabase(reader, writer, { annotations, ownsHandles: true })
    } catch (cause) {
      const message = `${path} cannot be opened as an SQLite database.`
      throw new ApiError('DATABASE_UNREADABLE', message, { path }, { cause })
    }
  }

  /** Serves a handle that stays the caller's: it is not closed here. */
  static attach(handle: DatabaseSync, options: SqliteOptions): SqliteDatabase {
    return SqliteDatabase.#over(handle, options, false)
  }

  static #over(handle: DatabaseSync, options: SqliteOptions, ownsHandles: boolean): SqliteDatabase {
    const connection = new SqliteConnection(handle, options)
    const { annotations } = options
    return new SqliteDatabase(connection, connection, { annotations, ownsHandles })
  }

  async introspect(): Promise<Catalog> {
    await this.#settled()
    this.#reader.forget()
    this.#writer.forget()
    return introspect(this.#reader.handle, this.#annotations)
  }

  async schemaVersion(): Promise<string> {
    await this.#settled()
    const [row] = this.#reader.run({ sql: 'PRAGMA main.schema_version', parameters: [] })
    return String(row?.[0])
  }

  async run(statement: Statement): Promise<readonly SqlRow[]> {
    if (this.#writing > 0) await this.#settled()
    return this.#reader.run(statement)
  }

  write(
    statement: Statement,
    committed?: (rows: readonly SqlRow[]) => void,
  ): Promise<readonly SqlRow[]> {
    return this.#exclusively(async () => {
      const rows = this.#writer.run(statement)
      committed?.(rows)
      return rows
    })
  }

  transaction<T>(
    work: (transaction: SqlRunner) => Promise<T>,
    committed?: (result: T) => void,
  ): Promise<T> {
    return this.#exclusively(async () => {
      const { handle } = this.#writer
      handle.exec('BEGIN IMMEDIATE')
      let result: T
      try {
        result = await work({ run: async (statement) => this.#writer.run(statement) })
        handle.exec('COMMIT')
      } catch (error) {
        // some errors have ended the transaction already
        if (handle.isTransaction) handle.exec('ROLLBACK')
        throw error
      }
      committed?.(result)
      return result
    })
  }

  explain(error: unknown): ApiError {
    return explainSqliteError(error)
  }

  async close(): Promise<void> {
    await this.#writers
    if (!this.#ownsHandles) return
    for (const { handle } of new Set([this.#reader, this.#writer])) {
      if (handle.isOpen) handle.close()
    }
  }

  /**
   * On a shared handle a read would see the middle of a transaction; beside a rollback journal it
   * could block the thread that the transaction needs to end. So it waits for the writers.
   */
  #settled(): Promise<void> {
    return this.#readsWait ? this.#writers : Promise.resolve()
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#writing += 1
    const turn = this.#writers.then(work).finally(() => {
      this.#writing -= 1
    })
    this.#writers = turn.then(
      () => undefined,
      () => undefined, // the writer itself is told; those behind it only wait
    )
    return turn
  }
}

function journalMode(handle: DatabaseSync): unknown {
  return handle.prepare('PRAGMA journal_mode').get()?.['journal_mode']
}

function featuresOf(handle: DatabaseSync): SqliteFeatures {
  const row = handle.prepare('SELECT json_array(0.1 + 0.2) AS printed').get()
  return { exactFloats: row?.['printed'] === '[0.30000000000000004]' }
}
