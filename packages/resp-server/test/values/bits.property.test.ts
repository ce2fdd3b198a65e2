import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bitPosition, combineBits, countBits } from '../../src/commands/bits.ts'

/** Bytes that begin anywhere in their memory, with long runs of zeros and ones. */
const bytes = fc
  .tuple(
    fc.nat(7),
    fc.array(fc.tuple(fc.constantFrom(0, 0xff, 0x10, 0xa7), fc.integer({ min: 1, max: 9 })), {
      maxLength: 8,
    }),
  )
  .map(([offset, runs]) => {
    const content = runs.flatMap(([byte, count]) => new Array<number>(count).fill(byte))
    const memory = Buffer.from(new ArrayBuffer(offset + content.length), offset)
    memory.set(content)
    return memory
  })

const bitsOf = (value: Buffer): number[] =>
  [...value].flatMap((byte) => Array.from({ length: 8 }, (_, at) => (byte >> (7 - at)) & 1))

/** Often where a byte begins: from there on whole words are taken. */
const bitOf = (value: Buffer): fc.Arbitrary<number> =>
  fc.oneof(
    fc.nat(value.length * 8),
    fc.nat(value.length).map((byte) => byte * 8),
  )

const ranged = bytes.chain((value) => fc.tuple(fc.constant(value), bitOf(value), bitOf(value)))
const MANY = { numRuns: 2000 }

describe('bits of strings', () => {
  test('are counted between any two', () => {
    fc.assert(
      fc.property(ranged, ([value, start, end]) => {
        const expected = bitsOf(value)
          .slice(start, Math.max(start, end))
          .reduce((sum, bit) => sum + bit, 0)
        expect(countBits(value, start, end)).toBe(expected)
      }),
      MANY,
    )
  })

  test('are found between any two', () => {
    fc.assert(
      fc.property(ranged, fc.constantFrom(0, 1), ([value, start, end], wanted) => {
        const at = bitsOf(value).slice(start, Math.max(start, end)).indexOf(wanted)
        expect(bitPosition(value, wanted, start, end)).toBe(at === -1 ? -1 : start + at)
      }),
      MANY,
    )
  })

  test('are combined, the shorter as if zeros came behind them', () => {
    const operations = {
      and: (a: number, b: number) => a & b,
      or: (a: number, b: number) => a | b,
      xor: (a: number, b: number) => a ^ b,
    }
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 4 }), (sources) => {
        const length = Math.max(...sources.map((source) => source.length))
        const at = (source: Buffer, index: number): number => source[index] ?? 0
        for (const [name, combine] of Object.entries(operations)) {
          const expected = Array.from({ length }, (_, index) =>
            sources.map((source) => at(source, index)).reduce(combine),
          )
          expect([...combineBits(name as keyof typeof operations, sources, length)]).toEqual(
            expected,
          )
        }
        const first = sources[0] as Buffer
        const inverse = [...first].map((byte) => ~byte & 0xff)
        expect([...combineBits('not', [first], first.length)]).toEqual(inverse)
      }),
    )
  })
})
