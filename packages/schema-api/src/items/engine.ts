import type { Catalog, Collection } from '../catalog/catalog.ts'
import { ApiError, forbidden, isApiError } from '../errors.ts'
import type { Bound, Read } from '../plan/ast.ts'
import { compileAggregate } from '../plan/compile-aggregate.ts'
import type { CompileContext } from '../plan/compile-condition.ts'
import { compileList, compileOne } from '../plan/compile-read.ts'
import type { SqlDatabase, SqlRow, SqlRunner, Statement } from '../plan/database.ts'
import type { Fragment } from '../plan/dialect.ts'
import { PlanCache } from '../plan/plan-cache.ts'
import { SelectionMemo } from '../query/parse.ts'
import { ParseContext, type QueryLimits } from '../query/parse-context.ts'

/** What the engine tells its owner. */
export interface EngineEvents {
  /** A statement is about to run. */
  readonly onStatement?: (statement: { readonly sql: string }) => void
  /** A background duty failed: a listener threw, or the schema could not be read again. */
  readonly onError?: (error: unknown) => void
}

export interface EngineOptions {
  readonly limits: QueryLimits
  readonly planCacheSize: number
  readonly schemaCheckIntervalMs: number
  readonly now: () => Date
  readonly events: EngineEvents
}

/** Everything that depends on one reading of the schema. */
interface Generation {
  readonly catalog: Catalog
  readonly plans: PlanCache
  readonly memo: SelectionMemo
}

/** Reads and runs: the catalogue of the moment, the plans made for it, and the database. */
export class Engine {
  readonly database: SqlDatabase
  readonly events: EngineEvents
  readonly #options: EngineOptions
  #generation: Generation
  #checkedAt = performance.now()
  #statements = 0

  private constructor(database: SqlDatabase, options: EngineOptions, catalog: Catalog) {
    this.database = database
    this.events = options.events
    this.#options = options
    this.#generation = this.#generationOf(catalog)
  }

  static async start(database: SqlDatabase, options: EngineOptions): Promise<Engine> {
    return new Engine(database, options, await database.introspect())
  }

  get catalog(): Catalog {
    return this.#generation.catalog
  }

  get memo(): SelectionMemo {
    return this.#generation.memo
  }

  collection(name: string): Collection {
    const collection = this.catalog.collections.get(name)
    if (collection === undefined) throw forbidden(name)
    return collection
  }

  parseContext(): ParseContext {
    const { limits, now } = this.#options
    return new ParseContext(this.catalog, this.database.dialect, limits, now())
  }

  compileContext(): CompileContext {
    let aliases = 0
    return {
      catalog: this.catalog,
      dialect: this.database.dialect,
      nextAlias: () => {
        aliases += 1
        return `t${aliases}`
      },
    }
  }

  /** Runs a read as one statement and gives its rows. */
  read(bound: Bound<Read>, runner: SqlRunner = this.database): Promise<readonly SqlRow[]> {
    const statement = this.prepare(bound.shape, bound.values, () => this.#compile(bound.tree))
    return this.run(statement, runner)
  }

  prepare(shape: string, values: Bound<Read>['values'], build: () => Fragment): Statement {
    return this.#generation.plans.statement(shape, values, build)
  }

  run(statement: Statement, runner: SqlRunner = this.database): Promise<readonly SqlRow[]> {
    this.observe(statement)
    return runner.run(statement)
  }

  observe(statement: Statement): void {
    this.#statements += 1
    this.events.onStatement?.({ sql: statement.sql })
  }

  /**
   * Runs one request's work. When it fails over a name and the schema has changed meanwhile, the
   * schema is read again and the work is done once more; nothing was written by then.
   */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    const { schemaCheckIntervalMs } = this.#options
    if (performance.now() - this.#checkedAt >= schemaCheckIntervalMs) await this.#followSchema()
    try {
      return await work()
    } catch (error) {
      const mayBeStale = isApiError(error) ? error.code === 'FORBIDDEN' : true
      if (!mayBeStale || !(await this.#followSchema())) throw this.database.explain(error)
    }
    try {
      return await work()
    } catch (error) {
      throw this.database.explain(error)
    }
  }

  /** Reads the schema again now. */
  async refresh(): Promise<void> {
    this.#checkedAt = performance.now()
    this.#generation = this.#generationOf(await this.database.introspect())
  }

  metrics(): { statements: number } & ReturnType<PlanCache['metrics']> {
    return { statements: this.#statements, ...this.#generation.plans.metrics() }
  }

  /** True when the schema had changed. */
  async #followSchema(): Promise<boolean> {
    this.#checkedAt = performance.now()
    try {
      if ((await this.database.schemaVersion()) === this.catalog.version) return false
      await this.refresh()
      return true
    } catch (error) {
      this.events.onError?.(error)
      return false
    }
  }

  #generationOf(catalog: Catalog): Generation {
    const { planCacheSize } = this.#options
    return {
      catalog,
      plans: new PlanCache(this.database.dialect, planCacheSize),
      memo: new SelectionMemo(planCacheSize),
    }
  }

  #compile(tree: Read): Fragment {
    const context = this.compileContext()
    if (tree.kind === 'list') return compileList(context, tree)
    return tree.kind === 'one' ? compileOne(context, tree) : compileAggregate(context, tree)
  }
}

/** The JSON text in the first column of the first row. */
export function jsonOf(rows: readonly SqlRow[]): string | undefined {
  const text = rows[0]?.[0]
  return typeof text === 'string' ? text : undefined
}

/** The collection, when rows of it may be written. */
export function writable(engine: Engine, name: string): Collection {
  const collection = engine.collection(name)
  if (collection.readOnly || collection.key === undefined) {
    throw new ApiError('FORBIDDEN', `"${name}" is read-only.`, { collection: name })
  }
  return collection
}
