import type { FastifyPluginAsync } from 'fastify'
import type { Catalog } from './catalog/catalog.ts'
import { ApiError } from './errors.ts'
import { ChangeFeed, type ChangeListener } from './items/changes.ts'
import { Engine } from './items/engine.ts'
import { Items } from './items/items.ts'
import { ItemsService } from './items/items-service.ts'
import { type ApiOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import type { SqlDatabase } from './plan/database.ts'
import { restPlugin } from './rest/plugin.ts'
import { type Listening, type ListenOptions, startServer } from './rest/server.ts'
import { SqliteDatabase } from './sqlite/sqlite-database.ts'

/** Counters of one instance since its start. */
export interface ApiMetrics {
  /** SQL statements of items; looking whether the schema changed is not counted. */
  readonly statements: number
  readonly plans: number
  readonly planHits: number
  readonly planMisses: number
  readonly collections: number
}

/** An API over one database. Made by {@link createApi}. */
export interface Api extends AsyncDisposable {
  /** Tables, views, fields and relations as last read from the database. */
  readonly catalog: Catalog
  /** The whole of the HTTP surface as a Fastify plugin; takes Fastify's `prefix`. */
  readonly plugin: FastifyPluginAsync
  /** The rows of one collection; whether it exists is found out by the first operation. */
  items(collection: string): Items
  /**
   * Calls `listener` after each commit of a write through this instance, REST or in process.
   * Writes by other means, cascades and triggers are not seen. Returns how to stop.
   */
  onChange(listener: ChangeListener): () => void
  /** Reads the schema again now, instead of within `schemaCheckIntervalMs`. */
  refresh(): Promise<void>
  /** Starts a server of its own. Default: a free port of 127.0.0.1. */
  listen(options?: ListenOptions): Promise<Listening>
  metrics(): ApiMetrics
  /** Drains the servers that `listen` started, then closes the database. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens an API over an existing database, whose schema is read and never changed.
 *
 * Fails with DATABASE_NOT_FOUND, DATABASE_UNREADABLE or DATABASE_UNSUPPORTED; with TypeError or
 * RangeError for an option that cannot be.
 *
 * @example
 * ```ts
 * await using api = await createApi({ database: 'sqlite:./shop.db' })
 * const { url } = await api.listen({ port: 8055 })
 * const orders = await api.items('orders').readByQuery({ fields: ['id', 'customer_id.name'] })
 * ```
 */
export async function createApi(options: ApiOptions): Promise<Api> {
  const resolved = resolveOptions(options)
  const database = openDatabase(resolved)
  try {
    const engine = await Engine.start(database, {
      limits: {
        defaultLimit: resolved.defaultLimit,
        maxLimit: resolved.maxLimit,
        maxDepth: resolved.maxDepth,
        maxNodes: resolved.maxQueryParts,
      },
      planCacheSize: resolved.planCacheSize,
      schemaCheckIntervalMs: resolved.schemaCheckIntervalMs,
      now: resolved.now,
      events: resolved.events,
    })
    return new OpenApi(engine, resolved)
  } catch (error) {
    await database.close()
    throw error
  }
}

function openDatabase(options: ResolvedOptions): SqlDatabase {
  const { database, keys, hidden, statementTimeoutMs, maxNestedRows, busyTimeoutMs } = options
  const annotations = { keys, hidden }
  const settings = { annotations, statementTimeoutMs, maxNestedRows, busyTimeoutMs }
  if (typeof database !== 'string') return SqliteDatabase.attach(database, settings)
  const scheme = /^([a-z][a-z0-9+]+):/i.exec(database)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'sqlite') {
    const message = `${scheme}: databases are not supported yet; use sqlite:<path>.`
    throw new ApiError('DATABASE_UNSUPPORTED', message)
  }
  return SqliteDatabase.open(database.replace(/^sqlite:(\/\/(?=\/))?/i, ''), settings)
}

class OpenApi implements Api {
  readonly plugin: FastifyPluginAsync
  readonly #engine: Engine
  readonly #feed: ChangeFeed
  readonly #options: ResolvedOptions
  readonly #servers = new Set<Listening>()
  #closing: Promise<void> | undefined
  #isClosed = false

  constructor(engine: Engine, options: ResolvedOptions) {
    this.#engine = engine
    this.#options = options
    this.#feed = new ChangeFeed((error) => options.events.onError?.(error))
    this.plugin = restPlugin({ engine, options, service: (name) => this.#service(name) })
  }

  get catalog(): Catalog {
    return this.#engine.catalog
  }

  items(collection: string): Items {
    return new Items(this.#service(collection))
  }

  onChange(listener: ChangeListener): () => void {
    return this.#feed.listen(listener)
  }

  refresh(): Promise<void> {
    this.#assertOpen()
    return this.#engine.refresh()
  }

  async listen(options: ListenOptions = {}): Promise<Listening> {
    if (this.#closing !== undefined) throw new ApiError('CLOSED', 'The API is closed.')
    const server = await startServer(this.plugin, this.#options, options)
    this.#servers.add(server)
    return server
  }

  metrics(): ApiMetrics {
    const metrics = { ...this.#engine.metrics(), collections: this.catalog.collections.size }
    return Object.freeze(metrics)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#servers].map((server) => server.close()))
    this.#isClosed = true // requests under way have been answered by now
    this.#feed.clear()
    await this.#engine.database.close()
  }

  #service(name: string): ItemsService {
    this.#assertOpen()
    const { maxBatchItems } = this.#options
    return new ItemsService(this.#engine, this.#feed, { maxBatchItems }, name)
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ApiError('CLOSED', 'The API is closed.')
  }
}
