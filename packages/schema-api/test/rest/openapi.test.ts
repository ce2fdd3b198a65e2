import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { fixture } from '../support/fixture.ts'
import { SHOP } from '../support/shop.ts'

test('the OpenAPI document is valid and describes every collection', async () => {
  const { request } = await fixture(`${SHOP}
    CREATE TABLE "odd name/ä" (id INTEGER PRIMARY KEY, kind TEXT CHECK (kind IN ('a', 'b')));
    CREATE TABLE "odd name/ö" (id INTEGER PRIMARY KEY);
  `)
  const { status, text } = await request('GET', '/server/specs/oas')
  expect(status).toBe(200)
  const document = JSON.parse(text) as { paths: object; components: { schemas: object } }
  const validator = new Validator()
  const result = await validator.validate(JSON.parse(text))
  expect(result).toMatchObject({ valid: true })
  expect(validator.version).toBe('3.1')
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      '/items/orders',
      '/items/orders/{key}',
      '/items/order_items/{key}',
      '/items/paid_orders',
      '/items/odd%20name%2F%C3%A4',
      '/items/odd%20name%2F%C3%B6/{key}',
    ]),
  )
  expect(document.paths).not.toHaveProperty('/items/paid_orders/{key}')
  expect(document.components.schemas).toHaveProperty('Items_odd_name___2')
})
