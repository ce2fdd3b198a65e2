import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { SqlRow, Statement } from '../plan/database.ts'
import { FUNCTIONS } from './dialect.ts'
import { StatementStopped } from './errors.ts'

/** How much one statement may do. */
export interface StatementLimits {
  readonly statementTimeoutMs: number
  readonly maxNestedRows: number
}

/** Prepared statements kept per connection; the oldest goes first. */
const MAX_PREPARED = 512

/**
 * One SQLite handle with its prepared statements and the functions that the dialect calls. Runs
 * synchronously, one statement at a time.
 */
export class SqliteConnection {
  readonly handle: DatabaseSync
  readonly #limits: StatementLimits
  readonly #prepared = new Map<string, StatementSync>()
  #deadline = Number.POSITIVE_INFINITY
  #nestedRows = 0

  constructor(handle: DatabaseSync, limits: StatementLimits) {
    this.handle = handle
    this.#limits = limits
    this.#register()
  }

  run(statement: Statement): SqlRow[] {
    this.#deadline = performance.now() + this.#limits.statementTimeoutMs
    this.#nestedRows = 0
    // node:sqlite types rows as objects; setReturnArrays makes them arrays
    return this.#prepare(statement.sql).all(...statement.parameters) as unknown as SqlRow[]
  }

  /** Drops the prepared statements; they would be prepared anew after a change of the schema. */
  forget(): void {
    this.#prepared.clear()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const statement = this.handle.prepare(sql)
    statement.setReturnArrays(true)
    if (this.#prepared.size >= MAX_PREPARED) {
      const [oldest] = this.#prepared.keys()
      if (oldest !== undefined) this.#prepared.delete(oldest)
    }
    this.#prepared.set(sql, statement)
    return statement
  }

  #register(): void {
    const pure = { deterministic: true, directOnly: false }
    this.handle.function(FUNCTIONS.base64, pure, (value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    )
    this.handle.function(FUNCTIONS.digits, pure, (value) => digitsOf(Number(value)))
    this.handle.function(FUNCTIONS.lower, pure, (value) =>
      typeof value === 'string' ? value.toLowerCase() : value,
    )
    this.handle.function(FUNCTIONS.merge, { ...pure, varargs: true }, (...objects) =>
      mergeObjects(objects.map(String)),
    )
    this.handle.function(FUNCTIONS.time, () => {
      if (performance.now() > this.#deadline) {
        throw new StatementStopped('time', this.#limits.statementTimeoutMs)
      }
      return 1
    })
    this.handle.function(FUNCTIONS.rows, () => {
      this.#nestedRows += 1
      if (this.#nestedRows > this.#limits.maxNestedRows) {
        throw new StatementStopped('rows', this.#limits.maxNestedRows)
      }
      return 1
    })
  }
}

/** A floating point number with all its digits, for builds of SQLite that print fifteen. */
function digitsOf(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? '9e999' : '-9e999' // beyond what JSON can say, as SQLite itself prints it
}

/** `{"a":1}` and `{"b":2}` become `{"a":1,"b":2}`; the members of wide tables come in parts. */
function mergeObjects(texts: readonly string[]): string {
  return `{${texts.map((text) => text.slice(1, -1)).join(',')}}`
}

export function openHandle(path: string, readOnly: boolean, busyTimeoutMs: number): DatabaseSync {
  return new DatabaseSync(path, {
    readOnly,
    timeout: busyTimeoutMs,
    enableForeignKeyConstraints: true,
  })
}
