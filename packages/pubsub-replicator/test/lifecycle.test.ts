import { memoryFileSystem, Store } from '@ashlar/lsm-store'
import { Replicator, type StateInfo } from '@ashlar/pubsub-replicator'
import { memory } from '@ashlar/transport'
import { expect, test } from 'vitest'
import { Cluster, dump, live, until } from './cluster.ts'

const T = { tables: [{ name: 't', publish: true }] }

test('a subscription that names no publisher takes up all there are and all that come', async () => {
  await using cluster = new Cluster()
  const first = await cluster.open('first', T)
  await first.replicator.table('t').put('a', { by: 'first' })
  const cloud = await cluster.open('cloud', { tables: [{ name: 't' }] })
  const subscription = cloud.replicator.subscribe({ table: 't' })
  await subscription.catchUp()
  const second = await cluster.open('second', T)
  await second.replicator.table('t').put('b', { by: 'second' })
  await until(() => subscription.status().length === 2)
  await subscription.catchUp()
  expect((await dump(cloud, 't')).map(([id]) => id)).toEqual(['a', 'b'])
})

test('one table comes from one place by one subscription', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('cloud', T)
  const one = replicator.subscribe({ table: 't', from: 'a' })
  replicator.subscribe({ table: 't', from: 'b' })
  expect(() => replicator.subscribe({ table: 't', from: 'a' })).toThrow(
    expect.objectContaining({ code: 'SUBSCRIPTION_EXISTS' }),
  )
  expect(() => replicator.subscribe({ table: 't' })).toThrow(
    expect.objectContaining({ code: 'SUBSCRIPTION_EXISTS' }),
  )
  expect(() => replicator.subscribe({ table: 'nope' })).toThrow(
    expect.objectContaining({ code: 'TABLE_UNKNOWN' }),
  )
  await one.unsubscribe()
  replicator.subscribe({ table: 't', from: 'a' })
})

test('unsubscribing keeps the rows, or purges what came by it; the publisher forgets the node', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  await edge.replicator.table('t').put('a', { by: 'edge' })
  await cloud.replicator.table('t').put('own', { by: 'cloud' })
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  expect(edge.replicator.status().subscribers).toMatchObject([{ node: 'cloud', online: true }])
  await subscription.unsubscribe()
  expect(edge.replicator.status().subscribers).toEqual([])
  await edge.replicator.table('t').put('b', { by: 'edge' })
  expect((await dump(cloud, 't')).map(([id]) => id)).toEqual(['a', 'own'])
  const again = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await again.catchUp()
  await again.unsubscribe({ purge: true })
  expect(await dump(cloud, 't')).toEqual([['own', { by: 'cloud' }]])
  expect(() => again.change({})).toThrow(expect.objectContaining({ code: 'SUBSCRIPTION_CLOSED' }))
})

test('status tells states, cursors, lag and what subscribers acknowledged', async () => {
  await using cluster = new Cluster()
  const states: StateInfo[] = []
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', {
    ...T,
    events: { onState: (info) => states.push(info) },
  })
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  expect(subscription.status()[0]).toMatchObject({ state: 'connecting', lagMs: undefined })
  await live(subscription)
  expect(states.map(({ state }) => state)).toEqual(['snapshot', 'catching-up', 'live'])
  await edge.replicator.table('t').put('a', { n: 1 })
  await subscription.catchUp()
  const { head } = edge.replicator.status()
  await until(() => (edge.replicator.status().subscribers[0]?.acknowledged ?? 0) >= head)
  expect(subscription.status()[0]).toMatchObject({ lagRecords: 0, lagMs: 0, records: 1 })
  expect(subscription.status()[0]?.bytes).toBeGreaterThan(20)
  edge.transport.disconnect()
  await until(() => subscription.status()[0]?.state === 'connecting')
  await until(() => (subscription.status()[0]?.lagMs ?? 0) > 0)
  await until(() => edge.replicator.status().subscribers[0]?.online === false)
})

test('an idle subscriber learns the head although nothing that it selects is written', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: [...T.tables, { name: 'u' }] })
  const cloud = await cluster.open('cloud', T)
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  for (let i = 0; i < 10; i += 1) await edge.replicator.table('u').put(i, { i })
  const { head } = edge.replicator.status()
  await until(() => (subscription.status()[0]?.cursor ?? 0) >= head)
  expect(subscription.status()[0]).toMatchObject({ lagRecords: 0, records: 0 })
})

test('a forwarding hub passes on what it receives, and nobody gets its own back', async () => {
  await using cluster = new Cluster()
  const hub = { tables: [{ name: 't', publish: true, forward: true }] }
  const nodes = {
    a: await cluster.open('a', T),
    hub: await cluster.open('hub', hub),
    c: await cluster.open('c', T),
  }
  const links = [
    nodes.hub.replicator.subscribe({ table: 't', from: 'a' }),
    nodes.hub.replicator.subscribe({ table: 't', from: 'c' }),
    nodes.a.replicator.subscribe({ table: 't', from: 'hub' }),
    nodes.c.replicator.subscribe({ table: 't', from: 'hub' }),
  ]
  for (const link of links) await live(link)
  await nodes.a.replicator.table('t').put('x', { by: 'a' })
  await until(() => nodes.c.replicator.table('t').getSync('x') !== undefined)
  expect(await nodes.c.replicator.table('t').originOf('x')).toMatchObject({
    stamp: { node: 'a' },
    via: 'hub',
  })
  await nodes.c.replicator.table('t').patch('x', { seen: true })
  await until(() => nodes.a.replicator.table('t').getSync('x')?.['seen'] === true)
  for (const link of links) await link.catchUp()
  const records = (name: 'a' | 'c'): number | undefined =>
    nodes[name].replicator.status().subscriptions[0]?.records
  expect([records('a'), records('c')]).toEqual([1, 1])
})

test('without forwarding a node passes on its own writes only', async () => {
  await using cluster = new Cluster()
  const a = await cluster.open('a', T)
  const b = await cluster.open('b', T)
  const c = await cluster.open('c', T)
  await a.replicator.table('t').put('x', { by: 'a' })
  await b.replicator.subscribe({ table: 't', from: 'a' }).catchUp()
  await b.replicator.table('t').put('y', { by: 'b' })
  await c.replicator.subscribe({ table: 't', from: 'b' }).catchUp()
  expect(await dump(c, 't')).toEqual([['y', { by: 'b' }]])
})

test('conflicts are told of and counted, with both sides', async () => {
  await using cluster = new Cluster()
  const conflicts: unknown[] = []
  const a = await cluster.open('a', T)
  const b = await cluster.open('b', {
    ...T,
    events: { onConflict: (info) => conflicts.push(info) },
  })
  const subscription = b.replicator.subscribe({ table: 't', from: 'a' })
  await live(subscription)
  b.transport.disconnect()
  await b.replicator.table('t').put('x', { by: 'b' })
  await new Promise((resolve) => setImmediate(resolve))
  await a.replicator.table('t').put('x', { by: 'a' })
  await a.replicator.table('t').put('y', { by: 'a' })
  b.transport.reconnect()
  await subscription.catchUp()
  const winner = b.replicator.table('t').getSync('x')?.['by']
  const loser = winner === 'a' ? 'b' : 'a'
  expect(conflicts).toMatchObject([
    { table: 't', id: 'x', winner: { record: { by: winner } }, loser: { record: { by: loser } } },
  ])
  expect(b.replicator.status().conflicts).toBe(1)
})

test('closing publishes what was committed just before', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  await live(cloud.replicator.subscribe({ table: 't', from: 'edge' }))
  await edge.replicator.table('t').put('last', { n: 1 })
  await edge.replicator.close()
  await until(() => cloud.replicator.table('t').getSync('last') !== undefined)
})

test('a node does not subscribe to itself, nor to what is no node', async () => {
  await using cluster = new Cluster()
  const { replicator } = await cluster.open('a', T)
  expect(() => replicator.subscribe({ table: 't', from: 'a' })).toThrow(RangeError)
  expect(() => replicator.subscribe({ table: 't', from: 'b.c' })).toThrow(TypeError)
})

test('a closed replicator takes no calls, and closes what it opened only', async () => {
  const fileSystem = memoryFileSystem()
  await using store = await Store.open('/data', { fileSystem })
  await using transport = memory()
  const replicator = await Replicator.open({ node: 'a', store, transport, ...T })
  await replicator.table('t').put('x', { n: 1 })
  await replicator.close()
  await replicator.close()
  expect(store.state).toBe('open')
  await expect(replicator.table('t').put('y', {})).rejects.toMatchObject({
    code: 'REPLICATOR_CLOSED',
  })
  expect(() => replicator.subscribe({ table: 't' })).toThrow(
    expect.objectContaining({ code: 'REPLICATOR_CLOSED' }),
  )
  const again = await Replicator.open({ node: 'a', store, transport, ...T })
  expect(again.table('t').getSync('x')).toEqual({ n: 1 })
  expect(again.status().life).toBe(2)
  await again.close()
})

test.each([
  [{ node: 'a.b' }, TypeError, 'node'],
  [{ tables: [] }, RangeError, 'tables'],
  [{ tables: [{ name: 'a b' }] }, TypeError, 'tables[0].name'],
  [{ tables: [{ name: 'a' }, { name: 'a' }] }, TypeError, 'twice'],
  [{ tables: [{ name: 'a', forward: true }] }, TypeError, 'forwards'],
  [{ tables: [{ name: 'a', merge: 'x' }] }, TypeError, 'merge'],
  [{ path: undefined }, TypeError, 'path'],
  [{ transport: undefined }, TypeError, 'transport'],
  [{ heartbeatMs: 0 }, RangeError, 'heartbeatMs'],
  [{ pageBytes: 1e9 }, RangeError, 'pageBytes'],
  [{ tombstones: { minAgeMs: 10, maxAgeMs: 5 } }, RangeError, 'maxAgeMs'],
  [{ subjectPrefix: 'a..b' }, TypeError, 'subjectPrefix'],
])('refuses %j', async (options, error, text) => {
  await using transport = memory()
  const opening = Replicator.open({
    node: 'a',
    path: '/data',
    storeOptions: { fileSystem: memoryFileSystem() },
    transport,
    ...T,
    ...(options as object),
  })
  await expect(opening).rejects.toThrow(error)
  await expect(opening).rejects.toThrow(text)
})
