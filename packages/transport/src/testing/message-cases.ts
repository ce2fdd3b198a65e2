import assert from 'node:assert/strict'
import { bytes, plain, range, text, texts, throws } from './checks.ts'
import type { Cases } from './world.ts'

const INVALID_SUBJECTS = ['', '.', 'a.', '.a', 'a..b', 'a b', 'a\tb', 'a\n', 'a\u0000b', '$a.b']
const INVALID_PATTERNS = ['a.>.b', '>.a', 'a*', 'a.*b', 'a.b>', 'a.>>', '_INBOX.>']

/** Publish, subscribe, subjects and wildcards. */
export const messageCases: Cases = {
  'a subscriber gets what is published after it subscribed': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('one'))
    const message = await reader.next()
    assert.equal(message.subject, world.subject('a'))
    assert.equal(text(message), 'one')
    assert.equal(message.reply, undefined)
  },
  'a subscriber does not get what was published before': async (world) => {
    world.transport.publish(world.subject('a'), bytes('early'))
    const { reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('late'))
    assert.equal(text(await reader.next()), 'late')
  },
  'a publish without subscribers is no error': async (world) => {
    world.transport.publish(world.subject('nobody'), bytes('gone'))
    await world.transport.flush()
  },
  'every byte value arrives unchanged': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), Uint8Array.from(range(0, 255)))
    assert.deepEqual(plain((await reader.next()).payload), range(0, 255))
  },
  'an empty payload arrives as an empty payload': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), new Uint8Array(0))
    const { payload } = await reader.next()
    assert.ok(payload instanceof Uint8Array)
    assert.equal(payload.byteLength, 0)
  },
  'a Buffer and a view into a larger buffer travel as just their bytes': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), Buffer.from('buffer'))
    world.transport.publish(world.subject('a'), bytes('--view--').subarray(2, 6))
    assert.deepEqual(texts(await reader.many(2)), ['buffer', 'view'])
  },
  'a payload of exactly the largest size travels': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    const payload = new Uint8Array(world.transport.supports.maxPayloadBytes).fill(7)
    world.transport.publish(world.subject('a'), payload)
    const received = (await reader.next()).payload
    assert.equal(received.byteLength, world.transport.supports.maxPayloadBytes)
    assert.equal(Buffer.compare(received, payload), 0)
  },
  'a payload one byte larger is refused': async (world) => {
    const payload = new Uint8Array(world.transport.supports.maxPayloadBytes + 1)
    throws(() => world.transport.publish(world.subject('a'), payload), 'PAYLOAD_TOO_LARGE')
  },
  'a payload that is not bytes is a TypeError': async (world) => {
    const untyped: { publish(subject: string, payload: unknown): void } = world.transport
    assert.throws(() => untyped.publish(world.subject('a'), 'text'), TypeError)
    assert.throws(() => untyped.publish(world.subject('a'), undefined), TypeError)
  },
  'messages of one publisher arrive in order': async (world) => {
    const other = await world.connect()
    const { reader } = await world.subscribe(world.subject('a'))
    for (const n of range(1, 1000)) other.publish(world.subject('a'), bytes(String(n)))
    assert.deepEqual(texts(await reader.many(1000)), range(1, 1000).map(String))
  },
  'order holds across the subjects of a wildcard subscription': async (world) => {
    const { reader } = await world.subscribe(world.subject('*'))
    for (const n of range(1, 300))
      world.transport.publish(world.subject(`s${n % 7}`), bytes(`${n}`))
    assert.deepEqual(texts(await reader.many(300)), range(1, 300).map(String))
  },
  'every subscriber gets every message': async (world) => {
    const other = await world.connect()
    const first = await world.subscribe(world.subject('a'))
    const second = await world.subscribe(world.subject('a'))
    const third = await world.subscribe(world.subject('a'), other)
    world.transport.publish(world.subject('a'), bytes('x'))
    for (const { reader } of [first, second, third]) assert.equal(text(await reader.next()), 'x')
  },
  'a message reaches other connections': async (world) => {
    const other = await world.connect()
    const { reader } = await world.subscribe(world.subject('a'), other)
    world.transport.publish(world.subject('a'), bytes('over'))
    assert.equal(text(await reader.next()), 'over')
  },
  'a star matches exactly one token': async (world) => {
    const { reader } = await world.subscribe(world.subject('a.*'))
    for (const rest of ['a', 'a.b', 'a.b.c', 'b.b', 'a.c']) {
      world.transport.publish(world.subject(rest), bytes(rest))
    }
    assert.deepEqual(texts(await reader.many(2)), ['a.b', 'a.c'])
    await reader.quiet()
  },
  'a star in the middle matches one token there': async (world) => {
    const { reader } = await world.subscribe(world.subject('a.*.c'))
    for (const rest of ['a.b.c', 'a.c', 'a.b.b.c', 'a.x.c', 'a.x.d']) {
      world.transport.publish(world.subject(rest), bytes(rest))
    }
    assert.deepEqual(texts(await reader.many(2)), ['a.b.c', 'a.x.c'])
    await reader.quiet()
  },
  'a greater-than matches one or more tokens': async (world) => {
    const { reader } = await world.subscribe(world.subject('a.>'))
    for (const rest of ['a', 'a.b', 'a.b.c.d', 'b.a', 'a.z']) {
      world.transport.publish(world.subject(rest), bytes(rest))
    }
    assert.deepEqual(texts(await reader.many(3)), ['a.b', 'a.b.c.d', 'a.z'])
    await reader.quiet()
  },
  'star and greater-than combine': async (world) => {
    const { reader } = await world.subscribe(world.subject('*.x.>'))
    for (const rest of ['a.x.b', 'a.x', 'b.x.c.d', 'a.y.b']) {
      world.transport.publish(world.subject(rest), bytes(rest))
    }
    assert.deepEqual(texts(await reader.many(2)), ['a.x.b', 'b.x.c.d'])
    await reader.quiet()
  },
  'an exact subject matches neither longer nor shorter ones': async (world) => {
    const { reader } = await world.subscribe(world.subject('a.b'))
    for (const rest of ['a', 'a.b.c', 'a.bb', 'a.b']) {
      world.transport.publish(world.subject(rest), bytes(rest))
    }
    assert.equal(text(await reader.next()), 'a.b')
    await reader.quiet()
  },
  'subjects are case-sensitive': async (world) => {
    const { reader } = await world.subscribe(world.subject('Case'))
    world.transport.publish(world.subject('case'), bytes('lower'))
    world.transport.publish(world.subject('Case'), bytes('upper'))
    assert.equal(text(await reader.next()), 'upper')
  },
  'subjects may hold letters beyond ASCII': async (world) => {
    const { reader } = await world.subscribe(world.subject('größe.*'))
    world.transport.publish(world.subject('größe.日本'), bytes('x'))
    assert.equal((await reader.next()).subject, world.subject('größe.日本'))
  },
  'overlapping subscriptions get a message once each': async (world) => {
    const patterns = ['a.b', 'a.*', 'a.>', '*.b']
    const readers = []
    for (const pattern of patterns) readers.push(await world.subscribe(world.subject(pattern)))
    world.transport.publish(world.subject('a.b'), bytes('x'))
    for (const { reader } of readers) {
      assert.equal(text(await reader.next()), 'x')
      await reader.quiet(10)
    }
  },
  'a new subscription counts also for subjects already in use': async (world) => {
    const { reader: first } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('one'))
    assert.equal(text(await first.next()), 'one')
    const { reader: second } = await world.subscribe(world.subject('*'))
    world.transport.publish(world.subject('a'), bytes('two'))
    assert.equal(text(await second.next()), 'two')
    assert.equal(text(await first.next()), 'two')
  },
  'publishing to an invalid subject is refused': async (world) => {
    for (const subject of INVALID_SUBJECTS) {
      throws(() => world.transport.publish(subject, bytes('x')), 'SUBJECT_INVALID')
    }
  },
  'publishing to a wildcard is refused': async (world) => {
    for (const rest of ['a.*', '>', 'a*b']) {
      throws(() => world.transport.publish(world.subject(rest), bytes('x')), 'SUBJECT_INVALID')
    }
  },
  'subscribing to an invalid pattern is refused': async (world) => {
    for (const pattern of [...INVALID_SUBJECTS, ...INVALID_PATTERNS]) {
      throws(() => world.transport.subscribe(pattern), 'SUBJECT_INVALID')
    }
  },
  'a subject longer than 1,024 characters is refused': async (world) => {
    throws(() => world.transport.publish('a'.repeat(1025), bytes('x')), 'SUBJECT_INVALID')
  },
  'unsubscribe stops the flow and ends the iteration': async (world) => {
    const { subscription, reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('one'))
    assert.equal(text(await reader.next()), 'one')
    reader.ask()
    subscription.unsubscribe()
    subscription.unsubscribe()
    world.transport.publish(world.subject('a'), bytes('two'))
    await reader.ended()
    assert.equal(subscription.pending, 0)
  },
  'leaving the loop unsubscribes': async (world) => {
    const subscription = world.transport.subscribe(world.subject('a'))
    await world.transport.flush()
    world.transport.publish(world.subject('a'), bytes('one'))
    for await (const message of subscription) {
      assert.equal(text(message), 'one')
      break
    }
    world.transport.publish(world.subject('a'), bytes('two'))
    await world.transport.flush()
    await world.read(subscription).ended()
  },
  'aborting the signal ends the iteration without an error': async (world) => {
    const { signal, abort } = abortable()
    const { reader } = await world.subscribe(world.subject('a'), world.transport, { signal })
    reader.ask()
    abort()
    await reader.ended()
  },
  'a signal aborted before gives a subscription that has ended': async (world) => {
    const signal = AbortSignal.abort()
    const { reader } = await world.subscribe(world.subject('a'), world.transport, { signal })
    await reader.ended()
  },
  'take hands out what is pending and undefined when nothing is': async (world) => {
    const { subscription } = await world.subscribe(world.subject('a'))
    assert.equal(subscription.take(), undefined)
    for (const name of ['one', 'two']) world.transport.publish(world.subject('a'), bytes(name))
    await world.until(() => subscription.pending === 2, 'two messages are pending')
    assert.equal(text(subscription.take()), 'one')
    assert.equal(subscription.pending, 1)
    assert.equal(text(subscription.take()), 'two')
    assert.equal(subscription.take(), undefined)
  },
  'take and iteration go through the same messages': async (world) => {
    const { subscription, reader } = await world.subscribe(world.subject('a'))
    for (const n of range(1, 4)) world.transport.publish(world.subject('a'), bytes(String(n)))
    await world.until(() => subscription.pending === 4, 'four messages are pending')
    assert.equal(text(await reader.next()), '1')
    assert.equal(text(subscription.take()), '2')
    assert.deepEqual(texts(await reader.many(2)), ['3', '4'])
  },
}

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
