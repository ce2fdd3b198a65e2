import { isStoreError, type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'
import { PARTITIONED_TABLE_VERSION } from '../src/sstable/table-format.ts'

/** Every so manieth byte is flipped, in each file. 1 takes minutes. */
const STRIDE = Number(process.env['ASHLAR_FLIP_STRIDE'] ?? 61)
const PATH = '/s'
const OPTIONS = {
  memtableBytes: 4096,
  tables: {
    blockBytes: 256,
    tableBytes: 4096,
    levelBytes: 4096,
    levelZeroTables: 2,
    partitionBytes: 16,
    compression: ['none', 'lz4', 'zstd'],
    largeValueBytes: 40,
  },
} as const

interface Built {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly expected: ReadonlyMap<string, string>
}

/** A cleanly closed store with tables on two levels, logs and a manifest. */
async function build(): Promise<Built> {
  const disk = memoryFileSystem()
  const expected = new Map<string, string>()
  await using store = await Store.open(PATH, { ...OPTIONS, fileSystem: disk })
  for (let i = 0; i < 160; i++) {
    const key = `key-${(i * 37) % 101}`
    if (i % 7 === 3) {
      expected.delete(key)
      await store.delete(key)
    } else {
      expected.set(key, `value ${i} `.repeat(4))
      await store.put(key, `value ${i} `.repeat(4))
    }
    if (i === 100) await store.compact()
    if (i === 120 || i === 150) {
      await store.deleteRange({ gte: `key-${i - 70}`, lt: `key-${i - 60}` })
      for (const other of [...expected.keys()]) {
        if (other >= `key-${i - 70}` && other < `key-${i - 60}`) expected.delete(other)
      }
    }
    if (i === 130) {
      const ingested = Array.from({ length: 30 }, (_, n) => [`key-${n + 10}-`, `in ${n}`] as const)
      await store.ingest(ingested)
      for (const [key, value] of ingested) expected.set(key, value)
    }
    if (i === 140) await store.flush()
  }
  await store.close()
  return { files: new Map(disk.paths().map((path) => [path, disk.readFile(path)])), expected }
}

function restore(files: ReadonlyMap<string, Uint8Array>): MemoryFileSystem {
  const disk = memoryFileSystem()
  disk.makeDirectory(PATH)
  for (const [path, bytes] of files) disk.writeFile(path, bytes)
  return disk
}

/** Passes coded errors that name file and place; everything else is a failure. */
function expectCoded(error: unknown): void {
  if (!isStoreError(error)) throw error
  expect(['STORE_CORRUPT', 'STORE_VERSION']).toContain(error.code)
  expect(error.path).toMatch(/^\/s/)
  if (error.code === 'STORE_CORRUPT') expect(error.offset).toBeTypeOf('number')
}

/** Opens and reads everything: each answer is right or an error. Returns the errors. */
async function readAll(disk: MemoryFileSystem, { expected }: Built): Promise<number> {
  let errors = 0
  const attempt = async (read: () => unknown): Promise<void> => {
    try {
      await read()
    } catch (error) {
      expectCoded(error)
      errors += 1
    }
  }
  await attempt(async () => {
    await using store = await Store.open(PATH, { ...OPTIONS, fileSystem: disk })
    for (let i = 0; i < 101; i++) {
      await attempt(() => {
        const found = store.getSync(`key-${i}`)
        const text = found === undefined ? undefined : Buffer.from(found).toString()
        if (text !== expected.get(`key-${i}`)) throw new Error(`key-${i}: a wrong value`)
      })
    }
    for (const reverse of [false, true]) {
      await attempt(async () => {
        let count = 0
        for await (const [key, value] of store.scan({ reverse })) {
          const text = Buffer.from(value).toString()
          if (text !== expected.get(Buffer.from(key).toString())) throw new Error('a wrong entry')
          count += 1
        }
        if (count !== expected.size) throw new Error(`${count} of ${expected.size} entries`)
      })
    }
    await attempt(async () => {
      let last = 0
      for await (const { sequence } of store.changes({ since: store.oldestChange })) last = sequence
      if (last !== store.lastSequence) throw new Error('changes end early')
    })
  })
  return errors
}

describe('a flipped byte', () => {
  it('never leads to a wrong answer, in any file', { timeout: 600_000 }, async () => {
    const built = await build()
    expect(await readAll(restore(built.files), built)).toBe(0)
    const kinds = { log: 0, table: 0, values: 0, MANIFEST: 0 }
    const isParted = ([path, bytes]: [string, Uint8Array]): boolean =>
      path.endsWith('.table') && bytes[bytes.length - 16] === PARTITIONED_TABLE_VERSION
    expect([...built.files].filter(isParted).length).toBeGreaterThan(0)
    for (const [path, bytes] of built.files) {
      const kind = (Object.keys(kinds) as (keyof typeof kinds)[]).find((k) => path.includes(k))
      if (kind === undefined) throw new Error(`unknown file ${path}`)
      for (let at = 0; at < bytes.length; at += STRIDE) {
        const disk = restore(built.files)
        const flipped = bytes.slice()
        flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
        disk.writeFile(path, flipped)
        await readAll(disk, built).then(
          (errors) => {
            kinds[kind] += errors > 0 ? 1 : 0
          },
          (error: Error) => {
            throw new Error(`${path}, byte ${at}: ${error.message}`, { cause: error })
          },
        )
      }
    }
    // Logs, tables and values must notice; the manifest has another copy to answer from.
    expect(kinds.log).toBeGreaterThan(0)
    expect(kinds.table).toBeGreaterThan(0)
    expect(kinds.values).toBeGreaterThan(0)
    expect(kinds.MANIFEST).toBe(0)
  })

  it('in the manifest is repaired from the other copy, and reported', async () => {
    const built = await build()
    const disk = restore(built.files)
    const bytes = disk.readFile('/s/MANIFEST-A')
    bytes[20] = (bytes[20] as number) ^ 1
    disk.writeFile('/s/MANIFEST-A', bytes)
    const reported: string[] = []
    const events = { onError: ({ error }: { error: Error }) => void reported.push(error.message) }
    await using store = await Store.open(PATH, { ...OPTIONS, fileSystem: disk, events })
    expect(reported).toHaveLength(1)
    expect(reported[0]).toContain('/s/MANIFEST-A')
    expect(disk.readFile('/s/MANIFEST-A')).not.toEqual(bytes)
    const found = new Map<string, string>()
    for await (const [key, value] of store.scan()) {
      found.set(Buffer.from(key).toString(), Buffer.from(value).toString())
    }
    expect(found).toEqual(built.expected)
  })

  it('in both copies of the manifest at once is an error, not an empty store', async () => {
    const built = await build()
    const disk = restore(built.files)
    for (const path of ['/s/MANIFEST-A', '/s/MANIFEST-B']) {
      const bytes = disk.readFile(path)
      bytes[20] = (bytes[20] as number) ^ 1
      disk.writeFile(path, bytes)
    }
    await expect(Store.open(PATH, { ...OPTIONS, fileSystem: disk })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    })
  })
})
