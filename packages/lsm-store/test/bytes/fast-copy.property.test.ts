import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FastCopy } from '../../src/bytes/fast-copy.ts'

it('copies ranges of any length from and to any place, and nothing beside them', () => {
  const one = fc.record({
    // More sources and targets than it remembers.
    from: fc.nat({ max: 11 }),
    into: fc.nat({ max: 11 }),
    start: fc.nat({ max: 300 }),
    offset: fc.nat({ max: 300 }),
    length: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 300 })),
  })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 60 }), (copies) => {
      const copier = new FastCopy()
      const memory = Array.from({ length: 12 }, (_, i) =>
        Uint8Array.from({ length: 650 }, (_, at) => (i * 31 + at * 7) & 0xff),
      )
      const sources = memory.map((bytes, i) => inMemory(bytes, i % 3 === 0))
      const targets = memory.map((bytes) => bytes.slice())
      const expected = memory.map((bytes) => bytes.slice())
      for (const { from, into, start, offset, length } of copies) {
        const source = sources[from] as Uint8Array
        copier.copy(targets[into] as Uint8Array, offset, source, start, start + length)
        ;(expected[into] as Uint8Array).set(source.slice(start, start + length), offset)
      }
      expect(targets).toEqual(expected)
    }),
  )
})

/** Within a larger buffer, which may be shared. */
function inMemory(bytes: Uint8Array, isShared: boolean): Uint8Array {
  const length = bytes.length + 5
  const buffer = isShared ? new SharedArrayBuffer(length) : new ArrayBuffer(length)
  const copy = new Uint8Array(buffer, 3, bytes.length)
  copy.set(bytes)
  return copy
}
