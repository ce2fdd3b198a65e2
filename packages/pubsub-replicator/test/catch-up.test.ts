import type { SnapshotInfo } from '@ashlar/pubsub-replicator'
import { expect, test } from 'vitest'
import { createMessages, type PageRequest } from '../src/protocol/messages.ts'
import { Cluster, dump, live, until } from './cluster.ts'

const T = { tables: [{ name: 't', publish: true }] }
/** No log beyond what recovery needs, and little of that. */
const SHORT_LOG = { storeOptions: { changeRetentionBytes: 0, memtableBytes: 4096 } }

test('a subscriber that was cut off gets what it missed from the log, without a snapshot', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  cloud.transport.disconnect()
  const table = edge.replicator.table('t')
  for (let i = 0; i < 500; i += 1) await table.put(i, { i })
  await table.delete(7)
  expect(await dump(cloud, 't')).toEqual([])
  cloud.transport.reconnect()
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual(await dump(edge, 't'))
  expect(subscription.status()[0]).toMatchObject({ snapshots: 1, lagRecords: 0 })
})

test('a subscriber away for longer than the log compares a snapshot, and its own rows survive', async () => {
  await using cluster = new Cluster()
  const snapshots: SnapshotInfo[] = []
  const edge = await cluster.open('edge', { ...T, ...SHORT_LOG, tombstones: { minAgeMs: 0 } })
  const cloud = await cluster.open('cloud', {
    ...T,
    events: { onSnapshot: (info) => snapshots.push(info) },
  })
  const table = edge.replicator.table('t')
  for (const id of ['gone', 'kept', 'newer']) await table.put(id, { by: 'edge' })
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  cloud.transport.disconnect()
  await cloud.replicator.table('t').put('own', { by: 'cloud' })
  await table.delete('gone')
  for (let i = 0; i < 400; i += 1) await table.put('filler', { text: 'x'.repeat(100), i })
  await table.put('added', { by: 'edge' })
  await cloud.replicator.table('t').put('newer', { by: 'cloud' })
  const before = cloud.replicator.status().subscriptions[0]
  await until(() => edge.replicator.status().head > (before?.cursor ?? 0) + 400)
  cloud.transport.reconnect()
  await subscription.catchUp()
  expect(snapshots).toHaveLength(2)
  const ids = (await dump(cloud, 't')).map(([id, record]) => [id, record['by']])
  expect(ids).toEqual([
    ['added', 'edge'],
    ['filler', undefined],
    ['kept', 'edge'],
    ['newer', 'cloud'],
    ['own', 'cloud'],
  ])
})

test('rows deleted while away go even when their tombstones were collected', async () => {
  await using cluster = new Cluster()
  const options = { ...T, ...SHORT_LOG, tombstones: { minAgeMs: 0, maxAgeMs: 0 } }
  const edge = await cluster.open('edge', options)
  const cloud = await cluster.open('cloud', T)
  const table = edge.replicator.table('t')
  for (let i = 0; i < 20; i += 1) await table.put(i, { i })
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  cloud.transport.disconnect()
  for (let i = 0; i < 10; i += 1) await table.delete(i)
  expect(await edge.replicator.collectTombstones()).toBe(10)
  cloud.transport.reconnect()
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual(await dump(edge, 't'))
  expect(await dump(cloud, 't')).toHaveLength(10)
})

test('a subscriber goes on from its cursor after a restart', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  const table = edge.replicator.table('t')
  for (let i = 0; i < 100; i += 1) await table.put(i, { i })
  await cloud.replicator.subscribe({ table: 't', from: 'edge' }).catchUp()
  await cluster.close('cloud')
  await table.put('later', { i: 100 })
  const again = await cluster.open('cloud', T)
  const subscription = again.replicator.subscribe({ table: 't', from: 'edge' })
  await subscription.catchUp()
  expect(await dump(again, 't')).toHaveLength(101)
  expect(subscription.status()[0]).toMatchObject({ snapshots: 0, records: 1 })
})

test('a subscriber goes on after a restart of the publisher, which pushes to it again', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  await edge.replicator.table('t').put('a', { i: 1 })
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  await cluster.close('edge')
  const again = await cluster.open('edge', T)
  await again.replicator.table('t').put('b', { i: 2 })
  await until(() => cloud.replicator.table('t').getSync('b') !== undefined)
  await live(subscription)
  expect(subscription.status()[0]).toMatchObject({ snapshots: 1, records: 2 })
  expect(cloud.errors).toEqual([])
})

test('pushes that are lost on the way are noticed and pulled', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  const publish = edge.transport.publish.bind(edge.transport)
  let pushes = 0
  edge.transport.publish = (subject, payload, options) => {
    pushes += subject.includes('.feed.') ? 1 : 0
    if (!subject.includes('.feed.') || pushes % 3 !== 0) publish(subject, payload, options)
  }
  const table = edge.replicator.table('t')
  for (let i = 0; i < 100; i += 1) await table.put(i, { i })
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual(await dump(edge, 't'))
  expect(subscription.status()[0]?.gaps).toBeGreaterThan(0)
})

test('a burst of writes arrives whole, in pages that are bounded', async () => {
  await using cluster = new Cluster()
  const seen = cluster.tap()
  const edge = await cluster.open('edge', { ...T, pageBytes: 2048 })
  const cloud = await cluster.open('cloud', T)
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  const table = edge.replicator.table('t')
  const text = 'x'.repeat(200)
  await Promise.all(Array.from({ length: 2000 }, (_, i) => table.put(i, { i, text })))
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual(await dump(edge, 't'))
  const sizes = [
    ...seen.map(({ payload }) => payload.length),
    ...cluster.answers.map((a) => a.length),
  ]
  expect(Math.max(...sizes)).toBeLessThan(4096)
})

test('a snapshot of many pages goes on where it was when it is interrupted', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { ...T, pageBytes: 1024 })
  const cloud = await cluster.open('cloud', { ...T, pageBytes: 1024, requestTimeoutMs: 50 })
  const table = edge.replicator.table('t')
  for (let i = 0; i < 300; i += 1) await table.put(i, { i, text: 'x'.repeat(40) })
  const requests = cluster.tap()
  const pages = (): PageRequest[] =>
    requests
      .filter(({ subject }) => subject.endsWith('.page'))
      .map(({ payload }) => createMessages(1 << 20).page.decode(payload))
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await until(() => pages().length >= 5)
  await cluster.close('cloud')
  const halfway = pages().length
  await table.delete(0)
  await table.put('new', { i: 300 })
  const again = await cluster.open('cloud', { ...T, pageBytes: 1024 })
  const resumed = again.replicator.subscribe({ table: 't', from: 'edge' })
  await resumed.catchUp()
  expect(await dump(again, 't')).toEqual(await dump(edge, 't'))
  expect(pages()[0]?.after).toBeUndefined()
  expect(pages()[halfway]?.after).toBeDefined()
  expect(subscription.status()[0]?.state).toBe('closed')
})

test('catchUp gives up in time, when told to, and when the subscription ends', async () => {
  await using cluster = new Cluster()
  const cloud = await cluster.open('cloud', T)
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'nowhere' })
  await expect(subscription.catchUp({ timeoutMs: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' })
  const stop = new AbortController()
  const waiting = subscription.catchUp({ signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  const other = subscription.catchUp()
  await subscription.unsubscribe()
  await expect(other).rejects.toMatchObject({ code: 'SUBSCRIPTION_CLOSED' })
})
