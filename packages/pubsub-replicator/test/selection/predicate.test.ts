import { expect, test } from 'vitest'
import { compileWhere, type Where } from '../../src/selection/predicate.ts'
import { compileSelection } from '../../src/selection/selection.ts'

const holds = (where: Where, record: Record<string, unknown>): boolean =>
  compileWhere(where)(record)

test('compares fields by equality, membership, order and presence', () => {
  const record = { site: 'sea', celsius: 31, big: 7n, none: null, ok: true }
  expect(holds({ field: 'site', eq: 'sea' }, record)).toBe(true)
  expect(holds({ field: 'site', ne: 'sea' }, record)).toBe(false)
  expect(holds({ field: 'site', in: ['nyc', 'sea'] }, record)).toBe(true)
  expect(holds({ field: 'celsius', gt: 31 }, record)).toBe(false)
  expect(holds({ field: 'celsius', gte: 31 }, record)).toBe(true)
  expect(holds({ field: 'celsius', lt: 32 }, record)).toBe(true)
  expect(holds({ field: 'celsius', lte: 30 }, record)).toBe(false)
  expect(holds({ field: 'big', eq: 7 }, record)).toBe(true)
  expect(holds({ field: 'big', gt: 6 }, record)).toBe(true)
  expect(holds({ field: 'none', eq: null }, record)).toBe(true)
  expect(holds({ field: 'ok', eq: true }, record)).toBe(true)
  expect(holds({ field: 'site', exists: true }, record)).toBe(true)
})

test('an absent field equals nothing and is neither above nor below', () => {
  expect(holds({ field: 'a', eq: null }, {})).toBe(false)
  expect(holds({ field: 'a', ne: 1 }, {})).toBe(true)
  expect(holds({ field: 'a', gt: 0 }, {})).toBe(false)
  expect(holds({ field: 'a', lt: 0 }, {})).toBe(false)
  expect(holds({ field: 'a', exists: false }, {})).toBe(true)
  expect(holds({ field: 'constructor', exists: true }, {})).toBe(false)
})

test('values of different types have no order', () => {
  expect(holds({ field: 'a', gt: 1 }, { a: '2' })).toBe(false)
  expect(holds({ field: 'a', lt: 'z' }, { a: 1 })).toBe(false)
  expect(holds({ not: { field: 'a', gt: 1 } }, { a: '2' })).toBe(true)
})

test('joins conditions by and, or, not', () => {
  const where: Where = {
    or: [
      {
        and: [
          { field: 'a', eq: 1 },
          { field: 'b', eq: 2 },
        ],
      },
      { not: { field: 'c', exists: true } },
    ],
  }
  expect(holds(where, { a: 1, b: 2, c: 3 })).toBe(true)
  expect(holds(where, { a: 1, b: 3, c: 3 })).toBe(false)
  expect(holds(where, { a: 1, b: 3 })).toBe(true)
})

test.each([
  [undefined, TypeError],
  [[], TypeError],
  [{}, TypeError],
  [{ field: 'a' }, TypeError],
  [{ field: 'a', eq: 1, gt: 2 }, TypeError],
  [{ field: 'a', like: 'x' }, TypeError],
  [{ field: '', eq: 1 }, TypeError],
  [{ field: 'a', eq: {} }, TypeError],
  [{ field: 'a', gt: true }, TypeError],
  [{ field: 'a', in: 'abc' }, TypeError],
  [{ field: 'a', in: Array(2000).fill(1) }, RangeError],
  [{ field: 'a', eq: 'x'.repeat(5000) }, RangeError],
  [{ and: [{ field: 'a', eq: 1 }], or: [] }, TypeError],
  [{ and: Array(300).fill({ field: 'a', eq: 1 }) }, RangeError],
  [JSON.parse(`${'{"not":'.repeat(40)}{"field":"a","eq":1}${'}'.repeat(40)}`), RangeError],
])('refuses %j', (where, error) => {
  expect(() => compileWhere(where)).toThrow(error)
})

test('equal selections have equal digests, others do not', () => {
  const digest = (input: unknown): string => compileSelection(input).digest
  expect(digest({ where: { field: 'a', eq: 1 } })).toBe(digest({ where: { eq: 1, field: 'a' } }))
  expect(digest({ columns: ['b', 'a'] })).toBe(digest({ columns: ['a', 'b', 'a'] }))
  const different = [
    {},
    { where: { field: 'a', eq: 1 } },
    { where: { field: 'a', eq: '1' } },
    { where: { field: 'a', lt: Number.POSITIVE_INFINITY } },
    { where: { field: 'a', lt: Number.NEGATIVE_INFINITY } },
    { keys: { prefix: 'a' } },
    { keys: { gte: 'a' } },
    { columns: ['a'] },
  ].map(digest)
  expect(new Set(different).size).toBe(different.length)
})
