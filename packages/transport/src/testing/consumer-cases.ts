import assert from 'node:assert/strict'
import type { ConsumeOptions, Consumer, Delivery, Log } from '../log/log.ts'
import type { Transport } from '../transport.ts'
import { bytes, range, rejects, rejectsAs, text, texts } from './checks.ts'
import type { Reader } from './reader.ts'
import type { Cases, World } from './world.ts'

async function filled(world: World, count: number, transport?: Transport): Promise<Log> {
  const log = await world.log({}, transport)
  for (const n of range(1, count)) await log.append(world.subject('a'), bytes(String(n)))
  return log
}

async function open(
  world: World,
  log: Log,
  options: ConsumeOptions = {},
): Promise<{ readonly consumer: Consumer; readonly reader: Reader<Delivery> }> {
  const consumer = await log.consume(options)
  return { consumer, reader: world.read(consumer) }
}

async function takeAcked(reader: Reader<Delivery>, count: number): Promise<number[]> {
  const sequences: number[] = []
  while (sequences.length < count) {
    const delivery = await reader.next()
    sequences.push(delivery.sequence)
    await delivery.ack()
  }
  return sequences
}

/** Where consumers start, how they share, and what durables remember. */
export const consumerCases: Cases = {
  'a consumer gets everything from the first message on': async (world) => {
    const { reader } = await open(world, await filled(world, 5))
    const deliveries = await reader.many(5)
    assert.deepEqual(texts(deliveries), range(1, 5).map(String))
    assert.deepEqual(
      deliveries.map(({ sequence }) => sequence),
      range(1, 5),
    )
    assert.deepEqual(
      deliveries.map((delivery) => delivery.deliveries),
      [1, 1, 1, 1, 1],
    )
    assert.equal(deliveries[0]?.subject, world.subject('a'))
  },
  'a consumer goes on with new messages': async (world) => {
    const log = await filled(world, 1)
    const { reader } = await open(world, log)
    await takeAcked(reader, 1)
    reader.ask()
    await log.append(world.subject('a'), bytes('new'))
    assert.equal(text(await reader.next()), 'new')
  },
  'a consumer keeps up with a thousand messages in order': async (world) => {
    const log = await world.log()
    const { reader } = await open(world, log, { durable: world.name('d') })
    const appended = Promise.all(
      range(1, 1000).map((n) => log.append(world.subject('a'), bytes(String(n)))),
    )
    assert.deepEqual(await takeAcked(reader, 1000), range(1, 1000))
    await appended
  },
  'a consumer can start at a sequence': async (world) => {
    const { reader } = await open(world, await filled(world, 5), { startSequence: 4 })
    assert.deepEqual(texts(await reader.many(2)), ['4', '5'])
  },
  'a consumer can start beyond the end and waits for it': async (world) => {
    const log = await filled(world, 2)
    const { reader } = await open(world, log, { startSequence: 3 })
    await reader.quiet()
    await log.append(world.subject('a'), bytes('3'))
    assert.equal(text(await reader.next()), '3')
  },
  'a consumer can start at a time': async (world) => {
    const log = await filled(world, 2)
    await world.elapse(150)
    await log.append(world.subject('a'), bytes('later'))
    const startTimeMs = ((await log.last(world.subject('a')))?.timestampMs ?? 0) - 70
    const { reader } = await open(world, log, { startTimeMs })
    assert.equal(text(await reader.next()), 'later')
  },
  'a consumer can start now and get only what comes': async (world) => {
    const log = await filled(world, 3)
    const { lastSequence } = await log.info()
    const { reader } = await open(world, log, { startSequence: lastSequence + 1 })
    await reader.quiet()
    await log.append(world.subject('a'), bytes('4'))
    assert.equal(text(await reader.next()), '4')
  },
  'a consumer can be narrowed to subjects': async (world) => {
    const log = await world.log()
    for (const name of ['a.1', 'b.1', 'a.2', 'a.2.x']) {
      await log.append(world.subject(name), bytes(name))
    }
    const { reader } = await open(world, log, { subject: world.subject('a.*') })
    assert.deepEqual(texts(await reader.many(2)), ['a.1', 'a.2'])
    await reader.quiet()
    await log.append(world.subject('b.2'), bytes('b.2'))
    await log.append(world.subject('a.3'), bytes('a.3'))
    assert.equal(text(await reader.next()), 'a.3')
  },
  'messages removed before they are delivered are passed over': async (world) => {
    const log = await filled(world, 5)
    await log.purge({ beforeSequence: 4 })
    const { reader } = await open(world, log)
    assert.deepEqual(texts(await reader.many(2)), ['4', '5'])
  },
  'consumers without a name get everything each': async (world) => {
    const log = await filled(world, 3)
    const first = await open(world, log)
    const second = await open(world, log)
    assert.deepEqual(await takeAcked(first.reader, 3), [1, 2, 3])
    assert.deepEqual(await takeAcked(second.reader, 3), [1, 2, 3])
  },
  'a consumer without a name starts anew each time': async (world) => {
    const log = await filled(world, 2)
    const first = await open(world, log)
    await takeAcked(first.reader, 2)
    await first.consumer.close()
    const second = await open(world, log)
    assert.deepEqual(await takeAcked(second.reader, 2), [1, 2])
  },
  'a durable resumes where it was': async (world) => {
    const log = await filled(world, 5)
    const durable = world.name('d')
    const first = await open(world, log, { durable })
    await takeAcked(first.reader, 3)
    await first.consumer.close()
    const second = await open(world, log, { durable })
    assert.deepEqual(await takeAcked(second.reader, 2), [4, 5])
  },
  'a durable resumes on another connection': async (world) => {
    const other = await world.connect()
    const log = await filled(world, 4, other)
    const durable = world.name('d')
    const first = await open(world, log, { durable })
    await takeAcked(first.reader, 2)
    await other.close()
    const view = await world.log()
    const second = await open(world, view, { durable })
    assert.deepEqual(await takeAcked(second.reader, 2), [3, 4])
  },
  'where to start counts only when the durable is new': async (world) => {
    const log = await filled(world, 5)
    const durable = world.name('d')
    const first = await open(world, log, { durable, startSequence: 3 })
    assert.deepEqual(await takeAcked(first.reader, 1), [3])
    await first.consumer.close()
    const second = await open(world, log, { durable, startSequence: 1 })
    assert.deepEqual(await takeAcked(second.reader, 2), [4, 5])
  },
  'what a durable left unsettled comes again': async (world) => {
    const log = await filled(world, 3)
    const options = { durable: world.name('d'), ackWaitMs: 200 }
    const first = await open(world, log, options)
    const [, second] = await first.reader.many(2)
    await second?.ack()
    await first.consumer.close()
    const successor = await open(world, log, options)
    successor.reader.ask()
    await world.elapse(300)
    const seen = new Set(await takeAcked(successor.reader, 2))
    assert.deepEqual(
      [...seen].toSorted((a, b) => a - b),
      [1, 3],
    )
  },
  'the members of a durable share its messages': async (world) => {
    const other = await world.connect()
    const log = await world.log()
    const view = await world.log({}, other)
    const durable = world.name('d')
    const members = [await log.consume({ durable }), await view.consume({ durable })]
    const seen: number[] = []
    const consume = async (consumer: Consumer): Promise<void> => {
      for await (const delivery of consumer) {
        seen.push(delivery.sequence)
        await delivery.ack()
      }
    }
    const working = members.map(consume)
    for (const n of range(1, 200)) await log.append(world.subject('a'), bytes(String(n)))
    await world.until(() => seen.length >= 200, 'everything was consumed')
    await Promise.all(members.map((member) => member.close()))
    await Promise.all(working)
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      range(1, 200),
    )
  },
  'two durables get everything each': async (world) => {
    const log = await filled(world, 3)
    const first = await open(world, log, { durable: world.name('d1') })
    const second = await open(world, log, { durable: world.name('d2') })
    assert.deepEqual(await takeAcked(first.reader, 3), [1, 2, 3])
    assert.deepEqual(await takeAcked(second.reader, 3), [1, 2, 3])
  },
  'a durable cannot be opened with other rules': async (world) => {
    const log = await filled(world, 1)
    const durable = world.name('d')
    await open(world, log, { durable, maxInFlight: 5, ackWaitMs: 1000 })
    await rejects(log.consume({ durable, maxInFlight: 6, ackWaitMs: 1000 }), 'LOG_MISMATCH')
    await rejects(log.consume({ durable, maxInFlight: 5 }), 'LOG_MISMATCH')
    const narrower = { durable, maxInFlight: 5, ackWaitMs: 1000, subject: world.subject('a') }
    await rejects(log.consume(narrower), 'LOG_MISMATCH')
  },
  'a deleted durable is forgotten and its iterations end': async (world) => {
    const log = await filled(world, 3)
    const durable = world.name('d')
    const first = await open(world, log, { durable })
    await takeAcked(first.reader, 3)
    first.reader.ask()
    assert.equal(await log.deleteConsumer(durable), true)
    await first.reader.ended()
    assert.equal(await log.deleteConsumer(durable), false)
    const second = await open(world, log, { durable })
    assert.deepEqual(await takeAcked(second.reader, 3), [1, 2, 3])
  },
  'info tells the floor, the rest and what is in flight': async (world) => {
    const log = await filled(world, 10)
    const { consumer, reader } = await open(world, log, { durable: world.name('d') })
    const deliveries = await reader.many(4)
    for (const index of [0, 1, 3]) await deliveries[index]?.ack()
    const settled = async (): Promise<boolean> => (await consumer.info()).ackFloor === 2
    await world.until(settled, 'the floor is 2')
    assert.equal((await consumer.info()).inFlight >= 1, true)
    assert.ok((await consumer.info()).pending <= 6)
    await deliveries[2]?.ack()
    await takeAcked(reader, 6)
    const done = async (): Promise<boolean> => (await consumer.info()).ackFloor === 10
    await world.until(done, 'everything is settled')
    assert.deepEqual(await consumer.info(), { ackFloor: 10, pending: 0, inFlight: 0 })
  },
  'leaving the loop closes the consumer': async (world) => {
    const log = await filled(world, 2)
    const consumer = await log.consume({ durable: world.name('d') })
    for await (const delivery of consumer) {
      await delivery.ack()
      break
    }
    await world.read(consumer).ended()
  },
  'closing a consumer ends its iteration, twice is once': async (world) => {
    const log = await world.log()
    const { consumer, reader } = await open(world, log)
    reader.ask()
    await consumer.close()
    await consumer.close()
    await reader.ended()
  },
  'aborting the signal ends the iteration': async (world) => {
    const log = await world.log()
    const controller = new AbortController()
    const { reader } = await open(world, log, { signal: controller.signal })
    reader.ask()
    controller.abort()
    await reader.ended()
  },
  'options that make no sense are refused by name': async (world) => {
    const log = await world.log()
    await rejectsAs(log.consume({ maxInFlight: 0 }), RangeError)
    await rejectsAs(log.consume({ ackWaitMs: -5 }), RangeError)
    await rejectsAs(log.consume({ maxDeliveries: 0.5 }), RangeError)
    await rejectsAs(log.consume({ startSequence: 0 }), RangeError)
    await rejectsAs(log.consume({ durable: 'a b' }), TypeError)
    await rejectsAs(log.consume({ startSequence: 1, startTimeMs: 1 }), TypeError)
    await rejects(log.consume({ subject: 'a..b' }), 'SUBJECT_INVALID')
  },
}
