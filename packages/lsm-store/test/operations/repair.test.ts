// A repaired store opens, has everything that can still be read, and says what it has not.
import {
  isStoreError,
  type MemoryFileSystem,
  memoryFileSystem,
  repairStore,
  Store,
} from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'
import { TableFile } from '../../src/sstable/table-file.ts'

const SIZES = {
  memtableBytes: 4096,
  tables: { levelZeroTables: 6, tableBytes: 4096, compression: 'none' as const },
}
const stride = Number(process.env['ASHLAR_FLIP_STRIDE'] ?? 61)

type Content = Map<string, string>

async function fill(fileSystem: MemoryFileSystem): Promise<Content> {
  const store = await Store.open('/s', { fileSystem, ...SIZES, changeRetentionBytes: 0 })
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 60; i++) await store.put(`key${i}`, `${round}:${i}`.repeat(10))
    for (let i = round; i < 60; i += 7) await store.delete(`key${i}`)
    await store.flush()
    if (round === 0) await store.compact()
  }
  for (let i = 0; i < 20; i++) await store.put(`log${i}`, `${i}`.repeat(10))
  await store.close()
  return contentOf(fileSystem)
}

async function contentOf(fileSystem: MemoryFileSystem): Promise<Content> {
  await using store = await Store.open('/s', { fileSystem, ...SIZES })
  const content: Content = new Map()
  for await (const [key, value] of store.scan()) {
    content.set(Buffer.from(key).toString(), Buffer.from(value).toString())
  }
  expect((await store.verify()).problems).toEqual([])
  return content
}

const numberOfFile = (path: string): number => Number(/(\d{8})\./.exec(path)?.[1])

describe('repairStore', () => {
  it('changes nothing in a sound store', async () => {
    const fileSystem = memoryFileSystem()
    const content = await fill(fileSystem)
    const before = fileSystem.paths().map((path) => [path, fileSystem.readFile(path)])
    expect(await repairStore('/s', { fileSystem })).toEqual({
      sound: true,
      manifest: 'sound',
      problems: [],
      lost: [],
      lostEntries: 0,
      rescuedOperations: 0,
      lostLogBytes: 0,
      setAside: [],
    })
    expect(fileSystem.paths().map((path) => [path, fileSystem.readFile(path)])).toEqual(before)
    expect(await contentOf(fileSystem)).toEqual(content)
  })

  it('loses no more than the block, for any damaged byte of any table', async () => {
    const original = memoryFileSystem()
    const content = await fill(original)
    const tables = original.paths().filter((path) => path.endsWith('.table'))
    expect(tables.length).toBeGreaterThan(2)
    for (const path of tables) {
      const { length } = original.readFile(path)
      for (let at = 0; at < length; at += stride) {
        const fileSystem = copyOf(original)
        const bytes = fileSystem.readFile(path)
        bytes[at] = (bytes[at] as number) ^ 0x40
        fileSystem.writeFile(path, bytes)
        const report = await repairStore('/s', { fileSystem })
        const where = `${path} ${at}`
        expect(report.sound, where).toBe(false)
        expect(report.problems[0], where).toMatchObject({ path, code: 'STORE_CORRUPT' })
        expect(report.setAside, where).toEqual([`${path}.damaged`])
        expect(fileSystem.readFile(`${path}.damaged`), where).toEqual(bytes)
        const found = await contentOf(fileSystem)
        for (const [key, value] of found) {
          if (content.get(key) === value) continue
          expect(isReported(key, report.lost, numberOfFile(path)), `${where} ${key}`).toBe(true)
        }
        for (const key of content.keys()) {
          if (found.has(key)) continue
          expect(isReported(key, report.lost, numberOfFile(path)), `${where} ${key}`).toBe(true)
        }
      }
    }
  })

  it('loses of a table in partitions no more than one, and nothing with a filter', async () => {
    const original = memoryFileSystem()
    const tables = { ...SIZES.tables, blockBytes: 128, tableBytes: 1 << 20, partitionBytes: 128 }
    const options = { ...SIZES, tables, memtableBytes: 1 << 20, flushOnCloseBytes: 0 }
    await using store = await Store.open('/s', { fileSystem: original, ...options })
    for (let i = 0; i < 400; i++) await store.put(`key${i}`, `${i}`.repeat(10))
    await store.close()
    const path = original.paths().find((name) => name.endsWith('.table')) as string
    const sound = original.readFile(path)
    const file = TableFile.read(original.open(path, 'read'), path, sound.length)
    const { top, partitions } = file
    if (top === undefined) throw new Error('a table in one piece')
    expect(partitions).toBeGreaterThan(10)
    for (let i = 0; i < partitions; i++) {
      const index = top.offsets[i] as number
      const filter = (top.offsets[i + 1] as number) - 10
      for (const at of [index, filter]) {
        const fileSystem = copyOf(original)
        const bytes = sound.slice()
        bytes[at] = (bytes[at] as number) ^ 1
        fileSystem.writeFile(path, bytes)
        const report = await repairStore('/s', { fileSystem })
        expect(report.problems).toMatchObject([{ path, code: 'STORE_CORRUPT' }])
        const found = await contentOf(fileSystem)
        expect(report.lostEntries).toBe(400 - found.size)
        expect(report.lost.length).toBe(at === filter ? 0 : 1)
        if (at === index) expect(report.lostEntries).toBeGreaterThan(0)
        expect(report.lostEntries).toBeLessThan(at === filter ? 1 : 60)
        for (let n = 0; n < 400; n++) {
          const kept = found.get(`key${n}`) === `${n}`.repeat(10)
          expect(kept || isReported(`key${n}`, report.lost, numberOfFile(path))).toBe(true)
        }
      }
    }
  })

  it('goes on without a table that is gone, and names its keys', async () => {
    const fileSystem = memoryFileSystem()
    await fill(fileSystem)
    const path = fileSystem.paths().find((name) => name.endsWith('.table')) as string
    fileSystem.removeNow(path)
    await expect(Store.open('/s', { fileSystem })).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    const report = await repairStore('/s', { fileSystem })
    expect(report.lost.map(({ table }) => table)).toEqual([numberOfFile(path)])
    expect(report.lostEntries).toBeGreaterThan(0)
    await contentOf(fileSystem)
  })

  it('makes a manifest from the tables when both copies are gone', async () => {
    const fileSystem = memoryFileSystem()
    const content = await fill(fileSystem)
    for (const copy of ['A', 'B']) fileSystem.removeNow(`/s/MANIFEST-${copy}`)
    await expect(Store.open('/s', { fileSystem })).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    const report = await repairStore('/s', { fileSystem })
    expect(report).toMatchObject({ sound: false, manifest: 'rebuilt', lostEntries: 0 })
    expect(report.rescuedOperations).toBe(20)
    expect(await contentOf(fileSystem)).toEqual(content)
  })

  for (const [what, cut] of [
    ['leaves out an ingest that a crash cut off, when it', true],
    ['keeps an ingest that came to its end, when it', false],
  ] as const) {
    it(`${what} makes a manifest from the tables`, async () => {
      const fileSystem = memoryFileSystem()
      const store = await Store.open('/s', { fileSystem, ...SIZES })
      for (let i = 0; i < 20; i++) await store.put(`key${i}`, 'old'.repeat(10))
      const reached = Promise.withResolvers<void>()
      const crashed = Promise.withResolvers<void>()
      const source = async function* (): AsyncGenerator<readonly [string, string]> {
        for (let i = 0; i < 890; i++) yield [`new${i + 100}`, 'new'.repeat(20)]
        const isTable = (path: string): boolean => path.endsWith('.table')
        while (!fileSystem.paths().some(isTable)) await new Promise((done) => setImmediate(done))
        reached.resolve()
        if (cut) await crashed.promise
      }
      const sorted = (): AsyncGenerator<readonly [string, string]> => source()
      const ingest = store.ingest(sorted()).catch((error: unknown) => error)
      await Promise.race([reached.promise, ingest])
      if (!cut) expect(await ingest).toMatchObject({ entries: 890 })
      const left = copyOf(fileSystem)
      crashed.resolve()
      await ingest
      await store.close()
      expect(left.paths().some((path) => path.endsWith('.table'))).toBe(true)
      for (const copy of ['A', 'B']) left.removeNow(`/s/MANIFEST-${copy}`)
      expect(await repairStore('/s', { fileSystem: left })).toMatchObject({ manifest: 'rebuilt' })
      const content = await contentOf(left)
      expect(content.size).toBe(cut ? 20 : 910)
    })
  }

  it('writes one damaged copy of the manifest anew', async () => {
    const fileSystem = memoryFileSystem()
    const content = await fill(fileSystem)
    fileSystem.writeFile('/s/MANIFEST-A', new Uint8Array(100))
    const report = await repairStore('/s', { fileSystem })
    expect(report).toMatchObject({ sound: false, manifest: 'one copy damaged', lostEntries: 0 })
    expect(await contentOf(fileSystem)).toEqual(content)
  })

  it('saves what stands in a log behind damage', async () => {
    const original = memoryFileSystem()
    const content = await fill(original)
    const path = original.paths().findLast((name) => name.endsWith('.log')) as string
    const { length } = original.readFile(path)
    let refused = 0
    for (let at = 0; at < length; at += 7) {
      const fileSystem = copyOf(original)
      const bytes = fileSystem.readFile(path)
      bytes[at] = (bytes[at] as number) ^ 2
      fileSystem.writeFile(path, bytes)
      const opened = await Store.open('/s', { fileSystem }).catch((error: unknown) => error)
      if (!isStoreError(opened)) {
        await (opened as Store).close()
        continue
      }
      refused += 1
      const report = await repairStore('/s', { fileSystem })
      expect(report.problems[0], `${at}`).toMatchObject({ path })
      expect(report.rescuedOperations, `${at}`).toBeGreaterThanOrEqual(19)
      expect(report.lostLogBytes, `${at}`).toBeGreaterThan(0)
      const found = await contentOf(fileSystem)
      for (const [key, value] of found) expect(content.get(key)).toBe(value)
      expect(found.size, `${at}`).toBeGreaterThanOrEqual(content.size - 1)
    }
    expect(refused).toBeGreaterThan(20)
  })

  it('is as good after a power cut in the middle, when it is done again', async () => {
    const original = memoryFileSystem()
    await fill(original)
    const table = original.paths().find((name) => name.endsWith('.table')) as string
    const bytes = original.readFile(table)
    bytes[5] = (bytes[5] as number) ^ 1
    original.writeFile(table, bytes)
    const whole = copyOf(original)
    await repairStore('/s', { fileSystem: whole })
    const expected = await contentOf(whole)
    for (let cut = 0; cut < 200; cut++) {
      const fileSystem = copyOf(original, cut)
      let calls = 0
      const cutting = cutAfter(fileSystem, () => calls++ === cut)
      const done = await repairStore('/s', { fileSystem: cutting }).then(
        () => true,
        () => false,
      )
      fileSystem.powerCut()
      await repairStore('/s', { fileSystem })
      expect(await contentOf(fileSystem), `cut ${cut}`).toEqual(expected)
      if (done) break
    }
  })

  it('needs a store that is closed, and one at all', async () => {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('/s', { fileSystem })
    await expect(repairStore('/s', { fileSystem })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await store.close()
    const missing = { code: 'STORE_MISSING' }
    await expect(repairStore('/nowhere', { fileSystem })).rejects.toMatchObject(missing)
    fileSystem.makeDirectory('/empty')
    await expect(repairStore('/empty', { fileSystem })).rejects.toMatchObject(missing)
  })
})

function isReported(
  key: string,
  lost: readonly { from: Uint8Array; to: Uint8Array; table: number }[],
  table: number,
): boolean {
  const bytes = Buffer.from(key)
  return lost.some(
    (range) =>
      range.table === table &&
      Buffer.compare(bytes, range.from) >= 0 &&
      Buffer.compare(bytes, range.to) <= 0,
  )
}

function copyOf(original: MemoryFileSystem, seed?: number): MemoryFileSystem {
  const copy = memoryFileSystem(seed === undefined ? {} : { seed })
  copy.makeDirectory('/s')
  for (const path of original.paths()) copy.writeFile(path, original.readFile(path))
  return copy
}

/** Loses power at a change to a file or directory. */
function cutAfter(fileSystem: MemoryFileSystem, isNow: () => boolean): MemoryFileSystem {
  const check = (): void => {
    if (isNow()) fileSystem.powerCut()
  }
  return {
    ...fileSystem,
    open(path, mode) {
      const file = fileSystem.open(path, mode)
      const write = file.write.bind(file)
      file.write = (...parameters) => {
        check()
        return write(...parameters)
      }
      const syncNow = file.syncNow.bind(file)
      file.syncNow = () => {
        check()
        syncNow()
      }
      return file
    },
    rename(from, to) {
      check()
      fileSystem.rename(from, to)
    },
    removeNow(path) {
      check()
      fileSystem.removeNow(path)
    },
  }
}
