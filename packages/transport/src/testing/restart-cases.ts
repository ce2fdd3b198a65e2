import assert from 'node:assert/strict'
import { bytes, range, rejects, text, texts } from './checks.ts'
import type { Cases } from './world.ts'

function value(entry: { readonly value: Uint8Array } | undefined): string | undefined {
  return entry === undefined ? undefined : new TextDecoder().decode(entry.value)
}

/** What a durable driver brings back after a restart. */
export const restartCases: Cases = {
  'acknowledged appends are still there and the sequence goes on': async (world) => {
    const log = await world.log()
    for (const n of range(1, 50)) {
      await log.append(world.subject('a'), bytes(String(n)), { headers: { n: String(n) } })
    }
    await world.restart()
    const again = await world.log()
    const read = await world.read(again.read()).all()
    assert.deepEqual(texts(read), range(1, 50).map(String))
    assert.deepEqual(
      read.map(({ headers }) => headers['n']),
      range(1, 50).map(String),
    )
    assert.equal((await again.append(world.subject('a'), bytes('51'))).sequence, 51)
    assert.equal(text(await again.last(world.subject('a'))), '51')
  },
  'a log opens without options and keeps its limits': async (world) => {
    const log = await world.log({ maxMessages: 3 })
    for (const n of range(1, 4)) await log.append(world.subject('a'), bytes(String(n)))
    await world.restart()
    const again = await world.transport.log(world.name('log'))
    await again.append(world.subject('a'), bytes('5'))
    assert.deepEqual(texts(await world.read(again.read()).all()), ['3', '4', '5'])
    await rejects(world.log({ maxMessages: 4 }), 'LOG_MISMATCH')
  },
  'the sequence goes on also after everything was purged': async (world) => {
    const log = await world.log()
    for (const n of range(1, 4)) await log.append(world.subject('a'), bytes(String(n)))
    await log.purge()
    await world.restart()
    const again = await world.log()
    const info = await again.info()
    assert.equal(info.firstSequence, 5)
    assert.equal(info.lastSequence, 4)
    assert.equal(info.messages, 0)
    assert.equal((await again.append(world.subject('a'), bytes('5'))).sequence, 5)
  },
  'message ids are still known': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('1'), { messageId: 'm1' })
    await world.restart()
    const again = await world.log()
    const repeated = await again.append(world.subject('a'), bytes('1'), { messageId: 'm1' })
    assert.deepEqual(repeated, { sequence: 1, duplicate: true })
  },
  'expectations hold across the restart': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('1'))
    await world.restart()
    const again = await world.log()
    const expecting = (expectedLastSubjectSequence: number) =>
      again.append(world.subject('a'), bytes(''), { expectedLastSubjectSequence })
    await rejects(expecting(0), 'LOG_CONFLICT')
    assert.equal((await expecting(1)).sequence, 2)
  },
  'a durable goes on after what it acknowledged': async (world) => {
    const log = await world.log()
    for (const n of range(1, 10)) await log.append(world.subject('a'), bytes(String(n)))
    const durable = world.name('d')
    const reader = world.read(await log.consume({ durable }))
    for (const _ of range(1, 4)) await (await reader.next()).ack()
    await world.restart()
    const again = world.read(await (await world.log()).consume({ durable }))
    assert.deepEqual(texts(await again.many(6)), range(5, 10).map(String))
  },
  'what was delivered and not settled comes again': async (world) => {
    const log = await world.log()
    for (const n of range(1, 4)) await log.append(world.subject('a'), bytes(String(n)))
    const options = { durable: world.name('d'), ackWaitMs: 200 }
    const reader = world.read(await log.consume(options))
    const [, second] = await reader.many(3)
    await second?.ack()
    await world.restart()
    const again = world.read(await (await world.log()).consume(options))
    again.ask()
    await world.elapse(400)
    const seen = new Set<number>()
    while (seen.size < 3) {
      const delivery = await again.next()
      seen.add(delivery.sequence)
      await delivery.ack()
    }
    assert.deepEqual(
      [...seen].toSorted((a, b) => a - b),
      [1, 3, 4],
    )
  },
  'keys, revisions and history are still there': async (world) => {
    const kv = await world.kv({ history: 3 })
    for (const n of range(1, 4)) await kv.put('k', bytes(String(n)))
    await kv.put('gone', bytes('x'))
    await kv.delete('gone')
    await world.restart()
    const again = await world.kv({ history: 3 })
    assert.equal(value(await again.get('k')), '4')
    assert.equal((await again.get('k'))?.revision, 4)
    assert.equal(await again.get('gone'), undefined)
    assert.deepEqual(await world.read(again.keys()).all(), ['k'])
    assert.deepEqual((await world.read(again.history('k')).all()).map(value), ['2', '3', '4'])
    await rejects(again.update('k', bytes('5'), 3), 'KV_CONFLICT')
    assert.equal(await again.update('k', bytes('5'), 4), 7)
  },
  'a removed log does not come back': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('1'))
    await log.destroy()
    const kv = await world.kv()
    await kv.put('k', bytes('1'))
    await kv.destroy()
    await world.restart()
    await rejects(world.transport.log(world.name('log')), 'LOG_MISSING')
    assert.equal(await (await world.kv()).get('k'), undefined)
  },
  'the next holder of a lease has a greater epoch': async (world) => {
    const options = { owner: 'a', ttlMs: 200 }
    const first = await world.transport.lease(world.name('leases'), 'job', options)
    assert.ok(first)
    await world.restart()
    const waiting = world.transport.lease(world.name('leases'), 'job', {
      ...options,
      waitMs: 5_000,
    })
    await world.elapse(400)
    const second = await waiting
    assert.ok(second && second.epoch > first.epoch)
  },
}
