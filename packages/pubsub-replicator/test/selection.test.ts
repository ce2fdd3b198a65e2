import type { ReplicaSubscription } from '@ashlar/pubsub-replicator'
import type { Message } from '@ashlar/transport'
import { expect, test } from 'vitest'
import { Cluster, dump, live, until } from './cluster.ts'

// What moves is judged by all that went over the network: what a subscriber of '>' sees, and the
// answers to requests, which only the one who asked gets.

/** Those of the texts that stand in any message. */
function traces(cluster: Cluster, seen: readonly Message[], texts: readonly string[]): string[] {
  const payloads = [...seen.map(({ payload }) => payload), ...cluster.answers]
  return texts.filter((text) => payloads.some((payload) => Buffer.from(payload).includes(text)))
}

test('nothing of a table that nobody subscribed to goes over the network', async () => {
  await using cluster = new Cluster()
  const seen = cluster.tap()
  const edge = await cluster.open('edge', {
    tables: [
      { name: 'alerts', publish: true },
      { name: 'readings', publish: true },
      { name: 'private' },
    ],
  })
  const cloud = await cluster.open('cloud', { tables: [{ name: 'alerts' }, { name: 'readings' }] })
  await edge.replicator.table('readings').put('r0', { secret: 'reading-before' })
  const subscription = cloud.replicator.subscribe({ table: 'alerts' })
  await live(subscription)
  await edge.replicator.table('alerts').put('a1', { word: 'alert-after' })
  await edge.replicator.table('readings').put('r1', { secret: 'reading-after' })
  await edge.replicator.table('private').put('p1', { secret: 'private-after' })
  await subscription.catchUp()
  expect(await dump(cloud, 'alerts')).toEqual([['a1', { word: 'alert-after' }]])
  const texts = ['alert-after', 'reading-before', 'reading-after', 'private-after', 'r1', 'p1']
  expect(traces(cluster, seen, texts)).toEqual(['alert-after'])
  expect(await dump(cloud, 'readings')).toEqual([])
})

test('a table that is not published is not answered for', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: [{ name: 'private' }] })
  const cloud = await cluster.open('cloud', { tables: [{ name: 'private' }] })
  await edge.replicator.table('private').put('p1', { a: 1 })
  const subscription = cloud.replicator.subscribe({ table: 'private', from: 'edge' })
  await expect(subscription.catchUp({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  expect(await dump(cloud, 'private')).toEqual([])
})

test('of a selected range, condition and columns nothing else moves, live or in a snapshot', async () => {
  await using cluster = new Cluster()
  const seen = cluster.tap()
  const edge = await cluster.open('edge', { tables: [{ name: 't', publish: true }] })
  const cloud = await cluster.open('cloud', { tables: [{ name: 't' }] })
  const table = edge.replicator.table('t')
  const write = async (suffix: string): Promise<void> => {
    await table.put(`sea-${suffix}`, { hot: true, word: `in-${suffix}`, note: `note-${suffix}` })
    await table.put(`nyc-${suffix}`, { hot: true, word: `range-${suffix}` })
    await table.put(`sea-cold-${suffix}`, { hot: false, word: `where-${suffix}` })
  }
  await write('1')
  const subscription = cloud.replicator.subscribe({
    table: 't',
    from: 'edge',
    keys: { prefix: 'sea-' },
    where: { field: 'hot', eq: true },
    columns: ['word'],
  })
  await live(subscription)
  await write('2')
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual([
    ['sea-1', { word: 'in-1' }],
    ['sea-2', { word: 'in-2' }],
  ])
  const all = ['1', '2'].flatMap((n) => [
    `in-${n}`,
    `note-${n}`,
    `range-${n}`,
    `where-${n}`,
    `cold-${n}`,
  ])
  expect(traces(cluster, seen, all)).toEqual(['in-1', 'in-2'])
})

test('a patch of fields that are not selected is not sent', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', {
    tables: [{ name: 't', publish: true, merge: 'field' }],
  })
  const cloud = await cluster.open('cloud', { tables: [{ name: 't' }] })
  const table = edge.replicator.table('t')
  await table.put('a', { word: 'one', note: 'x' })
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge', columns: ['word'] })
  await live(subscription)
  await table.patch('a', { note: 'y' })
  await subscription.catchUp()
  expect(subscription.status()[0]?.records).toBe(1)
  await table.patch('a', { word: 'two' })
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual([['a', { word: 'two' }]])
  expect(subscription.status()[0]?.records).toBe(2)
})

test('a record that stops fulfilling the condition goes, and comes back when it does again', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: [{ name: 't', publish: true }] })
  const cloud = await cluster.open('cloud', { tables: [{ name: 't' }] })
  const table = edge.replicator.table('t')
  const subscription = cloud.replicator.subscribe({
    table: 't',
    from: 'edge',
    where: { field: 'open', eq: true },
  })
  await live(subscription)
  await table.put('a', { open: true })
  await table.put('b', { open: true })
  await subscription.catchUp()
  await table.patch('a', { open: false })
  await table.delete('b')
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual([])
  await table.patch('a', { open: true })
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual([['a', { open: true }]])
})

test('a record that left while the subscriber was away goes when it is back', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: [{ name: 't', publish: true }] })
  const cloud = await cluster.open('cloud', { tables: [{ name: 't' }] })
  const table = edge.replicator.table('t')
  const where = { field: 'open', eq: true } as const
  await table.put('a', { open: true })
  await cloud.replicator.subscribe({ table: 't', from: 'edge', where }).catchUp()
  expect(await dump(cloud, 't')).toHaveLength(1)
  await cluster.close('cloud')
  await table.patch('a', { open: false })
  const again = await cluster.open('cloud', { tables: [{ name: 't' }] })
  const subscription = again.replicator.subscribe({ table: 't', from: 'edge', where })
  await subscription.catchUp()
  expect(await dump(again, 't')).toEqual([])
  expect(subscription.status()[0]?.snapshots).toBe(0)
})

test('two subscribers that select the same share one stream of messages', async () => {
  await using cluster = new Cluster()
  const seen = cluster.tap()
  const edge = await cluster.open('edge', { tables: [{ name: 't', publish: true }] })
  const subscriptions: ReplicaSubscription[] = []
  for (const name of ['one', 'two', 'three']) {
    const node = await cluster.open(name, { tables: [{ name: 't' }] })
    subscriptions.push(node.replicator.subscribe({ table: 't', from: 'edge' }))
  }
  for (const subscription of subscriptions) await live(subscription)
  await edge.replicator.table('t').put('a', { word: 'once-only' })
  await until(() => subscriptions.every((s) => s.status()[0]?.records === 1))
  const pushes = seen.filter(({ payload }) => Buffer.from(payload).includes('once-only'))
  expect(pushes).toHaveLength(1)
})

test('changing a subscription brings what is newly selected and drops what is not any more', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: [{ name: 't', publish: true }] })
  const cloud = await cluster.open('cloud', { tables: [{ name: 't', publish: true }] })
  const table = edge.replicator.table('t')
  for (const id of ['a1', 'a2', 'b1', 'c1']) await table.put(id, { id })
  await cloud.replicator.table('t').put('own', { id: 'own' })
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge', keys: { lt: 'c' } })
  await subscription.catchUp()
  expect((await dump(cloud, 't')).map(([id]) => id)).toEqual(['a1', 'a2', 'b1', 'own'])
  subscription.change({ keys: { gte: 'b' } })
  await subscription.catchUp()
  await table.put('c2', { id: 'c2' })
  await table.put('a3', { id: 'a3' })
  await subscription.catchUp()
  expect((await dump(cloud, 't')).map(([id]) => id)).toEqual(['b1', 'c1', 'c2', 'own'])
  expect(() => subscription.change({ keys: { gt: 'a', gte: 'b' } })).toThrow(TypeError)
})
