import { Store } from '@ashlar/lsm-store'
import { expect, test } from 'vitest'
import { keyOf } from '../src/ledger/keyspace.ts'
import { Cluster, dump, live, type TestNode, until } from './cluster.ts'

const T = { tables: [{ name: 't', publish: true }], tombstones: { minAgeMs: 0 } }

async function keysOf(node: TestNode, cluster: Cluster): Promise<number> {
  await cluster.close(node.name)
  await using store = await Store.open('/data', { fileSystem: node.disk })
  let count = 0
  for (const family of ['rows', 'tombstones'] as const) {
    for await (const _ of store.scan({ prefix: keyOf(family, []) })) count += 1
  }
  return count
}

test('tombstones nobody subscribes to go at once, with all their keys', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const table = edge.replicator.table('t')
  for (let i = 0; i < 10; i += 1) await table.put(i, { i })
  for (let i = 0; i < 10; i += 1) await table.delete(i)
  expect(await edge.replicator.collectTombstones()).toBe(10)
  expect(await edge.replicator.collectTombstones()).toBe(0)
  expect(await keysOf(edge, cluster)).toBe(0)
})

test('a tombstone stays until every known subscriber has passed it, away or not', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const near = await cluster.open('near', T)
  const far = await cluster.open('far', T)
  await edge.replicator.table('t').put('x', { n: 1 })
  for (const node of [near, far])
    await live(node.replicator.subscribe({ table: 't', from: 'edge' }))
  await cluster.close('far')
  await edge.replicator.table('t').delete('x')
  await edge.replicator.collectTombstones() // a checkpoint behind the delete
  const status = edge.replicator.status()
  const passed = (name: string): boolean =>
    edge.replicator
      .status()
      .subscribers.some((s) => s.node === name && s.acknowledged >= status.head)
  await until(() => passed('near'))
  expect(await edge.replicator.collectTombstones()).toBe(0)

  const back = await cluster.open('far', T)
  await live(back.replicator.subscribe({ table: 't', from: 'edge' }))
  await until(async () => (await edge.replicator.collectTombstones()) === 1)
  for (const node of [edge, near, back]) expect(await dump(node, 't')).toEqual([])
})

test('a tombstone younger than the least age stays', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { ...T, tombstones: { minAgeMs: 60_000 } })
  await edge.replicator.table('t').put('x', { n: 1 })
  await edge.replicator.table('t').delete('x')
  expect(await edge.replicator.collectTombstones()).toBe(0)
})

test('a record written again is not taken for its old tombstone', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const table = edge.replicator.table('t')
  await table.put('x', { n: 1 })
  await table.delete('x')
  await table.put('x', { n: 2 })
  expect(await edge.replicator.collectTombstones()).toBe(0)
  expect(await dump(edge, 't')).toEqual([['x', { n: 2 }]])
})

// Without the last condition the older write would come back at one node and not at the other.
test('a tombstone waits for older writes of a subscriber that is followed in turn', async () => {
  await using cluster = new Cluster()
  const a = await cluster.open('a', T)
  const b = await cluster.open('b', T)
  await a.replicator.table('t').put('x', { by: 'a' })
  const fromA = b.replicator.subscribe({ table: 't', from: 'a' })
  const fromB = a.replicator.subscribe({ table: 't', from: 'b' })
  await Promise.all([live(fromA), live(fromB)])
  a.transport.disconnect()
  await b.replicator.table('t').put('x', { by: 'b' })
  await a.replicator.table('t').put('x', { by: 'a again' })
  await a.replicator.table('t').delete('x')
  expect(await a.replicator.collectTombstones()).toBe(0)
  a.transport.reconnect()
  await Promise.all([fromA.catchUp(), fromB.catchUp()])
  await until(async () => (await a.replicator.collectTombstones()) === 1)
  await Promise.all([fromA.catchUp(), fromB.catchUp()])
  expect(await dump(a, 't')).toEqual([])
  expect(await dump(b, 't')).toEqual([])
})

test('a subscriber forgotten for its age takes a snapshot when it is back', async () => {
  await using cluster = new Cluster()
  const options = { ...T, tombstones: { minAgeMs: 0, maxAgeMs: 0 } }
  const edge = await cluster.open('edge', options)
  const cloud = await cluster.open('cloud', T)
  for (const id of ['x', 'y']) await edge.replicator.table('t').put(id, { id })
  await live(cloud.replicator.subscribe({ table: 't', from: 'edge' }))
  await cluster.close('cloud')
  await edge.replicator.table('t').delete('x')
  await until(async () => {
    await edge.replicator.collectTombstones()
    return edge.replicator.status().subscribers.length === 0
  })
  const back = await cluster.open('cloud', T)
  const again = back.replicator.subscribe({ table: 't', from: 'edge' })
  await again.catchUp()
  expect(again.status()[0]?.snapshots).toBe(1)
  expect(await dump(back, 't')).toEqual([['y', { id: 'y' }]])
})
