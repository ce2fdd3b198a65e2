import { memoryFileSystem } from '@ashlar/lsm-store'
import { expect, test } from 'vitest'
import { Cluster, dump, live, type TestNode, until } from './cluster.ts'

const T = { tables: [{ name: 't', publish: true }], storeOptions: { sync: 'none' as const } }

async function cutPower(cluster: Cluster, node: TestNode): Promise<TestNode> {
  await node.transport.close()
  node.disk.powerCut()
  await node.replicator.close().catch(() => undefined) // its disk is gone
  return await cluster.open(node.name, T)
}

test('writes that a publisher lost in a power cut stay at its subscribers and come back to it', async () => {
  await using cluster = new Cluster()
  let edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  await edge.replicator.table('t').put('old', { n: 1 })
  const fromEdge = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(fromEdge)
  await edge.replicator.table('t').patch('old', { n: 2 })
  await edge.replicator.table('t').put('new', { n: 3 })
  await fromEdge.catchUp()

  edge = await cutPower(cluster, edge)
  expect(await dump(edge, 't')).toEqual([])
  await edge.replicator.table('t').put('later', { n: 4 })
  await fromEdge.catchUp()
  const all = [
    ['later', { n: 4 }],
    ['new', { n: 3 }],
    ['old', { n: 2 }],
  ]
  expect(await dump(cloud, 't')).toEqual(all)
  const fromCloud = edge.replicator.subscribe({ table: 't', from: 'cloud' })
  await fromCloud.catchUp()
  await until(async () => (await dump(edge, 't')).length === 3)
  expect(await dump(edge, 't')).toEqual(all)
})

test('a subscriber that lost data and cursor in a power cut gets it again', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  for (let i = 0; i < 20; i += 1) await edge.replicator.table('t').put(i, { i })
  await cloud.replicator.subscribe({ table: 't', from: 'edge' }).catchUp()
  const again = await cutPower(cluster, cloud)
  await again.replicator.subscribe({ table: 't', from: 'edge' }).catchUp()
  expect(await dump(again, 't')).toEqual(await dump(edge, 't'))
})

test('a node that lost its disk gets its own rows back from those who have them', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  for (let i = 0; i < 20; i += 1) await edge.replicator.table('t').put(i, { i })
  const fromEdge = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(fromEdge)
  const before = await dump(edge, 't')
  await cluster.close('edge')
  Object.assign(edge, { disk: memoryFileSystem() })
  const fresh = await cluster.open('edge', T)
  await live(fresh.replicator.subscribe({ table: 't', from: 'cloud' }))
  await fromEdge.catchUp()
  await until(async () => (await dump(fresh, 't')).length === 20)
  expect(await dump(fresh, 't')).toEqual(before)
  expect(await dump(cloud, 't')).toEqual(before)
})

// found by simulation: pubsub-replicator, seed 61
test('what leaves a condition goes, also when its publisher has lost other writes', async () => {
  await using cluster = new Cluster()
  let edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  await edge.replicator.table('t').put('r', { by: 'a' })
  const where = { field: 'by', eq: 'a' } as const
  const fromEdge = cloud.replicator.subscribe({ table: 't', from: 'edge', where })
  await live(fromEdge)
  await cluster.close('edge') // so far all is synced
  edge = await cluster.open('edge', T)
  await edge.replicator.table('t').put('lost', { by: 'a' })
  await fromEdge.catchUp()

  cloud.transport.disconnect()
  edge = await cutPower(cluster, edge)
  expect(await dump(edge, 't')).toEqual([['r', { by: 'a' }]])
  await edge.replicator.table('t').put('r', { by: 'c' })
  cloud.transport.reconnect()
  await fromEdge.catchUp()
  expect(await dump(cloud, 't')).toEqual([['lost', { by: 'a' }]])
})
