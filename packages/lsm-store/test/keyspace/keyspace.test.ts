import { type Keyspace, memoryFileSystem, Store } from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

async function entriesOf(keyspace: Keyspace, options = {}): Promise<string[]> {
  const entries: string[] = []
  for await (const [key, value] of keyspace.scan(options))
    entries.push(`${text(key)}=${text(value)}`)
  return entries
}

const openMemory = (fileSystem = memoryFileSystem()): Promise<Store> =>
  Store.open('/s', { fileSystem })

describe('a keyspace', () => {
  it('has keys of its own, also after the store is opened again', async () => {
    const fileSystem = memoryFileSystem()
    const store = await openMemory(fileSystem)
    const users = await store.keyspace('users')
    const orders = await store.keyspace('orders')
    await store.put('k', 'default')
    await users.put('k', 'user')
    await orders.put('', 'the empty key')
    expect(await store.keyspace('users')).toBe(users)
    expect(store.keyspaces).toEqual(['orders', 'users'])
    for (const step of ['memory', 'table']) {
      expect(await entriesOf(store), step).toEqual(['k=default'])
      expect(await entriesOf(users, { reverse: true }), step).toEqual(['k=user'])
      expect(await entriesOf(orders), step).toEqual(['=the empty key'])
      await store.flush()
    }
    await store.close()
    await using again = await openMemory(fileSystem)
    expect(again.keyspaces).toEqual(['orders', 'users'])
    expect(text((await again.keyspace('users')).getSync('k'))).toBe('user')
    expect(text(again.getSync('k'))).toBe('default')
  })

  it('shares batches and snapshots with the others', async () => {
    await using store = await openMemory()
    const users = await store.keyspace('users')
    const before = store.snapshot()
    const batch = store.batch().put('a', '1').put('a', '2', { keyspace: users })
    await store.write(batch.delete('b', { keyspace: users }))
    await store.write([
      { type: 'put', key: 'b', value: '3', keyspace: users },
      { type: 'deleteRange', keyspace: users, lt: 'b' },
    ])
    expect(await entriesOf(users)).toEqual(['b=3'])
    expect(await entriesOf(store)).toEqual(['a=1'])
    expect(await entriesOf(users, { snapshot: before })).toEqual([])
    expect(store.hasSync('a', { snapshot: before })).toBe(false)
  })

  it('ends where the next one begins, whatever the bounds', async () => {
    await using store = await openMemory()
    const [a, b] = [await store.keyspace('a'), await store.keyspace('b')]
    const edges = [new Uint8Array(0), new Uint8Array(20).fill(0xff), Uint8Array.of(0)]
    for (const key of edges) {
      await a.put(key, 'a')
      await b.put(key, 'b')
    }
    await store.put(new Uint8Array(8).fill(0xff), 'last')
    for (const keyspace of [a, b]) {
      expect((await entriesOf(keyspace)).map((entry) => entry.at(-1))).toEqual(
        Array.from({ length: 3 }, () => keyspace.name),
      )
    }
    await a.deleteRange({})
    expect(await entriesOf(a)).toEqual([])
    expect(await entriesOf(b)).toHaveLength(3)
    await store.deleteRange({ gte: new Uint8Array(30).fill(0xff) })
    await store.deleteRange({ prefix: Uint8Array.of(0xff) })
    expect(await entriesOf(store)).toEqual([])
    expect(await entriesOf(b, { reverse: true })).toHaveLength(3)
  })

  it('is dropped at once, with its space; its name begins anew', async () => {
    const fileSystem = memoryFileSystem()
    const store = await Store.open('/s', {
      fileSystem,
      changeRetentionBytes: 0,
      tables: { tableBytes: 16 * 1024, blockBytes: 512, compression: 'none' },
    })
    const users = await store.keyspace('users')
    for (let i = 0; i < 1000; i++) void users.put(`user-${i}`, 'x'.repeat(100))
    await store.put('k', 'v')
    await store.compact()
    const { tables, tableBytes } = store.metrics()
    expect(tables).toBeGreaterThan(4)
    const snapshot = store.snapshot()
    await users.drop()
    expect(store.keyspaces).toEqual([])
    expect(() => users.getSync('user-1')).toThrow(/was dropped/)
    await expect(users.put('a', 'b')).rejects.toMatchObject({ code: 'KEYSPACE_DROPPED' })
    await expect(users.drop()).rejects.toMatchObject({ code: 'KEYSPACE_DROPPED' })
    expect(() => store.batch().put('a', 'b', { keyspace: users })).toThrow(/was dropped/)
    const again = await store.keyspace('users')
    expect(again).not.toBe(users)
    expect(await entriesOf(again, { snapshot })).toEqual([])
    snapshot.close()
    await store.compact()
    expect(store.metrics().tableBytes).toBeLessThan(tableBytes / 10)
    expect(text(store.getSync('k'))).toBe('v')
    await store.close()
  })

  it('shows its own changes, and the store those of all under their names', async () => {
    await using store = await openMemory()
    const users = await store.keyspace('users')
    const show = async (feed: ReturnType<Store['changes']>): Promise<unknown[]> => {
      const shown: unknown[] = []
      for await (const { operations } of feed) {
        for (const operation of operations) {
          const key = 'key' in operation ? text(operation.key) : undefined
          shown.push([operation.type, key, operation.keyspace])
        }
      }
      return shown
    }
    await store.write(store.batch().put('a', '1').put('b', '2', { keyspace: users }))
    expect(await show(store.changes())).toEqual([['put', 'a', undefined]])
    expect(await show(users.changes({ prefix: 'b' }))).toEqual([['put', 'b', undefined]])
    await users.drop()
    expect(await show(store.changes({ keyspaces: true }))).toEqual([
      ['put', 'a', undefined],
      ['put', 'b', 'users'],
      ['deleteRange', undefined, 'users'],
    ])
  })

  it('takes names and options with care', async () => {
    await using store = await openMemory()
    await using other = await Store.open('/o', { fileSystem: memoryFileSystem() })
    const foreign = await other.keyspace('users')
    for (const name of ['', 'default', 'n'.repeat(256)]) {
      await expect(store.keyspace(name)).rejects.toThrow(RangeError)
    }
    await expect(store.keyspace(7 as never)).rejects.toThrow(TypeError)
    await expect(store.keyspace('a', { ttlMs: 0 })).rejects.toThrow(/ttlMs/)
    await expect(store.keyspace('a', { merge: 'nope' as never })).rejects.toThrow(/merge must be/)
    await expect(store.keyspace('a', { merge: 'max', ttlMs: 5 })).rejects.toThrow(/either/)
    await store.keyspace('m', { merge: 'max' })
    await expect(store.keyspace('m', { merge: 'min' })).rejects.toThrow(/merges by max/)
    expect(() => store.batch().delete('a', { keyspace: foreign })).toThrow(/another store/)
    expect(() => store.batch().delete('a', { keyspace: { name: 'x' } })).toThrow(/must come from/)
    await expect(store.write(other.batch().put('a', 'b'))).rejects.toThrow(/another store/)
    await expect(store.drop()).rejects.toThrow(/cannot be dropped/)
    const reserved = new Uint8Array(9).fill(0xff)
    await expect(store.put(reserved, 'x')).rejects.toThrow(/reserved/)
  })

  it('made in the same turn twice is one', async () => {
    await using store = await openMemory()
    const made = await Promise.all([store.keyspace('a'), store.keyspace('a'), store.keyspace('b')])
    expect(made[0]).toBe(made[1])
    expect(store.keyspaces).toEqual(['a', 'b'])
  })
})
