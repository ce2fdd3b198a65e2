import { describe, expect, test } from 'vitest'
import { filtered, fixture } from '../support/fixture.ts'
import { SHOP } from '../support/shop.ts'

const deep = (rules: object): string => `&deep=${encodeURIComponent(JSON.stringify(rules))}`

describe('values', () => {
  test('are exact: long integers and decimals as text, bytes as base64, JSON as JSON', async () => {
    const { data } = await fixture(SHOP)
    expect(await data('/items/orders/1')).toEqual({
      id: 1,
      customer_id: 1,
      status: 'new',
      total: '10',
      weight: 0.1,
      paid: true,
      big: '9007199254740993',
      note: "It's 50% off_now",
      placed_on: '2024-01-31 07:08:09',
      attrs: { a: { b: [1, { c: 'x' }] }, flag: true },
      photo: 'AP8=',
      anything: 5,
    })
    expect(await data('/items/orders/5?fields=weight,attrs,photo,anything,paid')).toEqual({
      weight: 1e300,
      attrs: 'not json',
      photo: 'aGk=',
      anything: 'AAE=',
      paid: false,
    })
    expect(await data('/items/orders/6?fields=weight,total,attrs')).toEqual({
      weight: 0.30000000000000004,
      total: '99999999.99',
      attrs: 5,
    })
  })

  test('stay exact inside nested relations', async () => {
    const { data } = await fixture(SHOP)
    const path = '/items/customers/1?fields=orders.big,orders.total,orders.photo,orders.paid'
    expect(await data(path)).toEqual({
      orders: [
        { big: '9007199254740993', total: '10', photo: 'AP8=', paid: true },
        { big: '-9007199254740993', total: '20.5', photo: '', paid: false },
      ],
    })
  })

  test('of a type that the column was not declared with are shown, not refused', async () => {
    const { data } = await fixture(`
      CREATE TABLE odd (id INTEGER PRIMARY KEY, n INTEGER, t TEXT, b BOOLEAN, r REAL, d DECIMAL, j JSON);
      INSERT INTO odd VALUES (1, 'text', x'00', 7, 'abc', x'ff', x'00');
      INSERT INTO odd VALUES (2, 9223372036854775807, 'ok', 'yes', 1, 'n/a', '{"a": 1}');
    `)
    expect(await data('/items/odd')).toEqual([
      { id: 1, n: 'text', t: 'AA==', b: 7, r: 'abc', d: '/w==', j: 'AA==' },
      { id: 2, n: '9223372036854775807', t: 'ok', b: 'yes', r: 1, d: 'n/a', j: { a: 1 } },
    ])
  })

  test('of tables wider than json_object allows come whole', async () => {
    const columns = Array.from({ length: 150 }, (_, index) => `c${index} INTEGER DEFAULT ${index}`)
    const { data } = await fixture(`
      CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(', ')});
      INSERT INTO wide (id) VALUES (1);
    `)
    const [row] = (await data('/items/wide')) as Record<string, unknown>[]
    expect(Object.keys(row ?? {})).toHaveLength(151)
    expect(row?.['c149']).toBe(149)
  })
})

describe('fields', () => {
  test('name columns, relations to any depth, and wildcards', async () => {
    const { data } = await fixture(SHOP)
    expect(await data('/items/orders/1?fields=id,customer_id')).toEqual({ id: 1, customer_id: 1 })
    expect(await data('/items/orders/2?fields=customer_id.name,id')).toEqual({
      customer_id: { name: 'Ada' },
      id: 2,
    })
    expect(await data('/items/orders/3?fields=customer_id.referred_by.name')).toEqual({
      customer_id: { referred_by: { name: 'Ada' } },
    })
    expect(await data('/items/orders/4?fields=customer_id.name,order_items.sku')).toEqual({
      customer_id: null,
      order_items: [],
    })
    expect(await data('/items/customers/2?fields=*,orders.id')).toEqual({
      id: 2,
      name: 'Boris',
      email: null,
      country: 'DE',
      referred_by: 1,
      orders: [{ id: 3 }],
    })
    expect(await data('/items/order_items/1%2Cp1?fields=*.*')).toEqual({
      order_id: expect.objectContaining({ id: 1, total: '10' }),
      sku: { sku: 'p1', title: 'Pen' },
      quantity: 2,
    })
    expect(await data('/items/products/p1?fields=*.*')).toEqual({
      sku: 'p1',
      title: 'Pen',
      order_items: [
        { order_id: 1, sku: 'p1', quantity: 2 },
        { order_id: 2, sku: 'p1', quantity: 5 },
      ],
    })
  })

  test('come as lists, too', async () => {
    const { data } = await fixture(SHOP)
    expect(await data('/items/orders/1?fields[]=id&fields[]=customer_id.name')).toEqual({
      id: 1,
      customer_id: { name: 'Ada' },
    })
    expect(await data('/items/orders/1?fields=["id","status"]')).toEqual({ id: 1, status: 'new' })
  })

  test('may be functions', async () => {
    const { data } = await fixture(SHOP)
    const path = '/items/orders/1?fields=year(placed_on),month(placed_on),count(order_items)'
    expect(await data(path)).toEqual({
      placed_on_year: 2024,
      placed_on_month: 1,
      order_items_count: 2,
    })
    expect(await data('/items/orders/1?fields=json(attrs,a.b[1]),json(attrs,flag)')).toEqual({
      attrs_a_b_1__json: { c: 'x' },
      attrs_flag_json: true,
    })
    expect(await data('/items/customers/1?fields=orders.count(order_items)')).toEqual({
      orders: [{ order_items_count: 2 }, { order_items_count: 1 }],
    })
  })

  test('may have aliases', async () => {
    const { data } = await fixture(SHOP)
    const alias = '&alias[paid_ones]=orders&alias[who]=name'
    const rules = deep({ paid_ones: { _filter: { status: { _eq: 'paid' } } } })
    const path = `/items/customers/1?fields=who,paid_ones.id,orders.id${alias}${rules}`
    expect(await data(path)).toEqual({
      who: 'Ada',
      paid_ones: [{ id: 2 }],
      orders: [{ id: 1 }, { id: 2 }],
    })
  })

  test('that do not exist are FORBIDDEN', async () => {
    const { code } = await fixture(SHOP)
    for (const fields of [
      'nope',
      'customer_id.nope',
      'status.name',
      'nope.id',
      'orders',
      '.',
      'id.',
    ]) {
      expect([fields, await code(`/items/orders?fields=${fields}`)]).toEqual([fields, 'FORBIDDEN'])
    }
    expect(await code('/items/nope?fields=id')).toBe('FORBIDDEN')
    expect(await code('/items/sqlite_schema')).toBe('FORBIDDEN')
  })

  test('have bounds on their depth and number', async () => {
    const { code } = await fixture(SHOP, { maxDepth: 3, maxQueryParts: 5 })
    const path = (levels: number) => `/items/customers?fields=${'referred_by.'.repeat(levels)}id`
    expect(await code(path(2))).toBeUndefined()
    expect(await code(path(3))).toBe('INVALID_QUERY')
    expect(await code('/items/customers?fields=*.*.*')).toBe('INVALID_QUERY')
  })
})

describe('deep', () => {
  test('filters, orders and pages each nested list by itself', async () => {
    const { data } = await fixture(SHOP)
    const rules = deep({
      orders: { _sort: '-id', _limit: 1, order_items: { _filter: { quantity: { _gt: 1 } } } },
    })
    expect(
      await data(`/items/customers?fields=id,orders.id,orders.order_items.sku${rules}`),
    ).toEqual([
      { id: 1, orders: [{ id: 2, order_items: [{ sku: 'p1' }] }] },
      { id: 2, orders: [{ id: 3, order_items: [] }] },
      { id: 3, orders: [{ id: 6, order_items: [] }] },
      { id: 4, orders: [] },
    ])
    const second = 'deep[orders][_limit]=1&deep[orders][_page]=2'
    expect(await data(`/items/customers/1?fields=orders.id&${second}`)).toEqual({
      orders: [{ id: 2 }],
    })
    expect(await data('/items/customers/1?fields=orders&deep[orders][_search]=abc')).toEqual({
      orders: [2],
    })
  })

  test('limits every parent, not the whole', async () => {
    const { data } = await fixture(SHOP, { defaultLimit: 1, maxLimit: 5 })
    expect(await data('/items/customers?fields=orders&limit=3')).toEqual([
      { orders: [1] },
      { orders: [3] },
      { orders: [5] },
    ])
  })

  test('is refused where it says nothing that is known', async () => {
    const { code } = await fixture(SHOP)
    expect(await code('/items/customers?deep[nope][_limit]=1')).toBe('FORBIDDEN')
    expect(await code('/items/customers?fields=orders&deep[orders][_nope]=1')).toBe('INVALID_QUERY')
    expect(await code('/items/customers?fields=orders&deep[orders]=1')).toBe('INVALID_QUERY')
  })
})

describe('sort', () => {
  const ids = async (sort: string) => {
    const { data } = await fixture(SHOP)
    const rows = (await data(`/items/orders?fields=id&sort=${sort}`)) as { id: number }[]
    return rows.map(({ id }) => id)
  }

  test('orders by columns, relations and functions, then by the key', async () => {
    expect(await ids('-id')).toEqual([6, 5, 4, 3, 2, 1])
    expect(await ids('status,-id')).toEqual([4, 5, 1, 3, 2, 6])
    expect(await ids('status')).toEqual([4, 1, 5, 2, 3, 6])
    expect(await ids('-status')).toEqual([6, 3, 2, 5, 1, 4])
    expect(await ids('customer_id.name')).toEqual([4, 1, 2, 3, 5, 6])
    expect(await ids('-customer_id.referred_by.name,id')).toEqual([3, 5, 6, 1, 2, 4])
    expect(await ids('-year(placed_on),id')).toEqual([3, 1, 2, 5, 6, 4])
    expect(await ids('-count(order_items),id')).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('is refused where there is no order', async () => {
    const { code } = await fixture(SHOP)
    expect(await code('/items/orders?sort=nope')).toBe('FORBIDDEN')
    expect(await code('/items/orders?sort=order_items.sku')).toBe('INVALID_QUERY')
    expect(await code('/items/orders?sort=customer_id.nope')).toBe('FORBIDDEN')
    expect(await code('/items/orders?sort=id;drop table orders')).toBe('FORBIDDEN')
  })
})

describe('paging', () => {
  test('cuts by limit, offset and page, and counts on demand', async () => {
    const { request, data } = await fixture(SHOP)
    expect(await data('/items/orders?fields=id&limit=2&offset=3')).toEqual([{ id: 4 }, { id: 5 }])
    expect(await data('/items/orders?fields=id&limit=2&page=2')).toEqual([{ id: 3 }, { id: 4 }])
    expect(await data('/items/orders?limit=0')).toEqual([])
    expect(await data('/items/orders?limit=-1')).toHaveLength(6)
    const counted = await request('GET', '/items/orders?filter[paid]=true&limit=1&meta=*&fields=id')
    expect(counted.body).toEqual({
      data: [{ id: 1 }],
      meta: { total_count: 6, filter_count: 3 },
    })
    const beyond = await request('GET', '/items/orders?offset=100&meta=filter_count')
    expect(beyond.body).toEqual({ data: [], meta: { filter_count: 6 } })
  })

  test('is refused for numbers that cannot be', async () => {
    const { code } = await fixture(SHOP, { maxLimit: 500 })
    const bad = ['limit=-2', 'limit=x', 'limit=1.5', 'limit=501', 'offset=-1', 'page=0', 'meta=x']
    for (const query of bad) {
      expect([query, await code(`/items/orders?${query}`)]).toEqual([query, 'INVALID_QUERY'])
    }
    expect(await code('/items/orders?page=9007199254740991&limit=500')).toBe('INVALID_QUERY')
    expect(await code('/items/orders?export=csv')).toBe('INVALID_QUERY')
  })
})

describe('aggregates', () => {
  test("have Directus' shapes: counts and exact figures as text", async () => {
    const { data } = await fixture(SHOP)
    expect(await data('/items/orders?aggregate[count]=*')).toEqual([{ count: '6' }])
    expect(await data('/items/orders?aggregate={"count":"*","countAll":"*"}')).toEqual([
      { count: '6', countAll: '6' },
    ])
    const figures = encodeURIComponent(
      JSON.stringify({
        count: ['customer_id', 'note'],
        countDistinct: ['status'],
        sum: ['id', 'total', 'weight'],
        avg: ['id'],
        min: ['total', 'placed_on', 'big'],
        max: ['id', 'paid'],
      }),
    )
    expect(await data(`/items/orders?aggregate=${figures}&filter[id][_lt]=4`)).toEqual([
      {
        count: { customer_id: '3', note: '3' },
        countDistinct: { status: '2' },
        sum: { id: '6', total: '30.6', weight: -0.65 },
        avg: { id: '2.0' },
        min: { total: '0.1', placed_on: '2024-01-31 07:08:09', big: '-9007199254740993' },
        max: { id: 3, paid: true },
      },
    ])
  })

  test('group by columns and functions, in an order of choice', async () => {
    const { data, statements } = await fixture(SHOP)
    const grouped = '/items/orders?aggregate[count]=*&groupBy=status'
    expect(await data(`${grouped}&sort=-count,status`)).toEqual([
      { status: 'new', count: '2' },
      { status: 'paid', count: '2' },
      { status: 'done', count: '1' },
      { status: 'sent', count: '1' },
    ])
    expect(await data(`${grouped}&limit=1&offset=1`)).toEqual([{ status: 'new', count: '2' }])
    expect(
      await data(
        '/items/orders?groupBy=year(placed_on),paid&aggregate[max]=id&limit=2&sort=-year(placed_on)',
      ),
    ).toEqual([
      { placed_on_year: 2025, paid: null, max: { id: 3 } },
      { placed_on_year: 2024, paid: false, max: { id: 5 } },
    ])
    expect(statements).toHaveLength(3)
  })

  test('count each row once, whatever the filter goes through', async () => {
    const { data } = await fixture(SHOP)
    const some = { order_items: { _some: { quantity: { _gte: 1 } } } }
    expect(await data(filtered('orders', some, '&aggregate[count]=*'))).toEqual([{ count: '3' }])
  })

  test('are refused where they make no sense', async () => {
    const { code } = await fixture(SHOP)
    expect(await code('/items/orders?aggregate[sum]=note')).toBe('INVALID_QUERY')
    expect(await code('/items/orders?aggregate[sum]=*')).toBe('INVALID_QUERY')
    expect(await code('/items/orders?aggregate[nope]=id')).toBe('INVALID_QUERY')
    expect(await code('/items/orders?aggregate[max]=nope')).toBe('FORBIDDEN')
    expect(await code('/items/orders?groupBy=nope')).toBe('FORBIDDEN')
    expect(await code('/items/orders?groupBy=status&sort=total')).toBe('INVALID_QUERY')
    expect(await code('/items/orders?aggregate=')).toBe(undefined)
  })

  test('beyond what a 64-bit integer holds are refused, not wrong', async () => {
    const { code } = await fixture(`
      CREATE TABLE big (id INTEGER PRIMARY KEY, n INTEGER);
      INSERT INTO big (n) VALUES (9223372036854775807), (1);
    `)
    expect(await code('/items/big?aggregate[sum]=n')).toBe('VALUE_OUT_OF_RANGE')
  })
})

test('one read is one statement, however deep it nests', async () => {
  const { data, statements, request } = await fixture(SHOP)
  await data(
    '/items/customers?fields=*,orders.*,orders.order_items.sku.*,referred_by.orders.customer_id.name' +
      '&sort=referred_by.name&filter[orders][order_items][sku][title][_contains]=e&meta=*&search=a',
  )
  expect(statements).toHaveLength(1)
  await data('/items/orders/1?fields=*.*')
  expect(statements).toHaveLength(2)
  await request('SEARCH', '/items/orders', { query: { filter: { customer_id: { name: 'Ada' } } } })
  expect(statements).toHaveLength(3)
})

test('a query of a known shape is not compiled again', async () => {
  const { api, data } = await fixture(SHOP)
  for (const id of [1, 2, 3]) {
    await data(`/items/orders?filter[id][_lt]=${id}&limit=${id}&fields=id,customer_id.name`)
    await data(`/items/orders/${id}`)
  }
  expect(api.metrics()).toMatchObject({ statements: 6, planMisses: 2, planHits: 4 })
})

test('views are read like tables and not written', async () => {
  const { data, request } = await fixture(SHOP)
  expect(await data('/items/paid_orders?filter[total][_gt]=10&sort=-total')).toEqual([
    { id: 6, total: '99999999.99' },
  ])
  const created = await request('POST', '/items/paid_orders', { id: 9 })
  expect(created.body.errors?.[0]?.extensions['code']).toBe('FORBIDDEN')
})

test('a composite key is its encoded parts, joined by a comma', async () => {
  const { data, code } = await fixture(SHOP)
  const key = encodeURIComponent(`1,${encodeURIComponent('p,2')}`)
  expect(await data(`/items/order_items/${key}?fields=sku.title`)).toEqual({
    sku: { title: 'Paper, white' },
  })
  const odd = encodeURIComponent(`3,${encodeURIComponent('p/3 %')}`)
  expect(await data(`/items/order_items/${odd}?fields=quantity`)).toEqual({ quantity: 1 })
  for (const bad of ['1', '1,p1,x', 'x,p1', '%25', '1,%2525']) {
    expect([bad, await code(`/items/order_items/${encodeURIComponent(bad)}`)]).toEqual([
      bad,
      'FORBIDDEN',
    ])
  }
})

test('a table without any key is addressed by its row id', async () => {
  const { data, request } = await fixture('CREATE TABLE log (line TEXT)')
  const { body } = await request('POST', '/items/log', [{ line: 'a' }, { line: 'b' }])
  expect(body.data).toEqual([
    { rowid: 1, line: 'a' },
    { rowid: 2, line: 'b' },
  ])
  expect(await data('/items/log/2')).toEqual({ rowid: 2, line: 'b' })
  await request('DELETE', '/items/log/1')
  expect(await data('/items/log?sort=-rowid')).toEqual([{ rowid: 2, line: 'b' }])
})
