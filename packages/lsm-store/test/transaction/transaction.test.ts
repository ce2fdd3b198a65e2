import {
  isStoreError,
  type Keyspace,
  memoryFileSystem,
  Store,
  type Transaction,
} from '@ashlar/lsm-store'
import { describe, expect, it } from 'vitest'

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

const openMemory = (options = {}): Promise<Store> =>
  Store.open('/s', { fileSystem: memoryFileSystem(), ...options })

async function entriesOf(tx: Transaction, options = {}): Promise<string[]> {
  const entries: string[] = []
  for await (const [key, value] of tx.scan(options)) entries.push(`${text(key)}=${text(value)}`)
  return entries
}

const conflicts = (done: Promise<unknown>): Promise<void> =>
  expect(done).rejects.toMatchObject({ code: 'TRANSACTION_CONFLICT' })

describe('a transaction', () => {
  it('reads its own writes over the view in which it began, and shows them to nobody else', async () => {
    await using store = await openMemory()
    for (const key of ['a', 'b', 'c', 'd']) await store.put(key, 'old')
    using tx = store.begin()
    tx.put('b', 'new')
    tx.delete('c')
    tx.put('bb', 'more')
    await store.put('e', 'later')
    expect(text(tx.get('b'))).toBe('new')
    expect(tx.has('c')).toBe(false)
    expect(tx.has('e')).toBe(false)
    const all = ['a=old', 'b=new', 'bb=more', 'd=old']
    expect(await entriesOf(tx)).toEqual(all)
    expect(await entriesOf(tx, { reverse: true })).toEqual(all.toReversed())
    tx.deleteRange({ gte: 'b', lt: 'c' })
    tx.put('bx', 'last')
    expect(await entriesOf(tx)).toEqual(['a=old', 'bx=last', 'd=old'])
    expect(await entriesOf(tx, { reverse: true, limit: 2 })).toEqual(['d=old', 'bx=last'])
    expect(tx.get('bb')).toBeUndefined()
    expect(text(store.getSync('b'))).toBe('old')
  })

  it('has iterators that keep to the writes from before them, however many follow', async () => {
    await using store = await openMemory()
    using tx = store.begin()
    tx.put('a', '1')
    const iterator = tx.iterator()
    for (let i = 0; i < 500; i++) tx.put(`b${i}`, 'x'.repeat(20))
    tx.deleteRange({})
    expect(iterator.nextSync()?.map(text)).toEqual(['a', '1'])
    expect(iterator.nextSync()).toBeUndefined()
    iterator.close()
  })

  it('commits all of its writes at once, or none after a rollback', async () => {
    await using store = await openMemory()
    const users = await store.keyspace('users')
    const tx = store.begin()
    tx.put('a', '1')
    tx.put('a', '2', { keyspace: users })
    expect(await tx.commit({ sync: 'always' })).toBe(2)
    expect([text(store.getSync('a')), text(users.getSync('a'))]).toEqual(['1', '2'])
    expect(() => tx.put('b', '1')).toThrow(/has ended/)
    await expect(tx.commit()).rejects.toMatchObject({ code: 'TRANSACTION_CLOSED' })
    const other = store.begin()
    other.put('b', '1')
    other.rollback()
    expect(store.hasSync('b')).toBe(false)
    expect(store.metrics().openSnapshots).toBe(0)
  })

  it('merges onto what it sees', async () => {
    await using store = await openMemory()
    const log = await store.keyspace('log', { merge: 'append' })
    await log.merge('a', '1')
    using tx = store.begin()
    const target = { keyspace: log }
    tx.merge('a', '2', target)
    tx.merge('a', '3', target)
    expect(text(tx.get('a', target))).toBe('123')
    expect(await entriesOf(tx, target)).toEqual(['a=123'])
    tx.delete('a', target)
    tx.merge('a', '4', target)
    expect(text(tx.get('a', target))).toBe('4')
    await tx.commit()
    expect(text(log.getSync('a'))).toBe('4')
  })
})

describe('a conflict', () => {
  it('is a key that was read and written since, also one that was not there', async () => {
    await using store = await openMemory()
    await store.put('a', '1')
    for (const change of [
      () => store.put('a', '2'),
      () => store.delete('a'),
      () => store.put('a', '1'),
      () => store.deleteRange({ lte: 'b' }),
    ]) {
      for (const flush of [false, true]) {
        await store.put('a', '0')
        const tx = store.begin()
        tx.get('a')
        tx.put('x', '1')
        await change()
        if (flush) await store.compact()
        await conflicts(tx.commit())
        expect(store.hasSync('x')).toBe(false)
      }
    }
    const tx = store.begin()
    expect(tx.get('new')).toBeUndefined()
    tx.put('x', '1')
    await store.put('new', '1')
    await conflicts(tx.commit())
  })

  it('is a range as far as it was visited, and no farther', async () => {
    await using store = await openMemory()
    for (const key of ['b', 'd', 'f', 'h']) await store.put(key, '1')
    const cases: readonly (readonly [string, object, number, boolean])[] = [
      ['a', {}, 1, true],
      ['c', {}, 1, false],
      ['c', {}, 2, true],
      ['z', {}, 4, false],
      ['z', {}, 5, true],
      ['z', { lt: 'y' }, 5, false],
      ['i', { reverse: true }, 1, true],
      ['g', { reverse: true }, 1, false],
      ['a', { reverse: true }, 5, true],
      ['a', { reverse: true, gte: 'b' }, 5, false],
    ]
    for (const [key, options, steps, expected] of cases) {
      for (const flush of [false, true]) {
        const tx = store.begin()
        const iterator = tx.iterator(options)
        for (let i = 0; i < steps; i++) iterator.nextSync()
        iterator.close()
        tx.put('result', '1')
        await store.put(key, '1')
        await store.delete(key)
        if (flush) await store.compact()
        const failure = await tx.commit().then(
          () => undefined,
          (error: unknown) => error,
        )
        const name = `${key} ${JSON.stringify(options)} ${steps} ${flush}`
        expect(isStoreError(failure, 'TRANSACTION_CONFLICT'), name).toBe(expected)
        await store.delete('result')
      }
    }
  })

  it('follows an iterator that seeks', async () => {
    await using store = await openMemory()
    for (const key of ['b', 'd', 'f', 'h']) await store.put(key, '1')
    for (const [key, expected] of [
      ['c', false],
      ['g', true],
    ] as const) {
      const tx = store.begin()
      const iterator = tx.iterator()
      iterator.seek('f')
      expect((await iterator.nextMany(2)).length).toBe(2)
      iterator.close()
      tx.put('a', '1')
      await store.put(key, '1')
      if (expected) await conflicts(tx.commit())
      else await tx.commit()
      await store.delete(key)
    }
  })

  it('is none between transactions that only write, or only read', async () => {
    await using store = await openMemory()
    const writer = store.begin()
    writer.put('a', '1')
    const reader = store.begin()
    reader.get('a')
    await store.put('a', '2')
    await writer.commit()
    expect(await reader.commit()).toBe(0)
    expect(text(store.getSync('a'))).toBe('1')
  })

  it('is begun anew, so often and no more', async () => {
    await using store = await openMemory()
    await store.put('n', '0')
    const add = (tx: Transaction): void => {
      tx.put('n', String(Number(text(tx.get('n'))) + 1))
    }
    const lanes = Array.from({ length: 10 }, () =>
      store.transaction(async (tx) => {
        add(tx)
        await Promise.resolve()
      }),
    )
    await Promise.all(lanes)
    expect(text(store.getSync('n'))).toBe('10')
    let runs = 0
    const hopeless = store.transaction(
      async (tx) => {
        runs += 1
        add(tx)
        await store.put('n', '0')
      },
      { retries: 3 },
    )
    await conflicts(hopeless)
    expect(runs).toBe(4)
    const thrown = store.transaction((tx) => {
      tx.put('n', 'x')
      throw new Error('no')
    })
    await expect(thrown).rejects.toThrow('no')
    await expect(store.transaction(() => 1, { retries: -1 })).rejects.toThrow(/retries must be/)
    expect(await store.transaction((tx) => text(tx.get('n')))).toBe('0')
    expect(store.metrics().openSnapshots).toBe(0)
  })

  it('never lets two transactions do together what neither would do alone', async () => {
    // Write skew: each keeps one of two guards on duty by looking at both.
    await using store = await openMemory({ memtableBytes: 1024 })
    const guards: Keyspace = await store.keyspace('guards')
    const target = { keyspace: guards }
    for (let round = 0; round < 50; round++) {
      await store.write(store.batch().put('a', 'on', target).put('b', 'on', target))
      const leave = (key: string): Promise<void> =>
        store.transaction(async (tx) => {
          let on = 0
          for await (const [, value] of tx.scan(target)) on += text(value) === 'on' ? 1 : 0
          if (on > 1) tx.put(key, 'off', target)
        })
      await Promise.all([leave('a'), leave('b')])
      const states = [text(guards.getSync('a')), text(guards.getSync('b'))]
      expect(states.filter((state) => state === 'on')).toHaveLength(1)
    }
  })
})
