import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBeyondDoubles, parseDouble, writeInteger } from '../../src/values/numbers.ts'

function written(value: number): string {
  const bytes = Buffer.alloc(24, '.')
  return bytes.toString('latin1', 0, writeInteger(bytes, value, 0))
}

test('every safe integer is written with its own digits, those at the ends included', () => {
  for (let near = 0; near < 200; near += 1) {
    for (const value of [
      near,
      -near,
      Number.MAX_SAFE_INTEGER - near,
      near - Number.MAX_SAFE_INTEGER,
    ])
      expect(written(value)).toBe(String(value))
  }
  for (let power = 1; power < Number.MAX_SAFE_INTEGER; power *= 10) {
    for (const value of [power - 1, power, -power, 1 - power])
      expect(written(value)).toBe(String(value))
  }
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(written(value)).toBe(String(value))
    }),
  )
})

test('a double in hexadecimal is the one nearest to it', () => {
  expect(parseDouble('-0x1.8P+2')).toBe(-6)
  expect(parseDouble('+0X.8')).toBe(0.5)
  expect(parseDouble('0x1p-1074')).toBe(5e-324)
  expect(parseDouble('0x1.fffffffffffffp1023')).toBe(Number.MAX_VALUE)
  expect(parseDouble(`0x${'f'.repeat(400)}p-1600`)).toBe(1)
  // half way between two doubles, and a little more
  expect(parseDouble('0x20000000000001')).toBe(2 ** 53)
  expect(parseDouble(`0x20000000000001.${'0'.repeat(40)}1`)).toBe(2 ** 53 + 2)
  for (const text of ['0x', '0x.', '0x1p', '0x1p+', 'x1', '0x1.2.3', '0x 1']) {
    expect(parseDouble(text)).toBe(undefined)
  }
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: -960, max: 960 }), (value, power) => {
      const hex = `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}p${power}`
      expect(parseDouble(hex)).toBe(value * 2 ** power)
    }),
  )
})

test('what a double can only be far from is told apart', () => {
  for (const text of ['1e309', '-1e309', '1e-400', '-0.0001e-400', '0x1p5000', '0x0.1p-5000']) {
    expect(isBeyondDoubles(text, parseDouble(text) as number), text).toBe(true)
  }
  for (const text of ['inf', '-Infinity', '0e5', '-0.00', '0x0p9', '1e308', '5e-324', '.0']) {
    expect(isBeyondDoubles(text, parseDouble(text) as number), text).toBe(false)
  }
})

test('a long text that is no number is looked through once', () => {
  // twice as long would take four times as long if it were not so: hours, for these
  for (const start of ['1', '0x1', '1.', '0x1.']) {
    expect(parseDouble(`${start}${'1'.repeat(8_000_000)}x`)).toBe(undefined)
  }
})
