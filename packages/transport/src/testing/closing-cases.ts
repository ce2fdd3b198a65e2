import assert from 'node:assert/strict'
import { bytes, range, rejects, text, texts, throws } from './checks.ts'
import { isSettled, soon } from './reader.ts'
import type { Cases } from './world.ts'

/** Drain, close and what a closed transport says. */
export const closingCases: Cases = {
  'a transport says what it is': async ({ transport }) => {
    const { driver, durable, distributed, maxPayloadBytes, maxHeaderBytes } = transport.supports
    assert.equal(typeof driver, 'string')
    assert.equal(typeof durable, 'boolean')
    assert.equal(typeof distributed, 'boolean')
    assert.ok(maxPayloadBytes >= 1024)
    assert.ok(maxHeaderBytes >= 256)
  },
  'a transport is connected, then closed': async ({ transport }) => {
    assert.equal(transport.state, 'connected')
    await transport.close()
    assert.equal(transport.state, 'closed')
  },
  'closing twice is closing once': async ({ transport }) => {
    await Promise.all([transport.close(), transport.close()])
    await transport.close()
    await transport.drain()
  },
  'leaving the scope of await using closes': async (world) => {
    const other = await world.connect()
    {
      await using scoped = other
      assert.equal(scoped.state, 'connected')
    }
    assert.equal(other.state, 'closed')
  },
  'closing one connection leaves the others': async (world) => {
    const other = await world.connect()
    const { reader } = await world.subscribe(world.subject('a'))
    await other.close()
    world.transport.publish(world.subject('a'), bytes('still'))
    assert.equal(text(await reader.next()), 'still')
  },
  'closing ends every iteration': async (world) => {
    const log = await world.log()
    const kv = await world.kv()
    const readers = [
      world.read(world.transport.subscribe(world.subject('a'))),
      world.read(await log.consume()),
      world.read(log.read({ live: true })),
      world.read(kv.watch()),
    ]
    for (const reader of readers) reader.ask()
    await world.transport.flush()
    await world.transport.close()
    for (const reader of readers) await reader.ended()
  },
  'closing rejects requests that wait': async (world) => {
    await world.subscribe(world.subject('mute'))
    const outcome = rejects(world.transport.request(world.subject('mute'), bytes('')), 'CLOSED')
    await world.transport.close()
    await outcome
  },
  'a closed transport refuses everything': async (world) => {
    const { transport } = world
    await transport.close()
    throws(() => transport.publish(world.subject('a'), bytes('')), 'CLOSED')
    throws(() => transport.subscribe(world.subject('a')), 'CLOSED')
    throws(() => transport.respond(world.subject('a'), () => bytes('')), 'CLOSED')
    await rejects(transport.request(world.subject('a'), bytes('')), 'CLOSED')
    await rejects(world.log(), 'CLOSED')
    await rejects(world.kv(), 'CLOSED')
    await rejects(transport.lease(world.name(), 'k', { owner: 'a', ttlMs: 500 }), 'CLOSED')
    await rejects(transport.flush(), 'CLOSED')
  },
  'logs and buckets of a closed transport refuse everything': async (world) => {
    const log = await world.log()
    const kv = await world.kv()
    await world.transport.close()
    await rejects(log.append(world.subject('a'), bytes('')), 'CLOSED')
    await rejects(log.info(), 'CLOSED')
    await rejects(log.last(world.subject('a')), 'CLOSED')
    await rejects(log.consume(), 'CLOSED')
    await rejects(log.purge(), 'CLOSED')
    await rejects(kv.get('k'), 'CLOSED')
    await rejects(kv.put('k', bytes('')), 'CLOSED')
    await rejects(kv.delete('k'), 'CLOSED')
  },
  'a delivery of a closed transport cannot be acknowledged': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('x'))
    const delivery = await world.read(await log.consume()).next()
    await world.transport.close()
    await rejects(delivery.ack(), 'CLOSED')
  },
  'draining a subscription hands out what is pending, then ends': async (world) => {
    const { subscription, reader } = await world.subscribe(world.subject('a'))
    for (const n of range(1, 5)) world.transport.publish(world.subject('a'), bytes(String(n)))
    await world.until(() => subscription.pending === 5, 'five messages are pending')
    const drained = subscription.drain()
    await world.transport.flush()
    world.transport.publish(world.subject('a'), bytes('too late'))
    assert.deepEqual(texts(await reader.all()), range(1, 5).map(String))
    await soon(drained, 'the end of the drain')
  },
  'draining a subscription waits for the message being worked on': async (world) => {
    const { subscription, reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('x'))
    await reader.next()
    const drained = subscription.drain()
    assert.equal(await isSettled(drained, () => world.elapse(20)), false)
    await reader.ended()
    await soon(drained, 'the end of the drain')
  },
  'draining hands out what is pending, then closes': async (world) => {
    const { subscription, reader } = await world.subscribe(world.subject('a'))
    for (const n of range(1, 20)) world.transport.publish(world.subject('a'), bytes(String(n)))
    await world.until(() => subscription.pending === 20, 'twenty messages are pending')
    const drained = world.transport.drain()
    assert.equal(world.transport.state, 'draining')
    assert.deepEqual(texts(await reader.all()), range(1, 20).map(String))
    await soon(drained, 'the end of the drain')
    assert.equal(world.transport.state, 'closed')
  },
  'a draining transport takes nothing new': async (world) => {
    const { transport } = world
    const log = await world.log()
    const { subscription } = await world.subscribe(world.subject('a'))
    transport.publish(world.subject('a'), bytes('x'))
    await world.until(() => subscription.pending === 1, 'a message is pending')
    const drained = transport.drain()
    throws(() => transport.subscribe(world.subject('b')), 'DRAINING')
    throws(() => transport.respond(world.subject('b'), () => bytes('')), 'DRAINING')
    await rejects(transport.request(world.subject('b'), bytes('')), 'DRAINING')
    await rejects(log.consume(), 'DRAINING')
    subscription.unsubscribe()
    await soon(drained, 'the end of the drain')
  },
  'a subscriber may still publish and store while it drains': async (world) => {
    const other = await world.connect()
    const results = await world.subscribe(world.subject('result'), other)
    const log = await world.log()
    const { subscription, reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('work'))
    await world.until(() => subscription.pending === 1, 'a message is pending')
    const drained = world.transport.drain()
    const message = await reader.next()
    await log.append(world.subject('done'), message.payload)
    world.transport.publish(world.subject('result'), bytes('result'))
    await reader.ended()
    await soon(drained, 'the end of the drain')
    assert.equal(text(await results.reader.next()), 'result')
  },
  'draining answers the requests already taken': async (world) => {
    const other = await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    let started = false
    other.respond(world.subject('a'), async () => {
      started = true
      await promise
      return bytes('finished')
    })
    await other.flush()
    const answer = world.transport.request(world.subject('a'), bytes(''))
    await world.until(() => started, 'the handler started')
    const drained = other.drain()
    assert.equal(await isSettled(drained, () => world.elapse(20)), false)
    resolve()
    assert.equal(text(await soon(answer, 'the answer')), 'finished')
    await soon(drained, 'the end of the drain')
  },
  'draining waits for the answers to its own requests': async (world) => {
    const other = await world.connect()
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    other.respond(world.subject('a'), () => promise)
    await other.flush()
    const answer = world.transport.request(world.subject('a'), bytes(''))
    const drained = world.transport.drain()
    await world.elapse(20)
    resolve(bytes('answer'))
    assert.equal(text(await soon(answer, 'the answer')), 'answer')
    await soon(drained, 'the end of the drain')
  },
  'draining lets a consumer acknowledge what it works on, then ends it': async (world) => {
    const other = await world.connect()
    const log = await world.log()
    const view = await world.log({}, other)
    for (const n of range(1, 3)) await log.append(world.subject('a'), bytes(String(n)))
    const reader = world.read(await log.consume({ durable: world.name('d') }))
    const delivery = await reader.next()
    const drained = world.transport.drain()
    assert.equal(await isSettled(drained, () => world.elapse(20)), false)
    await delivery.ack()
    await reader.ended()
    await soon(drained, 'the end of the drain')
    const successor = world.read(await view.consume({ durable: world.name('d') }))
    assert.equal((await successor.next()).sequence, 2)
  },
  'draining cuts off what takes longer than its time': async (world) => {
    const { subscription } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('x'))
    await world.until(() => subscription.pending === 1, 'a message is pending')
    const drained = world.transport.drain({ timeoutMs: 80 })
    assert.equal(await isSettled(drained, () => world.elapse(40)), false)
    await world.elapse(60)
    await soon(drained, 'the end of the drain')
    assert.equal(world.transport.state, 'closed')
  },
}
