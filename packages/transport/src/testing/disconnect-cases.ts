import assert from 'node:assert/strict'
import { bytes, range, rejects, text, texts, throws } from './checks.ts'
import type { Cases } from './world.ts'

/** What holds while one connection is cut off, and after it is healed. */
export const disconnectCases: Cases = {
  'a cut connection says so': async (world) => {
    assert.equal(world.transport.state, 'connected')
    await world.disconnect(world.transport)
    assert.equal(world.transport.state, 'disconnected')
    await world.reconnect(world.transport)
    assert.equal(world.transport.state, 'connected')
  },
  'what is published meanwhile goes out afterwards, in order': async (world) => {
    const other = await world.connect()
    const { reader } = await world.subscribe(world.subject('a'), other)
    await world.disconnect(world.transport)
    for (const n of range(1, 5)) world.transport.publish(world.subject('a'), bytes(String(n)))
    await reader.quiet()
    await world.reconnect(world.transport)
    world.transport.publish(world.subject('a'), bytes('6'))
    assert.deepEqual(texts(await reader.many(6)), range(1, 6).map(String))
  },
  'publishing more than can wait is refused': async (world) => {
    const bounded = await world.connect({ maxOfflineMessages: 3 })
    const { reader } = await world.subscribe(world.subject('a'))
    await world.disconnect(bounded)
    for (const n of range(1, 3)) bounded.publish(world.subject('a'), bytes(String(n)))
    throws(() => bounded.publish(world.subject('a'), bytes('4')), 'DISCONNECTED')
    await world.reconnect(bounded)
    assert.deepEqual(texts(await reader.many(3)), ['1', '2', '3'])
    await reader.quiet()
  },
  'a subscription misses what is published meanwhile and then goes on': async (world) => {
    const other = await world.connect()
    const { reader } = await world.subscribe(world.subject('a'), other)
    await world.disconnect(other)
    world.transport.publish(world.subject('a'), bytes('missed'))
    await world.transport.flush()
    await world.reconnect(other)
    world.transport.publish(world.subject('a'), bytes('seen'))
    assert.equal(text(await reader.next()), 'seen')
  },
  'what was received before the cut is still handed out': async (world) => {
    const { subscription, reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('early'))
    await world.until(() => subscription.pending === 1, 'a message is pending')
    await world.disconnect(world.transport)
    assert.equal(text(await reader.next()), 'early')
  },
  'a subscription made meanwhile is in effect afterwards': async (world) => {
    const other = await world.connect()
    await world.disconnect(other)
    const reader = world.read(other.subscribe(world.subject('a')))
    await world.reconnect(other)
    await other.flush()
    world.transport.publish(world.subject('a'), bytes('x'))
    assert.equal(text(await reader.next()), 'x')
  },
  'a cut-off member of a group gets nothing, the rest everything': async (world) => {
    const other = await world.connect()
    const options = { queue: 'g' }
    await world.subscribe(world.subject('a'), other, options)
    const { reader } = await world.subscribe(world.subject('a'), world.transport, options)
    await world.disconnect(other)
    for (const n of range(1, 20)) world.transport.publish(world.subject('a'), bytes(String(n)))
    assert.deepEqual(texts(await reader.many(20)), range(1, 20).map(String))
  },
  'a cut-off responder is no responder': async (world) => {
    const other = await world.connect()
    other.respond(world.subject('a'), () => bytes('x'))
    await other.flush()
    await world.disconnect(other)
    await rejects(world.transport.request(world.subject('a'), bytes('')), 'NO_RESPONDERS')
    await world.reconnect(other)
    await other.flush()
    assert.equal(text(await world.transport.request(world.subject('a'), bytes(''))), 'x')
  },
  'a request whose answer was cut off times out': async (world) => {
    const other = await world.connect()
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    let started = false
    other.respond(world.subject('a'), () => {
      started = true
      return promise
    })
    await other.flush()
    const outcome = rejects(
      world.transport.request(world.subject('a'), bytes(''), { timeoutMs: 200 }),
      'TIMEOUT',
      'DISCONNECTED',
    )
    await world.until(() => started, 'the handler started')
    await world.disconnect(world.transport)
    resolve(bytes('lost'))
    await world.elapse(300)
    await outcome
  },
  'a request over a cut connection fails in its time': async (world) => {
    const other = await world.connect()
    other.respond(world.subject('a'), () => bytes('x'))
    await other.flush()
    await world.disconnect(world.transport)
    const outcome = rejects(
      world.transport.request(world.subject('a'), bytes(''), { timeoutMs: 100 }),
      'TIMEOUT',
      'DISCONNECTED',
    )
    await world.elapse(200)
    await outcome
  },
  'what needs an answer from the store fails and did not happen': async (world) => {
    const other = await world.connect()
    const log = await world.log()
    const kv = await world.kv()
    await kv.put('k', bytes('before'))
    await world.disconnect(world.transport)
    await rejects(log.append(world.subject('a'), bytes('x')), 'DISCONNECTED')
    await rejects(log.info(), 'DISCONNECTED')
    await rejects(log.consume(), 'DISCONNECTED')
    await rejects(kv.put('k', bytes('after')), 'DISCONNECTED')
    await rejects(kv.get('k'), 'DISCONNECTED')
    await rejects(world.transport.kv(world.name('new')), 'DISCONNECTED')
    await rejects(world.transport.flush(), 'DISCONNECTED')
    await world.reconnect(world.transport)
    const view = await world.kv(undefined, other)
    assert.equal(new TextDecoder().decode((await view.get('k'))?.value), 'before')
    assert.equal((await log.info()).messages, 0)
    assert.equal((await log.append(world.subject('a'), bytes('x'))).sequence, 1)
  },
  'a consumer goes on with what it missed': async (world) => {
    const other = await world.connect()
    const log = await world.log()
    const view = await world.log({}, other)
    const reader = world.read(await view.consume({ durable: world.name('d') }))
    await log.append(world.subject('a'), bytes('1'))
    await (await reader.next()).ack()
    reader.ask()
    await world.disconnect(other)
    for (const n of range(2, 5)) await log.append(world.subject('a'), bytes(String(n)))
    await reader.quiet()
    await world.reconnect(other)
    assert.deepEqual(texts(await reader.many(4)), ['2', '3', '4', '5'])
  },
  'what a cut-off member did not settle goes to another': async (world) => {
    const other = await world.connect()
    const options = { durable: world.name('d'), ackWaitMs: 200 }
    const log = await world.log()
    const view = await world.log({}, other)
    const first = world.read(await view.consume(options))
    await log.append(world.subject('a'), bytes('1'))
    const delivery = await first.next()
    await world.disconnect(other)
    const second = world.read(await log.consume(options))
    second.ask()
    await world.elapse(400)
    const again = await second.next()
    assert.equal(again.sequence, 1)
    assert.equal(again.deliveries, 2)
    await rejects(delivery.ack(), 'DISCONNECTED')
    delivery.nak()
    delivery.inProgress()
    await again.ack()
  },
  'an acknowledgement can be given after the connection is back': async (world) => {
    const other = await world.connect()
    const options = { durable: world.name('d'), ackWaitMs: 10_000 }
    const view = await world.log({}, other)
    await view.append(world.subject('a'), bytes('1'))
    const consumer = await view.consume(options)
    const delivery = await world.read(consumer).next()
    await world.disconnect(other)
    await rejects(delivery.ack(), 'DISCONNECTED')
    await world.reconnect(other)
    await delivery.ack()
    assert.equal((await consumer.info()).ackFloor, 1)
  },
  'live reading goes on with what it missed': async (world) => {
    const other = await world.connect()
    const log = await world.log()
    const reader = world.read((await world.log({}, other)).read({ live: true }))
    await log.append(world.subject('a'), bytes('1'))
    assert.equal(text(await reader.next()), '1')
    reader.ask()
    await world.disconnect(other)
    for (const n of range(2, 3)) await log.append(world.subject('a'), bytes(String(n)))
    await reader.quiet()
    await world.reconnect(other)
    assert.deepEqual(texts(await reader.many(2)), ['2', '3'])
    await reader.stop()
  },
  'a watch goes on with the last values it missed': async (world) => {
    const other = await world.connect()
    const kv = await world.kv()
    const reader = world.read((await world.kv(undefined, other)).watch())
    await kv.put('a', bytes('1'))
    assert.equal((await reader.next()).key, 'a')
    reader.ask()
    await world.disconnect(other)
    await kv.put('a', bytes('2'))
    await kv.put('a', bytes('3'))
    await reader.quiet()
    await world.reconnect(other)
    let last = ''
    while (last !== '3') last = new TextDecoder().decode((await reader.next()).value)
    await reader.stop()
  },
  'a lease outlives a short cut': async (world) => {
    const lost: Error[] = []
    const lease = await world.transport.lease(world.name('leases'), 'job', {
      owner: 'a',
      ttlMs: 600,
      onLost: (reason) => lost.push(reason),
    })
    assert.ok(lease)
    await world.disconnect(world.transport)
    await rejects(lease.renew(), 'DISCONNECTED')
    assert.equal(lease.held, true)
    await world.elapse(100)
    await world.reconnect(world.transport)
    await lease.renew()
    assert.equal(lease.held, true)
    assert.deepEqual(lost, [])
  },
  'a holder that stays cut off knows before anybody takes its lease': async (world) => {
    const other = await world.connect()
    const bucket = world.name('leases')
    const lost: Error[] = []
    const onLost = (reason: Error): void => void lost.push(reason)
    const ttlMs = world.environment.leaseTtlMs ?? 300
    const first = await other.lease(bucket, 'job', {
      owner: 'a',
      ttlMs,
      autoRenew: true,
      onLost,
    })
    assert.ok(first)
    await world.disconnect(other)
    const waiting = world.transport.lease(bucket, 'job', { owner: 'b', ttlMs, waitMs: 5_000 })
    await world.elapse(2 * ttlMs)
    const second = await waiting
    assert.ok(second && second.epoch > first.epoch)
    assert.equal(first.held, false)
    await world.until(() => lost.length === 1, 'the holder was told')
    await world.reconnect(other)
    await rejects(first.renew(), 'LEASE_LOST')
  },
  'closing a cut connection ends it': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    reader.ask()
    await world.disconnect(world.transport)
    world.transport.publish(world.subject('a'), bytes('never sent'))
    await world.transport.close()
    assert.equal(world.transport.state, 'closed')
    await reader.ended()
  },
}
