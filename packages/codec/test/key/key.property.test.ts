import {
  compareBytes,
  decodeKey,
  encodeKey,
  isCodecError,
  type KeyPart,
  keyPrefix,
  prefixEnd,
} from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareTuples, normalized, pairs, tuples } from './values.ts'

const RUNS = { numRuns: 3000 }

test('the order of the bytes is the order of the values', () => {
  fc.assert(
    fc.property(pairs, ([a, b]) => {
      const order = Math.sign(compareBytes(encodeKey(a), encodeKey(b)))
      expect(order).toBe(Math.sign(compareTuples(a, b)))
    }),
    RUNS,
  )
})

test('every tuple comes back', () => {
  fc.assert(
    fc.property(tuples, (tuple) => {
      expect(decodeKey(encodeKey(tuple))).toEqual(normalized(tuple))
    }),
    RUNS,
  )
})

test('the range of a prefix holds the tuples that start with it, and no others', () => {
  fc.assert(
    fc.property(pairs, ([start, other]) => {
      const { gte, lt } = keyPrefix(start)
      const key = encodeKey(other)
      const inRange = compareBytes(key, gte) >= 0 && compareBytes(key, lt) < 0
      const starts =
        other.length >= start.length && compareTuples(other.slice(0, start.length), start) === 0
      expect(inRange).toBe(starts)
    }),
    RUNS,
  )
})

test('prefixEnd is the least string above all that start with the prefix', () => {
  const bytes = fc
    .array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 })
    .map((all) => Uint8Array.from(all))
  fc.assert(
    fc.property(bytes, bytes, (prefix, other) => {
      const end = prefixEnd(prefix)
      const starts = compareBytes(other.slice(0, prefix.length), prefix) === 0
      const below = end === undefined || compareBytes(other, end) < 0
      expect(compareBytes(other, prefix) >= 0 && below).toBe(starts)
    }),
    RUNS,
  )
})

function decodesToItselfOrIsRefused(bytes: Uint8Array): void {
  let tuple: KeyPart[]
  try {
    tuple = decodeKey(bytes)
  } catch (error) {
    if (!isCodecError(error, 'KEY_CORRUPT')) throw error
    expect(error.offset).toBeGreaterThanOrEqual(0)
    expect(error.offset).toBeLessThanOrEqual(bytes.length)
    return
  }
  expect(encodeKey(tuple)).toEqual(Uint8Array.from(bytes))
}

test('bytes that no tuple is encoded to are refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), decodesToItselfOrIsRefused), RUNS)
})

test('so are keys with a few bytes changed, lost or added', () => {
  const change = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 2 }),
    insert: fc.uint8Array({ maxLength: 3 }),
  })
  fc.assert(
    fc.property(tuples, fc.array(change, { minLength: 1, maxLength: 3 }), (tuple, changes) => {
      const bytes = [...encodeKey(tuple)]
      for (const { at, remove, insert } of changes) {
        bytes.splice(at % (bytes.length + 1), remove, ...insert)
      }
      decodesToItselfOrIsRefused(Uint8Array.from(bytes))
      decodesToItselfOrIsRefused(Buffer.from(bytes)) // a view into a pool, with other bytes around
    }),
    RUNS,
  )
})

test('a key cut off at any byte is a shorter key or refused', () => {
  fc.assert(
    fc.property(tuples, (tuple) => {
      const key = encodeKey(tuple)
      for (let end = 0; end < key.length; end++) decodesToItselfOrIsRefused(key.subarray(0, end))
    }),
  )
})
