// Values that nobody needs go, those that somebody needs stay, and never is a pointer left without its value.
import { VirtualClock } from '@ashlar/codec'
import { memoryFileSystem, Store, type StoreOptions } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'
import { COUNT, large, SIZES as SMALL, text, valueFiles, write } from './stores.ts'

const SIZES = { ...SMALL, blockCacheBytes: 0 } as const satisfies StoreOptions

function check(store: Store, round: number, from = 0, to = COUNT): void {
  for (let i = from; i < to; i++) expect(text(store.getSync(`key-${i}`))).toBe(large(i, round))
}

describe('a value file', () => {
  it('goes when everything in it was overwritten and compacted', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await write(store, 0)
    const [old] = valueFiles(disk)
    await write(store, 1)
    expect(store.metrics().valueFiles).toBe(2)
    await store.compact()
    expect(store.metrics()).toMatchObject({ valueFiles: 1, valueGarbageBytes: 0 })
    check(store, 1)
    await store.close()
    expect(valueFiles(disk)).not.toContain(old)
    expect(valueFiles(disk)).toHaveLength(1)
  })

  it('stays with a little garbage, and is left by what it holds when that is much', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await write(store, 0)
    const [old] = valueFiles(disk)
    await write(store, 1, 0, 5)
    await store.compact()
    expect(valueFiles(disk)).toContain(old)
    expect(store.metrics().valueGarbageBytes).toBeGreaterThan(0)
    expect(store.metrics().compactedValueBytes).toBe(0)
    await write(store, 2, 5, 20)
    await store.compact()
    expect(store.metrics().compactedValueBytes).toBeGreaterThan(10 * 800)
    check(store, 1, 0, 5)
    check(store, 2, 5, 20)
    check(store, 0, 20)
    expect((await store.verify()).problems).toEqual([])
    await store.close()
    expect(valueFiles(disk)).not.toContain(old)
  })

  it('is not worth writing a table anew that is much larger, but is left when that is written', async () => {
    const sizes = { tableBytes: 2 ** 20, levelBytes: 2 ** 24, largeValueBytes: 20_000 }
    const tables = { ...SIZES.tables, ...sizes }
    const options = { ...SIZES, memtableBytes: 2 ** 20, tables }
    await using store = await Store.open('/s', { ...options, fileSystem: memoryFileSystem() })
    for (let i = 0; i < 3000; i++) await store.put(`small-${i}`, 'v'.repeat(100))
    const put = (i: number): Promise<void> => store.put(`large-${i}`, 'w'.repeat(20_000))
    for (let i = 0; i < 4; i++) await put(i)
    await store.flush()
    for (let i = 0; i < 3; i++) await put(i)
    await store.compact()
    // The file is known to be mostly garbage only now.
    expect(store.metrics()).toMatchObject({
      compactions: 1,
      valueFiles: 2,
      valueGarbageBytes: 60_000,
    })
    await store.compact()
    expect(store.metrics()).toMatchObject({ compactions: 2, valueFiles: 2, valueGarbageBytes: 0 })
    for (let i = 0; i < 4; i++) expect(text(store.getSync(`large-${i}`))).toBe('w'.repeat(20_000))
  })

  it('goes on its own, without a call to compact', async () => {
    const options = { ...SIZES, tables: { ...SIZES.tables, levelZeroTables: 2 } }
    await using store = await Store.open('/s', { ...options, fileSystem: memoryFileSystem() })
    for (let round = 0; round < 12; round++) await write(store, round, (round * 7) % 20)
    const isClean = (): boolean => {
      const { valueFileBytes, valueGarbageBytes, compacting } = store.metrics()
      return !compacting && valueGarbageBytes <= valueFileBytes / 2
    }
    while (!isClean()) await new Promise((resolve) => setImmediate(resolve))
    expect(store.metrics().valueFileBytes).toBeLessThan(3 * COUNT * 1000)
  })

  it('outlives every collection while a snapshot sees it', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await write(store, 0)
    const before = store.snapshot()
    for (let round = 1; round < 4; round++) {
      await write(store, round)
      await store.compact()
    }
    for (let i = 0; i < COUNT; i++) {
      expect(text(store.getSync(`key-${i}`, { snapshot: before }))).toBe(large(i, 0))
    }
    expect(store.metrics().valueFiles).toBe(2)
    before.close()
    await write(store, 4)
    await store.compact()
    expect(store.metrics().valueFiles).toBe(1)
  })

  it('stays readable for an iterator of before, though its name is gone', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await write(store, 0)
    const [old] = valueFiles(disk)
    using iterator = store.iterator()
    using late = store.iterator({ reverse: true })
    await write(store, 1)
    await store.compact()
    expect(valueFiles(disk)).not.toContain(old)
    const rest = await iterator.nextMany(COUNT)
    expect(rest).toHaveLength(COUNT)
    for (const [key, value] of [...rest, ...(await late.nextMany(COUNT))]) {
      expect(text(value)).toBe(large(Number(text(key)?.slice(4)), 0))
    }
  })

  it('is dropped unread with the range that holds all of its keys', async () => {
    const disk = memoryFileSystem()
    let reads = 0
    const fileSystem = faultyFileSystem(disk, ({ name, path }) => {
      if (name === 'read' && path.endsWith('.values')) reads += 1
      return undefined
    })
    await using store = await Store.open('/s', { ...SIZES, fileSystem })
    await write(store, 0)
    await store.deleteRange({ prefix: 'key-' })
    await store.flush()
    await store.compact()
    expect(store.metrics().valueFiles).toBe(0)
    expect(reads).toBe(0)
  })

  it('goes with the table that fifo drops, and counts in what it may take', async () => {
    await using store = await Store.open('/s', { ...SIZES, fileSystem: memoryFileSystem() })
    const cache = await store.keyspace('cache', { policy: { kind: 'fifo', maxBytes: 10_000 } })
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 5; i++) await cache.put(`${round}-${i}`, large(i, round))
      await store.flush()
    }
    while (store.metrics().valueFiles > 2) await new Promise((resolve) => setImmediate(resolve))
    expect(store.metrics().valueFileBytes).toBeLessThan(10_000)
    expect(text(cache.getSync('4-0'))).toBe(large(0, 4))
    expect(cache.getSync('0-0')).toBeUndefined()
  })

  it('that is small is joined with others by compactions that meet it', async () => {
    const tables = { ...SIZES.tables, tableBytes: 1024 * 1024, levelBytes: 1024 * 1024 }
    await using store = await Store.open('/s', {
      ...SIZES,
      tables,
      fileSystem: memoryFileSystem(),
    })
    for (let i = 0; i < 10; i++) await write(store, 0, i, i + 1)
    expect(store.metrics().valueFiles).toBe(10)
    await store.compact()
    expect(store.metrics().valueFiles).toBe(1)
    check(store, 0, 0, 10)
  })
})

describe('after a crash', () => {
  it('files that no table names are removed by the next open', async () => {
    const disk = memoryFileSystem()
    const store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await write(store, 0)
    await store.close()
    disk.writeFile('/s/00000999.values', new Uint8Array(100))
    await using again = await Store.open('/s', { ...SIZES, fileSystem: disk })
    expect(valueFiles(disk)).toHaveLength(1)
    check(again, 0)
    await write(again, 1)
    expect(
      Math.max(...valueFiles(disk).map((path) => Number(/(\d+)\.values/.exec(path)?.[1]))),
    ).toBeGreaterThan(999)
  })

  it('a file that a table names and that is not there is damage, told at once', async () => {
    const disk = memoryFileSystem()
    const store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await write(store, 0)
    await store.close()
    const [path] = valueFiles(disk) as [string]
    disk.removeNow(path)
    await expect(Store.open('/s', { ...SIZES, fileSystem: disk })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      path,
    })
  })

  it('of the disk, what a job wrote is gone, and it is done again', async () => {
    const disk = memoryFileSystem()
    let failing = false
    const fileSystem = faultyFileSystem(disk, ({ name, path }) =>
      failing && name === 'write' && path.endsWith('.values') ? 'ENOSPC' : undefined,
    )
    const clock = new VirtualClock()
    await using store = await Store.open('/s', { ...SIZES, fileSystem, clock })
    failing = true
    for (let i = 0; i < COUNT; i++) await store.put(`key-${i}`, large(i, 0))
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(valueFiles(disk)).toEqual([])
    check(store, 0)
    failing = false
    await clock.advance(10_000)
    expect(store.state).toBe('open')
    await store.flush()
    expect(valueFiles(disk)).toHaveLength(1)
    check(store, 0)
  })
})
