// Any bytes come back as they were; any input at all neither throws nor writes outside of its place.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compressBlock, decompressBlock, LZ4, ZSTD } from '../../src/compression/compression.ts'
import { lz4Compress, lz4Decompress } from '../../src/compression/lz4.ts'

/** Bytes with repetitions, as blocks have. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 60 })), {
    maxLength: 30,
  })
  .map((parts) => Buffer.concat(parts.flatMap(([part, times]) => Array(times).fill(part))))

describe('lz4', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.oneof(repetitive, fc.uint8Array({ maxLength: 3000 })), (bytes) => {
        const into = new Uint8Array(bytes.length * 2 + 64)
        const end = lz4Compress(bytes, 0, bytes.length, into, 7, into.length)
        expect(end).toBeGreaterThan(7)
        const back = new Uint8Array(bytes.length + 10).fill(0xee)
        expect(lz4Decompress(into, 7, end, back, 5, bytes.length)).toBe(true)
        expect(Buffer.compare(back.subarray(5, 5 + bytes.length), bytes)).toBe(0)
        expect([...back.subarray(0, 5), ...back.subarray(5 + bytes.length)]).toEqual(
          Array(10).fill(0xee),
        )
      }),
      { numRuns: 300 },
    )
  })

  it('reads what another implementation wrote', () => {
    // From the format's description: 'a' and then a match of 19 over itself, then five literals.
    const block = Uint8Array.of(0x1f, 0x61, 1, 0, 0, 0x50, 0x62, 0x63, 0x64, 0x65, 0x66)
    const into = new Uint8Array(25)
    expect(lz4Decompress(block, 0, block.length, into, 0, 25)).toBe(true)
    expect(Buffer.from(into).toString()).toBe(`${'a'.repeat(20)}bcdef`)
  })

  it('gives up at a limit', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) >>> 3)
    const into = new Uint8Array(2000)
    const end = lz4Compress(bytes, 0, 1000, into, 0, 2000)
    for (let limit = 0; limit < end; limit += 13) {
      expect(lz4Compress(bytes, 0, 1000, into, 0, limit)).toBe(-1)
    }
  })
})

describe('decompression', () => {
  it('of anything is refused or exact, for any kind and any claimed length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(5000),
        fc.constantFrom(0, LZ4, ZSTD, 3, 255),
        (bytes, length, kind) => {
          const into = new Uint8Array(length + 20).fill(0xee)
          decompressBlock(kind, bytes, 0, bytes.length, into, 10, length)
          expect([...into.subarray(0, 10), ...into.subarray(10 + length)]).toEqual(
            Array(20).fill(0xee),
          )
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('of a truncated or lengthened block is refused', () => {
    const bytes = Buffer.from(
      'the same words, the same words, the same words again and again'.repeat(9),
    )
    for (const compression of ['lz4', 'zstd'] as const) {
      const { kind, bytes: found } = compressBlock(bytes, 0, bytes.length, compression)
      const smaller = Uint8Array.from(found ?? [])
      expect(smaller.length).toBeLessThan(bytes.length / 2)
      const into = new Uint8Array(bytes.length + 1)
      const read = (end: number, length: number): boolean =>
        decompressBlock(kind, smaller, 0, end, into, 0, length)
      expect(read(smaller.length, bytes.length)).toBe(true)
      expect(read(smaller.length, bytes.length - 1)).toBe(false)
      expect(read(smaller.length, bytes.length + 1)).toBe(false)
      for (let end = 0; end < smaller.length; end += 5) expect(read(end, bytes.length)).toBe(false)
    }
  })
})
