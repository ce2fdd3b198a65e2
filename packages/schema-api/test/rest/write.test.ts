import type { ChangeEvent } from '@ashlar/schema-api'
import { describe, expect, test } from 'vitest'
import { type Answer, fixture } from '../support/fixture.ts'
import { SHOP } from '../support/shop.ts'

const codeOf = ({ status, body }: Answer): unknown => [status, body.errors?.[0]?.extensions['code']]

describe('POST', () => {
  test('creates one row in one statement and gives it back as stored', async () => {
    const { request, statements } = await fixture(SHOP)
    const item = {
      customer_id: 2,
      total: '12.50',
      weight: 1.25,
      paid: true,
      big: '9007199254740993',
      attrs: { list: [1, 2] },
      photo: 'AP8=',
      anything: 5,
      placed_on: '2024-05-05 00:00:00',
    }
    const { status, body } = await request('POST', '/items/orders', item)
    expect(status).toBe(200)
    expect(body.data).toEqual({ id: 7, status: 'new', note: null, ...item, total: '12.5' })
    expect(statements).toHaveLength(1)
  })

  test('answers with the fields that were asked for, relations included', async () => {
    const { request } = await fixture(SHOP)
    const path = '/items/orders?fields=id,customer_id.name'
    const { body } = await request('POST', path, { customer_id: 1 })
    expect(body.data).toEqual({ id: 7, customer_id: { name: 'Ada' } })
  })

  test('creates many rows or none', async () => {
    const { request, data } = await fixture(SHOP)
    const good = await request('POST', '/items/products', [
      { sku: 'a', title: 'A' },
      { title: 'B', sku: 'b' },
    ])
    expect(good.body.data).toEqual([
      { sku: 'a', title: 'A' },
      { sku: 'b', title: 'B' },
    ])
    const bad = await request('POST', '/items/products', [{ sku: 'c' }, { sku: 'a' }])
    expect(codeOf(bad)).toEqual([400, 'RECORD_NOT_UNIQUE'])
    expect(await data('/items/products?aggregate[count]=*')).toEqual([{ count: '5' }])
  })

  test('takes integers beyond 2^53 as JSON numbers without rounding them', async () => {
    const { app, data } = await fixture(SHOP)
    const headers = { 'content-type': 'application/json' }
    const payload = '{"big": 9007199254740995, "id": 100}'
    await app.inject({ method: 'POST', url: '/items/orders', headers, payload })
    expect(await data('/items/orders/100?fields=big')).toEqual({ big: '9007199254740995' })
    expect(await data('/items/orders?filter={"big":{"_eq":9007199254740995}}&fields=id')).toEqual([
      { id: 100 },
    ])
  })

  test('uses the defaults of the schema for an empty item', async () => {
    const { request } = await fixture("CREATE TABLE d (id INTEGER PRIMARY KEY, s TEXT DEFAULT 'x')")
    expect((await request('POST', '/items/d', {})).body.data).toEqual({ id: 1, s: 'x' })
  })

  test('gives what triggers left behind', async () => {
    const { request } = await fixture(`
      CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, stamp TEXT);
      CREATE TRIGGER stamped AFTER INSERT ON t BEGIN UPDATE t SET stamp = 'now' WHERE id = new.id; END;
    `)
    const { body } = await request('POST', '/items/t', { name: 'a' })
    expect(body.data).toEqual({ id: 1, name: 'a', stamp: 'now' })
  })
})

describe('PATCH', () => {
  test('changes one row in one statement', async () => {
    const { request, statements } = await fixture(SHOP)
    const { body } = await request('PATCH', '/items/orders/1?fields=id,note,paid', {
      note: 'x',
      paid: false,
    })
    expect(body.data).toEqual({ id: 1, note: 'x', paid: false })
    expect(statements).toHaveLength(1)
  })

  test('with nothing to change gives the row as it is', async () => {
    const { request } = await fixture(SHOP)
    const { body } = await request('PATCH', '/items/orders/1?fields=id', {})
    expect(body.data).toEqual({ id: 1 })
  })

  test('may change the key', async () => {
    const { request, data } = await fixture(SHOP)
    const path = '/items/products/p1?fields=sku,order_items.sku'
    expect(codeOf(await request('PATCH', path, { sku: 'p9' }))).toEqual([
      400,
      'INVALID_FOREIGN_KEY',
    ])
    const free = await request('PATCH', '/items/customers/4?fields=id,orders', { id: 40 })
    expect(free.body.data).toEqual({ id: 40, orders: [] })
    expect(await data('/items/customers/40?fields=name')).toEqual({ name: 'ünal 1000' })
  })

  test('takes keys, a query, or a list of items', async () => {
    const { request } = await fixture(SHOP)
    const by = async (body: unknown) =>
      (await request('PATCH', '/items/orders?fields=id,status', body)).body.data
    expect(await by({ keys: [1, '2'], data: { status: 'a' } })).toEqual([
      { id: 1, status: 'a' },
      { id: 2, status: 'a' },
    ])
    const chosen = { filter: { paid: { _eq: true } }, sort: '-id', limit: 2 }
    expect(await by({ query: chosen, data: { status: 'b' } })).toEqual([
      { id: 6, status: 'b' },
      { id: 4, status: 'b' },
    ])
    expect(
      await by([
        { id: 3, status: 'c' },
        { id: 5, status: 'd' },
      ]),
    ).toEqual([
      { id: 3, status: 'c' },
      { id: 5, status: 'd' },
    ])
    const composite = await request('PATCH', '/items/order_items', [
      { order_id: 1, sku: 'p,2', quantity: 9 },
    ])
    expect(composite.body.data).toEqual([{ order_id: 1, sku: 'p,2', quantity: 9 }])
  })

  test('changes all rows or none', async () => {
    const { request, data } = await fixture(SHOP)
    const missing = await request('PATCH', '/items/orders', {
      keys: [1, 999],
      data: { status: 'changed' },
    })
    expect(codeOf(missing)).toEqual([403, 'FORBIDDEN'])
    expect(await data('/items/orders?filter[status]=changed')).toEqual([])
  })

  test('of one row that is not there is FORBIDDEN', async () => {
    const { request } = await fixture(SHOP)
    expect(codeOf(await request('PATCH', '/items/orders/999', { note: '' }))).toEqual([
      403,
      'FORBIDDEN',
    ])
    expect(codeOf(await request('PATCH', '/items/orders/x', { note: '' }))).toEqual([
      403,
      'FORBIDDEN',
    ])
  })
})

describe('DELETE', () => {
  test('takes one key, keys, or a query, and answers 204', async () => {
    const { request, data } = await fixture(SHOP)
    const one = await request('DELETE', '/items/orders/4')
    expect([one.status, one.text]).toEqual([204, ''])
    expect((await request('DELETE', '/items/orders', [5])).status).toBe(204)
    expect((await request('DELETE', '/items/orders', { keys: [6] })).status).toBe(204)
    const query = { filter: { customer_id: { name: 'Ada' } } }
    expect((await request('DELETE', '/items/orders', { query })).status).toBe(204)
    expect(await data('/items/orders?fields=id')).toEqual([{ id: 3 }])
  })

  test('deletes all rows or none', async () => {
    const { request, data } = await fixture(SHOP)
    expect(codeOf(await request('DELETE', '/items/orders', [1, 999]))).toEqual([403, 'FORBIDDEN'])
    expect(codeOf(await request('DELETE', '/items/customers/1'))).toEqual([
      400,
      'INVALID_FOREIGN_KEY',
    ])
    expect(await data('/items/orders?aggregate[count]=*')).toEqual([{ count: '6' }])
    expect(codeOf(await request('DELETE', '/items/orders', {}))).toEqual([400, 'INVALID_PAYLOAD'])
    expect(codeOf(await request('DELETE', '/items/orders'))).toEqual([400, 'INVALID_PAYLOAD'])
  })
})

describe('what the database would refuse or spoil is a coded 4xx', () => {
  const bad: readonly (readonly [path: string, item: unknown, code: string])[] = [
    ['orders', { nope: 1 }, 'FORBIDDEN'],
    ['nope', { a: 1 }, 'FORBIDDEN'],
    ['orders', 5, 'INVALID_PAYLOAD'],
    ['orders', 'x', 'INVALID_PAYLOAD'],
    ['orders', [5], 'INVALID_PAYLOAD'],
    ['orders', null, 'INVALID_PAYLOAD'],
    ['orders', { customer_id: 'abc' }, 'INVALID_PAYLOAD'],
    ['orders', { customer_id: 1.5 }, 'INVALID_PAYLOAD'],
    ['orders', { customer_id: { name: 'nested' } }, 'INVALID_PAYLOAD'],
    ['orders', { order_items: [] }, 'INVALID_PAYLOAD'],
    ['orders', { customer_id: 999 }, 'INVALID_FOREIGN_KEY'],
    ['orders', { id: 1 }, 'RECORD_NOT_UNIQUE'],
    ['orders', { status: null }, 'NOT_NULL_VIOLATION'],
    ['orders', { status: 'x'.repeat(21) }, 'VALUE_TOO_LONG'],
    ['orders', { big: '9223372036854775808' }, 'VALUE_OUT_OF_RANGE'],
    ['orders', { big: 1e300 }, 'VALUE_OUT_OF_RANGE'],
    ['orders', { total: '12345678901234567.1234' }, 'VALUE_OUT_OF_RANGE'],
    ['orders', { total: 'abc' }, 'INVALID_PAYLOAD'],
    ['orders', { weight: 'abc' }, 'INVALID_PAYLOAD'],
    ['orders', { paid: 'maybe' }, 'INVALID_PAYLOAD'],
    ['orders', { photo: 'not base64!' }, 'INVALID_PAYLOAD'],
    ['orders', { note: { a: 1 } }, 'INVALID_PAYLOAD'],
    ['orders', { note: true }, 'INVALID_PAYLOAD'],
    ['orders', { anything: {} }, 'INVALID_PAYLOAD'],
    ['products', { title: 'no key' }, 'NOT_NULL_VIOLATION'],
    ['customers', { email: 'x' }, 'NOT_NULL_VIOLATION'],
    ['customers', { name: 'x', email: 'ada@example.com' }, 'RECORD_NOT_UNIQUE'],
  ]
  test.each(bad)('%s %j is %s', async (collection, item, code) => {
    const { request, reported } = await fixture(SHOP)
    const answer = await request('POST', `/items/${collection}`, item)
    expect(answer.body.errors?.[0]?.extensions['code']).toBe(code)
    expect(answer.status).toBeLessThan(500)
    expect(answer.text).not.toMatch(/insert|select|constraint failed/i)
    expect(reported).toEqual([])
  })

  test('and names the field where it is known', async () => {
    const { request } = await fixture(SHOP)
    const unique = await request('POST', '/items/customers', {
      name: 'x',
      email: 'ada@example.com',
    })
    expect(unique.body.errors?.[0]?.extensions).toEqual({
      code: 'RECORD_NOT_UNIQUE',
      collection: 'customers',
      field: 'email',
    })
    const missing = await request('POST', '/items/customers', { email: 'x' })
    expect(missing.body.errors?.[0]?.extensions).toMatchObject({ field: 'name' })
  })

  test('CHECK, generated columns, triggers and STRICT types included', async () => {
    const { request } = await fixture(`
      CREATE TABLE t (
        id INTEGER PRIMARY KEY, n INT CHECK (n > 0), s TEXT CHECK (s IN ('a', 'b')),
        g INT AS (n + 1)
      ) STRICT;
      CREATE TRIGGER no_seven BEFORE INSERT ON t WHEN new.n = 7
        BEGIN SELECT raise(ABORT, 'secret reason'); END;
    `)
    const post = async (item: object) => codeOf(await request('POST', '/items/t', item))
    expect(await post({ n: 0 })).toEqual([400, 'FAILED_VALIDATION'])
    expect(await post({ s: 'c' })).toEqual([400, 'FAILED_VALIDATION'])
    expect(await post({ g: 1 })).toEqual([400, 'INVALID_PAYLOAD'])
    expect(await post({ n: 7 })).toEqual([400, 'FAILED_VALIDATION'])
    expect(await post({ n: 8, s: 'a' })).toEqual([200, undefined])
  })

  test('batches beyond the limit are refused, not cut short', async () => {
    const { request, data } = await fixture(SHOP, { maxBatchItems: 2 })
    const many = [{ sku: '1' }, { sku: '2' }, { sku: '3' }]
    expect(codeOf(await request('POST', '/items/products', many))).toEqual([403, 'LIMIT_EXCEEDED'])
    const all = { query: {}, data: { status: 'x' } }
    expect(codeOf(await request('PATCH', '/items/orders', all))).toEqual([403, 'LIMIT_EXCEEDED'])
    expect(codeOf(await request('DELETE', '/items/orders', { query: {} }))).toEqual([
      403,
      'LIMIT_EXCEEDED',
    ])
    expect(await data('/items/orders?aggregate[count]=*')).toEqual([{ count: '6' }])
  })
})

describe('changes', () => {
  test('are told after the commit, with keys and whole rows', async () => {
    const { api, request, database } = await fixture(SHOP)
    const events: ChangeEvent[] = []
    const seen: unknown[] = []
    const stop = api.onChange((change) => {
      events.push(change)
      seen.push(database.isTransaction)
    })
    await request('POST', '/items/products?fields=sku', { sku: 'n', title: 'New' })
    await request('PATCH', '/items/products/n', { title: 'Newer' })
    await request('POST', '/items/order_items?fields=sku.title', [
      { order_id: 4, sku: 'n' },
      { order_id: 5, sku: 'n' },
    ])
    await request('DELETE', '/items/order_items', { query: { filter: { sku: 'n' } } })
    await api.items('products').deleteOne('n')
    expect(events).toEqual([
      {
        collection: 'products',
        event: 'create',
        keys: ['n'],
        data: [{ sku: 'n', title: 'New' }],
      },
      {
        collection: 'products',
        event: 'update',
        keys: ['n'],
        data: [{ sku: 'n', title: 'Newer' }],
      },
      {
        collection: 'order_items',
        event: 'create',
        keys: ['4,n', '5,n'],
        data: [
          { order_id: 4, sku: 'n', quantity: 1 },
          { order_id: 5, sku: 'n', quantity: 1 },
        ],
      },
      { collection: 'order_items', event: 'delete', keys: ['4,n', '5,n'], data: [] },
      { collection: 'products', event: 'delete', keys: ['n'], data: [] },
    ])
    expect(seen).toEqual([false, false, false, false, false])
    stop()
    await request('POST', '/items/products', { sku: 'm' })
    expect(events).toHaveLength(5)
  })

  test('spell a key alike, whatever happens to the row', async () => {
    const { api, request } = await fixture(`
      CREATE TABLE long (id BIGINT PRIMARY KEY NOT NULL, n INT);
      CREATE TABLE raw (id BLOB PRIMARY KEY NOT NULL, n INT);
    `)
    const keys: unknown[] = []
    api.onChange((change) => {
      keys.push(...change.keys)
    })
    for (const id of ['9007199254740993', '5']) {
      await request('POST', '/items/long', { id, n: 1 })
      await request('PATCH', `/items/long/${id}`, { n: 2 })
      await request('DELETE', `/items/long/${id}`)
    }
    await request('POST', '/items/raw', { id: 'AP8=' })
    await request('PATCH', '/items/raw/AP8%3D', { n: 2 })
    await request('DELETE', '/items/raw', ['AP8='])
    const thrice = (key: string) => [key, key, key]
    expect(keys).toEqual([...thrice('9007199254740993'), ...thrice('5'), ...thrice('AP8=')])
  })

  test('are not told of writes that failed', async () => {
    const { api, request } = await fixture(SHOP)
    const events: ChangeEvent[] = []
    api.onChange((change) => {
      events.push(change)
    })
    await request('POST', '/items/products', [{ sku: 'ok' }, { sku: 'p1' }])
    await request('PATCH', '/items/products/none', { title: 'x' })
    await request('DELETE', '/items/products', ['p1', 'none'])
    expect(events).toEqual([])
  })

  test('reach every listener even when one throws or rejects', async () => {
    const { api, request, reported } = await fixture(SHOP)
    const heard: unknown[] = []
    api.onChange(() => {
      throw new Error('sync')
    })
    api.onChange(() => Promise.reject(new Error('async')))
    api.onChange(({ keys }) => {
      heard.push(...keys)
    })
    expect((await request('POST', '/items/products', { sku: 'x' })).status).toBe(200)
    expect(heard).toEqual(['x'])
    expect(reported).toEqual([new Error('sync'), new Error('async')])
  })

  test('come in the order of the commits, whatever runs at once', async () => {
    const { api } = await fixture(SHOP)
    const order: unknown[] = []
    api.onChange(({ data }) => {
      order.push(...data.map(({ title }) => title))
    })
    const products = api.items('products')
    const titles = Array.from({ length: 40 }, (_, index) => `${index}`)
    await Promise.all(
      titles.map((title) =>
        Number(title) % 3 === 0
          ? products.updateMany(['p1', 'p,2'].slice(0, 1), { title })
          : products.updateOne('p1', { title }, Number(title) % 2 ? { fields: 'order_items' } : {}),
      ),
    )
    expect(order).toEqual(titles)
  })
})
