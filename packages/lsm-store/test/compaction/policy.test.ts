import { systemClock } from '@ashlar/codec'
import { type Keyspace, memoryFileSystem, Store, type StoreOptions } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const SMALL = {
  memtableBytes: 4096,
  tables: { blockBytes: 256, tableBytes: 8192, levelBytes: 8192, levelZeroTables: 2 },
} as const

function openSmall(options: StoreOptions = {}): Promise<Store> {
  return Store.open('/s', { fileSystem: memoryFileSystem(), ...SMALL, ...options })
}

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString()
const keyAt = (i: number): string => `key-${String(i).padStart(5, '0')}`

/** Puts so many keys in an order that is not theirs, again and again. */
async function overwrite(keyspace: Keyspace, keys: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < keys; i++) {
      await keyspace.put(keyAt((i * 37) % keys), `${round} ${'v'.repeat(60)}`)
    }
  }
}

async function expectRound(keyspace: Keyspace, keys: number, round: number): Promise<void> {
  let found = 0
  for await (const [key, value] of keyspace.scan()) {
    expect(text(key)).toBe(keyAt(found++))
    expect(text(value)?.startsWith(`${round} `)).toBe(true)
  }
  expect(found).toBe(keys)
  expect(text(keyspace.getSync(keyAt(3)))?.startsWith(`${round} `)).toBe(true)
}

/** Waits for compactions that are due. */
async function settled(store: Store): Promise<void> {
  await store.flush()
  while (store.metrics().compacting) await new Promise((resolve) => setImmediate(resolve))
}

describe('a size-tiered keyspace', () => {
  it('keeps its tables in runs of level 0, and writes less than a leveled one', async () => {
    const written = async (kind: 'leveled' | 'size-tiered'): Promise<number> => {
      await using store = await openSmall()
      const keyspace = await store.keyspace('k', { policy: { kind } })
      await overwrite(keyspace, 401, 8)
      await settled(store)
      await expectRound(keyspace, 401, 7)
      const { tablesPerLevel, compactedBytesWritten } = store.metrics()
      const [zero = 0, ...below] = tablesPerLevel
      if (kind === 'leveled') expect(below.some((tables) => tables > 0)).toBe(true)
      else {
        expect(zero).toBeGreaterThan(0)
        expect(below).toEqual([0, 0, 0, 0, 0, 0])
      }
      expect((await store.verify()).problems).toEqual([])
      return compactedBytesWritten
    }
    expect(await written('size-tiered')).toBeLessThan((await written('leveled')) * 0.8)
  })

  it('has tables of its own beside others, which are leveled as ever', async () => {
    await using store = await openSmall()
    const before = await store.keyspace('before')
    const tiered = await store.keyspace('tiered', { policy: { kind: 'size-tiered' } })
    const after = await store.keyspace('after')
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 60; i++) {
        for (const keyspace of [store, before, tiered, after]) {
          await keyspace.put(keyAt(i), `${round} ${'v'.repeat(60)}`)
        }
      }
    }
    await settled(store)
    for (const keyspace of [store, before, tiered, after]) await expectRound(keyspace, 60, 5)
    const [, ...below] = store.metrics().tablesPerLevel
    expect(below.some((tables) => tables > 0)).toBe(true)
    await store.compact()
    const [zero = 0] = store.metrics().tablesPerLevel
    expect(zero).toBeGreaterThan(0)
    for (const keyspace of [store, before, tiered, after]) await expectRound(keyspace, 60, 5)
    await tiered.drop()
    await settled(store)
    expect(store.metrics().tablesPerLevel[0]).toBe(0)
  })

  it('gives space back when it is compacted, deletes included', async () => {
    await using store = await openSmall()
    const tiered = await store.keyspace('tiered', { policy: { kind: 'size-tiered', runs: 4 } })
    await overwrite(tiered, 200, 2)
    for (let i = 0; i < 199; i++) await tiered.delete(keyAt(i))
    await tiered.compact()
    expect(text(tiered.getSync(keyAt(199)))?.startsWith('1 ')).toBe(true)
    expect(store.metrics()).toMatchObject({ tables: 1 })
    expect(store.metrics().tableBytes).toBeLessThan(1024)
  })

  it('keeps deletes as long as an older run may have what they delete', async () => {
    await using store = await openSmall()
    const tiered = await store.keyspace('tiered', { policy: { kind: 'size-tiered', runs: 2 } })
    await overwrite(tiered, 401, 1)
    await tiered.compact()
    const { compactions } = store.metrics()
    for (const i of [3, 5]) {
      await tiered.delete(keyAt(i))
      await store.flush()
    }
    await settled(store)
    expect(store.metrics().compactions).toBe(compactions + 1)
    for (const i of [3, 5]) expect(tiered.getSync(keyAt(i))).toBeUndefined()
    expect(text(tiered.getSync(keyAt(4)))).toBeDefined()
  })

  it('leaves nothing older behind when what was leveled meanwhile goes down', async () => {
    await using store = await openSmall({ tables: { ...SMALL.tables, levelZeroTables: 4 } })
    const keyspace = await store.keyspace('k', { policy: { kind: 'size-tiered' } })
    await keyspace.put('key', 'older')
    await store.flush()
    await store.keyspace('k', { policy: { kind: 'leveled' } })
    await store.write(store.batch().put('mine', 'x').put('key', 'newer', { keyspace }))
    await store.flush()
    await store.keyspace('k', { policy: { kind: 'size-tiered' } })
    for (let i = 0; i < 3; i++) {
      await store.put('mine', `${i}`)
      await store.flush()
    }
    await settled(store)
    expect(store.metrics()).toMatchObject({ compactions: 1 })
    expect(text(keyspace.getSync('key'))).toBe('newer')
  })

  it('is what it was when it is opened again, and may become leveled', async () => {
    const fileSystem = memoryFileSystem()
    const first = await openSmall({ fileSystem })
    await overwrite(await first.keyspace('k', { policy: { kind: 'size-tiered' } }), 200, 3)
    await first.close()
    const second = await openSmall({ fileSystem })
    const again = await second.keyspace('k')
    await overwrite(again, 200, 4)
    await settled(second)
    expect(second.metrics().tablesPerLevel.slice(1)).toEqual([0, 0, 0, 0, 0, 0])
    await second.keyspace('k', { policy: { kind: 'leveled' } })
    await overwrite(again, 200, 5)
    await settled(second)
    expect(second.metrics().tablesPerLevel[0]).toBeLessThan(2)
    await expectRound(again, 200, 4)
    await second.close()
  })
})

describe('a fifo keyspace', () => {
  it('drops its oldest tables when there are too many bytes, and nothing else', async () => {
    await using store = await openSmall()
    const fifo = await store.keyspace('fifo', { policy: { kind: 'fifo', maxBytes: 40_000 } })
    await store.put('mine', 'stays')
    for (let i = 0; i < 2000; i++) await fifo.put(keyAt(i), `${i} ${'x'.repeat(80)}`)
    await settled(store)
    expect(fifo.getSync(keyAt(0))).toBeUndefined()
    expect(text(fifo.getSync(keyAt(1999)))?.startsWith('1999')).toBe(true)
    expect(text(store.getSync('mine'))).toBe('stays')
    const { tableBytes, droppedTables } = store.metrics()
    expect(tableBytes).toBeLessThan(42_000)
    expect(tableBytes).toBeGreaterThan(20_000)
    expect(droppedTables).toBeGreaterThan(3)
    const keys: (string | undefined)[] = []
    for await (const [key] of fifo.scan()) keys.push(text(key))
    expect(keys).toEqual(keys.map((_, i) => keyAt(2000 - keys.length + i)))
  })

  it('drops them when they are old, but for what a snapshot sees', async () => {
    let now = 1_000_000
    const clock = { ...systemClock, now: () => now }
    await using store = await openSmall({ clock })
    const fifo = await store.keyspace('fifo', { policy: { kind: 'fifo', maxAgeMs: 1000 } })
    await fifo.put('old', '1')
    await store.flush()
    now += 600
    await fifo.put('young', '2')
    await store.flush()
    const snapshot = store.snapshot()
    now += 600
    await store.put('x', 'y')
    await settled(store)
    expect(text(fifo.getSync('old'))).toBe('1')
    snapshot.close()
    await settled(store)
    expect(fifo.getSync('old')).toBeUndefined()
    expect(text(fifo.getSync('young'))).toBe('2')
  })

  it('merges what comes in small pieces, and needs to be told how much it keeps', async () => {
    await using store = await openSmall()
    const policy = { kind: 'fifo', maxBytes: 1 << 20 } as const
    const fifo = await store.keyspace('fifo', { policy })
    for (let i = 0; i < 40; i++) {
      await fifo.put(keyAt(i), 'x')
      await store.flush()
    }
    await settled(store)
    expect(store.metrics().tables).toBeLessThan(16)
    for (let i = 0; i < 40; i++) expect(text(fifo.getSync(keyAt(i)))).toBe('x')
    await fifo.compact()
    await expect(store.keyspace('a', { policy: { kind: 'fifo' } })).rejects.toThrow('maxBytes')
    await expect(store.keyspace('b', { policy, merge: 'append' })).rejects.toThrow('fifo')
    const unknown = { kind: 'other' } as unknown as typeof policy // what JavaScript may give
    await expect(store.keyspace('c', { policy: unknown })).rejects.toThrow('policy.kind')
    await expect(openSmall({ defaultKeyspace: { policy } })).rejects.toThrow('defaultKeyspace')
  })
})

it('a keyspace has its own block size and filter bits, and remembers them', async () => {
  const fileSystem = memoryFileSystem()
  const measure = async (options: object): Promise<{ blocks: number; bytes: number }> => {
    await using store = await Store.open(`/${JSON.stringify(options)}`, { fileSystem })
    const keyspace = await store.keyspace('k', options)
    for (let i = 0; i < 4000; i++) await keyspace.put(keyAt(i), `${i}`.padEnd(20))
    await store.flush()
    for (let i = 0; i < 4000; i += 7)
      expect(text(keyspace.getSync(keyAt(i)))).toBe(`${i}`.padEnd(20))
    for (let i = 0; i < 100; i++) expect(keyspace.getSync(`${keyAt(i)}-`)).toBeUndefined()
    const { blocks, problems } = await store.verify()
    expect(problems).toEqual([])
    return { blocks, bytes: store.metrics().tableBytes }
  }
  const plain = await measure({})
  const large = await measure({ blockBytes: 16 * 1024 })
  expect(large.blocks).toBeLessThan(plain.blocks / 3)
  const [few, many] = [await measure({ filterBits: 2 }), await measure({ filterBits: 20 })]
  expect(many.bytes - few.bytes).toBeGreaterThan(((20 - 2) * 4000 * 0.9) / 8)
  await using again = await Store.open('/{"filterBits":20}', { fileSystem })
  const keyspace = await again.keyspace('k')
  await keyspace.put(keyAt(0), ''.padEnd(20))
  await again.compact()
  expect(again.metrics().tableBytes).toBeGreaterThan(many.bytes - 200)
  await expect(again.keyspace('x', { filterBits: 1 })).rejects.toThrow('filterBits')
  await expect(again.keyspace('x', { blockBytes: 1 << 20 })).rejects.toThrow('blockBytes')
})
