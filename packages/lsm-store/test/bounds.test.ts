import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const KIB = 1024
const TINY = {
  compression: 'none',
  blockBytes: 256,
  tableBytes: 2 * KIB,
  levelBytes: 8 * KIB,
  levelZeroTables: 2,
} as const

const keyOf = (i: number): string => `key-${String(i).padStart(6, '0')}`

async function fill(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await store.put(keyOf((i * 7919) % count), `${i}`.padEnd(90, 'x'))
  await store.flush()
}

describe('a store with many tables', () => {
  it('touches none of them to open, and only what it needs to read', async () => {
    const touched = new Set<string>()
    const fileSystem = faultyFileSystem(memoryFileSystem(), ({ path }) => {
      if (path.endsWith('.table')) touched.add(path)
      return undefined
    })
    const options = { fileSystem, memtableBytes: 8 * KIB, tables: TINY }
    const first = await Store.open('/s', options)
    await fill(first, 3000)
    await first.compact()
    const { tables } = first.metrics()
    expect(tables).toBeGreaterThan(100)
    await first.close()
    touched.clear()
    await using store = await Store.open('/s', options)
    expect(store.metrics().tables).toBe(tables)
    expect(touched.size).toBe(0)
    expect(store.hasSync(keyOf(1234))).toBe(true)
    expect(touched.size).toBe(1)
  })
})

describe('the cache of a store', () => {
  it('stays within its bytes while far more is read, and every answer is right', async () => {
    const blockCacheBytes = 256 * KIB
    const fileSystem = memoryFileSystem()
    const tables = { ...TINY, tableBytes: 64 * KIB, levelBytes: 512 * KIB }
    await using store = await Store.open('/s', {
      fileSystem,
      blockCacheBytes,
      memtableBytes: 64 * KIB,
      tables,
    })
    const count = 10_000
    await fill(store, count)
    for (let i = 0; i < 3 * count; i++) {
      const key = (i * 31) % count
      expect(store.getSync(keyOf(key))?.length).toBe(90)
      if (i % 50 === 0) {
        using iterator = store.iterator({ gte: keyOf(key) })
        expect(Buffer.from(iterator.nextSync()?.[0] ?? []).toString()).toBe(keyOf(key))
        expect(store.metrics().cacheBytes).toBeLessThanOrEqual(blockCacheBytes)
      }
    }
    const { cacheHits, cacheMisses } = store.metrics()
    expect(cacheHits).toBeGreaterThan(0)
    expect(cacheMisses).toBeGreaterThan(0)
  })
})

describe('the indexes and filters of a store', () => {
  for (const [name, partitionBytes] of [
    ['in partitions', 256],
    ['each table in one piece', KIB * KIB],
  ] as const) {
    it(`take their share of the cache, far larger as they are: ${name}`, async () => {
      const blockCacheBytes = 160 * KIB
      const fileSystem = memoryFileSystem()
      const tables = { ...TINY, partitionBytes, tableBytes: 16 * KIB, levelBytes: 1024 * KIB }
      await using store = await Store.open('/s', {
        fileSystem,
        blockCacheBytes,
        memtableBytes: 64 * KIB,
        tables,
      })
      const count = 8000
      await fill(store, count)
      await store.compact()
      const { entries } = await store.verify()
      expect(entries).toBe(count)
      expect(store.metrics().tables).toBeGreaterThan(30)
      for (let i = 0; i < 2 * count; i++) {
        const key = (i * 4001) % count
        expect(store.getSync(keyOf(key))?.length).toBe(90)
        expect(store.metrics().cacheBytes).toBeLessThanOrEqual(blockCacheBytes)
      }
      let scanned = 0
      for await (const _ of store.scan()) scanned += 1
      expect(scanned).toBe(count)
      expect(store.metrics().cacheBytes).toBeLessThanOrEqual(blockCacheBytes)
      const { cacheHits } = store.metrics()
      for (let i = 0; i < 10; i++) store.getSync(keyOf(7))
      expect(store.metrics().cacheHits).toBeGreaterThan(cacheHits)
    })
  }
})

describe('long reads', () => {
  it('let the event loop turn', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    const count = 12_000
    await fill(store, count)
    let turns = 0
    let counting = true
    const tick = (): void => {
      turns += 1
      if (counting) setImmediate(tick)
    }
    setImmediate(tick)
    using iterator = store.iterator()
    expect((await iterator.nextMany(count)).length).toBe(count)
    expect(turns).toBeGreaterThan(1)
    turns = 0
    for (let i = 0; i < count; i++) await store.get(keyOf(i))
    expect(turns).toBeGreaterThan(4)
    counting = false
  })
})
