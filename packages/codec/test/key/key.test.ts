import {
  compareBytes,
  decodeKey,
  encodeKey,
  type KeyPart,
  keyPrefix,
  prefixEnd,
} from '@ashlar/codec'
import { expect, test } from 'vitest'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

// The examples of docs/formats/keys.md: keys are on people's disks, so these never change.
test.each<[string, KeyPart[]]>([
  ['', []],
  ['10', [null]],
  ['2021', [false, true]],
  ['308000000000000000', [0n]],
  ['307fffffffffffffff', [-1n]],
  ['30ffffffffffffffff', [2n ** 63n - 1n]],
  ['408000000000000000', [0]],
  ['408000000000000000', [-0]],
  ['40bff0000000000000', [1]],
  ['40400fffffffffffff', [-1]],
  ['40000fffffffffffff', [Number.NEGATIVE_INFINITY]],
  ['5000', ['']],
  ['506100ffc3a9f09f988000', ['a\0é😀']],
  ['50eda08000', ['\ud800']],
  ['6000ff01ff00', [bytes(0, 1, 255)]],
  ['708000000000000000', [new Date(0)]],
  ['70c279b76daa800000', [new Date(Date.UTC(2026, 0, 1))]],
  ['80008050610080100000', [[], ['a', [null]]]],
])('%s is written as documented', (expected, tuple) => {
  expect(hex(encodeKey(tuple))).toBe(expected)
})

test('the types have an order', () => {
  const parts: KeyPart[] = [
    null,
    false,
    true,
    2n ** 63n - 1n,
    Number.NEGATIVE_INFINITY,
    '',
    bytes(),
    new Date(-8.64e15),
    [],
  ]
  const keys = parts.map((part) => encodeKey([part]))
  expect(keys.toSorted(compareBytes)).toEqual(keys)
})

test('strings are ordered by code point, where JavaScript compares code units', () => {
  const [bmp, astral] = ['\uffff', '\u{10000}']
  expect(bmp > astral).toBe(true)
  expect(compareBytes(encodeKey([bmp]), encodeKey([astral]))).toBeLessThan(0)
})

test.each<[string, unknown]>([
  ['NaN', Number.NaN],
  ['a bigint above int64', 2n ** 63n],
  ['a bigint below int64', -(2n ** 63n) - 1n],
  ['an invalid date', new Date(Number.NaN)],
  ['undefined', undefined],
  ['an object', {}],
  ['a symbol', Symbol('s')],
  ['a function', () => {}],
  ['another typed array', new Float64Array(1)],
])('%s has no place in a key', (_, part) => {
  const invalid = expect.objectContaining({ code: 'KEY_INVALID' })
  expect(() => encodeKey([part as KeyPart])).toThrow(invalid)
  expect(() => encodeKey(['a', [part as KeyPart]])).toThrow(invalid)
  expect(() => keyPrefix([part as KeyPart])).toThrow(invalid)
})

test('a key that was refused leaves nothing in the next one', () => {
  expect(() => encodeKey(['long enough to be seen', Number.NaN])).toThrow()
  expect(hex(encodeKey([null]))).toBe('10')
})

test('tuples are nested 32 deep and not deeper, in either direction', () => {
  let tuple: KeyPart[] = []
  for (let i = 0; i < 32; i++) tuple = [tuple]
  const key = encodeKey(tuple)
  expect(decodeKey(key)).toEqual(tuple)
  expect(() => encodeKey([tuple])).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  const deeper = new Uint8Array(100_000).fill(0x80)
  expect(() => decodeKey(deeper)).toThrow(expect.objectContaining({ code: 'KEY_CORRUPT' }))
})

test('keys of any length are written and read', () => {
  for (const length of [63, 64, 65, 1000, 2048, 5000, 100_000]) {
    const tuple: KeyPart[] = ['x'.repeat(length), 'é'.repeat(length), new Uint8Array(length)]
    expect(decodeKey(encodeKey(tuple))).toEqual(tuple)
  }
})

test('keys that share a slab do not overlap', () => {
  const tuples = Array.from({ length: 2000 }, (_, i) => [`${i}`.repeat(1 + (i % 70))])
  const keys = tuples.map((tuple) => encodeKey(tuple))
  expect(keys.map((key) => decodeKey(key))).toEqual(tuples)
})

test('decoded bytes are a copy', () => {
  const key = Buffer.from(encodeKey([bytes(1, 2, 3)]))
  const [part] = decodeKey(key)
  expect((part as Uint8Array).constructor).toBe(Uint8Array)
  key.fill(0)
  expect(part).toEqual(bytes(1, 2, 3))
})

test.each([
  ['an unknown tag', '11'],
  ['a reserved tag', 'ff'],
  ['a cut off number', '40bff0'],
  ['NaN', '40fff8000000000000'],
  ['-0', '407fffffffffffffff'],
  ['a date with a fraction', '70bfe0000000000000'],
  ['a date out of range', '70c340000000000000'],
  ['a string without an end', '5061'],
  ['an overlong character', '50c0af00'],
  ['an overlong NUL', '50c08000'],
  ['a surrogate pair as two characters', '50eda080edb08000'],
  ['a character above U+10FFFF', '50f490808000'],
  ['a stray continuation byte', '508000'],
  ['bytes that end in an escape', '6000ff'],
  ['a tuple without an end', '8010'],
  ['an end without a tuple', '1000'],
])('%s is no key', (_, key) => {
  const offset = expect.any(Number)
  expect(() => decodeKey(Buffer.from(key, 'hex'))).toThrow(
    expect.objectContaining({ code: 'KEY_CORRUPT', offset }),
  )
})

test('the empty prefix is the range of all keys', () => {
  expect(keyPrefix([])).toEqual({ gte: bytes(), lt: bytes(0xff) })
})

test('prefixEnd carries over 0xff, and knows when there is no end', () => {
  expect(prefixEnd(bytes(1, 2))).toEqual(bytes(1, 3))
  expect(prefixEnd(bytes(1, 0xff, 0xff))).toEqual(bytes(2))
  expect(prefixEnd(bytes(0xff, 0xff))).toBeUndefined()
  expect(prefixEnd(bytes())).toBeUndefined()
})

test('compareBytes is unsigned, and a prefix comes first', () => {
  expect(compareBytes(bytes(0x7f), bytes(0x80))).toBeLessThan(0)
  expect(compareBytes(bytes(1), bytes(1, 0))).toBeLessThan(0)
  expect(compareBytes(bytes(), bytes())).toBe(0)
  expect(compareBytes(bytes(2), bytes(1, 9))).toBeGreaterThan(0)
})

test('what is no tuple, or no bytes, is a mistake of the caller', () => {
  expect(() => encodeKey('abc' as unknown as KeyPart[])).toThrow(TypeError)
  expect(() => decodeKey('abc' as unknown as Uint8Array)).toThrow(TypeError)
})

test('prefixEnd leaves a Buffer as it was, though its slices share memory', () => {
  const prefix = Buffer.from('p/')
  expect(Buffer.from(prefixEnd(prefix) ?? []).toString()).toBe('p0')
  expect(prefix.toString()).toBe('p/')
})
