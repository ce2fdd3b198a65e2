import assert from 'node:assert/strict'
import type { ConsumeOptions, Delivery, ExhaustedMessage, Log } from '../log/log.ts'
import { bytes, range, texts } from './checks.ts'
import type { Reader } from './reader.ts'
import type { Cases, World } from './world.ts'

async function consuming(
  world: World,
  count: number,
  options: ConsumeOptions = {},
): Promise<{ readonly log: Log; readonly reader: Reader<Delivery> }> {
  const log = await world.log()
  for (const n of range(1, count)) await log.append(world.subject('a'), bytes(String(n)))
  const consumer = await log.consume({ durable: world.name('d'), ...options })
  return { log, reader: world.read(consumer) }
}

function summary(delivery: Delivery): string {
  return `${delivery.sequence} x${delivery.deliveries}`
}

/** Acknowledgement, and what happens without it. */
export const redeliveryCases: Cases = {
  'an acknowledged message does not come again': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 100 })
    await (await reader.next()).ack()
    await reader.quiet(300)
  },
  'a message not settled within the ack wait comes again, counted': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 150 })
    await reader.next()
    for (const deliveries of [2, 3]) {
      reader.ask()
      await world.elapse(250)
      const again = await reader.next()
      assert.equal(summary(again), `1 x${deliveries}`)
      assert.deepEqual(texts([again]), ['1'])
    }
  },
  'a message does not come again before the ack wait is over': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 400 })
    await reader.next()
    await reader.quiet(200)
  },
  'a nak brings the message again at once': async (world) => {
    const { reader } = await consuming(world, 1)
    ;(await reader.next()).nak()
    assert.equal(summary(await reader.next()), '1 x2')
  },
  'a nak with a delay brings it again after the delay': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 10_000 })
    ;(await reader.next()).nak({ delayMs: 300 })
    await reader.quiet(150)
    await world.elapse(300)
    assert.equal(summary(await reader.next()), '1 x2')
  },
  'a delay may be longer than the ack wait': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 100 })
    ;(await reader.next()).nak({ delayMs: 500 })
    await reader.quiet(300)
    await world.elapse(350)
    assert.equal(summary(await reader.next()), '1 x2')
  },
  'progress starts the ack wait anew': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 300 })
    const delivery = await reader.next()
    reader.ask()
    for (const _ of range(1, 3)) {
      await world.elapse(180)
      delivery.inProgress()
    }
    await reader.quiet(120)
    await delivery.ack()
    await reader.quiet(400)
  },
  'progress alone does not settle': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 150 })
    ;(await reader.next()).inProgress()
    reader.ask()
    await world.elapse(300)
    assert.equal(summary(await reader.next()), '1 x2')
  },
  'a terminated message does not come again': async (world) => {
    const { reader } = await consuming(world, 2, { ackWaitMs: 100 })
    ;(await reader.next()).terminate()
    await (await reader.next()).ack()
    await reader.quiet(300)
  },
  'the first settling counts, later ones do nothing': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 100 })
    const delivery = await reader.next()
    await delivery.ack()
    await delivery.ack()
    delivery.nak()
    delivery.terminate()
    delivery.inProgress()
    await reader.quiet(300)
  },
  'an acknowledgement that comes late still counts': async (world) => {
    const { reader } = await consuming(world, 1, { ackWaitMs: 150 })
    const first = await reader.next()
    reader.ask()
    await world.elapse(220)
    assert.equal(summary(await reader.next()), '1 x2')
    await first.ack()
    await reader.quiet(400)
  },
  'no more than the allowed messages are in flight': async (world) => {
    const { reader } = await consuming(world, 6, { maxInFlight: 2 })
    const [first, second] = await reader.many(2)
    await reader.quiet()
    await second?.ack()
    assert.equal(summary(await reader.next()), '3 x1')
    await reader.quiet()
    await first?.ack()
    assert.equal(summary(await reader.next()), '4 x1')
  },
  'a message that waits for its delay is still in flight': async (world) => {
    const { reader } = await consuming(world, 2, { maxInFlight: 1, ackWaitMs: 10_000 })
    ;(await reader.next()).nak({ delayMs: 200 })
    await reader.quiet(100)
    await world.elapse(200)
    assert.equal(summary(await reader.next()), '1 x2')
  },
  'one in flight is strict order, redeliveries included': async (world) => {
    const { reader } = await consuming(world, 3, { maxInFlight: 1 })
    const seen: string[] = []
    while (seen.length < 6) {
      const delivery = await reader.next()
      seen.push(summary(delivery))
      if (delivery.deliveries === 1) delivery.nak()
      else await delivery.ack()
    }
    assert.deepEqual(seen, ['1 x1', '1 x2', '2 x1', '2 x2', '3 x1', '3 x2'])
  },
  'a terminated message makes room': async (world) => {
    const { reader } = await consuming(world, 2, { maxInFlight: 1 })
    ;(await reader.next()).terminate()
    assert.equal(summary(await reader.next()), '2 x1')
  },
  'a message is given up after the allowed deliveries': async (world) => {
    const given: ExhaustedMessage[] = []
    const { reader } = await consuming(world, 2, {
      maxDeliveries: 2,
      maxInFlight: 1,
      onExhausted: (message) => given.push(message),
    })
    for (const expected of ['1 x1', '1 x2']) {
      const delivery = await reader.next()
      assert.equal(summary(delivery), expected)
      delivery.nak()
    }
    assert.equal(summary(await reader.next()), '2 x1')
    await world.until(() => given.length === 1, 'the owner was told')
    assert.deepEqual(given, [{ sequence: 1, deliveries: 2 }])
  },
  'a message is given up also when its last ack wait runs out': async (world) => {
    const { reader } = await consuming(world, 2, {
      maxDeliveries: 1,
      maxInFlight: 1,
      ackWaitMs: 150,
    })
    await reader.next()
    reader.ask()
    await world.elapse(400)
    assert.equal(summary(await reader.next()), '2 x1')
  },
  'an acknowledged last delivery is not given up': async (world) => {
    const given: ExhaustedMessage[] = []
    const { reader } = await consuming(world, 1, {
      maxDeliveries: 1,
      ackWaitMs: 100,
      onExhausted: (message) => given.push(message),
    })
    await (await reader.next()).ack()
    await reader.quiet(300)
    assert.deepEqual(given, [])
  },
  'messages due again come before new ones': async (world) => {
    const { reader } = await consuming(world, 4, { maxInFlight: 2 })
    const [first, second] = await reader.many(2)
    first?.nak()
    second?.nak()
    const seen: string[] = []
    while (seen.length < 4) {
      const delivery = await reader.next()
      seen.push(summary(delivery))
      await delivery.ack()
    }
    assert.deepEqual(seen, ['1 x2', '2 x2', '3 x1', '4 x1'])
  },
  'a message purged while in flight does not come again': async (world) => {
    const { log, reader } = await consuming(world, 1, { ackWaitMs: 150 })
    await reader.next()
    await log.purge()
    reader.ask()
    await world.elapse(300)
    await log.append(world.subject('a'), bytes('fresh'))
    assert.deepEqual(texts([await reader.next()]), ['fresh'])
  },
  'one of the members gets what was not settled': async (world) => {
    const other = await world.connect()
    const options = { durable: world.name('d'), ackWaitMs: 300 }
    const { reader } = await consuming(world, 1, options)
    await reader.next()
    const view = await world.log({}, other)
    const second = world.read(await view.consume(options))
    const again = [reader.next(), second.next()].map((next) => next.catch(() => undefined))
    await world.elapse(400)
    const delivery = await Promise.race(again)
    assert.equal(delivery && summary(delivery), '1 x2')
    await delivery?.ack()
    await Promise.all([world.transport.close(), other.close()])
    const answers = await Promise.all(again)
    assert.equal(answers.filter((answer) => answer !== undefined).length, 1)
  },
  'a delay that is no time is a RangeError': async (world) => {
    const { reader } = await consuming(world, 1)
    const delivery = await reader.next()
    assert.throws(() => delivery.nak({ delayMs: -1 }), RangeError)
    assert.throws(() => delivery.nak({ delayMs: Number.NaN }), RangeError)
    await delivery.ack()
  },
}
