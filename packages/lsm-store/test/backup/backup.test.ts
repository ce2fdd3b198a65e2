// Backups are whole stores; several share what they have in common.
import {
  deleteBackup,
  listBackups,
  type MemoryFileSystem,
  memoryFileSystem,
  type Progress,
  restoreBackup,
  Store,
  verifyBackup,
} from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const SIZES = {
  memtableBytes: 4096,
  tables: { levelZeroTables: 4, tableBytes: 4096, compression: 'none' as const },
}

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await store.put(`key${i}`, `value${i}`.repeat(10))
}

async function countIn(path: string, fileSystem: MemoryFileSystem): Promise<number> {
  await using store = await Store.open(path, { fileSystem, ...SIZES })
  let count = 0
  for await (const _ of store.scan()) count += 1
  return count
}

describe('a backup', () => {
  it('restores each of several moments, and copies only what is new', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 200)
    await store.flush()
    const first = await store.backup('/backups')
    expect(first).toMatchObject({ id: 1, sequence: 200 })
    const again = await store.backup('/backups')
    expect(again).toMatchObject({ id: 2, copiedFiles: 0, files: first.files })
    await fill(store, 200, 220)
    const third = await store.backup('/backups')
    expect(third.copiedBytes).toBeLessThan(first.copiedBytes / 2)
    expect(listBackups('/backups', { fileSystem }).map(({ id }) => id)).toEqual([1, 2, 3])
    await restoreBackup('/backups', '/first', { fileSystem, id: 1 })
    await restoreBackup('/backups', '/newest', { fileSystem })
    expect(await countIn('/first', fileSystem)).toBe(200)
    expect(await countIn('/newest', fileSystem)).toBe(220)
    await expect(restoreBackup('/backups', '/first', { fileSystem })).rejects.toMatchObject({
      code: 'STORE_EXISTS',
    })
  })

  it('goes on while the store is written to and compacted', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 200)
    const made = store.backup('/backups')
    await fill(store, 200, 500)
    await store.compact()
    expect(await made).toMatchObject({ sequence: 200 })
    await restoreBackup('/backups', '/r', { fileSystem })
    expect(await countIn('/r', fileSystem)).toBe(200)
  })

  it('goes when it is deleted or too old, with the files that only it needed', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    const files = (): number =>
      fileSystem.paths().filter((path) => path.startsWith('/backups/files/')).length
    await fill(store, 0, 100)
    await store.backup('/backups')
    const one = files()
    for (let i = 0; i < 100; i++) await store.put(`key${i}`, 'other'.repeat(20))
    await store.compact()
    await store.backup('/backups')
    expect(files()).toBeGreaterThan(one)
    await deleteBackup('/backups', 1, { fileSystem })
    expect(listBackups('/backups', { fileSystem })).toHaveLength(1)
    await verifyBackup('/backups', { fileSystem })
    await fill(store, 200, 210)
    await store.backup('/backups', { keep: 1 })
    expect(listBackups('/backups', { fileSystem }).map(({ id }) => id)).toEqual([3])
    await restoreBackup('/backups', '/r', { fileSystem })
    expect(await countIn('/r', fileSystem)).toBe(110)
    await expect(deleteBackup('/backups', 1, { fileSystem })).rejects.toMatchObject({
      code: 'STORE_MISSING',
    })
    await expect(store.backup('/backups', { keep: 0 })).rejects.toThrow(RangeError)
  })

  it('names the file that was damaged, for any byte of any file', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 50)
    await store.flush()
    await store.backup('/backups')
    const paths = fileSystem.paths().filter((path) => path.startsWith('/backups/'))
    expect(paths.length).toBeGreaterThan(3)
    for (const path of paths) {
      const sound = fileSystem.readFile(path)
      for (let at = 0; at < sound.length; at += 97) {
        const damaged = sound.slice()
        damaged[at] = (damaged[at] as number) ^ 1
        fileSystem.writeFile(path, damaged)
        const found = await verifyBackup('/backups', { fileSystem }).catch(
          (error: unknown) => error,
        )
        expect(found, `${path} ${at}`).toMatchObject({ code: 'STORE_CORRUPT', path })
      }
      fileSystem.writeFile(path, sound)
    }
    await verifyBackup('/backups', { fileSystem })
  })

  it('tells how far it is, and can be called off without harm to what is there', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    for (let i = 0; i < 40; i++) await store.put(`key${i}`, 'x'.repeat(100_000))
    await store.flush()
    const seen: Progress[] = []
    await store.backup('/backups', { onProgress: (progress) => seen.push(progress) })
    expect(seen.length).toBeGreaterThan(2)
    expect(seen.every(({ totalBytes }) => totalBytes > 4_000_000)).toBe(true)
    const abort = new AbortController()
    await store.put('more', 'y'.repeat(3_000_000))
    await store.flush()
    const onProgress = (): void => abort.abort(new Error('enough'))
    const cut = store.backup('/backups', { onProgress, signal: abort.signal })
    await expect(cut).rejects.toThrow('enough')
    expect(listBackups('/backups', { fileSystem })).toHaveLength(1)
    await verifyBackup('/backups', { fileSystem })
    expect(await store.backup('/backups')).toMatchObject({ id: 2 })
  })

  it('that fails at any call leaves earlier ones whole, and the store open', async () => {
    const disk = memoryFileSystem()
    let failAt = -1
    let calls = 0
    const fileSystem = faultyFileSystem(disk, ({ path }) =>
      path.startsWith('/backups') && calls++ === failAt ? 'EIO' : undefined,
    )
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 60)
    await store.backup('/backups')
    for (let i = 0; i < 400; i++) {
      await store.put('changed', String(i))
      calls = 0
      failAt = i
      const made = await store.backup('/backups', { keep: 2 }).catch((error: unknown) => error)
      const reached = calls > i
      failAt = -1
      for (const { id } of listBackups('/backups', { fileSystem: disk })) {
        await verifyBackup('/backups', { fileSystem: disk, id })
      }
      if (!reached) break
      expect(made, `call ${i}`).toMatchObject({ code: 'STORE_IO' })
    }
    expect(store.state).toBe('open')
    await restoreBackup('/backups', '/r', { fileSystem: disk })
    expect(await countIn('/r', disk)).toBe(61)
  })
})
