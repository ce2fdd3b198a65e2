import { expect, test } from 'vitest'
import { Cluster, dump, live, until } from './cluster.ts'

const ALERTS = { name: 'alerts', publish: true }

test('a record written at the publisher arrives at the subscriber, and its patch and delete', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: [ALERTS] })
  const cloud = await cluster.open('cloud', { tables: [{ name: 'alerts' }] })
  const alerts = edge.replicator.table('alerts')
  await alerts.put('a1', { celsius: 31 })

  const subscription = cloud.replicator.subscribe({ table: 'alerts', from: 'edge' })
  await subscription.catchUp()
  expect(await dump(cloud, 'alerts')).toEqual([['a1', { celsius: 31 }]])

  await alerts.patch('a1', { seen: true })
  await alerts.put('a2', { celsius: 33 })
  await subscription.catchUp()
  expect(await dump(cloud, 'alerts')).toEqual([
    ['a1', { celsius: 31, seen: true }],
    ['a2', { celsius: 33 }],
  ])
  await alerts.delete('a1')
  await subscription.catchUp()
  expect(await dump(cloud, 'alerts')).toEqual([['a2', { celsius: 33 }]])
  expect([...edge.errors, ...cloud.errors]).toEqual([])
})

test('changes are pushed to a live subscriber without its asking', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', { tables: [ALERTS] })
  const cloud = await cluster.open('cloud', { tables: [{ name: 'alerts' }] })
  const subscription = cloud.replicator.subscribe({ table: 'alerts', from: 'edge' })
  await live(subscription)
  await edge.replicator.table('alerts').put('a1', { celsius: 31 })
  await until(() => cloud.replicator.table('alerts').getSync('a1') !== undefined)
  expect(subscription.status()[0]).toMatchObject({ state: 'live', records: 1, gaps: 0 })
})
