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

// found by simulation: pubsub-replicator, seed 243
test('a row that its publisher lost goes when the publisher gets a newer version outside the condition', async () => {
  await using cluster = new Cluster()
  let edge = await cluster.open('edge', T)
  const other = await cluster.open('other', T)
  const cloud = await cluster.open('cloud', T)
  const where = { field: 'by', eq: 'a' } as const
  const fromEdge = cloud.replicator.subscribe({ table: 't', from: 'edge', where })
  await live(fromEdge)
  await edge.replicator.table('t').put('before', { by: 'a' })
  await edge.replicator.table('t').put('after', { by: 'a' })
  await edge.replicator.table('t').put('lost', { by: 'a' })
  await fromEdge.catchUp()
  await other.replicator.subscribe({ table: 't', from: 'edge' }).catchUp()

  cloud.transport.disconnect()
  edge = await cutPower(cluster, edge)
  expect(await dump(edge, 't')).toEqual([])
  // edge never sees the versions that the cloud holds, so its log has nothing to tell of them
  await edge.replicator.table('t').put('before', { by: 'c' })
  cloud.transport.reconnect()
  await fromEdge.catchUp()
  expect(await dump(cloud, 't')).toEqual([
    ['after', { by: 'a' }],
    ['lost', { by: 'a' }],
  ])
  expect(fromEdge.status()[0]?.kept).toBe(2)
  await edge.replicator.table('t').put('after', { by: 'c' })
  await fromEdge.catchUp()
  expect(await dump(cloud, 't')).toEqual([['lost', { by: 'a' }]])
  expect(fromEdge.status()[0]?.kept).toBe(1)
})

test('a row that its publisher has lost and got back is again what the publisher selects', async () => {
  await using cluster = new Cluster()
  let edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  const where = { field: 'by', eq: 'a' } as const
  const fromEdge = cloud.replicator.subscribe({ table: 't', from: 'edge', where })
  await live(fromEdge)
  await edge.replicator.table('t').put('r', { by: 'a' })
  await fromEdge.catchUp()
  edge = await cutPower(cluster, edge)
  await fromEdge.catchUp()
  expect(fromEdge.status()[0]?.kept).toBe(1)
  const fromCloud = edge.replicator.subscribe({ table: 't', from: 'cloud' })
  await fromCloud.catchUp()
  await until(async () => (await dump(edge, 't')).length === 1)
  await fromEdge.catchUp()
  expect(fromEdge.status()[0]?.kept).toBe(0)
  await edge.replicator.table('t').patch('r', { by: 'c' })
  await fromEdge.catchUp()
  expect(await dump(cloud, 't')).toEqual([])
})

test('the list of rows that a publisher lost outlives a restart, and goes with the subscription', async () => {
  await using cluster = new Cluster()
  let edge = await cluster.open('edge', T)
  let cloud = await cluster.open('cloud', T)
  const request = { table: 't', from: 'edge', where: { field: 'by', eq: 'a' } } as const
  await live(cloud.replicator.subscribe(request))
  for (const id of ['r', 's']) await edge.replicator.table('t').put(id, { by: 'a' })
  await until(async () => (await dump(cloud, 't')).length === 2)
  edge = await cutPower(cluster, edge)
  await until(() => cloud.replicator.status().subscriptions[0]?.kept === 2)
  await cluster.close('cloud')
  await edge.replicator.table('t').put('r', { by: 'c' })
  cloud = await cluster.open('cloud', T)
  const again = cloud.replicator.subscribe(request)
  await again.catchUp()
  expect(again.status()[0]?.kept).toBe(1)
  expect(await dump(cloud, 't')).toEqual([['s', { by: 'a' }]])
  await again.unsubscribe()
  const anew = cloud.replicator.subscribe(request)
  await anew.catchUp()
  expect(anew.status()[0]?.kept).toBe(0)
  expect(await dump(cloud, 't')).toEqual([['s', { by: 'a' }]])
})

test('a list of more rows than a message holds is asked about in several', async () => {
  await using cluster = new Cluster()
  const options = { ...T, pageBytes: 2048 }
  let edge = await cluster.open('edge', options)
  const cloud = await cluster.open('cloud', options)
  const where = { field: 'by', eq: 'a' } as const
  const fromEdge = cloud.replicator.subscribe({ table: 't', from: 'edge', where })
  await live(fromEdge)
  const table = edge.replicator.table('t')
  for (let i = 0; i < 100; i += 1) await table.put(i, { by: 'a' })
  await fromEdge.catchUp()
  cloud.transport.disconnect()
  await edge.transport.close()
  edge.disk.powerCut()
  await edge.replicator.close().catch(() => undefined) // its disk is gone
  edge = await cluster.open('edge', options)
  for (let i = 0; i < 100; i += 2) await edge.replicator.table('t').put(i, { by: 'c' })
  const asked = countRequests(cloud, '.check')
  cloud.transport.reconnect()
  await fromEdge.catchUp()
  expect(asked()).toBeGreaterThan(3)
  const ids = (await dump(cloud, 't')).map(([id]) => id)
  expect(ids).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i + 1))
  expect(fromEdge.status()[0]?.kept).toBe(50)
})

function countRequests({ transport }: TestNode, verb: string): () => number {
  const request = transport.request.bind(transport)
  let count = 0
  transport.request = async (subject, ...rest) => {
    if (subject.endsWith(verb)) count += 1
    return await request(subject, ...rest)
  }
  return () => count
}

test('taking over from a publisher that lost writes keeps them also when it is interrupted', async () => {
  await using cluster = new Cluster()
  const options = { ...T, pageBytes: 4096 }
  let edge = await cluster.open('edge', options)
  let cloud = await cluster.open('cloud', options)
  const filler = 'x'.repeat(200)
  for (let i = 0; i < 100; i += 1) await edge.replicator.table('t').put(i, { filler })
  const before = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await before.catchUp()
  await cluster.close('edge') // so far all is synced
  edge = await cluster.open('edge', options)
  for (let i = 0; i < 100; i += 10) await edge.replicator.table('t').put(i + 0.5, { lost: i })
  await before.catchUp()
  const all = await dump(cloud, 't')
  expect(all).toHaveLength(110)

  cloud.transport.disconnect()
  edge = await cutPower(cluster, edge)
  const cut = cutAtPage(cloud, 2)
  cloud.transport.reconnect()
  await cut
  await cluster.close('cloud')
  cloud = await cluster.open('cloud', options)
  const after = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await after.catchUp()
  expect(await dump(cloud, 't')).toEqual(all)
  expect(await dump(edge, 't')).toHaveLength(100)
})

/** Cuts a node off when it asks for so many pages of a snapshot. */
function cutAtPage({ transport }: TestNode, count: number): Promise<void> {
  const request = transport.request.bind(transport)
  let pages = 0
  return new Promise((resolve) => {
    transport.request = async (subject, ...rest) => {
      if (subject.endsWith('.page') && ++pages === count) {
        transport.disconnect()
        resolve()
      }
      return await request(subject, ...rest)
    }
  })
}
