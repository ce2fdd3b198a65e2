// Files from an enemy: their checksums fit, their content does not. Readers answer with coded errors,
// in bounded time and memory, whatever stands there.
import { seededRandom } from '@ashlar/codec'
import { isStoreError, memoryFileSystem, repairStore, Store, verifyStore } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'
import { frameEnd, sealFrame } from '../../src/bytes/frame.ts'
import { TableFile } from '../../src/sstable/table-file.ts'
import {
  PARTITIONED_TABLE_VERSION,
  type Section,
  sealSection,
} from '../../src/sstable/table-format.ts'
import type { TableIndex } from '../../src/sstable/table-index.ts'

const ROUNDS = Number(process.env['ASHLAR_FUZZ'] ?? 20)
const OPTIONS = {
  memtableBytes: 2048,
  changeRetentionBytes: 1 << 20,
  tables: {
    blockBytes: 128,
    tableBytes: 8192,
    levelZeroTables: 6,
    compression: ['none', 'lz4'],
    largeValueBytes: 70,
    partitionBytes: 16,
  },
} as const

type Random = ReturnType<typeof seededRandom>
const below = (random: Random, limit: number): number => Math.floor(random.next() * limit)

async function files(): Promise<ReadonlyMap<string, Uint8Array>> {
  const disk = memoryFileSystem()
  const store = await Store.open('/s', { ...OPTIONS, fileSystem: disk })
  for (let i = 0; i < 120; i++) {
    await store.put(`key${i % 50}`, `value ${i} `.repeat(1 + (i % 9)))
    if (i % 11 === 0) await store.delete(`key${(i * 3) % 50}`)
    if (i === 60) await store.compact()
    if (i === 70) {
      await store.ingest(Array.from({ length: 40 }, (_, n) => [`kez${n + 10}`, `in ${n}`] as const))
    }
    if (i === 80) await store.deleteRange({ gte: 'key1', lt: 'key2' })
  }
  await store.close()
  return new Map(disk.paths().map((path) => [path, disk.readFile(path)]))
}

/** Changes some bytes of `bytes[start..end)`: by a bit, to an extreme, or to anything. */
function harm(bytes: Uint8Array, start: number, end: number, random: Random): void {
  for (let i = 0; i <= below(random, 4); i++) {
    const at = start + below(random, end - start)
    const choice = below(random, 4)
    if (choice === 0) bytes[at] = (bytes[at] as number) ^ (1 << below(random, 8))
    else bytes[at] = choice === 1 ? 0xff : choice === 2 ? 0 : below(random, 256)
  }
}

/** Sections of a table: one of its blocks, and what is not of one partition only. */
function sectionsOf(bytes: Uint8Array, random: Random): Section[] {
  const disk = memoryFileSystem()
  disk.writeFile('/t', bytes)
  const file = TableFile.read(disk.open('/t', 'read'), '/t', bytes.length)
  const { top, footer } = file
  const partition = below(random, file.partitions)
  const index = file.index(partition)
  const block = below(random, index.blocks)
  const offset = index.offsets[block] as number
  const end = index.offsets[block + 1] as number
  const sections = [{ offset, length: end - offset - 5 }, footer.index, footer.properties]
  if (top === undefined) return [...sections, footer.filter]
  const start = top.offsets[partition] as number
  const { length } = partOf(top, partition)
  const filter = start + length + 5
  const filterEnd = (top.offsets[partition + 1] as number) - 5
  return [...sections, { offset: start, length }, { offset: filter, length: filterEnd - filter }]
}

function partOf({ offsets, starts }: TableIndex, i: number): Section {
  const length = (starts[i + 1] as number) - (starts[i] as number) - 5
  return { offset: offsets[i] as number, length }
}

/** Harms one section of a table, and makes its checksum fit. */
function harmTable(bytes: Uint8Array, random: Random): void {
  const sections = sectionsOf(bytes, random)
  const { offset, length } = sections[below(random, sections.length)] as Section
  const kind = bytes[offset + length]
  harm(bytes, offset, offset + length, random)
  sealSection(bytes, offset, offset + length, kind)
}

/** Harms one frame of a log or manifest, and makes its checksum fit. */
function harmFrame(bytes: Uint8Array, random: Random): void {
  const starts: number[] = []
  for (let at = 0; at < bytes.length; at = frameEnd(bytes, at, bytes.length)) starts.push(at)
  const start = starts[below(random, starts.length)] as number
  const end = frameEnd(bytes, start, bytes.length)
  harm(bytes, start + 9, end, random)
  sealFrame(bytes, start, end, bytes[start + 8] as number)
}

/** Harms a value file anywhere: its sums stand in tables. */
function harmValues(bytes: Uint8Array, random: Random): void {
  harm(bytes, 0, bytes.length, random)
}

/** Everything that reads; whatever is thrown must have a code. */
async function readAll(sound: ReadonlyMap<string, Uint8Array>, path: string, bytes: Uint8Array) {
  const disk = memoryFileSystem()
  disk.makeDirectory('/s')
  for (const [name, content] of sound) disk.writeFile(name, name === path ? bytes : content)
  await coded(() => verifyStore('/s', { fileSystem: disk }))
  await coded(async () => {
    const store = await Store.open('/s', { ...OPTIONS, fileSystem: disk })
    try {
      for (let i = 0; i < 50; i++) await coded(async () => store.getSync(`key${i}`))
      for (const reverse of [false, true]) {
        await coded(async () => {
          let count = 0
          for await (const _ of store.scan({ reverse }))
            if (++count > 10_000) throw new Error('endless')
        })
      }
      await coded(async () => {
        for await (const _ of store.changes());
      })
      await coded(() => store.compact())
    } finally {
      await coded(() => store.close())
    }
  })
  await coded(() => repairStore('/s', { fileSystem: disk }))
  await coded(async () => {
    await using repaired = await Store.open('/s', { ...OPTIONS, fileSystem: disk })
    await coded(async () => repaired.getSync('key1'))
  })
}

async function coded(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isStoreError(error)) throw error
  }
}

describe('a forged file', () => {
  for (const [name, pattern, forge] of [
    ['table', /\.table$/, harmTable],
    ['values', /\.values$/, harmValues],
    ['log', /\.log$/, harmFrame],
    ['manifest', /MANIFEST/, harmFrame],
  ] as const) {
    it(`gets coded errors at worst: ${name}`, { timeout: 60_000 }, async () => {
      const sound = await files()
      const paths = [...sound.keys()].filter((path) => pattern.test(path))
      expect(paths.length).toBeGreaterThan(1)
      const formats = paths.map((path) => sound.get(path)?.at(-16))
      if (name === 'table') expect(formats).toContain(PARTITIONED_TABLE_VERSION)
      for (let seed = 1; seed <= ROUNDS; seed++) {
        const random = seededRandom(seed)
        const path = paths[below(random, paths.length)] as string
        const bytes = Uint8Array.from(sound.get(path) as Uint8Array)
        forge(bytes, random)
        try {
          await readAll(sound, path, bytes)
        } catch (cause) {
          throw new Error(`seed ${seed}, ${path}: ${(cause as Error).message}`, { cause })
        }
      }
    })
  }
})
