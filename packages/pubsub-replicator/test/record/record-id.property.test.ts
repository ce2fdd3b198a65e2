import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeId,
  encodeId,
  encodeIdRange,
  inRange,
  type RecordId,
} from '../../src/record/record-id.ts'

const { id } = fc.letrec<{ id: RecordId; leaf: RecordId; tuple: RecordId }>((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed()),
    fc.double({ noNaN: true }).map((number) => number + 0),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  ),
  tuple: fc.array(tie('leaf'), { minLength: 1, maxLength: 3 }) as fc.Arbitrary<RecordId>,
  id: fc.oneof(tie('leaf'), tie('tuple')),
}))

test('an id comes back from its bytes', () => {
  fc.assert(
    fc.property(id, (value) => {
      expect(decodeId(encodeId(value))).toEqual(value)
    }),
  )
})

test('a string prefix holds exactly the strings that start so', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '\u0000', '\uffff', '😀'),
    maxLength: 4,
  })
  fc.assert(
    fc.property(text, text, (prefix, value) => {
      expect(inRange(encodeId(value), encodeIdRange({ prefix }))).toBe(value.startsWith(prefix))
    }),
  )
})

test('a tuple prefix holds exactly the tuples that start with its parts', () => {
  const part = fc.constantFrom<RecordId>('a', 'ab', 1, 2n)
  const tuple = fc.array(part, { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(tuple, tuple, (prefix, value) => {
      const starts = prefix.every((wanted, index) => value[index] === wanted)
      expect(inRange(encodeId(value), encodeIdRange({ prefix }))).toBe(starts)
    }),
  )
})

test('bounds include and exclude as they say', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (bound, value) => {
      const bytes = encodeId(value)
      expect(inRange(bytes, encodeIdRange({ gt: bound }))).toBe(value > bound)
      expect(inRange(bytes, encodeIdRange({ gte: bound }))).toBe(value >= bound)
      expect(inRange(bytes, encodeIdRange({ lt: bound }))).toBe(value < bound)
      expect(inRange(bytes, encodeIdRange({ lte: bound }))).toBe(value <= bound)
    }),
  )
})

test.each([[undefined], [null], [true], [Number.NaN], [[]], [[null]], [{}]])(
  '%j is no id',
  (value) => {
    expect(() => encodeId(value as never)).toThrow(TypeError)
  },
)

test('a range is a prefix or bounds, one of each kind', () => {
  expect(() => encodeIdRange({ prefix: 'a', gt: 'b' })).toThrow(TypeError)
  expect(() => encodeIdRange({ gt: 'a', gte: 'b' })).toThrow(TypeError)
  expect(() => encodeIdRange({ lt: 'a', lte: 'b' })).toThrow(TypeError)
  expect(() => encodeId('x'.repeat(2000))).toThrow(RangeError)
})
