import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatE, formatF, formatG, numberToString, stringToNumber } from '../../src/lua/number.ts'

const finite = fc.double({ noNaN: true, noDefaultInfinity: true })

test('17 digits read back as the same number', () => {
  fc.assert(
    fc.property(finite, (value) => {
      expect(stringToNumber(formatG(value, 17))).toBe(value)
    }),
  )
})

test('tostring is %.14g, by whatever shortcut', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        finite,
        fc.integer(),
        fc.integer().map((n) => n / 1000),
      ),
      (value) => {
        expect(numberToString(value)).toBe(formatG(value, 14))
      },
    ),
  )
})

test('exact halves round to even, as C does and JavaScript does not', () => {
  expect([0.5, 1.5, 2.5, 3.5].map((value) => formatF(value, 0))).toEqual(['0', '2', '2', '4'])
  expect([0.125, 0.375, 0.625].map((value) => formatF(value, 2))).toEqual(['0.12', '0.38', '0.62'])
  expect(formatF(2.675, 2)).toBe('2.67')
  expect([2.5, 3.5, 1.25].map((value) => formatE(value, 0))).toEqual(['2e+00', '4e+00', '1e+00'])
  expect(numberToString(1000000000000.25)).toBe('1000000000000.2')
  expect(numberToString(1000000000000.75)).toBe('1000000000000.8')
})

test('a half rounds to the neighbour whose last digit is even', () => {
  const half = fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 6 }))
  fc.assert(
    fc.property(half, ([whole, places]) => {
      // whole / 2^places has exactly `places` decimals and its last one is a 5.
      const value = (whole * 2 + 1) / 2 ** places
      const last = formatF(value, places - 1).at(-1)
      expect(Number(last) % 2).toBe(0)
    }),
  )
})

test('what is no number stays none', () => {
  for (const text of [
    '',
    ' ',
    '.',
    '-',
    'e5',
    '0x',
    '1e',
    '1_0',
    '1 2',
    '--1',
    '0xg',
    'in',
    'na',
  ]) {
    expect(stringToNumber(text), text).toBeUndefined()
  }
})
