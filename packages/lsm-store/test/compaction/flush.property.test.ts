import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FlushJob } from '../../src/compaction/job.ts'
import { runJob } from '../../src/compaction/run-job.ts'
import { VersionFilter } from '../../src/compaction/version-filter.ts'
import { memoryFileSystem } from '../../src/fs/memory-file-system.ts'
import { StandingCursor } from '../../src/iterator/standing-cursor.ts'
import { Memtable } from '../../src/memtable/memtable.ts'
import {
  KIND_DELETE,
  KIND_EXPIRING_PUT,
  KIND_MERGE,
  KIND_PUT,
  KIND_RANGE_DELETE,
} from '../../src/memtable/record.ts'
import { BlockCache } from '../../src/sstable/block-cache.ts'
import { Table } from '../../src/sstable/table.ts'
import { tableContext } from '../../src/sstable/table-context.ts'
import { TableCursor } from '../../src/sstable/table-cursor.ts'
import { writeRecord } from '../../src/wal/batch.ts'

const FIRST = 1000
const NO_PREFIX = new Uint8Array(0)

interface Write {
  readonly key: number
  readonly kind: number
}

/** Long enough that few bytes do not tell keys apart. */
const nameOf = (key: number): Buffer => Buffer.from(`${'name'.repeat(key % 4)}/${key}`)

const writes = fc.array(
  fc.record({
    key: fc.nat({ max: 12 }),
    kind: fc.constantFrom(
      KIND_PUT,
      KIND_PUT,
      KIND_DELETE,
      KIND_MERGE,
      KIND_MERGE,
      KIND_EXPIRING_PUT,
      KIND_RANGE_DELETE,
    ),
  }),
  { minLength: 1, maxLength: 200, size: 'max' },
)
/** Also some that see nothing of the memtable, or all of it. */
const snapshots = fc
  .uniqueArray(fc.integer({ min: FIRST - 20, max: FIRST + 220 }), { maxLength: 5 })
  .map((list) => list.sort((a, b) => a - b))

function memtableOf(list: readonly Write[]): Memtable {
  const memtable = new Memtable(1 << 16, FIRST)
  const text = Buffer.from(memtable.arena.buffer)
  for (const [i, { key, kind }] of list.entries()) {
    const name = nameOf(key)
    // A range delete from this key up to the next one.
    const value = kind === KIND_RANGE_DELETE ? Buffer.concat([name, Buffer.of(0)]) : textOf(i)
    const written = kind === KIND_DELETE ? undefined : value
    const start = memtable.used
    const end = writeRecord(text, memtable.arena, start, kind, NO_PREFIX, name, written, 0)
    memtable.used = end
    expect(memtable.index(start, end, 1)).toBe(true)
  }
  return memtable
}

function textOf(i: number): Buffer {
  return Buffer.from(`value ${i}`)
}

function flushed(memtable: Memtable, open: readonly number[]): string[] {
  const fileSystem = memoryFileSystem()
  const job: FlushJob = {
    kind: 'flush',
    directory: '/s',
    image: memtable.image,
    number: 1,
    numbers: 1,
    blockBytes: 256,
    partitionBytes: 4096,
    compression: 'none',
    largeValueBytes: 0,
    spaces: [],
    snapshots: open,
    operators: [],
    expireBefore: 0,
  }
  fileSystem.makeDirectory('/s')
  const running = runJob(job, fileSystem)
  let step = running.next()
  while (step.done !== true) step = running.next()
  const found: string[] = []
  for (const meta of step.value.tables) {
    const table = new Table(tableContext(fileSystem, '/s', new BlockCache(0)), meta)
    table.retain()
    const cursor = new TableCursor([table])
    for (cursor.first(); cursor.valid; cursor.next()) {
      const { key, keyStart, keyEnd, kind, sequence, value, valueStart, valueEnd } = cursor
      const name = Buffer.from(key.subarray(keyStart, keyEnd)).toString()
      const text = Buffer.from(value.subarray(valueStart, valueEnd)).toString()
      found.push(`${name} ${sequence} ${kind} ${text}`)
    }
    table.release()
  }
  return found
}

class OneEntry extends StandingCursor {
  constructor(key: Uint8Array, kind: number, sequence: number) {
    super()
    this.key = key
    this.keyEnd = key.length
    this.kind = kind
    this.sequence = sequence
  }
}

it('a flush writes the versions that somebody sees, and operands with what they are merged into', () => {
  fc.assert(
    fc.property(writes, snapshots, (list, open) => {
      const memtable = memtableOf(list)
      const filter = new VersionFilter(open, false, memtable.ranges)
      const expected = list
        .map(({ key, kind }, i) => ({ name: nameOf(key), kind, i }))
        .filter(({ kind }) => kind !== KIND_RANGE_DELETE)
        .sort((a, b) => Buffer.compare(a.name, b.name) || b.i - a.i)
        .filter(({ name, kind, i }) => filter.keeps(new OneEntry(name, kind, FIRST + i)))
        .map(({ name, kind, i }) => {
          const text = kind === KIND_DELETE ? '' : textOf(i).toString()
          return `${name.toString()} ${FIRST + i} ${kind} ${text}`
        })
      expect(flushed(memtable, open)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})
