import { isStoreError, memoryFileSystem, Store, StoreError } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

const openMemory = (): Promise<Store> => Store.open('/s', { fileSystem: memoryFileSystem() })

describe('a store', () => {
  it('shows a write as soon as the call returns', async () => {
    await using store = await openMemory()
    const done = store.put('a', '1')
    expect(text(store.getSync('a'))).toBe('1')
    await done
    const gone = store.delete('a')
    expect(store.hasSync('a')).toBe(false)
    await gone
  })

  it('has what was written after it is opened again', async () => {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('/s', { fileSystem })
    await store.put('a', '1')
    expect(await store.write(store.batch().put('b', '2').delete('a'))).toBe(3)
    await store.close()
    await using again = await Store.open('/s', { fileSystem })
    expect(again.lastSequence).toBe(3)
    expect(again.getSync('a')).toBeUndefined()
    expect(text(again.getSync('b'))).toBe('2')
  })

  it('answers the promise forms as the synchronous ones', async () => {
    await using store = await openMemory()
    await store.write([
      { type: 'put', key: 'a', value: '1' },
      { type: 'put', key: 'b', value: '2' },
    ])
    expect(text(await store.get('a'))).toBe('1')
    expect(await store.has('c')).toBe(false)
    expect((await store.getMany(['b', 'c', 'a'])).map(text)).toEqual(['2', undefined, '1'])
    const iterator = store.iterator()
    expect((await iterator.next())?.map(text)).toEqual(['a', '1'])
    expect(await iterator.nextMany(5)).toHaveLength(1)
    expect(await iterator.next()).toBeUndefined()
    iterator.close()
    expect(() => iterator.nextSync()).toThrow(/The iterator is closed/)
    await expect(iterator.nextMany(2)).rejects.toMatchObject({ code: 'ITERATOR_CLOSED' })
  })

  it('takes any text and any bytes, also when they are large', async () => {
    await using store = await openMemory()
    const entries = [
      ['é', 'ü'],
      ['😀'.repeat(50), '日本語'.repeat(100)],
      ['a\u0000b', ''],
      ['k'.repeat(65_535), 'v'.repeat(3_000_000)],
    ] as const
    for (const [key, value] of entries) await store.put(key, value)
    await store.flush()
    for (const [key, value] of entries) expect(text(store.getSync(key))).toBe(value)
    const found = []
    for await (const [key] of store.scan()) found.push(text(key))
    expect(found).toEqual(entries.map(([key]) => key).sort())
  })

  it('copies what it is given and what it gives', async () => {
    await using store = await openMemory()
    const key = Buffer.from('key')
    const value = Buffer.from('value')
    await store.put(key, value)
    value.fill(0)
    const found = store.getSync(key)
    found?.fill(0)
    const range = Buffer.from('key')
    const iterator = store.iterator({ gte: range })
    range.fill(0xff)
    iterator.nextSync()?.[1].fill(0)
    expect(text(store.getSync('key'))).toBe('value')
  })

  it('refuses mistakes by naming them', async () => {
    await using store = await openMemory()
    await expect(store.put('k'.repeat(65_536), 'x')).rejects.toThrow(/key must have at most 65535/)
    // @ts-expect-error a caller without types
    await expect(store.put('k', undefined)).rejects.toThrow(TypeError)
    // @ts-expect-error a caller without types
    await expect(store.put(5, 'x')).rejects.toThrow(/key must be a string or a Uint8Array, got n/)
    // @ts-expect-error a caller without types
    await expect(store.write([{ type: 'del', key: 'a' }])).rejects.toThrow(/operation type must be/)
    // @ts-expect-error a caller without types
    await expect(store.put('a', 'b', { sync: 'often' })).rejects.toThrow(/sync must be/)
    expect(() => store.iterator({ limit: -1 })).toThrow(/limit must be/)
    expect(() => store.changes({ since: 1.5 })).toThrow(/since must be/)
    expect(store.lastSequence).toBe(0)
    for (const [field, options] of [
      ['memtableBytes', { memtableBytes: 1 }],
      ['syncIntervalMs', { syncIntervalMs: 0 }],
      ['tables.blockBytes', { tables: { blockBytes: 1e6 } }],
      ['tables.partitionBytes', { tables: { partitionBytes: 8 } }],
    ] as const) {
      const opened = Store.open('/x', { fileSystem: memoryFileSystem(), ...options })
      await expect(opened).rejects.toThrow(new RegExp(`^${field} must be an integer`))
    }
  })

  it('applies none of a batch that holds a mistake', async () => {
    await using store = await openMemory()
    const operations = [
      { type: 'put', key: 'a', value: '1' },
      { type: 'put', key: 'k'.repeat(65_536), value: '2' },
    ] as const
    await expect(store.write(operations)).rejects.toThrow(RangeError)
    expect(store.hasSync('a')).toBe(false)
    expect(await store.write([])).toBe(0)
    expect(await store.write(store.batch())).toBe(0)
  })

  it('takes entries joined in memory that is used again, and a batch after clear()', async () => {
    await using store = await openMemory()
    const memory = new Uint8Array(4096)
    const batch = store.batch()
    const entries = [
      ['a', 1, ''],
      ['b', 1, 'x'.repeat(60)],
      ['c', 1000, 'y'.repeat(1000)],
      ['d', 2000, 'longer than what needs no check'],
    ] as const
    for (const [letter, count, value] of entries) {
      memory.set(Buffer.from(letter.repeat(count) + value))
      batch.putJoined(memory, count, count + value.length)
    }
    expect(await store.write(batch)).toBe(4)
    memory.fill(0xff)
    batch.clear().putJoined(memory, 8, 9)
    expect(await store.write(batch)).toBe(5)
    for (const [letter, count, value] of entries) {
      expect(text(store.getSync(letter.repeat(count)))).toBe(value)
    }
    expect(store.getSync(memory.subarray(0, 8))).toEqual(Uint8Array.of(0xff))
    expect(() => batch.putJoined(memory, 9, 10)).toThrow('reserved')
    expect(() => batch.putJoined(memory, 2, 1)).toThrow(RangeError)
    expect(() => batch.putJoined(memory, 1, 4097)).toThrow(RangeError)

    batch.clear()
    for (const [letter, count] of entries.slice(1)) {
      memory.set(Buffer.from(letter.repeat(count)))
      batch.deleteJoined(memory, count)
    }
    memory.fill(0xff)
    expect(await store.write(batch.deleteJoined(memory, 8))).toBe(9)
    expect(store.hasSync('a')).toBe(true)
    for (const [letter, count] of entries.slice(1)) {
      expect(store.hasSync(letter.repeat(count))).toBe(false)
    }
    expect(store.hasSync(memory.subarray(0, 8))).toBe(false)
    expect(() => batch.deleteJoined(memory, 9)).toThrow('reserved')
    expect(() => batch.deleteJoined(memory, 4097)).toThrow(RangeError)
  })

  it('is found or not as the options want', async () => {
    const fileSystem = memoryFileSystem()
    const open = (options: object): Promise<Store> => Store.open('/s', { fileSystem, ...options })
    await expect(open({ createIfMissing: false })).rejects.toMatchObject({ code: 'STORE_MISSING' })
    await (await open({ errorIfExists: true })).close()
    await expect(open({ errorIfExists: true })).rejects.toMatchObject({ code: 'STORE_EXISTS' })
    await (await open({ createIfMissing: false })).close()
  })

  it('can be open once at a time', async () => {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('/s', { fileSystem })
    await expect(Store.open('/s/', { fileSystem })).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    expect(store.state).toBe('open')
    await store.close()
    await (await Store.open('/s', { fileSystem })).close()
  })

  it('answers nothing once it is closed', async () => {
    const store = await openMemory()
    await store.put('a', '1')
    const iterator = store.iterator()
    const pending = store.put('b', '2')
    await Promise.all([store.close(), store.close()])
    await pending
    expect(store.state).toBe('closed')
    const closed = expect.objectContaining({ code: 'STORE_CLOSED' })
    expect(() => store.getSync('a')).toThrow(closed)
    expect(() => iterator.nextSync()).toThrow(closed)
    await expect(store.put('a', '2')).rejects.toEqual(closed)
    await expect(store.flush()).rejects.toEqual(closed)
    expect(() => store.snapshot()).toThrow(closed)
  })

  it('writes all calls of a turn at once, and syncs them together', async () => {
    await using store = await openMemory()
    const { logSyncs } = store.metrics()
    const always = { sync: 'always' } as const
    await Promise.all(Array.from({ length: 64 }, (_, i) => store.put(`k${i}`, 'v', always)))
    expect(store.metrics().logGroups).toBe(1)
    expect(store.metrics().logSyncs).toBe(logSyncs + 1)
  })

  it('lets timers run in a loop of reads and writes', async () => {
    await using store = await openMemory()
    let done = false
    setImmediate(() => {
      done = true
    })
    for (let i = 0; !done; i++) {
      if (i > 100_000) throw new Error('the event loop did not turn')
      await store.put('k', 'v')
      await store.get('k')
    }
    expect(done).toBe(true)
  })

  it('reports itself in frozen metrics', async () => {
    await using store = await openMemory()
    await store.put('a', 'b')
    await store.flush()
    const metrics = store.metrics()
    expect(Object.isFrozen(metrics)).toBe(true)
    expect(metrics).toMatchObject({ lastSequence: 1, flushes: 1, tables: 1, unflushedMemtables: 0 })
    expect(metrics.tablesPerLevel[0]).toBe(1)
  })
})

describe('a snapshot', () => {
  it('shows its moment, also when compaction has been over everything', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await Store.open('/s', { fileSystem })
    await store.write([
      { type: 'put', key: 'a', value: 'old' },
      { type: 'put', key: 'b', value: 'old' },
    ])
    const snapshot = store.snapshot()
    await store.write([
      { type: 'put', key: 'a', value: 'new' },
      { type: 'delete', key: 'b' },
    ])
    await store.compact()
    expect(store.metrics().compactions).toBe(1)
    expect(text(store.getSync('a', { snapshot }))).toBe('old')
    expect(text(store.getSync('b', { snapshot }))).toBe('old')
    expect(store.hasSync('b')).toBe(false)
    const entries = store.metrics().tableBytes
    snapshot.close()
    await store.compact()
    expect(store.metrics().tableBytes).toBeLessThan(entries)
    expect(text(store.getSync('a'))).toBe('new')
  })

  it('is refused when it is closed, or of another store', async () => {
    await using store = await openMemory()
    await using other = await openMemory()
    const snapshot = store.snapshot()
    expect(() => other.getSync('a', { snapshot })).toThrow(/another store/)
    snapshot.close()
    expect(() => store.getSync('a', { snapshot })).toThrow(
      expect.objectContaining({ code: 'SNAPSHOT_CLOSED' }),
    )
    const forged = { sequence: 1, close() {}, [Symbol.dispose]() {} }
    expect(() => store.getSync('a', { snapshot: forged })).toThrow(TypeError)
  })
})

describe('a StoreError', () => {
  it('is told by its code, and so are copies of the class', () => {
    const error = new StoreError('STORE_IO', 'x', { path: '/p', offset: 3, cause: 'why' })
    expect(error).toMatchObject({ name: 'StoreError', path: '/p', offset: 3, cause: 'why' })
    expect(isStoreError(error)).toBe(true)
    expect(isStoreError(error, 'STORE_IO')).toBe(true)
    expect(isStoreError(error, 'STORE_FULL')).toBe(false)
    expect(isStoreError(new Error('STORE_IO'))).toBe(false)
    const copy = Object.assign(new Error('x'), { name: 'StoreError', code: 'STORE_IO' })
    expect(isStoreError(copy, 'STORE_IO')).toBe(true)
  })
})
