import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CompactionInfo,
  type FlushInfo,
  memoryFileSystem,
  nodeFileSystem,
  Store,
  type StoreOptions,
} from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const SMALL = {
  memtableBytes: 16 * 1024,
  changeRetentionBytes: 0,
  tables: {
    blockBytes: 512,
    tableBytes: 16 * 1024,
    levelBytes: 32 * 1024,
    levelZeroTables: 3,
    compression: 'none' as const,
  },
} as const

const keyOf = (n: number): string => `key-${String(n).padStart(6, '0')}`

async function fill(store: Store, from: number, to: number, tag = 'value'): Promise<void> {
  const batch = store.batch()
  for (let i = from; i < to; i += 50) {
    batch.clear()
    for (let j = i; j < Math.min(i + 50, to); j++) {
      batch.put(keyOf((j * 7919) % 10_007), `${tag} ${j} `.repeat(5))
    }
    await store.write(batch)
  }
}

async function count(store: Store): Promise<number> {
  let entries = 0
  for await (const _ of store.scan()) entries += 1
  return entries
}

describe('compaction', () => {
  it('writes no faster than it may', async () => {
    const bytesPerSecond = 400_000
    const tables = {
      ...SMALL.tables,
      compactionBytesPerSecond: bytesPerSecond,
      levelZeroTables: 64,
    }
    await using store = await Store.open('/s', {
      ...SMALL,
      tables,
      fileSystem: memoryFileSystem(),
    })
    await fill(store, 0, 2000)
    await store.flush()
    const start = performance.now()
    await store.compact()
    const written = store.metrics().compactedBytesWritten
    expect(written).toBeGreaterThan(60_000)
    // The last slice, index and filter come without a pause behind them.
    expect(performance.now() - start).toBeGreaterThan((1000 * written * 0.5) / bytesPerSecond)
    expect(await count(store)).toBe(2000)
  })

  it('that is held back lets flushes pass, and ends with its store', async () => {
    const tables = { ...SMALL.tables, compactionBytesPerSecond: 1 }
    await using store = await Store.open('/s', {
      ...SMALL,
      tables,
      fileSystem: memoryFileSystem(),
    })
    await fill(store, 0, 700)
    await store.flush()
    await fill(store, 700, 1000)
    await store.flush()
    expect(store.metrics()).toMatchObject({
      compactions: 0,
      compacting: true,
      unflushedMemtables: 0,
    })
    expect(await count(store)).toBe(1000)
  })

  it('keeps level 0 short and the levels sorted while a store is written to', async () => {
    const flushes: FlushInfo[] = []
    const compactions: CompactionInfo[] = []
    const events = {
      onFlush: (info: FlushInfo) => void flushes.push(info),
      onCompaction: (info: CompactionInfo) => void compactions.push(info),
    }
    const options = { ...SMALL, events, fileSystem: memoryFileSystem() }
    await using store = await Store.open('/s', options)
    await fill(store, 0, 5000)
    await store.flush()
    const metrics = store.metrics()
    expect(flushes.length).toBe(metrics.flushes)
    expect(flushes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(metrics.flushedBytes)
    expect(compactions.length).toBeGreaterThan(3)
    expect(metrics.tablesPerLevel[0]).toBeLessThan(15)
    expect(metrics.tablesPerLevel[1]).toBeGreaterThan(0)
    expect(metrics.tablesPerLevel[2]).toBeGreaterThan(0)
    expect(await count(store)).toBe(5000)
  })

  it('gives back the space of what was deleted', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SMALL, fileSystem: disk })
    await fill(store, 0, 3000)
    await store.compact()
    expect(store.metrics().tables).toBeGreaterThan(3)
    for (let i = 0; i < 10_007; i++) void store.delete(keyOf(i))
    await store.compact()
    expect(store.metrics()).toMatchObject({ tables: 0, tableBytes: 0 })
    expect(await count(store)).toBe(0)
    await store.close()
    expect(disk.paths().filter((path) => path.endsWith('.table'))).toEqual([])
  })

  it('moves tables that overlap nothing instead of writing them again', async () => {
    await using store = await Store.open('/s', { ...SMALL, fileSystem: memoryFileSystem() })
    for (let i = 0; i < 3000; i++) await store.put(keyOf(i), 'x'.repeat(40))
    await store.flush()
    const metrics = store.metrics()
    expect(metrics.trivialMoves).toBeGreaterThan(2)
    expect(metrics.compactedBytesWritten).toBe(0)
  })

  it('of a range leaves other tables alone', async () => {
    const options: StoreOptions = { ...SMALL, fileSystem: memoryFileSystem() }
    await using store = await Store.open('/s', options)
    await fill(store, 0, 3000)
    await store.compact()
    const before = store.metrics().compactedBytesRead
    await store.compact({ gte: keyOf(10), lt: keyOf(20) })
    const read = store.metrics().compactedBytesRead - before
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan(store.metrics().tableBytes / 2)
    expect(await count(store)).toBe(3000)
  })

  it('does not disturb an iterator that was open before', async () => {
    const disk = memoryFileSystem()
    await using store = await Store.open('/s', { ...SMALL, fileSystem: disk })
    await fill(store, 0, 2000, 'old')
    await store.flush()
    const iterator = store.iterator()
    const first = await iterator.nextMany(100)
    await fill(store, 0, 3000, 'new')
    await store.compact()
    const rest = await iterator.nextMany(10_000)
    expect(first.length + rest.length).toBe(2000)
    const values = [...first, ...rest].map(([, value]) => Buffer.from(value).toString())
    expect(values.every((value) => value.startsWith('old'))).toBe(true)
    expect(store.metrics().openIterators).toBe(1)
    iterator.close()
    expect(store.metrics().openIterators).toBe(0)
  })
})

describe('compaction in the worker thread', () => {
  it('leaves exactly the files that the store needs', async () => {
    const path = mkdtempSync(join(tmpdir(), 'lsm-worker-'))
    try {
      const store = await Store.open(path, SMALL)
      await fill(store, 0, 4000)
      await store.compact()
      expect(store.metrics().compactions).toBeGreaterThan(0)
      await fill(store, 4000, 6000)
      // A close in the middle of what runs.
      await store.close()
      const again = await Store.open(path, SMALL)
      expect(await count(again)).toBe(6000)
      await again.compact()
      const { tables } = again.metrics()
      await again.close()
      const files = readdirSync(path).map((name) => name.replace(/^\d+/, 'N'))
      expect(files.filter((name) => name === 'N.table')).toHaveLength(tables)
      expect(new Set(files)).toEqual(
        new Set(['HOLDER', 'LOCK', 'MANIFEST-A', 'MANIFEST-B', 'N.log', 'N.table']),
      )
    } finally {
      rmSync(path, { recursive: true })
    }
  })

  it('reports a damaged input with its code, file and offset', async () => {
    const path = mkdtempSync(join(tmpdir(), 'lsm-worker-'))
    try {
      const store = await Store.open(path, SMALL)
      await store.put('a', '1')
      await store.flush()
      const table = readdirSync(path).find((name) => name.endsWith('.table')) as string
      const file = nodeFileSystem().open(join(path, table), 'write')
      file.write(Uint8Array.of(0xff), 0, 1, 3)
      file.close()
      await expect(store.compact()).rejects.toMatchObject({
        code: 'STORE_CORRUPT',
        path: join(path, table),
        offset: 0,
      })
      // It cannot be compacted away: somebody has to look.
      expect(store.state).toBe('poisoned')
      await store.close()
    } finally {
      rmSync(path, { recursive: true })
    }
  })
})
