// The unmodified client of Directus against a running server.
import {
  aggregate,
  createDirectus,
  createItem,
  createItems,
  customEndpoint,
  deleteItem,
  deleteItems,
  isDirectusError,
  readCollection,
  readCollections,
  readField,
  readFields,
  readFieldsByCollection,
  readItem,
  readItems,
  readOpenApiSpec,
  readRelation,
  readRelationByCollection,
  readRelations,
  rest,
  serverHealth,
  serverInfo,
  serverPing,
  staticToken,
  updateItem,
  updateItems,
  updateItemsBatch,
  withSearch,
  withToken,
} from '@directus/sdk'
import { describe, expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { SHOP } from '../support/shop.ts'

interface Customer {
  id: number
  name: string
  email: string | null
  country: string | null
  referred_by: number | Customer | null
  orders: Order[]
}
interface Order {
  id: number
  customer_id: number | Customer | null
  status: string
  total: string | null
  placed_on: 'datetime'
  order_items: OrderItem[]
}
interface OrderItem {
  order_id: number | Order
  sku: string | Product
  quantity: number
}
interface Product {
  sku: string
  title: string | null
}
interface Schema {
  customers: Customer[]
  orders: Order[]
  order_items: OrderItem[]
  products: Product[]
}

const TOKEN = 'token-for-the-sdk'

async function connect() {
  const { api } = await fixture(SHOP, { auth: { token: TOKEN } })
  const { url } = await api.listen()
  const client = createDirectus<Schema>(url).with(staticToken(TOKEN)).with(rest())
  return { client, url, api }
}

const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isDirectusError(error) ? error.errors[0]?.extensions.code : error),
  )

describe('reading items', () => {
  test('readItems with fields, filter, sort, limit, offset, page and search', async () => {
    const { client } = await connect()
    const rows = await client.request(
      readItems('orders', {
        fields: ['id', 'total', { customer_id: ['name', { referred_by: ['name'] }] }],
        filter: { _and: [{ status: { _in: ['new', 'paid'] } }, { total: { _gt: '0' } as never }] },
        sort: ['-customer_id.name', 'id'] as never,
        limit: 2,
        offset: 0,
      }),
    )
    expect(rows).toEqual([
      { id: 3, total: '0.1', customer_id: { name: 'Boris', referred_by: { name: 'Ada' } } },
      { id: 1, total: '10', customer_id: { name: 'Ada', referred_by: null } },
    ])
    const page = await client.request(
      readItems('orders', { fields: ['id'], limit: 4, page: 2, search: '' }),
    )
    expect(page).toEqual([{ id: 5 }, { id: 6 }])
    const found = await client.request(readItems('orders', { fields: ['id'], search: 'abc' }))
    expect(found).toEqual([{ id: 2 }, { id: 5 }])
  })

  test('readItems with one-to-many, deep, alias and functions', async () => {
    const { client } = await connect()
    const rows = await client.request(
      readItems('customers', {
        fields: ['id', 'newest' as never, { orders: ['id', { order_items: ['quantity'] }] }],
        alias: { newest: 'orders' },
        deep: { orders: { _limit: 1, _sort: ['-id'], _filter: { status: { _neq: 'sent' } } } },
        filter: { orders: { _some: { order_items: { _some: { quantity: { _gte: 1 } } } } } },
      }),
    )
    expect(rows).toEqual([
      { id: 1, newest: [1, 2], orders: [{ id: 2, order_items: [{ quantity: 5 }] }] },
      { id: 2, newest: [3], orders: [{ id: 3, order_items: [{ quantity: 1 }] }] },
    ])
    const months = await client.request(
      readItems('orders', {
        fields: ['id', 'month(placed_on)'],
        filter: { 'year(placed_on)': { _eq: 2024 } } as never,
      }),
    )
    expect(months).toEqual([
      { id: 1, placed_on_month: 1 },
      { id: 2, placed_on_month: 2 },
      { id: 5, placed_on_month: 1 },
    ])
  })

  test('readItem, also by composite key, and withSearch', async () => {
    const { client } = await connect()
    expect(await client.request(readItem('orders', 1, { fields: ['id'] }))).toEqual({ id: 1 })
    expect(await client.request(readItem('order_items', encodeURIComponent('1,p1')))).toEqual({
      order_id: 1,
      sku: 'p1',
      quantity: 2,
    })
    const long = Array.from({ length: 5_000 }, (_, index) => index + 3)
    const filtered = { fields: ['id'], filter: { id: { _in: long } } }
    const command = readItems<Schema, 'orders', never>('orders', filtered as never)
    expect(await client.request(withSearch(command))).toEqual([
      { id: 3 },
      { id: 4 },
      { id: 5 },
      { id: 6 },
    ])
  })

  test('aggregate', async () => {
    const { client } = await connect()
    const total = await client.request(aggregate('orders', { aggregate: { count: '*' } }))
    expect(total).toEqual([{ count: '6' }])
    const grouped = await client.request(
      aggregate('orders', {
        aggregate: { count: ['id'], max: ['id'] },
        groupBy: ['status'],
        query: { filter: { id: { _lte: 3 } } },
      }),
    )
    expect(grouped).toEqual([
      { status: 'new', count: { id: '1' }, max: { id: 1 } },
      { status: 'paid', count: { id: '2' }, max: { id: 3 } },
    ])
  })
})

describe('writing items', () => {
  test('createItem and createItems', async () => {
    const { client } = await connect()
    const one = await client.request(
      createItem('products', { sku: 'x', title: 'X' }, { fields: ['sku'] }),
    )
    expect(one).toEqual({ sku: 'x' })
    const two = await client.request(createItems('products', [{ sku: 'y' }, { sku: 'z' }]))
    expect(two).toEqual([
      { sku: 'y', title: null },
      { sku: 'z', title: null },
    ])
  })

  test('updateItem, updateItems by keys and by query, updateItemsBatch', async () => {
    const { client } = await connect()
    const fields = ['id', 'status'] as ('id' | 'status')[]
    expect(await client.request(updateItem('orders', 1, { status: 'a' }, { fields }))).toEqual({
      id: 1,
      status: 'a',
    })
    expect(
      await client.request(updateItems('orders', [1, 2], { status: 'b' }, { fields })),
    ).toHaveLength(2)
    const query = { filter: { status: { _eq: 'b' } } }
    expect(await client.request(updateItems('orders', query, { status: 'c' }, { fields }))).toEqual(
      [
        { id: 1, status: 'c' },
        { id: 2, status: 'c' },
      ],
    )
    const batch = [
      { id: 1, status: 'd' },
      { id: 2, status: 'e' },
    ]
    expect(await client.request(updateItemsBatch('orders', batch, { fields }))).toEqual(batch)
  })

  test('deleteItem, deleteItems by keys and by query', async () => {
    const { client } = await connect()
    expect(await client.request(deleteItem('orders', 6))).toBeNull()
    await client.request(deleteItems('orders', [4, 5]))
    await client.request(deleteItems('orders', { filter: { status: { _eq: 'paid' } } }))
    expect(await client.request(readItems('orders', { fields: ['id'] }))).toEqual([{ id: 1 }])
  })
})

describe('the schema', () => {
  test('readCollections and readCollection', async () => {
    const { client } = await connect()
    const names = (await client.request(readCollections())).map(({ collection }) => collection)
    expect(names).toEqual(['customers', 'order_items', 'orders', 'paid_orders', 'products'])
    expect(await client.request(readCollection('orders'))).toMatchObject({ collection: 'orders' })
  })

  test('readFields, readFieldsByCollection and readField', async () => {
    const { client } = await connect()
    const all = (await client.request(readFields())) as { collection: string; field: string }[]
    expect(all).toContainEqual(expect.objectContaining({ collection: 'orders', field: 'total' }))
    const orders = (await client.request(readFieldsByCollection('orders'))) as { field: string }[]
    expect(orders.map(({ field }) => field)).toContain('order_items')
    expect(await client.request(readField('orders', 'total'))).toMatchObject({
      type: 'decimal',
      schema: { numeric_precision: 10, numeric_scale: 2, is_nullable: true },
    })
  })

  test('readRelations, readRelationByCollection and readRelation', async () => {
    const { client } = await connect()
    const all = (await client.request(readRelations())) as { collection: string }[]
    expect(all).toHaveLength(4)
    const items = (await client.request(readRelationByCollection('order_items'))) as unknown[]
    expect(items).toHaveLength(2)
    expect(await client.request(readRelation('orders', 'customer_id'))).toMatchObject({
      related_collection: 'customers',
      meta: { one_field: 'orders' },
    })
  })

  test('the server: ping, info, health, OpenAPI', async () => {
    const { client } = await connect()
    expect(await client.request(serverPing())).toBe('pong')
    expect(await client.request(serverHealth())).toEqual({ status: 'ok' })
    expect(await client.request(serverInfo())).toHaveProperty('project')
    expect(await client.request(readOpenApiSpec())).toMatchObject({ openapi: '3.1.0' })
  })
})

describe('errors', () => {
  test('are the errors that the client knows', async () => {
    const { client, url } = await connect()
    const unknown = createDirectus(url).with(rest())
    expect(await refusal(client.request(readItem('orders', 999)))).toBe('FORBIDDEN')
    expect(await refusal(client.request(readItems('nope' as 'orders')))).toBe('FORBIDDEN')
    const nowhere = customEndpoint({ method: 'GET', path: '/nowhere' })
    expect(await refusal(client.request(nowhere))).toBe('ROUTE_NOT_FOUND')
    expect(await refusal(client.request(createItem('products', { sku: 'p1' })))).toBe(
      'RECORD_NOT_UNIQUE',
    )
    expect(await refusal(unknown.request(readItems('orders')))).toBe('FORBIDDEN')
    expect(await refusal(unknown.request(withToken('wrong', readItems('orders'))))).toBe(
      'INVALID_CREDENTIALS',
    )
  })
})
