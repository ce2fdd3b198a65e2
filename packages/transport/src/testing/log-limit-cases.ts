import assert from 'node:assert/strict'
import type { Log } from '../log/log.ts'
import { bytes, range, rejects, texts } from './checks.ts'
import type { Cases, World } from './world.ts'

async function fill(world: World, log: Log, count: number, name = 'a'): Promise<void> {
  for (const n of range(1, count)) await log.append(world.subject(name), bytes(`${name}${n}`))
}

async function contents(world: World, log: Log): Promise<(string | undefined)[]> {
  return texts(await world.read(log.read()).all())
}

/** Limits, age, purging and removal of logs. */
export const logLimitCases: Cases = {
  'a full log drops its oldest messages': async (world) => {
    const log = await world.log({ maxMessages: 3 })
    await fill(world, log, 5)
    assert.deepEqual(await contents(world, log), ['a3', 'a4', 'a5'])
    const info = await log.info()
    assert.equal(info.firstSequence, 3)
    assert.equal(info.lastSequence, 5)
    assert.equal(info.messages, 3)
  },
  'a full log that discards the new refuses them': async (world) => {
    const log = await world.log({ maxMessages: 2, discard: 'new' })
    await fill(world, log, 2)
    await rejects(log.append(world.subject('a'), bytes('a3')), 'LOG_FULL')
    assert.deepEqual(await contents(world, log), ['a1', 'a2'])
    assert.equal(await log.purge({ beforeSequence: 2 }), 1)
    assert.equal((await log.append(world.subject('a'), bytes('a3'))).sequence, 3)
  },
  'a log holds no more bytes than allowed': async (world) => {
    const log = await world.log({ maxBytes: 5_000 })
    for (const _ of range(1, 20)) await log.append(world.subject('a'), new Uint8Array(1_000))
    const info = await log.info()
    assert.ok(info.bytes <= 5_000 && info.messages >= 2 && info.messages <= 4)
    assert.equal(info.lastSequence, 20)
    assert.equal(info.firstSequence, 21 - info.messages)
  },
  'a log full of bytes that discards the new refuses them': async (world) => {
    const log = await world.log({ maxBytes: 5_000, discard: 'new' })
    await log.append(world.subject('a'), new Uint8Array(3_000))
    await rejects(log.append(world.subject('a'), new Uint8Array(3_000)), 'LOG_FULL')
    assert.equal((await log.info()).messages, 1)
  },
  'only the newest messages of a subject are kept': async (world) => {
    const log = await world.log({ maxMessagesPerSubject: 2 })
    await fill(world, log, 4, 'a')
    await fill(world, log, 1, 'b')
    await fill(world, log, 3, 'c')
    assert.deepEqual(await contents(world, log), ['a3', 'a4', 'b1', 'c2', 'c3'])
    assert.equal((await log.info()).messages, 5)
  },
  'a message that replaces one of its subject fits into a full log': async (world) => {
    const log = await world.log({ maxMessages: 2, maxMessagesPerSubject: 1, discard: 'new' })
    await fill(world, log, 1, 'a')
    await fill(world, log, 3, 'b')
    await rejects(log.append(world.subject('c'), bytes('c1')), 'LOG_FULL')
    assert.deepEqual(await contents(world, log), ['a1', 'b3'])
  },
  'a log of last values keeps each subject however many updates pass': async (world) => {
    const log = await world.log({ maxMessagesPerSubject: 1 })
    await fill(world, log, 1, 'rare')
    await fill(world, log, 300, 'busy')
    await fill(world, log, 1, 'late')
    assert.deepEqual(await contents(world, log), ['rare1', 'busy300', 'late1'])
    const read = await world.read(log.read({ fromSequence: 2 })).all()
    assert.deepEqual(
      read.map(({ sequence }) => sequence),
      [301, 302],
    )
  },
  'messages are removed at their age': async (world) => {
    const log = await world.log({ maxAgeMs: 200 })
    await fill(world, log, 2)
    assert.equal((await log.info()).messages, 2)
    await world.elapse(700)
    assert.deepEqual(await contents(world, log), [])
    assert.equal(await log.last(world.subject('a')), undefined)
    const info = await log.info()
    assert.equal(info.messages, 0)
    assert.equal(info.lastSequence, 2)
    assert.equal((await log.append(world.subject('a'), bytes('x'))).sequence, 3)
  },
  'purging everything keeps the sequence going': async (world) => {
    const log = await world.log()
    await fill(world, log, 3)
    assert.equal(await log.purge(), 3)
    const info = await log.info()
    assert.equal(info.messages, 0)
    assert.equal(info.firstSequence, 4)
    assert.equal(info.lastSequence, 3)
    assert.equal((await log.append(world.subject('a'), bytes('x'))).sequence, 4)
  },
  'purging can be narrowed to subjects': async (world) => {
    const log = await world.log()
    await fill(world, log, 2, 'a.x')
    await fill(world, log, 2, 'b.x')
    assert.equal(await log.purge({ subject: world.subject('a.*') }), 2)
    assert.deepEqual(await contents(world, log), ['b.x1', 'b.x2'])
  },
  'purging can stop before a sequence': async (world) => {
    const log = await world.log()
    await fill(world, log, 5)
    assert.equal(await log.purge({ beforeSequence: 4 }), 3)
    assert.deepEqual(await contents(world, log), ['a4', 'a5'])
    assert.equal(await log.purge({ beforeSequence: 4 }), 0)
  },
  'purging can take both a subject and a sequence': async (world) => {
    const log = await world.log()
    await fill(world, log, 2, 'a')
    await fill(world, log, 2, 'b')
    await fill(world, log, 2, 'a')
    const options = { subject: world.subject('a'), beforeSequence: 6 }
    assert.equal(await log.purge(options), 3)
    const left = await world.read(log.read()).all()
    assert.deepEqual(
      left.map(({ sequence }) => sequence),
      [3, 4, 6],
    )
  },
  'a purged subject counts as empty for the next expectation': async (world) => {
    const log = await world.log()
    await fill(world, log, 2)
    await log.purge({ subject: world.subject('a') })
    const options = { expectedLastSubjectSequence: 0 }
    assert.equal((await log.append(world.subject('a'), bytes('x'), options)).sequence, 3)
  },
  'a removed log is gone, and its name free for a new one': async (world) => {
    const log = await world.log()
    await fill(world, log, 2)
    await log.destroy()
    await rejects(world.transport.log(world.name('log')), 'LOG_MISSING')
    const fresh = await world.log({ maxMessages: 5 })
    assert.equal((await fresh.append(world.subject('a'), bytes('x'))).sequence, 1)
  },
  'a removed log refuses everything': async (world) => {
    const log = await world.log()
    await log.destroy()
    await rejects(log.append(world.subject('a'), bytes('')), 'LOG_MISSING')
    await rejects(log.info(), 'LOG_MISSING')
    await rejects(log.consume(), 'LOG_MISSING')
  },
  'removing a log ends what reads from it': async (world) => {
    const log = await world.log()
    const readers = [world.read(await log.consume()), world.read(log.read({ live: true }))]
    for (const reader of readers) reader.ask()
    await world.elapse(20)
    await log.destroy()
    for (const reader of readers) await reader.ended()
  },
}
