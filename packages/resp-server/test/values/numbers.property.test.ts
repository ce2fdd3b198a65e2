import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeInteger } from '../../src/values/numbers.ts'

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
