import { expect, test } from 'vitest'
import { Cluster, type TestNode } from '../cluster.ts'

const open = async (cluster: Cluster): Promise<TestNode> =>
  await cluster.open('a', {
    tables: [
      { name: 't', publish: true },
      { name: 'f', merge: 'field' },
    ],
  })

test('put replaces, patch merges and removes, delete deletes', async () => {
  await using cluster = new Cluster()
  const table = (await open(cluster)).replicator.table('t')
  expect(await table.get('x')).toBeUndefined()
  await table.put('x', { a: 1, b: 2, c: undefined })
  expect(await table.get('x')).toEqual({ a: 1, b: 2 })
  await table.patch('x', { a: 5, b: undefined })
  expect(table.getSync('x')).toEqual({ a: 5 })
  await table.put('x', { c: 3 })
  expect(table.getSync('x')).toEqual({ c: 3 })
  expect(await table.delete('x')).toBe(true)
  expect(await table.delete('x')).toBe(false)
  expect(await table.get('x')).toBeUndefined()
  await table.patch('y', { n: 1 })
  await table.patch('y', {})
  expect(await table.get('y')).toEqual({ n: 1 })
})

test('a table merged by field behaves alike on one node', async () => {
  await using cluster = new Cluster()
  const table = (await open(cluster)).replicator.table('f')
  await table.patch('x', { b: 2 })
  await table.patch('x', { a: 1 })
  expect(await table.get('x')).toEqual({ a: 1, b: 2 })
  await table.patch('x', { b: undefined })
  expect(await table.get('x')).toEqual({ a: 1 })
  await table.delete('x')
  expect(await table.get('x')).toBeUndefined()
  await table.patch('x', { c: 3 })
  expect(await table.get('x')).toEqual({ c: 3 })
})

test('scans in the order of ids, forwards and back, by range, prefix, condition and limit', async () => {
  await using cluster = new Cluster()
  const table = (await open(cluster)).replicator.table<{ n: number }>('t')
  const ids = [1, 2, 10, 'a', 'ab', 'b', ['x', 1], ['x', 2], ['y', 1]] as const
  for (const [n, id] of [...ids.entries()].toReversed()) await table.put(id, { n })
  const scan = async (options: Parameters<typeof table.scan>[0]): Promise<unknown[]> =>
    (await Array.fromAsync(table.scan(options))).map(([id]) => id)
  expect(await scan({})).toEqual(ids)
  expect(await scan({ reverse: true, limit: 2 })).toEqual([
    ['y', 1],
    ['x', 2],
  ])
  expect(await scan({ prefix: 'a' })).toEqual(['a', 'ab'])
  expect(await scan({ prefix: ['x'] })).toEqual([
    ['x', 1],
    ['x', 2],
  ])
  expect(await scan({ gt: 1, lte: 'a' })).toEqual([2, 10, 'a'])
  expect(await scan({ where: { field: 'n', gte: 7 } })).toEqual([
    ['x', 2],
    ['y', 1],
  ])
  expect(await table.count({ gte: 'a' })).toBe(6)
  await table.delete('ab')
  expect(await scan({ prefix: 'a' })).toEqual(['a'])
})

test('values of all kinds come back as they were', async () => {
  await using cluster = new Cluster()
  const table = (await open(cluster)).replicator.table('t')
  const record = {
    text: 'ü😀',
    list: [1, 2.5, null, { deep: true }],
    when: new Date(0),
    big: 2n ** 60n,
    bytes: new Uint8Array([1, 2]),
  }
  await table.put('x', record)
  expect(await table.get('x')).toEqual(record)
})

test.each([[null], [[]], ['text'], [new Date()], [Object.fromEntries([['', 1]])]])(
  '%j is no record',
  async (record) => {
    await using cluster = new Cluster()
    const table = (await open(cluster)).replicator.table('t')
    await expect(table.put('x', record as never)).rejects.toThrow(TypeError)
    await expect(table.put(Number.NaN, {})).rejects.toThrow(TypeError)
  },
)

test('watch tells of each change with its origin, and ends by its signal', async () => {
  await using cluster = new Cluster()
  const a = await open(cluster)
  const b = await cluster.open('b', { tables: [{ name: 't', publish: true }] })
  const table = b.replicator.table('t')
  await table.put('before', {})
  const stop = new AbortController()
  const seen: unknown[] = []
  const watching = (async () => {
    for await (const { id, record, stamp, via } of table.watch({ signal: stop.signal })) {
      seen.push([id, record, stamp?.node, via])
      if (seen.length === 4) stop.abort()
    }
  })()
  await table.put('own', { n: 1 })
  await a.replicator.table('t').put('x', { n: 2 })
  const subscription = b.replicator.subscribe({ table: 't', from: 'a' })
  await subscription.catchUp()
  await a.replicator.table('t').delete('x')
  await subscription.catchUp()
  await table.delete('own')
  await watching
  expect(seen).toEqual([
    ['own', { n: 1 }, 'b', undefined],
    ['x', { n: 2 }, 'a', 'a'],
    ['x', undefined, 'a', 'a'],
    ['own', undefined, 'b', undefined],
  ])
})

test('watch goes on after a sequence', async () => {
  await using cluster = new Cluster()
  const table = (await open(cluster)).replicator.table('t')
  for (let i = 0; i < 4; i += 1) await table.put(i, { i })
  const ids: unknown[] = []
  let since = 0
  for await (const change of table.watch({ since: 0 })) {
    ids.push(change.id)
    since = change.sequence
    if (change.id === 1) break
  }
  for await (const change of table.watch({ since })) {
    ids.push(change.id)
    if (change.id === 3) break
  }
  expect(ids).toEqual([0, 1, 2, 3])
})
