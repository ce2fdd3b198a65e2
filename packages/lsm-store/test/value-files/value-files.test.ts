// Large values apart from their keys: read as before, moved by nobody, and gone when nobody needs them.
import { systemClock } from '@ashlar/codec'
import {
  type MemoryFileSystem,
  memoryFileSystem,
  Store,
  type StoreOptions,
} from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'
import { VALUE_FILE_HEADER_BYTES } from '../../src/value-files/value-file-format.ts'
import { text, valueFiles } from './stores.ts'

const SIZES = {
  memtableBytes: 64 * 1024,
  changeRetentionBytes: 0,
  flushOnCloseBytes: 0,
  blockCacheBytes: 0,
  tables: {
    largeValueBytes: 1000,
    tableBytes: 64 * 1024,
    levelBytes: 64 * 1024,
    levelZeroTables: 64,
    compression: 'none',
  },
} as const satisfies StoreOptions

/** Does what the value says. */
const FILTER = `data:text/javascript,${encodeURIComponent(`export default (key, value) => {
  const text = Buffer.from(value).toString()
  if (text.startsWith('drop')) return 'drop'
  return text.startsWith('change') ? Buffer.from(text.replace('change', 'CHANGED')) : 'keep'
}`)}`

const large = (i: number, round = 0): string => `${round}:${i};`.repeat(400)

async function fill(store: Store, count: number, round = 0): Promise<void> {
  for (let i = 0; i < count; i++) {
    await store.put(`large-${i}`, large(i, round))
    await store.put(`small-${i}`, `${round}:${i}`)
  }
  await store.flush()
}

function check(store: Store, count: number, round = 0): void {
  for (let i = 0; i < count; i++) {
    expect(text(store.getSync(`large-${i}`))).toBe(large(i, round))
    expect(text(store.getSync(`small-${i}`))).toBe(`${round}:${i}`)
  }
}

/** A file system that counts what is asked of value files. */
function counting(disk: MemoryFileSystem) {
  const calls = new Map<string, number>()
  const fileSystem = faultyFileSystem(disk, ({ name, path }) => {
    if (path.endsWith('.values')) calls.set(name, (calls.get(name) ?? 0) + 1)
    return undefined
  })
  return { fileSystem, of: (name: string): number => calls.get(name) ?? 0 }
}

describe('a large value', () => {
  it('is in a value file after a flush, and read from there', async () => {
    const disk = memoryFileSystem()
    const store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await fill(store, 20)
    expect(valueFiles(disk).length).toBeGreaterThan(0)
    expect(store.metrics().valueFiles).toBe(valueFiles(disk).length)
    expect(store.metrics().tableBytes).toBeLessThan(20 * 400)
    check(store, 20)
    await store.close()
    await using again = await Store.open('/s', { ...SIZES, fileSystem: disk })
    check(again, 20)
    const expected = Array.from({ length: 20 }, (_, i) => [`large-${i}`, large(i)]).sort()
    for (const reverse of [false, true]) {
      const found: unknown[] = []
      for await (const [key, value] of again.scan({ prefix: 'large-', reverse })) {
        found.push([text(key), text(value)])
      }
      expect(found).toEqual(reverse ? expected.toReversed() : expected)
    }
    expect((await again.verify()).problems).toEqual([])
  })

  it('costs those who do not want it nothing', async () => {
    const disk = memoryFileSystem()
    await using first = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await fill(first, 20)
    await first.close()
    const { fileSystem, of } = counting(disk)
    await using store = await Store.open('/s', { ...SIZES, fileSystem })
    for await (const _ of store.scan({ keysOnly: true }));
    for await (const _ of store.scan({ prefix: 'small-' }));
    for (let i = 0; i < 20; i++) {
      expect(store.hasSync(`large-${i}`)).toBe(true)
      expect(store.getSync(`small-${i}`)).toBeDefined()
    }
    expect(store.putIf('large-1', 'x', { ifAbsent: true }).applied).toBe(false)
    expect(of('open')).toBe(0)
    store.getSync('large-3')
    expect(of('open')).toBe(1)
  })

  it('is not touched by compactions that merge its key', async () => {
    const disk = memoryFileSystem()
    const { fileSystem, of } = counting(disk)
    await using store = await Store.open('/s', { ...SIZES, fileSystem })
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 10; i++) await store.put(`large-${round}-${i}`, large(i, round))
      await store.flush()
    }
    const before = of('write')
    await store.compact()
    expect(store.metrics().compactedValueBytes).toBe(0)
    expect(of('write')).toBe(before)
    expect(of('read')).toBe(0)
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 10; i++) {
        expect(text(store.getSync(`large-${round}-${i}`))).toBe(large(i, round))
      }
    }
  })

  it('of tables from before goes to value files when these are compacted', async () => {
    const disk = memoryFileSystem()
    const off = { ...SIZES, tables: { ...SIZES.tables, largeValueBytes: 0 } }
    await using before = await Store.open('/s', { ...off, fileSystem: disk })
    await fill(before, 20)
    expect(valueFiles(disk)).toEqual([])
    await before.close()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await store.compact()
    expect(valueFiles(disk).length).toBeGreaterThan(0)
    check(store, 20)
  })

  it('stays apart when that is turned off, and its file is collected all the same', async () => {
    const disk = memoryFileSystem()
    await using before = await Store.open('/s', { ...SIZES, fileSystem: disk })
    await fill(before, 20)
    await before.close()
    const [old] = valueFiles(disk)
    const off = { ...SIZES, tables: { ...SIZES.tables, largeValueBytes: 0 } }
    await using store = await Store.open('/s', { ...off, fileSystem: disk })
    for (let i = 0; i < 15; i++) await store.put(`large-${i}`, large(i, 1))
    await store.compact()
    expect(store.metrics().valueFiles).toBe(1)
    expect(store.metrics().valueFileBytes).toBe(VALUE_FILE_HEADER_BYTES + 5 * 2000)
    await store.close()
    expect(valueFiles(disk)).not.toContain(old)
    await using again = await Store.open('/s', { ...off, fileSystem: disk })
    for (let i = 0; i < 20; i++) {
      expect(text(again.getSync(`large-${i}`))).toBe(large(i, i < 15 ? 1 : 0))
    }
  })

  it('goes to a value file or not as its keyspace says', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    const apart = await store.keyspace('apart', { largeValueBytes: 100 })
    const inside = await store.keyspace('inside', { largeValueBytes: 0 })
    await inside.put('k', large(1))
    await store.flush()
    expect(valueFiles(disk)).toEqual([])
    await apart.put('k', 'v'.repeat(100))
    await store.flush()
    expect(valueFiles(disk)).toHaveLength(1)
    expect(text(inside.getSync('k'))).toBe(large(1))
    expect(text(apart.getSync('k'))).toBe('v'.repeat(100))
    await apart.drop()
    await store.compact()
    expect(store.metrics().valueFiles).toBe(0)
    await expect(store.keyspace('apart', { largeValueBytes: 5 })).rejects.toThrow(RangeError)
  })

  it('that was ingested is in a value file, and part of what an ingest says', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk })
    const entries = Array.from({ length: 9 }, (_, i) => [`large-${i}`, large(i)] as const)
    const { bytes } = await store.ingest(entries)
    expect(bytes).toBeGreaterThan(9 * 1600)
    expect(valueFiles(disk)).toHaveLength(1)
    expect(text(store.getSync('large-4'))).toBe(large(4))
    await store.flush()
    expect(text(store.getSync('large-4'))).toBe(large(4))
    await store.close()
    await using again = await Store.open('/s', { ...SIZES, fileSystem: disk })
    expect(text(again.getSync('large-4'))).toBe(large(4))
  })

  it('stands whole in changes()', async () => {
    const options = { ...SIZES, changeRetentionBytes: 1024 * 1024 }
    await using store = await Store.open('/s', { ...options, fileSystem: memoryFileSystem() })
    await fill(store, 3)
    await store.compact()
    const found: (string | undefined)[] = []
    for await (const { operations } of store.changes()) {
      for (const one of operations) if (one.type === 'put') found.push(text(one.value))
    }
    expect(found).toEqual([0, 1, 2].flatMap((i) => [large(i), `0:${i}`]))
  })

  it('is read, written and conditioned by transactions', async () => {
    await using store = await Store.open('/s', { ...SIZES, fileSystem: memoryFileSystem() })
    await fill(store, 3)
    using lost = store.begin()
    expect(text(lost.get('large-1'))).toBe(large(1))
    await store.transaction((transaction) => {
      expect(text(transaction.get('large-1'))).toBe(large(1))
      transaction.put('large-1', large(1, 1))
    })
    await store.flush()
    lost.put('large-2', 'x')
    await expect(lost.commit()).rejects.toMatchObject({ code: 'TRANSACTION_CONFLICT' })
    const { version = 0 } = store.entry('large-1') ?? {}
    expect(store.putIf('large-1', large(1, 2), { ifVersion: version - 1 }).applied).toBe(false)
    expect(store.putIf('large-1', large(1, 2), { ifVersion: version }).applied).toBe(true)
    await store.compact()
    expect(text(store.getSync('large-1'))).toBe(large(1, 2))
  })

  it('counts in approximateSize', async () => {
    await using store = await Store.open('/s', { ...SIZES, fileSystem: memoryFileSystem() })
    await fill(store, 20)
    expect(store.approximateSize({ prefix: 'large-' })).toBeGreaterThan(20 * 1600 * 0.8)
  })
})

describe('a large value that ends, merges or is filtered', () => {
  it('ends as any does, for reads and for compaction', async () => {
    const disk = memoryFileSystem()
    let now = 1_000_000
    const clock = { ...systemClock, now: () => now }
    await using store = await Store.open('/s', { ...SIZES, fileSystem: disk, clock })
    await store.put('ends', large(1), { ttlMs: 50 })
    await store.flush()
    await store.put('stays', large(2))
    await store.flush()
    expect(store.entry('ends')?.expiresAt).toBe(now + 50)
    expect(text(store.getSync('ends'))).toBe(large(1))
    const before = store.snapshot()
    now += 50
    expect(store.getSync('ends')).toBeUndefined()
    expect(store.hasSync('ends')).toBe(false)
    expect(text(store.getSync('ends', { snapshot: before }))).toBe(large(1))
    before.close()
    await store.compact()
    const keys: (string | undefined)[] = []
    for await (const [key] of store.scan()) keys.push(text(key))
    expect(keys).toEqual(['stays'])
    expect(store.metrics().valueFileBytes).toBe(VALUE_FILE_HEADER_BYTES + 1600)
    expect(text(store.getSync('stays'))).toBe(large(2))
  })

  it('is merged into by operands behind it, in reads and in compactions', async () => {
    await using store = await Store.open('/s', { ...SIZES, fileSystem: memoryFileSystem() })
    const log = await store.keyspace('log', { merge: 'append' })
    await log.put('k', large(1))
    await store.flush()
    await log.merge('k', 'a')
    await store.flush()
    await log.merge('k', 'b')
    expect(text(log.getSync('k'))).toBe(`${large(1)}ab`)
    for (const reverse of [false, true]) {
      for await (const [, value] of log.scan({ reverse })) expect(text(value)).toBe(`${large(1)}ab`)
    }
    await store.compact()
    expect(text(log.getSync('k'))).toBe(`${large(1)}ab`)
    expect(store.metrics().valueFiles).toBe(1)
  })

  it('is shown whole to a compaction filter, which may change or drop it', async () => {
    const options = { ...SIZES, defaultKeyspace: { compactionFilter: FILTER } }
    await using store = await Store.open('/s', { ...options, fileSystem: memoryFileSystem() })
    await store.put('change', `change${large(1)}`)
    await store.put('drop', `drop${large(2)}`)
    await store.put('keep', `keep${large(3)}`)
    await store.flush()
    await store.compact()
    expect(text(store.getSync('change'))).toBe(`CHANGED${large(1)}`)
    expect(store.getSync('drop')).toBeUndefined()
    expect(text(store.getSync('keep'))).toBe(`keep${large(3)}`)
  })
})
