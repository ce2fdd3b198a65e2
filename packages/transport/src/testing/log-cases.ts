import assert from 'node:assert/strict'
import { bytes, plain, range, rejects, rejectsAs, text, texts } from './checks.ts'
import type { Cases } from './world.ts'

/** Appending to logs and reading them. */
export const logCases: Cases = {
  'appends get the sequences 1, 2, 3': async (world) => {
    const log = await world.log()
    const results = []
    for (const name of ['a', 'b', 'a']) {
      results.push(await log.append(world.subject(name), bytes('')))
    }
    assert.deepEqual(
      results,
      range(1, 3).map((sequence) => ({ sequence, duplicate: false })),
    )
  },
  'appends in flight keep the order in which they were called': async (world) => {
    const log = await world.log()
    const appended = await Promise.all(
      range(1, 500).map((n) => log.append(world.subject('a'), bytes(String(n)))),
    )
    assert.deepEqual(
      appended.map(({ sequence }) => sequence),
      range(1, 500),
    )
    assert.deepEqual(texts(await world.read(log.read()).all()), range(1, 500).map(String))
  },
  'reading shows what was appended, in order': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), Uint8Array.from([0, 255, 128]))
    await log.append(world.subject('b.c'), new Uint8Array(0))
    const [first, second, ...rest] = await world.read(log.read()).all()
    assert.deepEqual(rest, [])
    assert.equal(first?.subject, world.subject('a'))
    assert.equal(first?.sequence, 1)
    assert.deepEqual(plain(first?.payload ?? new Uint8Array()), [0, 255, 128])
    assert.deepEqual(Object.keys(first?.headers ?? {}), [])
    assert.equal(second?.subject, world.subject('b.c'))
    assert.equal(second?.payload.byteLength, 0)
  },
  'timestamps do not run backwards': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('1'))
    await world.elapse(30)
    await log.append(world.subject('a'), bytes('2'))
    const [first, second] = await world.read(log.read()).all()
    const passed = (second?.timestampMs ?? 0) - (first?.timestampMs ?? 0)
    assert.ok(passed >= 20 && passed < 5_000, `${passed} ms passed`)
  },
  'reading can start at a sequence': async (world) => {
    const log = await world.log()
    for (const n of range(1, 5)) await log.append(world.subject('a'), bytes(String(n)))
    const read = await world.read(log.read({ fromSequence: 4 })).all()
    assert.deepEqual(texts(read), ['4', '5'])
    assert.deepEqual(await world.read(log.read({ fromSequence: 6 })).all(), [])
  },
  'reading can be narrowed to subjects': async (world) => {
    const log = await world.log()
    for (const name of ['a.1', 'b.1', 'a.2', 'a.2.x']) {
      await log.append(world.subject(name), bytes(name))
    }
    const star = await world.read(log.read({ subject: world.subject('a.*') })).all()
    assert.deepEqual(texts(star), ['a.1', 'a.2'])
    const exact = await world.read(log.read({ subject: world.subject('b.1') })).all()
    assert.deepEqual(texts(exact), ['b.1'])
  },
  'reading can be limited': async (world) => {
    const log = await world.log()
    for (const n of range(1, 9)) await log.append(world.subject(`s${n % 2}`), bytes(String(n)))
    assert.deepEqual(texts(await world.read(log.read({ limit: 2 })).all()), ['1', '2'])
    const odd = { fromSequence: 2, subject: world.subject('s1'), limit: 2 }
    assert.deepEqual(texts(await world.read(log.read(odd)).all()), ['3', '5'])
  },
  'reading an empty log ends at once': async (world) => {
    const log = await world.log()
    assert.deepEqual(await world.read(log.read()).all(), [])
  },
  'reading to the end and reading again give the same': async (world) => {
    const log = await world.log()
    for (const n of range(1, 3)) await log.append(world.subject('a'), bytes(String(n)))
    for (const _ of range(1, 2)) {
      assert.deepEqual(texts(await world.read(log.read()).all()), ['1', '2', '3'])
    }
    for await (const message of log.read()) {
      assert.equal(text(message), '1')
      break
    }
  },
  'live reading goes on with new messages': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('1'))
    const reader = world.read(log.read({ live: true }))
    assert.equal(text(await reader.next()), '1')
    await reader.quiet()
    await log.append(world.subject('a'), bytes('2'))
    assert.equal(text(await reader.next()), '2')
    await reader.stop()
  },
  'live reading of other subjects passes them over': async (world) => {
    const log = await world.log()
    const reader = world.read(log.read({ live: true, subject: world.subject('b') }))
    reader.ask()
    await log.append(world.subject('a'), bytes('a'))
    await log.append(world.subject('b'), bytes('b'))
    assert.equal(text(await reader.next()), 'b')
    await reader.stop()
  },
  'live reading ends when its signal aborts': async (world) => {
    const log = await world.log()
    const controller = new AbortController()
    const reader = world.read(log.read({ live: true, signal: controller.signal }))
    reader.ask()
    controller.abort()
    await reader.ended()
  },
  'last gives the newest message of one subject': async (world) => {
    const log = await world.log()
    assert.equal(await log.last(world.subject('a')), undefined)
    for (const n of range(1, 3)) await log.append(world.subject('a'), bytes(`a${n}`))
    await log.append(world.subject('b'), bytes('b1'))
    const last = await log.last(world.subject('a'))
    assert.equal(text(last), 'a3')
    assert.equal(last?.sequence, 3)
    assert.equal(text(await log.last(world.subject('b'))), 'b1')
    assert.equal(await log.last(world.subject('c')), undefined)
  },
  'info counts messages and sequences': async (world) => {
    const log = await world.log()
    const empty = { firstSequence: 1, lastSequence: 0, messages: 0, bytes: 0 }
    assert.deepEqual(await log.info(), empty)
    for (const _ of range(1, 4)) await log.append(world.subject('a'), new Uint8Array(100))
    const info = await log.info()
    assert.equal(info.firstSequence, 1)
    assert.equal(info.lastSequence, 4)
    assert.equal(info.messages, 4)
    assert.ok(info.bytes >= 400)
  },
  'a subject that the log does not hold is refused': async (world) => {
    const log = await world.log({ subjects: [world.subject('orders.*'), world.subject('x')] })
    await log.append(world.subject('orders.1'), bytes(''))
    await log.append(world.subject('x'), bytes(''))
    for (const name of ['orders', 'orders.1.2', 'y']) {
      await rejects(log.append(world.subject(name), bytes('')), 'LOG_MISMATCH')
    }
    assert.equal((await log.info()).messages, 2)
  },
  'an invalid subject is refused': async (world) => {
    const log = await world.log()
    for (const subject of ['', 'a..b', 'a.*', 'a b', '$x']) {
      await rejects(log.append(subject, bytes('')), 'SUBJECT_INVALID')
    }
  },
  'a payload that is too large is refused': async (world) => {
    const log = await world.log()
    const payload = new Uint8Array(world.transport.supports.maxPayloadBytes + 1)
    await rejects(log.append(world.subject('a'), payload), 'PAYLOAD_TOO_LARGE')
    await log.append(world.subject('a'), payload.subarray(1))
  },
  'a payload that is not bytes is a TypeError': async (world) => {
    const log: { append(subject: string, payload: unknown): Promise<unknown> } = await world.log()
    await rejectsAs(log.append(world.subject('a'), 'text'), TypeError)
  },
  'the bytes given to append may be used again afterwards': async (world) => {
    const log = await world.log()
    const buffer = bytes('before')
    await log.append(world.subject('a'), buffer)
    buffer.fill(0)
    assert.equal(text(await log.last(world.subject('a'))), 'before')
  },
  'a log that is not there can only be opened with options': async (world) => {
    await rejects(world.transport.log(world.name('log')), 'LOG_MISSING')
    await world.log()
    const log = await world.transport.log(world.name('log'))
    assert.equal((await log.append(world.subject('a'), bytes(''))).sequence, 1)
    assert.equal(log.name, world.name('log'))
  },
  'opening a log again with the same options gives the same log': async (world) => {
    const other = await world.connect()
    const log = await world.log({ maxMessages: 10, discard: 'new' })
    await log.append(world.subject('a'), bytes('x'))
    const same = await world.log({ maxMessages: 10, discard: 'new' }, other)
    assert.equal(text(await same.last(world.subject('a'))), 'x')
    assert.equal((await same.append(world.subject('a'), bytes('y'))).sequence, 2)
    assert.equal((await log.info()).messages, 2)
  },
  'opening a log with other options is refused': async (world) => {
    await world.log({ maxMessages: 10 })
    await rejects(world.log({ maxMessages: 11 }), 'LOG_MISMATCH')
    await rejects(world.log(), 'LOG_MISMATCH')
    const elsewhere = { maxMessages: 10, subjects: [world.subject('other')] }
    await rejects(world.log(elsewhere), 'LOG_MISMATCH')
  },
  'a name that cannot travel is a TypeError': async (world) => {
    const options = { subjects: ['a'] }
    for (const name of ['', 'a.b', 'a b', 'a*', 'ä', 'x'.repeat(129)]) {
      await rejectsAs(world.transport.log(name, options), TypeError)
    }
  },
  'options that make no sense are refused by name': async (world) => {
    await rejectsAs(world.log({ subjects: [] }), TypeError)
    await rejects(world.log({ subjects: ['a..b'] }), 'SUBJECT_INVALID')
    await rejectsAs(world.log({ maxMessages: 0 }), RangeError)
    await rejectsAs(world.log({ maxBytes: -1 }), RangeError)
    await rejectsAs(world.log({ maxAgeMs: 10 }), RangeError)
    await rejectsAs(world.log({ maxAgeMs: 1000, dedupWindowMs: 2000 }), RangeError)
    await rejects(world.transport.log(world.name('log')), 'LOG_MISSING')
  },
  'append does not reach subscribers and publish does not reach logs': async (world) => {
    const log = await world.log()
    const { reader } = await world.subscribe(world.subject('>'))
    await log.append(world.subject('a'), bytes('kept'))
    world.transport.publish(world.subject('a'), bytes('passing'))
    assert.equal(text(await reader.next()), 'passing')
    assert.deepEqual(texts(await world.read(log.read()).all()), ['kept'])
  },
  'two logs may hold the same subjects and stay apart': async (world) => {
    const options = { subjects: [world.subject('>')] }
    const first = await world.transport.log(world.name('one'), options)
    const second = await world.transport.log(world.name('two'), options)
    await first.append(world.subject('a'), bytes('1'))
    await second.append(world.subject('a'), bytes('2'))
    assert.deepEqual(texts(await world.read(first.read()).all()), ['1'])
    assert.deepEqual(texts(await world.read(second.read()).all()), ['2'])
  },
  'a known message id adds nothing and answers with the first sequence': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('first'), { messageId: 'm1' })
    await log.append(world.subject('a'), bytes('other'), { messageId: 'm2' })
    const again = await log.append(world.subject('a'), bytes('again'), { messageId: 'm1' })
    assert.deepEqual(again, { sequence: 1, duplicate: true })
    assert.deepEqual(texts(await world.read(log.read()).all()), ['first', 'other'])
  },
  'of concurrent appends with one message id only one is added': async (world) => {
    const other = await world.connect()
    const log = await world.log()
    const view = await world.log({}, other)
    const results = await Promise.all(
      range(0, 19).map((n) =>
        (n % 2 ? log : view).append(world.subject('a'), bytes(''), { messageId: 'once' }),
      ),
    )
    assert.equal(results.filter((result) => result.duplicate === false).length, 1)
    assert.deepEqual([...new Set(results.map((result) => result.sequence))], [1])
  },
  'a message id is forgotten after the dedup window': async (world) => {
    const log = await world.log({ dedupWindowMs: 100 })
    const options = { messageId: 'm1' }
    await log.append(world.subject('a'), bytes('1'), options)
    assert.equal((await log.append(world.subject('a'), bytes('2'), options)).duplicate, true)
    await world.elapse(400)
    const later = await log.append(world.subject('a'), bytes('3'), options)
    assert.deepEqual(later, { sequence: 2, duplicate: false })
  },
  'a message id that cannot travel is a TypeError': async (world) => {
    const log = await world.log()
    for (const messageId of ['', ' a', 'a\n', 'x'.repeat(513)]) {
      await rejectsAs(log.append(world.subject('a'), bytes(''), { messageId }), TypeError)
    }
  },
  'an append expecting the last sequence wins or conflicts': async (world) => {
    const log = await world.log()
    const at = (expectedLastSequence: number) =>
      log.append(world.subject('a'), bytes(''), { expectedLastSequence })
    assert.equal((await at(0)).sequence, 1)
    assert.equal((await at(1)).sequence, 2)
    const error = await rejects(at(1), 'LOG_CONFLICT')
    assert.equal(error.actual, 2)
    await rejects(at(3), 'LOG_CONFLICT')
    assert.equal((await log.info()).lastSequence, 2)
  },
  'an append expecting the last sequence of its subject wins or conflicts': async (world) => {
    const log = await world.log()
    const at = (name: string, expectedLastSubjectSequence: number) =>
      log.append(world.subject(name), bytes(''), { expectedLastSubjectSequence })
    assert.equal((await at('a', 0)).sequence, 1)
    assert.equal((await at('b', 0)).sequence, 2)
    assert.equal((await at('a', 1)).sequence, 3)
    const error = await rejects(at('a', 1), 'LOG_CONFLICT')
    assert.equal(error.actual, 3)
    await rejects(at('b', 0), 'LOG_CONFLICT')
  },
  'of concurrent appends with one expectation exactly one wins': async (world) => {
    const log = await world.log()
    const outcomes = await Promise.allSettled(
      range(1, 20).map(() =>
        log.append(world.subject('a'), bytes(''), { expectedLastSubjectSequence: 0 }),
      ),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await log.info()).messages, 1)
  },
  'a repeated append is a duplicate even where its expectation no longer holds': async (world) => {
    const log = await world.log()
    const options = { messageId: 'm1', expectedLastSequence: 0 }
    await log.append(world.subject('a'), bytes(''), options)
    const again = await log.append(world.subject('a'), bytes(''), options)
    assert.deepEqual(again, { sequence: 1, duplicate: true })
  },
  'an append that was refused does not use up its message id': async (world) => {
    const log = await world.log()
    const messageId = 'm1'
    await rejects(
      log.append(world.subject('a'), bytes(''), { messageId, expectedLastSequence: 7 }),
      'LOG_CONFLICT',
    )
    const retried = await log.append(world.subject('a'), bytes(''), { messageId })
    assert.deepEqual(retried, { sequence: 1, duplicate: false })
  },
  'an expectation that is no sequence is a RangeError': async (world) => {
    const log = await world.log()
    for (const expectedLastSequence of [-1, 1.5, Number.NaN]) {
      const appended = log.append(world.subject('a'), bytes(''), { expectedLastSequence })
      await rejectsAs(appended, RangeError)
    }
  },
}
