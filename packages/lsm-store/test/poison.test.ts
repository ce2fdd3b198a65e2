import { type ErrorInfo, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { type FaultPlan, faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

/** A store on a disk that fails when `broken.value` says so. */
async function openOn(plan: FaultPlan): Promise<{ store: Store; errors: ErrorInfo[] }> {
  const errors: ErrorInfo[] = []
  const store = await Store.open('/s', {
    fileSystem: faultyFileSystem(memoryFileSystem(), plan),
    sync: 'always',
    events: { onError: (info) => void errors.push(info) },
  })
  return { store, errors }
}

describe('a store whose disk fails', () => {
  it('refuses writes after a failed sync, and goes on reading', async () => {
    let broken = false
    const { store, errors } = await openOn(({ name }) =>
      broken && name === 'sync' ? 'EIO' : undefined,
    )
    await store.put('a', '1')
    broken = true
    await expect(store.put('b', '2')).rejects.toMatchObject({
      code: 'STORE_IO',
      path: '/s/00000001.log',
      cause: { code: 'EIO' },
    })
    broken = false
    expect(store.state).toBe('poisoned')
    await expect(store.put('c', '3')).rejects.toMatchObject({
      code: 'STORE_POISONED',
      cause: { code: 'STORE_IO' },
    })
    await expect(store.sync()).rejects.toMatchObject({ code: 'STORE_POISONED' })
    expect(store.hasSync('a')).toBe(true)
    expect(store.hasSync('c')).toBe(false)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ poisoned: true, error: { code: 'STORE_IO' } })
    await store.close()
  })

  it('does not show what could not be written', async () => {
    let broken = false
    const { store } = await openOn(({ name }) =>
      broken && name === 'write' ? 'ENOSPC' : undefined,
    )
    await store.put('a', '1')
    broken = true
    const lost = store.put('a', '2')
    expect(Buffer.from(store.getSync('a') ?? []).toString()).toBe('2')
    await expect(lost).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(Buffer.from(store.getSync('a') ?? []).toString()).toBe('1')
    expect(store.lastSequence).toBe(1)
    for await (const change of store.changes()) expect(change.sequence).toBe(1)
    await store.close()
  })

  it('is poisoned when a memtable cannot be flushed, and loses nothing', async () => {
    const disk = memoryFileSystem()
    const fileSystem = faultyFileSystem(disk, ({ name, path }) =>
      name === 'write' && path.endsWith('.table') ? 'EIO' : undefined,
    )
    const store = await Store.open('/s', { fileSystem })
    await store.put('a', '1')
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_POISONED' })
    expect(store.hasSync('a')).toBe(true)
    await store.close()
    expect(disk.paths().filter((path) => path.endsWith('.table'))).toEqual([])
    await using again = await Store.open('/s', { fileSystem: disk })
    expect(again.hasSync('a')).toBe(true)
  })

  it('tries a failed compaction again', async () => {
    let flushes = 0
    let failures = 0
    const fileSystem = faultyFileSystem(memoryFileSystem(), ({ name, path }) => {
      const compacts = flushes === 2 && name === 'write' && path.endsWith('.table')
      return compacts && failures++ === 0 ? 'EIO' : undefined
    })
    const errors: ErrorInfo[] = []
    const { promise: compacted, resolve } = Promise.withResolvers<void>()
    await using store = await Store.open('/s', {
      fileSystem,
      tables: { levelZeroTables: 2 },
      events: {
        onFlush: () => void flushes++,
        onError: (info) => void errors.push(info),
        onCompaction: () => resolve(),
      },
    })
    for (const key of ['a', 'b']) {
      await store.write([
        { type: 'put', key: 'x', value: key },
        { type: 'put', key, value: key },
      ])
      await store.flush()
    }
    await compacted
    expect(errors).toMatchObject([{ poisoned: false, error: { code: 'STORE_IO' } }])
    expect(store.state).toBe('open')
  })

  it('names the damaged table in a read, and answers for others', async () => {
    const disk = memoryFileSystem()
    const store = await Store.open('/s', { fileSystem: disk })
    await store.put('a', '1')
    await store.flush()
    await store.put('b', '2')
    await store.close()
    const path = disk.paths().find((candidate) => candidate.endsWith('.table')) as string
    const bytes = disk.readFile(path)
    bytes[12] = (bytes[12] as number) ^ 1
    disk.writeFile(path, bytes)
    await using again = await Store.open('/s', { fileSystem: disk })
    const damaged = expect.objectContaining({ code: 'STORE_CORRUPT', path, offset: 0 })
    expect(() => again.getSync('a')).toThrow(damaged)
    expect(again.hasSync('b')).toBe(true)
    const iterator = again.iterator()
    expect(() => iterator.nextSync()).toThrow(damaged)
    // It does not go on behind what it could not read.
    expect(() => iterator.nextSync()).toThrow(damaged)
    iterator.close()
  })
})
