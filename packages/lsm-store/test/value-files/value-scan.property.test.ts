// Reading ahead shows what reading one by one shows, in any order, and says the same of damage.
import { type MemoryFileSystem, memoryFileSystem } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FileSystem } from '../../src/fs/file-system.ts'
import { ValueFileWriter } from '../../src/value-files/value-file-writer.ts'
import { ValueFiles } from '../../src/value-files/value-files.ts'
import {
  POINTER_BYTES,
  readPointer,
  type ValuePointer,
  writePointer,
} from '../../src/value-files/value-pointer.ts'
import { ValueScan } from '../../src/value-files/value-scan.ts'

interface Written {
  readonly pointers: readonly ValuePointer[]
  readonly size: number
}

function write(disk: MemoryFileSystem, number: number, values: readonly Uint8Array[]): Written {
  const writer = new ValueFileWriter(disk, '/v', number)
  const pointers = values.map((value, i) =>
    writer.add(value, 0, value.length, i % 3 === 0 ? 'lz4' : 'none'),
  )
  return { pointers, size: writer.finish() }
}

function open(fileSystem: FileSystem, written: readonly Written[]): ValueFiles {
  const files = new ValueFiles(fileSystem, '/v')
  const refs = written.map(({ size, pointers }, i) => {
    const bytes = pointers.reduce((sum, { stored }) => sum + stored, 0)
    return { file: i + 1, size, entries: pointers.length, bytes }
  })
  files.retain(refs)
  return files
}

function disk(): MemoryFileSystem {
  const made = memoryFileSystem()
  made.makeDirectory('/v')
  return made
}

const valueAt = (length: number, i: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at % 50 < 25 ? i : at * i) & 0xff)

const lengths = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 3000, max: 12_000 })), {
  minLength: 1,
  maxLength: 40,
})
/** Steps from one value to the next, in one of two files. */
const moves = fc.array(fc.tuple(fc.nat(1), fc.constantFrom(1, 1, 1, 1, -1, -1, 2, 17)), {
  maxLength: 150,
})

describe('a scan of values', () => {
  it('shows what single reads show, in any order', () => {
    fc.assert(
      fc.property(lengths, lengths, moves, (first, second, steps) => {
        const fileSystem = disk()
        const values = [first, second].map((all) => all.map(valueAt))
        const written = values.map((all, i) => write(fileSystem, i + 1, all))
        const files = open(fileSystem, written)
        const scan = new ValueScan(files)
        const at = [0, 0]
        for (const [file, step] of steps) {
          const { pointers } = written[file] as Written
          const next = ((at[file] as number) + step + pointers.length) % pointers.length
          at[file] = next
          const found = scan.read(pointers[next] as ValuePointer)
          expect(Buffer.compare(found, values[file]?.[next] as Uint8Array)).toBe(0)
        }
        expect(files.reads).toBe(steps.length)
      }),
      { numRuns: 60 },
    )
  })

  it('reads many at a time, forwards and backwards, and large ones alone', () => {
    const fileSystem = disk()
    const small = write(
      fileSystem,
      1,
      Array.from({ length: 100 }, (_, i) => valueAt(1000, i)),
    )
    const large = write(
      fileSystem,
      2,
      Array.from({ length: 10 }, (_, i) => valueAt(50_000, i)),
    )
    let reads = 0
    const counting = faultyFileSystem(fileSystem, ({ name }) => {
      if (name === 'read') reads += 1
      return undefined
    })
    const files = open(counting, [small, large])
    for (const order of [small.pointers, small.pointers.toReversed()]) {
      reads = 0
      const scan = new ValueScan(files)
      for (const pointer of order) scan.read(pointer)
      expect(reads).toBeLessThan(12)
    }
    reads = 0
    const scan = new ValueScan(files)
    const whole = large.pointers.filter(({ compression }) => compression === 0)
    for (const pointer of whole) scan.read(pointer)
    expect(reads).toBe(whole.length + 1)
  })

  it('tells of a damaged value and goes on behind it', () => {
    const fileSystem = disk()
    const values = Array.from({ length: 40 }, (_, i) => valueAt(700, i))
    const written = write(fileSystem, 1, values)
    const bytes = fileSystem.readFile('/v/00000001.values')
    const { offset } = written.pointers[20] as ValuePointer
    bytes[offset + 3] = (bytes[offset + 3] as number) ^ 4
    fileSystem.writeFile('/v/00000001.values', bytes)
    const scan = new ValueScan(open(fileSystem, [written]))
    for (const [i, pointer] of written.pointers.entries()) {
      if (i === 20) {
        const damage = { code: 'STORE_CORRUPT', path: '/v/00000001.values', offset }
        expect(() => scan.read(pointer)).toThrow(expect.objectContaining(damage))
      } else expect(Buffer.compare(scan.read(pointer), values[i] as Uint8Array)).toBe(0)
    }
  })
})

describe('a pointer', () => {
  it('is what it was, read back from bytes', () => {
    const u32 = fc.nat(0xffff_ffff)
    const pointer = fc.record({
      file: fc.nat(2 ** 48 - 1),
      offset: u32,
      stored: u32,
      length: u32,
      compression: fc.nat(255),
      crc: u32,
    })
    fc.assert(
      fc.property(pointer, fc.nat(20), (wanted, at) => {
        const bytes = new Uint8Array(at + POINTER_BYTES)
        writePointer(bytes, at, wanted)
        expect(readPointer(bytes, at)).toEqual(wanted)
      }),
    )
  })
})
