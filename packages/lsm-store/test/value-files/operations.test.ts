// Copies, checks and repairs of a store take its value files into account.
import {
  type MemoryFileSystem,
  memoryFileSystem,
  repairStore,
  restoreBackup,
  Store,
  verifyStore,
} from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'
import { VALUE_FILE_HEADER_BYTES } from '../../src/value-files/value-file-format.ts'
import { COUNT, large, SIZES, text, valueFiles, write } from './stores.ts'

/** A closed store with one value file. */
async function filled(): Promise<{ readonly disk: MemoryFileSystem; readonly path: string }> {
  const disk = memoryFileSystem()
  const store = await Store.open('/s', { ...SIZES, fileSystem: disk })
  await write(store, 0)
  await store.close()
  const [path] = valueFiles(disk) as [string]
  return { disk, path }
}

async function contentOf(disk: MemoryFileSystem, directory = '/s'): Promise<Map<string, string>> {
  await using store = await Store.open(directory, { ...SIZES, fileSystem: disk })
  expect((await store.verify()).problems).toEqual([])
  const content = new Map<string, string>()
  for await (const [key, value] of store.scan()) content.set(text(key) ?? '', text(value) ?? '')
  return content
}

const whole = (round: number): Map<string, string> =>
  new Map(
    Array.from({ length: COUNT }, (_, i) => [`key-${i}`, large(i, round)] as const).sort(
      ([a], [b]) => (a < b ? -1 : 1),
    ),
  )

function flip(disk: MemoryFileSystem, path: string, at: number): void {
  const bytes = disk.readFile(path)
  bytes[at] = (bytes[at] as number) ^ 1
  disk.writeFile(path, bytes)
}

describe('a copy', () => {
  it('made by checkpoint has the values, whatever the store does with them after', async () => {
    const { disk } = await filled()
    const store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    const made = store.checkpoint('/copy')
    await write(store, 1)
    await store.compact()
    const { tables, valueFiles: count, linked } = await made
    expect(count).toBe(1)
    expect(linked).toBe(tables + count)
    await store.close()
    expect(await contentOf(disk, '/copy')).toEqual(whole(0))
    expect(await contentOf(disk, '/s')).toEqual(whole(1))
  })

  it('made by backup has them too, and copies none twice', async () => {
    const { disk } = await filled()
    const store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await store.backup('/backups')
    await store.put('more', large(99, 9))
    await store.flush()
    const second = await store.backup('/backups')
    expect(second.copiedBytes).toBeLessThan(10 * 1024)
    await store.close()
    await restoreBackup('/backups', '/restored', { id: 1, fileSystem: disk })
    expect(await contentOf(disk, '/restored')).toEqual(whole(0))
    await restoreBackup('/backups', '/newest', { fileSystem: disk })
    expect(await contentOf(disk, '/newest')).toEqual(new Map([...whole(0), ['more', large(99, 9)]]))
  })

  it('to look at holds the files of its moment', async () => {
    const { disk } = await filled()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await using reader = await Store.open('/s', { ...SIZES, fileSystem: disk, readOnly: true })
    await write(store, 1)
    await store.compact()
    for (let i = 0; i < COUNT; i++) expect(text(reader.getSync(`key-${i}`))).toBe(large(i, 0))
  })
})

describe('a damaged value', () => {
  it('is an error that names the file and the place, for whoever reads it and nobody else', async () => {
    const { disk, path } = await filled()
    flip(disk, path, VALUE_FILE_HEADER_BYTES + 10)
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    const failed: string[] = []
    for (let i = 0; i < COUNT; i++) {
      try {
        expect(text(store.getSync(`key-${i}`))).toBe(large(i, 0))
      } catch (error) {
        expect(error).toMatchObject({
          code: 'STORE_CORRUPT',
          path,
          offset: VALUE_FILE_HEADER_BYTES,
        })
        failed.push(`key-${i}`)
      }
    }
    expect(failed).toEqual(['key-0'])
    const { problems } = await store.verify()
    expect(problems).toMatchObject([
      { code: 'STORE_CORRUPT', path, offset: VALUE_FILE_HEADER_BYTES },
    ])
  })

  it('is all that a repair gives up', async () => {
    const { disk, path } = await filled()
    flip(disk, path, VALUE_FILE_HEADER_BYTES + 10)
    expect((await verifyStore('/s', { fileSystem: disk })).ok).toBe(false)
    const report = await repairStore('/s', { fileSystem: disk })
    expect(report).toMatchObject({ sound: false, lostEntries: 1 })
    expect(report.lost.map(({ from, to }) => [text(from), text(to)])).toEqual([['key-0', 'key-0']])
    const expected = whole(0)
    expected.delete('key-0')
    expect(await contentOf(disk)).toEqual(expected)
    expect(valueFiles(disk)).toEqual([path])
  })

  it('in a file that was cut off leaves those before the cut', async () => {
    const { disk, path } = await filled()
    const bytes = disk.readFile(path)
    disk.writeFile(path, bytes.slice(0, bytes.length / 2))
    const report = await repairStore('/s', { fileSystem: disk })
    expect(report.setAside).toContain(`${path}.damaged`)
    const content = await contentOf(disk)
    expect(content.size).toBe(COUNT - report.lostEntries)
    expect(content.size).toBeGreaterThan(COUNT / 3)
    for (const [key, value] of content) expect(value).toBe(whole(0).get(key))
  })

  it('in a file whose header is gone costs nothing', async () => {
    const { disk, path } = await filled()
    flip(disk, path, 0)
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    expect(() => store.getSync('key-1')).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT', path }),
    )
    await store.close()
    const report = await repairStore('/s', { fileSystem: disk })
    expect(report).toMatchObject({
      lostEntries: 0,
      setAside: expect.arrayContaining([`${path}.damaged`]),
    })
    expect(await contentOf(disk)).toEqual(whole(0))
  })

  it('with its whole file gone is named by key', async () => {
    const { disk, path } = await filled()
    disk.removeNow(path)
    const report = await repairStore('/s', { fileSystem: disk })
    expect(report.problems).toHaveLength(1)
    expect(report.lost.map(({ from, to }) => [text(from), text(to)])).toEqual([['key-0', 'key-9']])
    expect((await contentOf(disk)).size).toBe(0)
  })
})

describe('a lost manifest', () => {
  it('is made from tables, which name their value files', async () => {
    const { disk, path } = await filled()
    const store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    for (let i = 0; i < 5; i++) await store.put(`key-${i}`, large(i, 1))
    await store.close()
    for (const copy of ['A', 'B']) disk.removeNow(`/s/MANIFEST-${copy}`)
    const report = await repairStore('/s', { fileSystem: disk })
    expect(report).toMatchObject({ manifest: 'rebuilt', lostEntries: 0 })
    const content = await contentOf(disk)
    for (let i = 0; i < COUNT; i++) {
      expect(content.get(`key-${i}`)).toBe(large(i, i < 5 ? 1 : 0))
    }
    expect(valueFiles(disk)).toContain(path)
  })
})
