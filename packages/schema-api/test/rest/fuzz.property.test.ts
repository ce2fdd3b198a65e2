// Whatever a client sends, the answer is a coded refusal or an honest success: never a 500, never
// SQL, never a changed table.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Answer, type Fixture, fixture } from '../support/fixture.ts'
import { SHOP } from '../support/shop.ts'

const RUNS = Number(process.env['SCHEMA_API_RUNS'] ?? 250)

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    "' OR 1=1 --",
    '"; DROP TABLE orders; --',
    "'); DELETE FROM orders; --",
    '1) UNION SELECT sql FROM sqlite_schema --',
    'id" FROM sqlite_schema --',
    '\\',
    '%',
    '\0',
    '?1',
    ':id',
    '$NOW',
    '$NOW(1e9 years)',
    '1e999',
    '-0',
    '0x10',
    '9'.repeat(400),
    '*',
    '*.*',
    'customer_id.*',
    'year(id)',
    'count(orders)',
    'json(attrs, a)',
    'rowid',
    '__proto__',
    'constructor',
    'toString',
  ),
)
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('id', 'total', 'note', 'customer_id', 'order_items') },
  { weight: 2, arbitrary: fc.constantFrom('_and', '_or', '_some', '_none', '_eq', '_in', '_json') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('_between', '_null', '_contains', '_iends_with', 'paid'),
  },
  { weight: 1, arbitrary: nasty },
)
const scalar = fc.oneof(nasty, fc.double(), fc.integer(), fc.boolean(), fc.constant(null))
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.dictionary(name, tie('tree'), { maxKeys: 3 }),
    fc.array(tie('tree'), { maxLength: 3 }),
  ),
}))

const CODES = new Set([
  'FORBIDDEN',
  'INVALID_PAYLOAD',
  'INVALID_QUERY',
  'FAILED_VALIDATION',
  'NOT_NULL_VIOLATION',
  'RECORD_NOT_UNIQUE',
  'INVALID_FOREIGN_KEY',
  'VALUE_TOO_LONG',
  'VALUE_OUT_OF_RANGE',
  'LIMIT_EXCEEDED',
  'ROUTE_NOT_FOUND',
  'METHOD_NOT_ALLOWED',
])

function expectHonest({ status, body, text }: Answer, served: Fixture): void {
  expect(served.reported).toEqual([])
  expect([status, text]).not.toEqual([500, text])
  if (status >= 400) {
    const code = String(body.errors?.[0]?.extensions['code'])
    expect(CODES, text).toContain(code)
  }
  expect(text).not.toMatch(/SQLITE|syntax error|no such column|json_group_array/)
}

const rowsOf = ({ database }: Fixture): unknown =>
  database.prepare('SELECT count(*) AS n, sum(total) AS total FROM orders').get()

test('reads survive any query string and change nothing', async () => {
  const served = await fixture(SHOP)
  const before = rowsOf(served)
  const parameter = fc.constantFrom(
    'fields',
    'filter',
    'sort',
    'limit',
    'offset',
    'page',
    'search',
    'aggregate',
    'groupBy',
    'deep',
    'alias',
    'meta',
    'filter[id][_eq]',
    'filter[_or][0][note][_contains]',
    'filter[customer_id][name]',
    'deep[order_items][_filter]',
    'aggregate[sum]',
    'alias[x]',
  )
  const value = fc.oneof(
    nasty,
    tree.map((given) => JSON.stringify(given) ?? ''),
  )
  const parameters = fc.array(fc.tuple(fc.oneof(parameter, nasty), value), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(parameters, async (pairs) => {
      const query = pairs.map((pair) => pair.map(encode).join('=')).join('&')
      expectHonest(await served.request('GET', `/items/orders?${query}`), served)
    }),
    { numRuns: RUNS },
  )
  expect(rowsOf(served)).toEqual(before)
})

test('SEARCH survives any query', async () => {
  const served = await fixture(SHOP)
  const query = fc.record(
    {
      filter: tree,
      fields: tree,
      sort: tree,
      deep: tree,
      aggregate: tree,
      alias: tree,
      search: tree,
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(query, async (given) => {
      expectHonest(await served.request('SEARCH', '/items/orders', { query: given }), served)
    }),
    { numRuns: RUNS },
  )
})

test('keys and collection names are only ever names', async () => {
  const served = await fixture(SHOP)
  const before = rowsOf(served)
  const collection = fc.oneof(fc.constantFrom('orders', 'order_items', 'products'), nasty)
  const method = fc.constantFrom('GET', 'PATCH', 'DELETE')
  await fc.assert(
    fc.asyncProperty(method, collection, nasty, async (verb, table, key) => {
      const path = `/items/${encode(table)}/${encode(key)}`
      const body = verb === 'PATCH' ? { nope: 1 } : undefined
      expectHonest(await served.request(verb, path, body), served)
    }),
    { numRuns: RUNS },
  )
  expect(rowsOf(served)).toEqual(before)
})

test('writes survive any body', async () => {
  const served = await fixture(SHOP)
  const column = fc.constantFrom(
    'total',
    'weight',
    'paid',
    'big',
    'note',
    'attrs',
    'photo',
    'anything',
  )
  const item = fc.dictionary(fc.oneof({ weight: 5, arbitrary: column }, name), tree, { maxKeys: 3 })
  const body = fc.oneof(
    tree,
    item,
    fc.array(item, { maxLength: 3 }),
    fc.record({ keys: fc.array(scalar, { maxLength: 2 }), data: item }),
    fc.record({ query: tree, data: item }),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('POST', 'PATCH'), body, async (method, given) => {
      expectHonest(await served.request(method, '/items/orders', given), served)
    }),
    { numRuns: RUNS },
  )
  const check = served.database.prepare('PRAGMA integrity_check').get()
  expect(check).toMatchObject({ integrity_check: 'ok' })
})

/** As encodeURIComponent, also for text with halves of surrogate pairs. */
const encode = (text: string): string => encodeURIComponent(text.toWellFormed())
