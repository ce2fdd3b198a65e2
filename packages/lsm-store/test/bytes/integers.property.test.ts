import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashRange } from '../../src/bytes/hash.ts'
import {
  MAX_UINT48,
  readUint32,
  readUint48,
  VarintReader,
  varintLength,
  writeUint32,
  writeUint48,
  writeVarint,
} from '../../src/bytes/integers.ts'

const uint48 = fc.oneof(
  fc.maxSafeNat().filter((n) => n <= MAX_UINT48),
  fc.constant(MAX_UINT48),
  fc.nat(),
  fc.nat({ max: 2 ** 15 }),
  fc.integer({ min: 2 ** 31 - 300, max: 2 ** 31 + 300 }),
)

describe('integers', () => {
  it('come back as they were written, at any alignment', () => {
    fc.assert(
      fc.property(uint48, fc.nat({ max: 9 }), (value, offset) => {
        const bytes = new Uint8Array(32)
        writeUint48(bytes, offset, value)
        expect(readUint48(bytes, offset)).toBe(value)
        writeUint32(bytes, offset, value % 2 ** 32)
        expect(readUint32(bytes, offset)).toBe(value % 2 ** 32)
        const end = writeVarint(bytes, offset, value)
        expect(end - offset).toBe(varintLength(value))
        const reader = new VarintReader(bytes, offset, end)
        expect(reader.next()).toBe(value)
        expect(reader.offset).toBe(end)
        expect(reader.failed).toBe(false)
      }),
    )
  })

  it('that are cut short or too long are noticed', () => {
    const long = new Uint8Array(12).fill(0xff)
    for (const end of [0, 1, 6, 12]) {
      const reader = new VarintReader(long, 0, end)
      reader.next()
      expect(reader.failed).toBe(true)
    }
  })
})

describe('the hash', () => {
  it('is MurmurHash3 x86 32, which the table format fixes', () => {
    const hash = (text: string): number => hashRange(Buffer.from(text), 0, Buffer.byteLength(text))
    expect(hash('')).toBe(0)
    expect(hash('a')).toBe(0x3c2569b2)
    expect(hash('hello')).toBe(0x248bfa47)
    expect(hash('hello, world')).toBe(0x149bbb7f)
    expect(hash('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723)
  })
})
