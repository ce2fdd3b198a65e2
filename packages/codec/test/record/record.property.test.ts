import { isDeepStrictEqual } from 'node:util'
import { type CodecErrorCode, createRecordCodec, isCodecError } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { secondReader } from './second-reader.ts'
import { manyShapes, normalized, values } from './values.ts'

const RUNS = { numRuns: 1000 }
const codec = createRecordCodec<unknown>({ version: 3 })

function expectSame(actual: unknown, expected: unknown): void {
  // vitest's own equality takes an own `__proto__` for the prototype.
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
  expect(isDeepStrictEqual(actual, expected)).toBe(true)
}

test('every value comes back', () => {
  fc.assert(
    fc.property(values, (value) =>
      expectSame(codec.decode(codec.encode(value)), normalized(value)),
    ),
    RUNS,
  )
})

test('the bytes follow from the value, whatever was encoded before', () => {
  const warm = createRecordCodec<unknown>({ version: 3 })
  fc.assert(
    fc.property(values, (value) => {
      const fresh = createRecordCodec<unknown>({ version: 3 })
      expect(Buffer.from(warm.encode(value)).equals(fresh.encode(value))).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('a second implementation reads the same', () => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = codec.encode(value)
      const text = Buffer.from(bytes).toString('latin1')
      // Where msgpackr's reader differs: it renames this key, and may drop a byte order mark.
      fc.pre(!text.includes('__proto__') && !text.includes('\u00ef\u00bb\u00bf'))
      const parsed = secondReader(bytes)
      expect(parsed.version).toBe(3)
      expectSame(normalized(parsed.value), normalized(value))
    }),
    RUNS,
  )
})

test('any number of shapes comes back, in any order of encoding', () => {
  const own = createRecordCodec<unknown>({ version: 1 })
  const count = fc.constantFrom(1, 5, 31, 32, 33, 64, 65, 100)
  fc.assert(
    fc.property(fc.array(count, { minLength: 1, maxLength: 6 }), (counts) => {
      for (const it of counts) {
        const value = manyShapes(it)
        const bytes = own.encode(value)
        expectSame(own.decode(bytes), value)
        expectSame(createRecordCodec({ version: 1 }).decode(bytes), value)
        expect(bytes).toEqual(createRecordCodec({ version: 1 }).encode(value))
      }
    }),
    { numRuns: 30 },
  )
})

const REFUSALS: readonly CodecErrorCode[] = [
  'RECORD_CORRUPT',
  'RECORD_TOO_DEEP',
  'RECORD_TOO_LARGE',
  'RECORD_VERSION',
]

/** Bytes from anywhere give a value or a coded error. */
function decodesOrIsRefused(bytes: Uint8Array): void {
  try {
    codec.decode(bytes)
  } catch (error) {
    if (!REFUSALS.some((code) => isCodecError(error, code))) throw error
  }
}

test('random bytes give a value or a coded error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      decodesOrIsRefused(bytes)
      decodesOrIsRefused(Uint8Array.of(3, 0, ...bytes))
      decodesOrIsRefused(Uint8Array.of(3, 5, 1, 1, 0x61, 1, 0, ...bytes)) // two shapes, {a} and {''}
    }),
    { numRuns: 5000 },
  )
})

const TOKENS = [
  0x40, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8,
  0xc9, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde,
  0xdf, 0x42, 0x62, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0xff, 0, 1, 2, 3,
]
const token = fc.constantFrom(...TOKENS)

test('so do sequences of those bytes that mean something', () => {
  fc.assert(
    fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
      decodesOrIsRefused(Uint8Array.of(3, 0, ...tokens))
    }),
    { numRuns: 5000 },
  )
})

test('so do records with a few bytes changed, lost or added, and every beginning of one', () => {
  const change = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 2 }),
    insert: fc.uint8Array({ maxLength: 3 }),
  })
  fc.assert(
    fc.property(values, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
      const bytes = codec.encode(value)
      const changed = [...bytes]
      for (const { at, remove, insert } of changes) {
        changed.splice(at % (changed.length + 1), remove, ...insert)
      }
      decodesOrIsRefused(Uint8Array.from(changed))
      for (let end = 0; end < Math.min(bytes.length, 40); end++) {
        expect(() => codec.decode(bytes.subarray(0, end))).toThrow()
        decodesOrIsRefused(bytes.subarray(0, end))
      }
    }),
    { numRuns: 300 },
  )
})
