import assert from 'node:assert/strict'
import type { Message, Subscription } from '../message/message.ts'
import type { Transport } from '../transport.ts'
import { bytes, range, text, texts } from './checks.ts'
import type { Cases, World } from './world.ts'

/** Subscribes members and waits until each is known to the others. */
async function members(
  transports: readonly Transport[],
  subjects: readonly string[],
  queue: string,
): Promise<Subscription[]> {
  const joined = transports.map((transport, index) =>
    transport.subscribe(subjects[index % subjects.length] ?? '', { queue }),
  )
  for (const transport of transports) await transport.flush()
  return joined
}

function takeAll(subscription: Subscription): Message[] {
  const taken: Message[] = []
  for (let next = subscription.take(); next !== undefined; next = subscription.take()) {
    taken.push(next)
  }
  return taken
}

async function spread(
  world: World,
  subscriptions: readonly Subscription[],
  total: number,
): Promise<string[][]> {
  const pending = (): number => subscriptions.reduce((sum, one) => sum + one.pending, 0)
  await world.until(() => pending() >= total, `${total} messages are pending`)
  await world.elapse(20)
  return subscriptions.map((one) => takeAll(one).map((message) => text(message) ?? ''))
}

function publishMany(world: World, subject: string, count: number): void {
  for (const n of range(1, count)) world.transport.publish(subject, bytes(String(n)))
}

function sorted(spreadOut: readonly (readonly string[])[]): string[] {
  return spreadOut.flat().toSorted((a, b) => Number(a) - Number(b))
}

const expected = (count: number): string[] => range(1, count).map(String)

/** Queue groups, and subscribers slower than their publishers. */
export const queueCases: Cases = {
  'each message goes to exactly one member of a group': async (world) => {
    const { transport } = world
    const group = await members([transport, transport, transport], [world.subject('a')], 'g')
    publishMany(world, world.subject('a'), 300)
    assert.deepEqual(sorted(await spread(world, group, 300)), expected(300))
  },
  'every member of a group gets its share': async (world) => {
    const { transport } = world
    const group = await members([transport, transport, transport], [world.subject('a')], 'g')
    publishMany(world, world.subject('a'), 600)
    for (const share of await spread(world, group, 600)) assert.ok(share.length > 50)
  },
  'a group spans connections': async (world) => {
    const others = [await world.connect(), await world.connect()]
    const group = await members(others, [world.subject('a')], 'g')
    publishMany(world, world.subject('a'), 200)
    assert.deepEqual(sorted(await spread(world, group, 200)), expected(200))
  },
  'members of one group with different patterns are still one group': async (world) => {
    const { transport } = world
    const patterns = [world.subject('a.b'), world.subject('a.*'), world.subject('>')]
    const group = await members([transport, transport, transport], patterns, 'g')
    publishMany(world, world.subject('a.b'), 100)
    assert.deepEqual(sorted(await spread(world, group, 100)), expected(100))
  },
  'a subscriber outside of the group gets everything': async (world) => {
    const { transport } = world
    await members([transport, transport], [world.subject('a')], 'g')
    const { reader } = await world.subscribe(world.subject('a'))
    publishMany(world, world.subject('a'), 50)
    assert.deepEqual(texts(await reader.many(50)), expected(50))
  },
  'two groups get everything each': async (world) => {
    const { transport } = world
    const first = await members([transport, transport], [world.subject('a')], 'g1')
    const second = await members([transport, transport], [world.subject('a')], 'g2')
    publishMany(world, world.subject('a'), 60)
    assert.deepEqual(sorted(await spread(world, first, 60)), expected(60))
    assert.deepEqual(sorted(await spread(world, second, 60)), expected(60))
  },
  'the rest of a group takes over from a member that left': async (world) => {
    const { transport } = world
    const group = await members([transport, transport], [world.subject('a')], 'g')
    group[0]?.unsubscribe()
    await transport.flush()
    publishMany(world, world.subject('a'), 40)
    assert.deepEqual(sorted(await spread(world, group.slice(1), 40)), expected(40))
  },
  'a queue name that cannot travel is a TypeError': async (world) => {
    for (const queue of ['', 'a b', 'a.b', '*']) {
      assert.throws(() => world.transport.subscribe(world.subject('a'), { queue }), TypeError)
    }
  },
  'a slow consumer keeps the newest messages and counts the others': async (world) => {
    const { subscription } = await world.subscribe(world.subject('a'), world.transport, {
      maxPending: 10,
    })
    publishMany(world, world.subject('a'), 100)
    await world.until(() => subscription.dropped === 90, '90 messages are dropped')
    assert.equal(subscription.pending, 10)
    assert.deepEqual(texts(takeAll(subscription)), range(91, 100).map(String))
  },
  'the bytes kept for a slow consumer are bounded too': async (world) => {
    const { subscription } = await world.subscribe(world.subject('a'), world.transport, {
      maxPendingBytes: 1000,
    })
    for (const n of range(1, 10)) {
      world.transport.publish(world.subject('a'), new Uint8Array(300).fill(n))
    }
    await world.until(() => subscription.dropped === 7, 'seven messages are dropped')
    const kept = takeAll(subscription).map(({ payload }) => payload[0])
    assert.deepEqual(kept, [8, 9, 10])
  },
  'a message above the byte bound is delivered when nothing else waits': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'), world.transport, {
      maxPendingBytes: 10,
    })
    world.transport.publish(world.subject('a'), new Uint8Array(500))
    assert.equal((await reader.next()).payload.byteLength, 500)
  },
  'a slow consumer does not hold up others': async (world) => {
    await world.subscribe(world.subject('a'), world.transport, { maxPending: 1 })
    const { reader } = await world.subscribe(world.subject('a'))
    publishMany(world, world.subject('a'), 500)
    assert.deepEqual(texts(await reader.many(500)), expected(500))
  },
  'a slow consumer that catches up goes on as before': async (world) => {
    const { subscription, reader } = await world.subscribe(world.subject('a'), world.transport, {
      maxPending: 2,
    })
    publishMany(world, world.subject('a'), 5)
    await world.until(() => subscription.dropped === 3, 'three messages are dropped')
    assert.deepEqual(texts(await reader.many(2)), ['4', '5'])
    world.transport.publish(world.subject('a'), bytes('6'))
    assert.equal(text(await reader.next()), '6')
    assert.equal(subscription.dropped, 3)
  },
  'a bound that is no positive integer is a RangeError': async (world) => {
    for (const maxPending of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => world.transport.subscribe(world.subject('a'), { maxPending }), RangeError)
    }
  },
}
