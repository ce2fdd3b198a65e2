import { crc32 as zlibCrc32 } from 'node:zlib'
import { crc32 } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Crc32Index } from '../../src/frame/crc32-index.ts'

const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 })

test('has the check value of CRC-32', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926)
  expect(crc32(new Uint8Array())).toBe(0)
})

test('is that of zlib, for any part of any array, from any seed', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600, size: 'max' }),
      fc.nat(),
      fc.nat(),
      seed,
      (bytes, a, b, from) => {
        const [start, end] = [a % (bytes.length + 1), b % (bytes.length + 1)].toSorted(
          (x, y) => x - y,
        )
        expect(crc32(bytes, start, end, from)).toBe(zlibCrc32(bytes.subarray(start, end), from))
      },
    ),
    { numRuns: 2000 },
  )
})

test('goes on where it stopped', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7)
  expect(crc32(bytes, 400, 1000, crc32(bytes, 0, 400))).toBe(crc32(bytes))
})

test('the index answers as a computation from scratch does', () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 5)
  const index = new Crc32Index(bytes, 13)
  const position = fc.integer({ min: 13, max: bytes.length })
  fc.assert(
    fc.property(position, position, seed, (a, b, from) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)]
      expect(index.crc32(start, end, from)).toBe(zlibCrc32(bytes.subarray(start, end), from))
    }),
    { numRuns: 2000 },
  )
})
