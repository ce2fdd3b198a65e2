// A checkpoint holds exactly what was written before its call, and stays that way.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MemoryFileSystem, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const SIZES = {
  memtableBytes: 4096,
  tables: { levelZeroTables: 2, tableBytes: 4096, compression: 'none' as const },
}

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await store.put(`key${i}`, `value${i}`.repeat(10))
}

async function contentOf(path: string, fileSystem: MemoryFileSystem): Promise<string[]> {
  await using store = await Store.open(path, { fileSystem, ...SIZES })
  const keys: string[] = []
  for await (const [key] of store.scan()) keys.push(Buffer.from(key).toString())
  return keys
}

describe('a checkpoint', () => {
  it('shows the moment of its call, whatever the store does meanwhile and after', async () => {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 200)
    const expected: string[] = []
    for await (const [key] of store.scan()) expected.push(Buffer.from(key).toString())
    const made = store.checkpoint('/copy')
    await fill(store, 200, 400)
    for (let i = 0; i < 200; i++) await store.delete(`key${i}`)
    await store.compact()
    const info = await made
    expect(info).toMatchObject({ path: '/copy', sequence: 200 })
    expect(info.linked).toBe(info.tables)
    expect(info.tables).toBeGreaterThan(0)
    await store.close()
    expect(await contentOf('/copy', fileSystem)).toEqual(expected)
    expect(await contentOf('/s', fileSystem)).toHaveLength(200)
  })

  it('survives a power cut right after it is made', async () => {
    const fileSystem = memoryFileSystem({ seed: 3 })
    const store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 100)
    await store.checkpoint('/copy')
    fileSystem.powerCut()
    expect(await contentOf('/copy', fileSystem)).toHaveLength(100)
  })

  it('copies where links cannot be made', async () => {
    const disk = memoryFileSystem()
    const fileSystem = faultyFileSystem(disk, ({ name }) => (name === 'link' ? 'EIO' : undefined))
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 100)
    const { linked, tables } = await store.checkpoint('/copy')
    expect(linked).toBe(0)
    expect(tables).toBeGreaterThan(0)
    expect(await contentOf('/copy', disk)).toHaveLength(100)
  })

  it('goes only to a new place, and is not taken for a store when it fails half way', async () => {
    const disk = memoryFileSystem()
    let armed = false
    const fileSystem = faultyFileSystem(disk, ({ name, path }) =>
      armed && name === 'write' && path.startsWith('/copy/') ? 'ENOSPC' : undefined,
    )
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 100)
    armed = true
    await expect(store.checkpoint('/copy')).rejects.toMatchObject({ code: 'STORE_FULL' })
    armed = false
    await expect(Store.open('/copy', { fileSystem: disk })).rejects.toThrow()
    await expect(store.checkpoint('/copy')).rejects.toMatchObject({ code: 'STORE_EXISTS' })
    expect(store.state).toBe('open')
    await store.put('more', '1')
  })

  it('can be called off', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem, ...SIZES })
    await fill(store, 0, 100)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(store.checkpoint('/copy', { signal })).rejects.toThrow('enough')
  })

  it('shares the space of tables on a real disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ashlar-checkpoint-'))
    try {
      await using store = await Store.open(join(folder, 's'))
      await store.put('a', 'x'.repeat(10_000))
      await store.flush()
      await store.checkpoint(join(folder, 'copy'))
      const table = join(folder, 'copy', '00000002.table')
      const name = existsSync(table) ? table : join(folder, 'copy', '00000003.table')
      expect(statSync(name).nlink).toBe(2)
      await using copy = await Store.open(join(folder, 'copy'))
      expect(copy.getSync('a')).toHaveLength(10_000)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
