import {
  type MemoryFileSystem,
  memoryFileSystem,
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

async function fill(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i += 100) {
    const batch = store.batch()
    for (let j = i; j < Math.min(count, i + 100); j++) batch.put(keyOf(j), `value ${j}`.repeat(4))
    await store.write(batch)
  }
}

async function keysOf(store: Store, options = {}): Promise<string[]> {
  const keys: string[] = []
  for await (const [key] of store.scan({ keysOnly: true, ...options })) {
    keys.push(Buffer.from(key).toString())
  }
  return keys
}

async function filled(
  count: number,
  options: StoreOptions = SMALL,
): Promise<{ store: Store; disk: MemoryFileSystem }> {
  const disk = memoryFileSystem()
  const store = await Store.open('/s', { ...options, fileSystem: disk })
  await fill(store, count)
  await store.compact()
  return { store, disk }
}

describe('deleteRange', () => {
  it('takes one sequence however many keys it removes, and is seen at once', async () => {
    const { store } = await filled(2000)
    const before = store.lastSequence
    const done = store.deleteRange({ gte: keyOf(10), lt: keyOf(1990) })
    expect(store.lastSequence).toBe(before + 1)
    expect(store.getSync(keyOf(500))).toBeUndefined()
    expect(store.hasSync(keyOf(9))).toBe(true)
    expect(await keysOf(store)).toHaveLength(20)
    expect(await keysOf(store, { reverse: true, limit: 1 })).toEqual([keyOf(1999)])
    await done
    await store.close()
  })

  it('drops tables that lie in the range without reading them, and then itself', async () => {
    const { store, disk } = await filled(6000)
    const { tables, compactedBytesRead } = store.metrics()
    expect(tables).toBeGreaterThan(10)
    await store.deleteRange({ prefix: 'key-' })
    await store.flush()
    await store.put('other', 'entry')
    await store.flush()
    const metrics = store.metrics()
    expect(metrics).toMatchObject({ compactedBytesRead, droppedTables: tables, rangeDeletes: 0 })
    expect(await keysOf(store)).toEqual(['other'])
    await store.close()
    expect(disk.paths().filter((path) => path.endsWith('.table'))).toHaveLength(1)
  })

  it('keeps what was written to the range after it', async () => {
    const { store, disk } = await filled(500)
    await store.deleteRange({})
    await store.put(keyOf(7), 'new')
    for (const step of ['memory', 'table', 'compacted', 'reopened']) {
      if (step === 'table') await store.flush()
      if (step === 'compacted') await store.compact()
      expect(await keysOf(store), step).toEqual([keyOf(7)])
    }
    await store.close()
    await using again = await Store.open('/s', { ...SMALL, fileSystem: disk })
    expect(await keysOf(again)).toEqual([keyOf(7)])
  })

  it('in a batch removes what the batch set before it and not after it', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await store.put('b', 'old')
    await store.write(store.batch().put('a', '1').deleteRange({ lte: 'c' }).put('c', '3'))
    expect(await keysOf(store)).toEqual(['c'])
    await store.write([
      { type: 'put', key: 'd', value: '4' },
      { type: 'deleteRange', gt: 'b' },
      { type: 'put', key: 'a', value: '1' },
    ])
    expect(await keysOf(store)).toEqual(['a'])
  })

  it('leaves snapshots and open iterators what they show, and their space until they are closed', async () => {
    const { store } = await filled(3000)
    const snapshot = store.snapshot()
    const iterator = store.iterator()
    await store.deleteRange({ lt: keyOf(2900) })
    await store.compact()
    expect(await keysOf(store)).toHaveLength(100)
    expect(await keysOf(store, { snapshot })).toHaveLength(3000)
    expect((await iterator.nextMany(5000)).length).toBe(3000)
    expect(store.getSync(keyOf(5), { snapshot })).toBeDefined()
    const held = store.metrics()
    expect(held.rangeDeletes).toBe(1)
    iterator.close()
    snapshot.close()
    await store.compact()
    const freed = store.metrics()
    expect(freed.rangeDeletes).toBe(0)
    expect(freed.tableBytes).toBeLessThan(held.tableBytes / 10)
    await store.close()
  })

  it('compacts tables on the edges of a range by itself', async () => {
    const { store } = await filled(400, {
      ...SMALL,
      tables: { ...SMALL.tables, tableBytes: 1 << 20 },
    })
    expect(store.metrics().tables).toBe(1)
    const { promise, resolve } = Promise.withResolvers<void>()
    await store.deleteRange({ gte: keyOf(100), lt: keyOf(300) })
    const before = store.metrics().tableBytes
    await store.flush()
    const poll = (): void => {
      if (store.metrics().rangeDeletes === 0) resolve()
      else setImmediate(poll)
    }
    poll()
    await promise
    expect(store.metrics().tableBytes).toBeLessThan(before * 0.7)
    expect(await keysOf(store)).toHaveLength(200)
    await store.close()
  })

  it('of ranges without keys writes nothing', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await store.put('a', '1')
    await store.deleteRange({ gte: 'b', lt: 'a' })
    await store.deleteRange({ gte: 'a', lt: 'a' })
    await store.write([{ type: 'deleteRange', gt: 'x', lte: 'x' }])
    await store.write(store.batch().deleteRange({ prefix: 'a', lt: '0' }))
    expect(store.lastSequence).toBe(1)
  })

  it('thousands of times over is answered right and cleaned up', async () => {
    const { store } = await filled(3000)
    for (let i = 0; i < 3000; i += 2) void store.deleteRange({ gte: keyOf(i), lte: keyOf(i) })
    await store.sync()
    expect(await keysOf(store)).toHaveLength(1500)
    expect(store.hasSync(keyOf(1000))).toBe(false)
    expect(store.hasSync(keyOf(1001))).toBe(true)
    await store.compact()
    expect(await keysOf(store)).toHaveLength(1500)
    expect(store.metrics().rangeDeletes).toBe(0)
    await store.close()
  })

  it('shows in changes() as what it was', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await store.deleteRange({ gte: 'b', lt: 'd' })
    await store.deleteRange({ gte: 'x' })
    const shown: unknown[] = []
    const show = async (prefix?: string): Promise<unknown[]> => {
      const found: unknown[] = []
      for await (const { operations } of store.changes(prefix === undefined ? {} : { prefix })) {
        for (const operation of operations) {
          if (operation.type !== 'deleteRange') throw new Error(operation.type)
          const { gte, lt } = operation
          found.push([Buffer.from(gte).toString(), lt && Buffer.from(lt).toString()])
        }
      }
      return found
    }
    shown.push(...(await show()))
    expect(shown).toEqual([
      ['b', 'd'],
      ['x', undefined],
    ])
    expect(await show('c')).toHaveLength(1)
    expect(await show('y')).toEqual([['x', undefined]])
    expect(await show('d')).toEqual([])
    expect(await show('a')).toEqual([])
  })

  it('refuses bounds that are no keys', async () => {
    await using store = await Store.open('/s', { fileSystem: memoryFileSystem() })
    await expect(store.deleteRange({ gte: 7 as never })).rejects.toThrow(/gte must be a string/)
    expect(() => store.batch().deleteRange({ lt: null as never })).toThrow(/lt must be/)
  })
})
