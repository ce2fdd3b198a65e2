import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashRange } from '../../src/bytes/hash.ts'
import { memoryFileSystem } from '../../src/fs/memory-file-system.ts'
import type { Cursor } from '../../src/iterator/cursor.ts'
import { StandingCursor } from '../../src/iterator/standing-cursor.ts'
import { KIND_DELETE, KIND_PUT } from '../../src/memtable/record.ts'
import { BlockCache } from '../../src/sstable/block-cache.ts'
import { buildFilter, mayContain } from '../../src/sstable/bloom.ts'
import { Table } from '../../src/sstable/table.ts'
import { TableBuilder } from '../../src/sstable/table-builder.ts'
import { type TableContext, tableContext } from '../../src/sstable/table-context.ts'
import { TableCursor } from '../../src/sstable/table-cursor.ts'
import { tableName } from '../../src/sstable/table-format.ts'
import { separatorOf } from '../../src/sstable/table-index.ts'

interface Entry {
  readonly key: string
  readonly sequence: number
  readonly value: string | undefined
}

/** Points at entries that are given as data. */
class ListCursor extends StandingCursor {
  show({ key, sequence, value }: Entry): this {
    this.key = Buffer.from(key, 'latin1')
    this.keyEnd = this.key.length
    this.sequence = sequence
    this.kind = value === undefined ? KIND_DELETE : KIND_PUT
    this.value = Buffer.from(value ?? '')
    this.valueEnd = this.value.length
    return this
  }
}

const keys = fc.oneof(
  fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 6 }),
  fc.nat({ max: 99 }).map((n) => `common prefix ${n}`),
  fc.constantFrom('x'.repeat(1500), `${'x'.repeat(1500)}y`, `${'x'.repeat(200)}`),
)
const entries = fc
  .array(
    fc.record({
      key: keys,
      sequence: fc.integer({ min: 1, max: 2 ** 40 }),
      value: fc.option(fc.string({ maxLength: 80 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 150, size: 'max' },
  )
  .map((list) => {
    const unique = new Map(list.map((entry) => [`${entry.key}\n${entry.sequence}`, entry]))
    return [...unique.values()].sort((a, b) =>
      a.key === b.key ? b.sequence - a.sequence : a.key < b.key ? -1 : 1,
    )
  })

function contextOf(cacheBytes: number): TableContext {
  const fileSystem = memoryFileSystem()
  fileSystem.makeDirectory('/t')
  return tableContext(fileSystem, '/t', new BlockCache(cacheBytes))
}

interface Layout {
  readonly blockBytes: number
  readonly partitionBytes: number
}

function build(list: readonly Entry[], layout: Layout, context: TableContext): Table {
  const file = context.fileSystem.open(`/t/${tableName(7)}`, 'create')
  const { blockBytes, partitionBytes } = layout
  const builder = new TableBuilder(file, 7, blockBytes, 'none', partitionBytes)
  const cursor = new ListCursor()
  for (const [i, entry] of list.entries()) {
    builder.add(cursor.show(entry), list[i - 1]?.key !== entry.key)
  }
  const meta = builder.finish({ level: 0, inputs: [], job: 7, part: 0, lastPart: true })
  expect(meta.bytes).toBe(file.size())
  expect(meta.entries).toBe(list.length)
  return new Table(context, meta)
}

const shown = (cursor: Cursor): Entry => ({
  key: Buffer.from(cursor.key.subarray(cursor.keyStart, cursor.keyEnd)).toString('latin1'),
  sequence: cursor.sequence,
  value:
    cursor.kind === KIND_PUT
      ? Buffer.from(cursor.value.subarray(cursor.valueStart, cursor.valueEnd)).toString()
      : undefined,
})

const layouts = fc.record({
  blockBytes: fc.constantFrom(64, 300, 4096),
  partitionBytes: fc.constantFrom(16, 150, 32 * 1024),
  cacheBytes: fc.constantFrom(0, 1500, 1e6),
})

describe('a table', () => {
  it('is walked in both directions, from any place', () => {
    let most = 0
    fc.assert(
      fc.property(entries, layouts, keys, (list, layout, target) => {
        const table = build(list, layout, contextOf(layout.cacheBytes))
        most = Math.max(most, table.partitions)
        const cursor = new TableCursor([table])
        const key = Buffer.from(target, 'latin1')
        const walk = (forward: boolean): Entry[] => {
          const found: Entry[] = []
          for (; cursor.valid; forward ? cursor.next() : cursor.previous())
            found.push(shown(cursor))
          return found
        }
        cursor.first()
        expect(walk(true)).toEqual(list)
        cursor.last()
        expect(walk(false)).toEqual(list.toReversed())
        cursor.seek(key, key.length)
        expect(walk(true)).toEqual(list.filter((entry) => entry.key >= target))
        cursor.seekBefore(key, key.length)
        expect(walk(false)).toEqual(list.filter((entry) => entry.key < target).toReversed())
      }),
      { numRuns: 150 },
    )
    expect(most).toBeGreaterThan(8)
  })

  it('finds each version, and only what there is', () => {
    fc.assert(
      fc.property(entries, layouts, keys, (list, layout, other) => {
        const context = contextOf(layout.cacheBytes)
        const table = build(list, layout, context)
        for (const { key, sequence } of [...list, { key: other, sequence: 2 ** 30 }]) {
          const bytes = Buffer.from(key, 'latin1')
          const hash = hashRange(bytes, 0, bytes.length)
          const expected = list.find((entry) => entry.key === key && entry.sequence <= sequence)
          // From the disk, from the cache, and by the slots that a block gets there.
          for (let round = 0; round < 3; round++) {
            expect(table.find(bytes, bytes.length, hash, sequence)).toBe(expected !== undefined)
            if (expected !== undefined) expect(context.block.sequence).toBe(expected.sequence)
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('a table in partitions', () => {
  const list = Array.from({ length: 3000 }, (_, i) => ({
    key: `key-${String(i).padStart(6, '0')}`,
    sequence: i + 1,
    value: 'v'.repeat(i % 50),
  }))
  const layout = { blockBytes: 256, partitionBytes: 512 }
  const whole = { ...layout, partitionBytes: 1024 * 1024 }

  it('holds all versions of a key in one of them, however many', () => {
    const many = list.flatMap((entry, i) =>
      i % 100 > 0
        ? [entry]
        : Array.from({ length: 40 }, (_, n) => ({ ...entry, sequence: i + 100 - n })),
    )
    const context = contextOf(1e6)
    const table = build(many, layout, context)
    expect(table.partitions).toBeGreaterThan(20)
    let last = ''
    for (let i = 0; i < table.partitions; i++) {
      const { index } = table.partition(i, false)
      const separator = Buffer.from(index.separator(index.blocks - 1)).toString()
      const cursor = new TableCursor([table])
      cursor.seek(Buffer.from(`${last}\0`), last.length + 1)
      const first = shown(cursor)
      // The newest version of the first key that may be there: it has no others in front of it.
      const before = many.findIndex(({ key }) => key === first.key)
      expect(first).toEqual(many[before])
      expect(first.key <= separator).toBe(true)
      last = separator
    }
    for (const { key, sequence } of many) {
      const bytes = Buffer.from(key)
      const hash = hashRange(bytes, 0, bytes.length)
      expect(table.find(bytes, bytes.length, hash, sequence)).toBe(true)
      expect(context.block.sequence).toBe(sequence)
    }
  })

  it('tells sizes of ranges as one in one piece does', () => {
    const parted = build(list, layout, contextOf(1e6))
    const flat = build(list, whole, contextOf(1e6))
    expect(parted.partitions).toBeGreaterThan(20)
    expect(flat.partitions).toBe(1)
    const bounds = [undefined, 'a', 'key-000700', 'key-000701', 'key-002222', 'key-002999', 'z']
    for (const gte of bounds) {
      for (const lt of bounds) {
        const from = gte === undefined ? undefined : Buffer.from(gte)
        const to = lt === undefined ? undefined : Buffer.from(lt)
        const share = (table: Table): number => table.sizeOfRange(from, to) / table.meta.bytes
        expect(share(parted)).toBeCloseTo(share(flat), 4)
        if (from === undefined) continue
        expect(parted.bytesBetween(from, to)).toBe(flat.bytesBetween(from, to))
      }
    }
  })

  it('is read through a cache that holds some of them only, each time right', () => {
    const capacity = 64 * 1024
    const context = contextOf(capacity)
    const table = build(list, layout, context)
    let inMemory = 0
    for (let i = 0; i < 4000; i++) {
      const { key } = list[(i * 37) % list.length] as Entry
      const bytes = Buffer.from(key)
      expect(table.find(bytes, bytes.length, hashRange(bytes, 0, bytes.length), 1e6)).toBe(true)
      expect(context.cache.used).toBeLessThanOrEqual(capacity)
      if (i % 100 > 0) continue
      const held = table.load().partitions.filter((partition) => partition !== undefined).length
      expect(held).toBeLessThan(table.partitions)
      inMemory = Math.max(inMemory, held)
    }
    expect(inMemory).toBeGreaterThan(2)
    table.close()
    expect(context.cache.used).toBe(0)
  })
})

describe('a separator', () => {
  it('is not before the last key of a block, and before the first of the next', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [last, next] = Buffer.compare(a, b) < 0 ? [a, b] : [b, a]
        fc.pre(Buffer.compare(last, next) !== 0)
        const separator = separatorOf(last, next)
        expect(Buffer.compare(separator, last)).toBeGreaterThanOrEqual(0)
        expect(Buffer.compare(separator, next)).toBeLessThan(0)
        expect(separator.length).toBeLessThanOrEqual(last.length)
      }),
    )
  })
})

describe('the bloom filter', () => {
  it('has no false negatives and about one false positive in a hundred', () => {
    const count = 20_000
    const hashOf = (text: string): number => hashRange(Buffer.from(text), 0, text.length)
    const hashes = Uint32Array.from({ length: count }, (_, i) => hashOf(`key-${i}`))
    const filter = buildFilter(hashes, count)
    expect(hashes.every((hash) => mayContain(filter, hash))).toBe(true)
    let positives = 0
    for (let i = 0; i < count; i++) positives += mayContain(filter, hashOf(`other-${i}`)) ? 1 : 0
    expect(positives / count).toBeLessThan(0.02)
  })
})
