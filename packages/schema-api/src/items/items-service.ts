import type { Collection } from '../catalog/catalog.ts'
import { ApiError, forbidden, invalidPayload } from '../errors.ts'
import type { SqlValue } from '../plan/ast.ts'
import type { SqlRunner } from '../plan/database.ts'
import { formatKey, parseKey, parseList } from '../query/parse.ts'
import { isRecord } from '../query/parse-context.ts'
import type { Query } from '../query/query.ts'
import type { ChangeFeed } from './changes.ts'
import { type Engine, jsonOf, writable } from './engine.ts'
import { checkKeyIsGiven, parsePayload } from './payload.ts'
import { type ListAnswer, readList, readOne } from './read-items.ts'
import {
  type Answering,
  answering,
  answersDirectly,
  changeOf,
  deleteStatement,
  keyText,
  type RowWrite,
  type WrittenRow,
  writeRow,
  writeStatement,
  writtenRow,
} from './write-items.ts'

type Key = readonly SqlValue[]

/** Chooses the rows to write when the transaction has begun. */
type Chooser = (transaction: SqlRunner) => Promise<readonly RowWrite[]>

/** What writing may not exceed. */
export interface WriteLimits {
  readonly maxBatchItems: number
}

/**
 * The operations on one collection that REST is a thin cover of. Answers are JSON text, as the
 * database made it; {@link Items} parses it for callers in the same process.
 */
export class ItemsService {
  readonly #engine: Engine
  readonly #feed: ChangeFeed
  readonly #limits: WriteLimits
  readonly #name: string

  constructor(engine: Engine, feed: ChangeFeed, limits: WriteLimits, name: string) {
    this.#engine = engine
    this.#feed = feed
    this.#limits = limits
    this.#name = name
  }

  list(query: Query): Promise<ListAnswer> {
    return readList(this.#engine, this.#name, query)
  }

  one(key: unknown, query: Query): Promise<string> {
    return readOne(this.#engine, this.#name, key, query)
  }

  /** Creates one row: one statement where the answer needs no other table. */
  async createOne(item: unknown, query: Query): Promise<string> {
    return this.#single('create', query, (collection) => creation(collection, item))
  }

  /** Creates all rows or none. */
  async createMany(items: unknown, query: Query): Promise<string> {
    if (!Array.isArray(items)) throw invalidPayload('Items must be a list')
    this.#checkBatch(items.length)
    return this.#batch('create', query, (collection) =>
      items.map((item) => creation(collection, item)),
    )
  }

  /** Updates one row: one statement where the answer needs no other table. */
  async updateOne(key: unknown, item: unknown, query: Query): Promise<string> {
    return this.#single('update', query, (collection) => ({
      key: parseKey(collection, key),
      payload: parsePayload(collection, item),
    }))
  }

  /** Gives all rows the same values, or changes none. */
  async updateMany(keys: unknown, item: unknown, query: Query): Promise<string> {
    if (!Array.isArray(keys)) throw invalidPayload('"keys" must be a list')
    this.#checkBatch(keys.length)
    return this.#batch('update', query, (collection) => {
      const payload = parsePayload(collection, item)
      return keys.map((key) => ({ key: parseKey(collection, key), payload }))
    })
  }

  /** Gives each row its own values; every item names its key. All or none. */
  async updateBatch(items: unknown, query: Query): Promise<string> {
    if (!Array.isArray(items)) throw invalidPayload('Items must be a list')
    this.#checkBatch(items.length)
    return this.#batch('update', query, (collection) =>
      items.map((item) => batchUpdate(collection, item)),
    )
  }

  /** Gives all rows that `chosen` finds the same values. */
  async updateByQuery(chosen: Query, item: unknown, query: Query): Promise<string> {
    return this.#batch('update', query, (collection) => {
      const payload = parsePayload(collection, item)
      return async (transaction) => {
        const keys = await this.#keysOf(collection, chosen, transaction)
        return keys.map((key) => ({ key, payload }))
      }
    })
  }

  async deleteOne(key: unknown): Promise<void> {
    await this.deleteMany([key])
  }

  /** Deletes all rows or none; a key that no row has is FORBIDDEN. */
  async deleteMany(keys: unknown): Promise<void> {
    if (!Array.isArray(keys)) throw invalidPayload('"keys" must be a list')
    this.#checkBatch(keys.length)
    await this.#delete((collection) => {
      const parsed = keys.map((key) => parseKey(collection, key))
      return async () => parsed
    })
  }

  /** Deletes the rows that `chosen` finds. */
  async deleteByQuery(chosen: Query): Promise<void> {
    await this.#delete(
      (collection) => (transaction) => this.#keysOf(collection, chosen, transaction),
    )
  }

  async #delete(
    choose: (collection: Collection) => (transaction: SqlRunner) => Promise<readonly Key[]>,
  ): Promise<void> {
    const engine = this.#engine
    await engine.attempt(async () => {
      const collection = writable(engine, this.#name)
      const chosen = choose(collection)
      await engine.database.transaction(
        async (transaction) => {
          const keys = await chosen(transaction)
          for (const key of keys) {
            const rows = await engine.run(deleteStatement(engine, collection, key), transaction)
            if (rows.length === 0) throw forbidden(collection.name)
          }
          return keys
        },
        (keys) => this.#emitDelete(collection, keys),
      )
    })
  }

  #emitDelete(collection: Collection, keys: readonly Key[]): void {
    if (keys.length === 0) return
    this.#feed.emit({
      collection: collection.name,
      event: 'delete',
      keys: keys.map((key) => keyText(collection, key)),
      data: [],
    })
  }

  async #single(
    event: 'create' | 'update',
    query: Query,
    parse: (collection: Collection) => RowWrite,
  ): Promise<string> {
    const engine = this.#engine
    return engine.attempt(async () => {
      const collection = writable(engine, this.#name)
      const write = parse(collection)
      const answer = answering(engine, collection, query, this.#feed.isHeard)
      const isPlain = event === 'create' || write.payload.columns.length > 0
      if (!isPlain || !answersDirectly(answer)) {
        const [row] = await this.#transact(event, answer, [write])
        return row?.json ?? ''
      }
      const statement = writeStatement(engine, answer, write)
      engine.observe(statement)
      let written: WrittenRow | undefined
      await engine.database.write(statement, (rows) => {
        const row = writtenRow(answer, rows)
        if (row === undefined) return
        const key = write.key === undefined ? row.key : keyText(collection, write.key)
        written = { ...row, key }
        if (answer.isHeard) this.#feed.emit(changeOf(collection, event, [written]))
      })
      if (written === undefined) throw forbidden(collection.name)
      return written.json
    })
  }

  async #batch(
    event: 'create' | 'update',
    query: Query,
    parse: (collection: Collection) => readonly RowWrite[] | Chooser,
  ): Promise<string> {
    const engine = this.#engine
    return engine.attempt(async () => {
      const collection = writable(engine, this.#name)
      const writes = parse(collection)
      const answer = answering(engine, collection, query, this.#feed.isHeard)
      const rows = await this.#transact(event, answer, writes)
      return `[${rows.map(({ json }) => json).join(',')}]`
    })
  }

  #transact(
    event: 'create' | 'update',
    answer: Answering,
    writes: readonly RowWrite[] | Chooser,
  ): Promise<readonly WrittenRow[]> {
    const engine = this.#engine
    return engine.database.transaction(
      async (transaction) => {
        const rows: WrittenRow[] = []
        const chosen = typeof writes === 'function' ? await writes(transaction) : writes
        for (const write of chosen) rows.push(await writeRow(engine, answer, write, transaction))
        return rows
      },
      (rows) => {
        if (answer.isHeard && rows.length > 0) {
          this.#feed.emit(changeOf(answer.collection, event, rows))
        }
      },
    )
  }

  /** The keys of the rows that a query chooses; more than one batch is refused, not cut short. */
  async #keysOf(
    collection: Collection,
    chosen: Query,
    transaction: SqlRunner,
  ): Promise<readonly Key[]> {
    const engine = this.#engine
    const fields = collection.key?.fields ?? []
    const isAll = chosen.limit === undefined || Number(chosen.limit) === -1
    const query: Query = { limit: -1, ...choiceOf(chosen), fields, meta: 'filter_count' }
    const bound = parseList(engine.parseContext(), engine.memo, collection, query)
    const rows = await engine.read(bound, transaction)
    const items = JSON.parse(jsonOf(rows) ?? '[]') as Readonly<Record<string, unknown>>[]
    this.#checkBatch(isAll ? Number(rows[0]?.[1] ?? 0) : items.length)
    return items.map((item) => parseKey(collection, formatKey(collection, item)))
  }

  #checkBatch(size: number): void {
    const { maxBatchItems } = this.#limits
    if (size <= maxBatchItems) return
    const message = `One request may write at most ${maxBatchItems} items, not ${size}.`
    throw new ApiError('LIMIT_EXCEEDED', message, { limit: maxBatchItems })
  }
}

const CHOICE = ['filter', 'search', 'sort', 'limit', 'offset', 'page'] as const

/** Of a query, what chooses rows. */
function choiceOf(query: Query): Query {
  return Object.fromEntries(
    CHOICE.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])),
  )
}

function creation(collection: Collection, item: unknown): RowWrite {
  const payload = parsePayload(collection, item)
  checkKeyIsGiven(collection, payload)
  return { key: undefined, payload }
}

/** An item of a batch: its key columns address it, the others change it. */
function batchUpdate(collection: Collection, item: unknown): RowWrite {
  if (!isRecord(item)) throw invalidPayload('An item must be an object')
  const names = collection.key?.fields ?? []
  const missing = names.find((name) => item[name] === undefined || item[name] === null)
  if (missing !== undefined) {
    const where = { collection: collection.name, field: missing }
    throw invalidPayload(`Each item must have its key "${missing}"`, where)
  }
  const rest = Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)))
  const key = names.length === 1 ? item[names[0] ?? ''] : formatKey(collection, item)
  return { key: parseKey(collection, key), payload: parsePayload(collection, rest) }
}
