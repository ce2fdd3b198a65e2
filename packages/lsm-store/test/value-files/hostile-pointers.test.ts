// Pointers and refs from an enemy: coded errors at worst, and no memory for what is only claimed.
import { crc32 } from 'node:zlib'
import { isStoreError, memoryFileSystem } from '@ashlar/lsm-store'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValueFileWriter } from '../../src/value-files/value-file-writer.ts'
import { ValueFiles } from '../../src/value-files/value-files.ts'
import type { ValuePointer } from '../../src/value-files/value-pointer.ts'
import { valueRefsFromJson } from '../../src/value-files/value-ref.ts'
import { ValueScan } from '../../src/value-files/value-scan.ts'

const VALUE = Buffer.from('a value that repeats itself, '.repeat(40))

function written() {
  const disk = memoryFileSystem()
  disk.makeDirectory('/v')
  const writer = new ValueFileWriter(disk, '/v', 7)
  const [plain, packed] = (['none', 'lz4'] as const).map((compression) =>
    writer.add(VALUE, 0, VALUE.length, compression),
  ) as [ValuePointer, ValuePointer]
  const size = writer.finish()
  const files = new ValueFiles(disk, '/v')
  files.retain([{ file: 7, size, entries: 2, bytes: size }])
  return { disk, files, plain, packed, size }
}

/** What a read says: the value, or the code of its error. */
function outcome(read: () => Uint8Array): string {
  try {
    return Buffer.compare(read(), VALUE) === 0 ? 'the value' : 'another value'
  } catch (error) {
    if (isStoreError(error)) return error.code
    throw error
  }
}

describe('a forged pointer', () => {
  it('leads to the value or to an error, whatever it says', () => {
    const { files, plain, packed } = written()
    const u32 = fc.oneof(fc.nat(3000), fc.constantFrom(0xffff_ffff, 0x8000_0000, 0))
    const fields = fc.record(
      {
        file: fc.constantFrom(7, 8, 0, 2 ** 48 - 1),
        offset: u32,
        stored: u32,
        length: u32,
        compression: fc.nat(255),
        crc: u32,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fields, fc.boolean(), (forged, isPacked) => {
        const pointer = { ...(isPacked ? packed : plain), ...forged }
        for (const reader of [files, new ValueScan(files)]) {
          expect(['the value', 'STORE_CORRUPT']).toContain(outcome(() => reader.read(pointer)))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('whose sum fits gets no memory for what cannot be', () => {
    const { disk, files, packed } = written()
    const bytes = disk.readFile('/v/00000007.values')
    const before = process.memoryUsage().arrayBuffers
    for (const compression of [1, 2, 3, 255]) {
      const stored = bytes.subarray(packed.offset, packed.offset + 9)
      const crc = crc32(stored)
      const pointer = { ...packed, stored: 9, length: 200 * 1024 * 1024, compression, crc }
      expect(outcome(() => files.read(pointer))).toBe('STORE_CORRUPT')
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024)
  })

  it('into a file that is another one is an error of that file', () => {
    const { disk, files, plain } = written()
    for (const [at, code] of [
      [0, 'STORE_CORRUPT'],
      [13, 'STORE_CORRUPT'],
    ] as const) {
      const { disk: other, files: fresh } = written()
      const bytes = other.readFile('/v/00000007.values')
      bytes[at] = (bytes[at] as number) ^ 1
      other.writeFile('/v/00000007.values', bytes)
      expect(outcome(() => fresh.read(plain))).toBe(code)
    }
    disk.writeFile('/v/00000007.values', new Uint8Array(20))
    expect(outcome(() => files.read(plain))).toBe('STORE_CORRUPT')
  })

  it('into a later format asks for an update', () => {
    const { disk, files, plain } = written()
    const bytes = disk.readFile('/v/00000007.values')
    bytes[8] = 2
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(12, crc32(bytes.subarray(0, 12)), true)
    disk.writeFile('/v/00000007.values', bytes)
    expect(outcome(() => files.read(plain))).toBe('STORE_VERSION')
  })
})

describe('what a table says of value files', () => {
  it('is refused when it cannot be', () => {
    const ref = { file: 1, size: 100, entries: 2, bytes: 60 }
    expect(valueRefsFromJson([ref])).toEqual([ref])
    expect(valueRefsFromJson([])).toEqual([])
    for (const wrong of [
      {},
      'x',
      [null],
      [1],
      [{ ...ref, file: -1 }],
      [{ ...ref, size: 1.5 }],
      [{ ...ref, entries: '2' }],
      [{ ...ref, bytes: 101 }],
      [{ file: 1, size: 100, entries: 2 }],
    ]) {
      expect(valueRefsFromJson(wrong), JSON.stringify(wrong)).toBeUndefined()
    }
  })
})
