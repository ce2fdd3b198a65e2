import {
  type ChangeOperation,
  isStoreError,
  memoryFileSystem,
  Store,
  type StoreOptions,
  verifyStore,
} from '@ashlar/lsm-store'
import { faultyFileSystem } from '@ashlar/lsm-store/testing'
import { describe, expect, it } from 'vitest'

const TINY = {
  memtableBytes: 4096,
  tables: { blockBytes: 256, tableBytes: 2048, levelBytes: 4096, levelZeroTables: 2 },
} as const

function openTiny(options: StoreOptions = {}): Promise<Store> {
  return Store.open('/s', { fileSystem: memoryFileSystem(), ...TINY, ...options })
}

const EMPTY = new Uint8Array(0)
const keyAt = (i: number): string => `key-${String(i).padStart(4, '0')}`

/** Entries of these numbers, in order. */
function* entries(from: number, to: number, value: string): Generator<readonly [string, string]> {
  for (let i = from; i < to; i++) yield [keyAt(i), `${value} ${i}`]
}

async function* slowly<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString()

describe('ingest()', () => {
  it('puts what comes in order into the store at once, in as many tables as it takes', async () => {
    await using store = await openTiny()
    const info = await store.ingest(entries(0, 500, 'a'))
    expect(info).toMatchObject({ entries: 500, sequence: 1 })
    expect(info.tables).toBeGreaterThan(3)
    expect(store.lastSequence).toBe(1)
    for (const i of [0, 250, 499]) expect(text(store.getSync(keyAt(i)))).toBe(`a ${i}`)
    let count = 0
    for await (const [key] of store.scan()) expect(text(key)).toBe(keyAt(count++))
    expect(count).toBe(500)
    expect((await store.verify()).problems).toEqual([])
  })

  it('takes a source that is asynchronous, and one that is empty', async () => {
    await using store = await openTiny()
    expect(await store.ingest([])).toEqual({ sequence: 0, entries: 0, tables: 0, bytes: 0 })
    expect(await store.ingest(slowly(entries(0, 200, 'a')))).toMatchObject({ entries: 200 })
    expect(store.lastSequence).toBe(1)
  })

  it('takes entries of any size, and chunks that grow', async () => {
    await using store = await openTiny({ tables: { ...TINY.tables, tableBytes: 1 << 20 } })
    const sizes = [1, 300_000, 10, 5_000_000, 10, 200_000, 900_000, 1]
    const large = sizes.map((size, i) => [keyAt(i), Buffer.alloc(size, i + 1)] as const)
    expect(await store.ingest(large)).toMatchObject({ entries: sizes.length })
    for (const [key, value] of large) expect(value.equals(store.getSync(key) ?? EMPTY)).toBe(true)
    expect((await store.verify()).problems).toEqual([])
  })

  it('is newer than all before, older than all after, and no snapshot of before sees it', async () => {
    await using store = await openTiny()
    await store.put(keyAt(1), 'before')
    const snapshot = store.snapshot()
    const iterator = store.iterator()
    const { sequence } = await store.ingest(entries(0, 100, 'ingested'))
    expect(sequence).toBe(2)
    await store.put(keyAt(2), 'after')
    for (const settle of [() => store.flush(), () => store.compact()]) {
      expect(text(store.getSync(keyAt(1)))).toBe('ingested 1')
      expect(text(store.getSync(keyAt(2)))).toBe('after')
      expect(store.entry(keyAt(3))?.version).toBe(2)
      expect(text(store.getSync(keyAt(1), { snapshot }))).toBe('before')
      expect(store.getSync(keyAt(3), { snapshot })).toBeUndefined()
      await settle()
    }
    expect(text(store.getSync(keyAt(1), { snapshot }))).toBe('before')
    expect(iterator.nextSync()?.map(text)).toEqual([keyAt(1), 'before'])
    expect(iterator.nextSync()).toBeUndefined()
    iterator.close()
    snapshot.close()
  })

  it('goes to the lowest level where nothing is in the way, else to level 0', async () => {
    await using store = await openTiny()
    await store.ingest(entries(0, 50, 'a'))
    await store.ingest(entries(100, 150, 'b'))
    await store.flush()
    const { tablesPerLevel } = store.metrics()
    expect(tablesPerLevel.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0])
    expect(tablesPerLevel[6]).toBeGreaterThan(1)
    await store.ingest(entries(20, 120, 'c'))
    await store.flush()
    expect(text(store.getSync(keyAt(30)))).toBe('c 30')
    expect(text(store.getSync(keyAt(10)))).toBe('a 10')
    await store.compact()
    expect(text(store.getSync(keyAt(110)))).toBe('c 110')
    expect((await store.verify()).problems).toEqual([])
  })

  it('stays out of the way of a compaction that is at work around it', async () => {
    const tables = { ...TINY.tables, levelZeroTables: 3, compactionBytesPerSecond: 1 }
    await using store = await openTiny({ tables })
    for (const i of [0, 90, 0]) {
      await store.put(keyAt(i), 'x')
      await store.put(keyAt(i + 9), 'x')
      await store.flush()
    }
    expect(store.metrics()).toMatchObject({ compacting: true, compactions: 0 })
    await store.ingest(entries(40, 50, 'between'))
    await store.ingest(entries(200, 210, 'behind'))
    await store.flush()
    expect(store.metrics().tablesPerLevel).toEqual([4, 0, 0, 0, 0, 0, 1])
  })

  it('takes the whole or nothing of a source that is out of order, throws or is given up', async () => {
    const fileSystem = memoryFileSystem()
    await using store = await openTiny({ fileSystem })
    const tables = (): number => fileSystem.list('/s').filter((n) => n.endsWith('.table')).length
    const wrong = [...entries(0, 200, 'a'), [keyAt(100), 'again'] as const]
    await expect(store.ingest(wrong)).rejects.toThrow(RangeError)
    await expect(store.ingest([['same', '1'] as const, ['same', '2'] as const])).rejects.toThrow(
      'entry 1 does not come behind',
    )
    const broken = (function* (): Generator<readonly [string, string]> {
      yield* entries(0, 200, 'a')
      throw new Error('the source is gone')
    })()
    await expect(store.ingest(broken)).rejects.toThrow('the source is gone')
    const control = new AbortController()
    const aborted = (function* (): Generator<readonly [string, string]> {
      yield* entries(0, 200, 'a')
      control.abort(new Error('never mind'))
      yield* entries(200, 300, 'a')
    })()
    await expect(store.ingest(aborted, { signal: control.signal })).rejects.toThrow('never mind')
    expect(store.lastSequence).toBe(0)
    expect(store.getSync(keyAt(0))).toBeUndefined()
    await store.close()
    expect(tables()).toBe(0)
  })

  it('sees to keyspaces, their time to live, and merges on top', async () => {
    let now = 1_000
    const { systemClock } = await import('@ashlar/codec')
    await using store = await openTiny({ clock: { ...systemClock, now: () => now } })
    const short = await store.keyspace('short', { ttlMs: 50 })
    const log = await store.keyspace('log', { merge: 'append' })
    await short.ingest(entries(0, 30, 's'))
    await log.ingest([['a', 'one'] as const, ['b', 'two'] as const])
    await log.merge('a', ',more')
    expect(text(log.getSync('a'))).toBe('one,more')
    expect(short.entry(keyAt(3))?.expiresAt).toBe(1_050)
    expect(store.getSync(keyAt(3))).toBeUndefined()
    now = 2_000
    expect(short.getSync(keyAt(3))).toBeUndefined()
    await store.compact()
    expect(text(log.getSync('a'))).toBe('one,more')
    await log.drop()
    await expect(log.ingest([['x', 'y'] as const])).rejects.toThrow('dropped')
  })

  it('is told by changes() as a range, to those whom it concerns', async () => {
    await using store = await openTiny({ changeRetentionBytes: 1 << 20 })
    const side = await store.keyspace('side')
    await side.ingest(entries(10, 20, 'a'))
    const operations: ChangeOperation[] = []
    for await (const change of store.changes({ keyspaces: true })) {
      operations.push(...change.operations)
    }
    expect(operations).toMatchObject([{ type: 'ingest', keyspace: 'side', entries: 10 }])
    const told = async (prefix: string): Promise<(string | undefined)[][]> => {
      const found: (string | undefined)[][] = []
      for await (const change of side.changes({ prefix })) {
        for (const op of change.operations) {
          if (op.type === 'ingest') found.push([text(op.gte), text(op.lte)])
        }
      }
      return found
    }
    expect(await told('key-001')).toEqual([[keyAt(10), keyAt(19)]])
    expect(await told('key-0019')).toEqual([[keyAt(10), keyAt(19)]])
    expect(await told('key-002')).toEqual([])
    expect(await told('a')).toEqual([])
  })

  it('conflicts with a transaction that has read what it put', async () => {
    await using store = await openTiny()
    using reader = store.begin()
    using range = store.begin()
    using other = store.begin()
    reader.get(keyAt(5))
    for await (const _ of range.scan({ gte: keyAt(3), lt: keyAt(7) })) expect.unreachable()
    other.get('elsewhere')
    await store.ingest(entries(0, 10, 'a'))
    for (const tx of [reader, range, other]) tx.put('result', 'x')
    await expect(reader.commit()).rejects.toThrow(/conflict|written/i)
    await expect(range.commit()).rejects.toThrow(/conflict|written/i)
    await other.commit()
  })

  it('fails when the store is closed meanwhile, and leaves no file', async () => {
    const fileSystem = memoryFileSystem()
    const store = await openTiny({ fileSystem })
    let closed: Promise<void> | undefined
    const source = (async function* (): AsyncGenerator<readonly [string, string]> {
      for (const entry of entries(0, 400, 'a')) {
        if (entry[0] === keyAt(300)) closed = store.close()
        yield entry
      }
    })()
    const failure = await store.ingest(source).catch((error: unknown) => error)
    expect(isStoreError(failure, 'STORE_CLOSED')).toBe(true)
    await closed
    await using again = await openTiny({ fileSystem })
    expect(again.lastSequence).toBe(0)
    expect(fileSystem.list('/s').filter((name) => name.endsWith('.table'))).toEqual([])
  })

  it('is in checkpoints and backups also before its log is flushed', async () => {
    const { restoreBackup } = await import('@ashlar/lsm-store')
    const fileSystem = memoryFileSystem()
    await using store = await openTiny({ fileSystem })
    const done = store.ingest(entries(0, 100, 'a'))
    await store.put('x', 'y')
    await done
    await store.checkpoint('/copy')
    await store.backup('/backups')
    await restoreBackup('/backups', '/restored', { fileSystem })
    for (const path of ['/copy', '/restored']) {
      await using copy = await Store.open(path, { fileSystem, ...TINY })
      expect(text(copy.getSync(keyAt(99)))).toBe('a 99')
      expect((await copy.verify()).problems).toEqual([])
    }
  })

  it('has no room on a full disk, and leaves what it wrote to nobody', async () => {
    const disk = memoryFileSystem()
    let full = false
    const fileSystem = faultyFileSystem(disk, ({ path, name }) =>
      full && name === 'write' && path.endsWith('.table') ? 'ENOSPC' : undefined,
    )
    await using store = await openTiny({ fileSystem })
    await store.put('x', 'y')
    full = true
    const failure = await store.ingest(entries(0, 300, 'a')).catch((error: unknown) => error)
    expect(isStoreError(failure, 'STORE_FULL')).toBe(true)
    full = false
    expect(store.lastSequence).toBe(1)
    expect(await store.ingest(entries(0, 300, 'b'))).toMatchObject({ sequence: 2 })
  })
})

it('a store that is refused for want of an ingested table is repaired without it', async () => {
  const { repairStore } = await import('@ashlar/lsm-store')
  const disk = memoryFileSystem()
  // The log is never flushed: manifest edits fail from the ingest on.
  let frozen = false
  const fileSystem = faultyFileSystem(disk, ({ path, name }) =>
    frozen && name === 'write' && path.includes('MANIFEST') ? 'EIO' : undefined,
  )
  const store = await openTiny({ fileSystem })
  await store.put('x', 'y', { sync: 'always' })
  frozen = true
  await store.ingest(entries(0, 200, 'a'), { sync: 'always' })
  await store.close().catch(() => {})
  const [table] = disk.list('/s').filter((name) => name.endsWith('.table')) as [string]
  expect((await verifyStore('/s', { fileSystem: disk })).ok).toBe(true)
  const file = disk.open(`/s/${table}`, 'write')
  file.write(Uint8Array.of(0xaa, 0xaa), 0, 2, 40)
  file.close()
  expect((await verifyStore('/s', { fileSystem: disk })).problems[0]?.path).toBe(`/s/${table}`)
  const report = await repairStore('/s', { fileSystem: disk })
  expect(report.lostEntries).toBeGreaterThan(0)
  await using again = await openTiny({ fileSystem: disk })
  expect(text(again.getSync('x'))).toBe('y')
  expect(text(again.getSync(keyAt(199)))).toBe('a 199')
  expect((await again.verify()).problems).toEqual([])
})

it('an iterator of before its tables were placed reads them when their files are gone', async () => {
  const fileSystem = memoryFileSystem()
  await using store = await openTiny({ fileSystem })
  const tiered = await store.keyspace('tiered', { policy: { kind: 'size-tiered', runs: 2 } })
  await tiered.put('a', '0')
  await tiered.ingest([['k', 'kept']])
  const iterator = tiered.iterator()
  await tiered.put('b', '0')
  await store.flush()
  await tiered.ingest([['a', '1']])
  await store.flush()
  await store.compact()
  const found = await iterator.nextMany(10)
  expect(found.map(([key, value]) => [text(key), text(value)])).toEqual([
    ['a', '0'],
    ['k', 'kept'],
  ])
  iterator.close()
})
