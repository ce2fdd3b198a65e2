import type { Meta, Query } from '../query/query.ts'
import type { ItemsService } from './items-service.ts'

/** A row, as JSON would carry it. */
export type Item = Record<string, unknown>

/** A key: one column's value, or several as `encodeURIComponent`ed parts joined by commas. */
export type ItemKey = string | number | bigint

/** The parts of a query that shape the answer to a write. */
export type AnswerQuery = Pick<Query, 'fields' | 'alias' | 'deep'>

/** The parts of a query that choose rows to write. */
export type ChoiceQuery = Pick<Query, 'filter' | 'search' | 'sort' | 'limit' | 'offset' | 'page'>

/**
 * The rows of one table or view, in the same process: the operations that REST offers, with the
 * same checks and errors. Whoever calls this may do everything; `auth` guards HTTP alone.
 *
 * Reads are one SQL statement each. Writes are atomic: all rows or none.
 *
 * @example
 * ```ts
 * const weather = api.items('weather')
 * const hot = await weather.readByQuery({ filter: { temp: { _gt: 30 } }, sort: '-temp' })
 * ```
 */
export class Items {
  readonly #service: ItemsService

  /** Made by `api.items(name)`. */
  constructor(service: ItemsService) {
    this.#service = service
  }

  /**
   * Reads rows, or figures when the query has `aggregate` or `groupBy`.
   * Fails with INVALID_QUERY, with FORBIDDEN for unknown names, with OUT_OF_TIME.
   */
  async readByQuery(query: Query = {}): Promise<Item[]> {
    return JSON.parse((await this.#service.list(query)).json) as Item[]
  }

  /** As {@link readByQuery}, together with the counts that `query.meta` asks for. */
  async readPage(query: Query = {}): Promise<{ data: Item[]; meta: Meta | undefined }> {
    const { json, meta } = await this.#service.list(query)
    return { data: JSON.parse(json) as Item[], meta }
  }

  /** Reads one row. Fails with FORBIDDEN when there is none. */
  async readOne(key: ItemKey, query: AnswerQuery = {}): Promise<Item> {
    return JSON.parse(await this.#service.one(key, query)) as Item
  }

  /** Creates a row and gives it back as stored. */
  async createOne(item: Readonly<Item>, query: AnswerQuery = {}): Promise<Item> {
    return JSON.parse(await this.#service.createOne(item, query)) as Item
  }

  /** Creates all rows in one transaction. */
  async createMany(items: readonly Readonly<Item>[], query: AnswerQuery = {}): Promise<Item[]> {
    return JSON.parse(await this.#service.createMany(items, query)) as Item[]
  }

  /** Changes the given fields of one row. Fails with FORBIDDEN when there is none. */
  async updateOne(key: ItemKey, item: Readonly<Item>, query: AnswerQuery = {}): Promise<Item> {
    return JSON.parse(await this.#service.updateOne(key, item, query)) as Item
  }

  /** Gives several rows the same values in one transaction. */
  async updateMany(
    keys: readonly ItemKey[],
    item: Readonly<Item>,
    query: AnswerQuery = {},
  ): Promise<Item[]> {
    return JSON.parse(await this.#service.updateMany(keys, item, query)) as Item[]
  }

  /** Changes several rows, each by its own item, which holds its key too. One transaction. */
  async updateBatch(items: readonly Readonly<Item>[], query: AnswerQuery = {}): Promise<Item[]> {
    return JSON.parse(await this.#service.updateBatch(items, query)) as Item[]
  }

  /** Gives all rows that `chosen` finds the same values. LIMIT_EXCEEDED beyond one batch. */
  async updateByQuery(
    chosen: ChoiceQuery,
    item: Readonly<Item>,
    query: AnswerQuery = {},
  ): Promise<Item[]> {
    return JSON.parse(await this.#service.updateByQuery(chosen, item, query)) as Item[]
  }

  /** Deletes one row. Fails with FORBIDDEN when there is none. */
  deleteOne(key: ItemKey): Promise<void> {
    return this.#service.deleteOne(key)
  }

  /** Deletes all rows or none. */
  deleteMany(keys: readonly ItemKey[]): Promise<void> {
    return this.#service.deleteMany(keys)
  }

  /** Deletes the rows that `chosen` finds. LIMIT_EXCEEDED beyond one batch. */
  deleteByQuery(chosen: ChoiceQuery): Promise<void> {
    return this.#service.deleteByQuery(chosen)
  }
}
