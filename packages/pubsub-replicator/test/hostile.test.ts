import { createRecordCodec } from '@ashlar/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMessages } from '../src/protocol/messages.ts'
import { encodeId } from '../src/record/record-id.ts'
import { encodeWireRow } from '../src/row/row-bytes.ts'
import { compileSelection } from '../src/selection/selection.ts'
import { Cluster, dump, live, until } from './cluster.ts'
import { putRow } from './row/rows.ts'

const T = { tables: [{ name: 't', publish: true }] }
const messages = createMessages(1 << 20)
const anything = createRecordCodec<unknown>({ version: 1 })
const digest = compileSelection({}).digest

test('garbage on every subject is counted and dropped, and replication goes on', async () => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  const subscription = cloud.replicator.subscribe({ table: 't' })
  await live(subscription)
  const stranger = cluster.stranger()
  const subjects = [
    ...['open', 'pull', 'page', 'check', 'close', 'ack', 'here', `feed.${digest}`].map(
      (v) => `rep.edge.t.${v}`,
    ),
    'rep._.t.who',
  ]
  const payloads: Uint8Array[] = fc.sample<Uint8Array>(fc.uint8Array({ maxLength: 60 }), 20)
  payloads.push(...fc.sample(fc.object(), 20).map((value) => anything.encode(value)))
  for (const subject of subjects) for (const payload of payloads) stranger.publish(subject, payload)
  await until(() => edge.replicator.status().rejected > 0 && cloud.replicator.status().rejected > 0)
  await edge.replicator.table('t').put('x', { n: 1 })
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual([['x', { n: 1 }]])
  expect(cloud.errors.length).toBe(cloud.replicator.status().errors)
})

test('a request that is malformed is refused with a reason', async () => {
  await using cluster = new Cluster()
  await cluster.open('edge', T)
  const stranger = cluster.stranger()
  const ask = async (verb: string, payload: Uint8Array): Promise<unknown> =>
    messages.opened.decode((await stranger.request(`rep.edge.t.${verb}`, payload)).payload)
  const open = { node: 'x', position: undefined, held: '', leaseMs: 1000 }
  const bad = messages.open.encode({ ...open, selection: { where: { field: '' } as never } })
  expect(await ask('open', bad)).toMatchObject({ refused: 'INVALID' })
  expect(await ask('open', new Uint8Array([1, 2, 3]))).toMatchObject({ refused: 'INVALID' })
  const pull = { node: 'x', digest, since: { store: 's', life: 1, sequence: 0 }, maxBytes: 1 }
  expect(await ask('pull', messages.pull.encode(pull))).toMatchObject({ refused: 'UNKNOWN' })
})

test.each([
  ['an id that is none', [new Uint8Array([9]), encodeWireRow(putRow(1, 'edge', {}))]],
  [
    'an id of two parts',
    [Buffer.concat([encodeId('a'), encodeId('b')]), encodeWireRow(putRow(1, 'edge', {}))],
  ],
  ['a row that is none', [encodeId('x'), new Uint8Array([1, 2, 3])]],
  [
    'a record that is none',
    [encodeId('x'), encodeWireRow({ ...putRow(1, 'edge', {}), value: new Uint8Array([7]) })],
  ],
  [
    'a version without a record',
    [encodeId('x'), encodeWireRow({ ...putRow(1, 'edge', {}), value: undefined })],
  ],
] as const)('a push with %s is dropped whole', async (_, entry) => {
  await using cluster = new Cluster()
  const edge = await cluster.open('edge', T)
  const cloud = await cluster.open('cloud', T)
  const subscription = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  await live(subscription)
  const { store, life } = edge.replicator.status()
  const cursor = subscription.status()[0]?.cursor ?? 0
  const good = [encodeId('good'), encodeWireRow(putRow(1, 'edge', {}))] as const
  const push = messages.push.encode({
    at: { store, life, sequence: cursor + 2 },
    previous: cursor,
    changes: [
      { sequence: cursor + 1, entries: [good], tables: [] },
      { sequence: cursor + 2, entries: [entry], tables: [] },
    ],
  })
  cluster.stranger().publish(`rep.edge.t.feed.${digest}`, push)
  await until(() => cloud.replicator.status().rejected === 1)
  await edge.replicator.table('t').put('real', { n: 1 })
  await subscription.catchUp()
  expect(await dump(cloud, 't')).toEqual([['real', { n: 1 }]])
})

test('a write from the far future waits, is told of, and blocks nothing else', async () => {
  await using cluster = new Cluster()
  const future = { now: () => Date.now() + 3_600_000, monotonic: () => performance.now() }
  const { systemClock } = await import('@ashlar/codec')
  const setTimer = systemClock.setTimer.bind(systemClock)
  const edge = await cluster.open('edge', { ...T, clock: { ...future, setTimer } })
  const other = await cluster.open('other', T)
  const cloud = await cluster.open('cloud', T)
  const late = cloud.replicator.subscribe({ table: 't', from: 'edge' })
  const good = cloud.replicator.subscribe({ table: 't', from: 'other' })
  await Promise.all([live(late), live(good)])
  await edge.replicator.table('t').put('x', { n: 1 })
  await other.replicator.table('t').put('y', { n: 2 })
  await until(() => late.status()[0]?.state === 'stalled')
  await good.catchUp()
  expect(await dump(cloud, 't')).toEqual([['y', { n: 2 }]])
  expect(late.status()[0]?.error).toMatchObject({ code: 'CLOCK_DRIFT' })
  expect(cloud.errors).not.toEqual([])
})

test('more subscribers than are allowed are refused, and say so', async () => {
  await using cluster = new Cluster()
  await cluster.open('edge', { ...T, maxSubscribers: 1 })
  const one = await cluster.open('one', T)
  const two = await cluster.open('two', T)
  await live(one.replicator.subscribe({ table: 't', from: 'edge' }))
  const refused = two.replicator.subscribe({ table: 't', from: 'edge' })
  await until(() => refused.status()[0]?.state === 'refused')
  expect(refused.status()[0]?.error).toMatchObject({ code: 'PUBLISHER_BUSY' })
})
