import assert from 'node:assert/strict'
import { bytes, range, rejects, text, texts } from './checks.ts'
import { isSettled, soon } from './reader.ts'
import type { Cases } from './world.ts'

/** Request and respond. */
export const requestCases: Cases = {
  'a request gets what the handler returns': async (world) => {
    world.transport.respond(world.subject('add'), ({ payload }) => bytes(`${payload.length}!`))
    await world.transport.flush()
    const answer = await world.transport.request(world.subject('add'), bytes('four'))
    assert.equal(text(answer), '4!')
  },
  'a handler may take its time': async (world) => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    world.transport.respond(world.subject('a'), () => promise)
    await world.transport.flush()
    const answer = world.transport.request(world.subject('a'), bytes(''))
    await world.elapse(20)
    resolve(bytes('late'))
    assert.equal(text(await soon(answer, 'the answer')), 'late')
  },
  'a handler on another connection answers': async (world) => {
    const other = await world.connect()
    other.respond(world.subject('a'), () => bytes('other'))
    await other.flush()
    assert.equal(text(await world.transport.request(world.subject('a'), bytes(''))), 'other')
  },
  'requests in flight get each their own answer': async (world) => {
    const other = await world.connect()
    other.respond(world.subject('echo'), async ({ payload }) => payload)
    await other.flush()
    const wanted = range(1, 300).map(String)
    const answers = await Promise.all(
      wanted.map((n) => world.transport.request(world.subject('echo'), bytes(n))),
    )
    assert.deepEqual(texts(answers), wanted)
  },
  'an empty answer is an answer': async (world) => {
    world.transport.respond(world.subject('a'), () => new Uint8Array(0))
    await world.transport.flush()
    const answer = await world.transport.request(world.subject('a'), bytes('x'))
    assert.equal(answer.payload.byteLength, 0)
  },
  'a request that nobody is subscribed to fails at once': async (world) => {
    await rejects(world.transport.request(world.subject('void'), bytes('')), 'NO_RESPONDERS')
  },
  'a request that nobody answers times out': async (world) => {
    await world.subscribe(world.subject('mute'))
    const options = { timeoutMs: 100 }
    const answer = world.transport.request(world.subject('mute'), bytes(''), options)
    const outcome = rejects(answer, 'TIMEOUT')
    assert.equal(await isSettled(outcome, () => world.elapse(50)), false)
    await world.elapse(100)
    await outcome
  },
  'requests with different timeouts end each in its time': async (world) => {
    await world.subscribe(world.subject('mute'))
    const ended: number[] = []
    const asked = [300, 80, 190].map(async (timeoutMs) => {
      await rejects(
        world.transport.request(world.subject('mute'), bytes(''), { timeoutMs }),
        'TIMEOUT',
      )
      ended.push(timeoutMs)
    })
    await world.elapse(350)
    await Promise.all(asked)
    assert.deepEqual(ended, [80, 190, 300])
  },
  'an answer after the timeout is dropped and harms nothing': async (world) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let calls = 0
    world.transport.respond(world.subject('slow'), async () => {
      calls += 1
      if (calls === 1) await promise
      return bytes(`call ${calls}`)
    })
    await world.transport.flush()
    const first = rejects(
      world.transport.request(world.subject('slow'), bytes(''), { timeoutMs: 60 }),
      'TIMEOUT',
    )
    await world.elapse(80)
    await first
    resolve()
    assert.equal(text(await world.transport.request(world.subject('slow'), bytes(''))), 'call 2')
  },
  'aborting the signal ends the wait with its reason as the cause': async (world) => {
    await world.subscribe(world.subject('mute'))
    const controller = new AbortController()
    const { signal } = controller
    const answer = world.transport.request(world.subject('mute'), bytes(''), { signal })
    const outcome = rejects(answer, 'ABORTED')
    controller.abort('enough')
    assert.equal((await outcome).cause, 'enough')
  },
  'a signal aborted before sends nothing': async (world) => {
    const { reader } = await world.subscribe(world.subject('mute'))
    const signal = AbortSignal.abort()
    await rejects(world.transport.request(world.subject('mute'), bytes(''), { signal }), 'ABORTED')
    await reader.quiet()
  },
  'what a handler throws reaches the requester, and the handler lives on': async (world) => {
    let calls = 0
    world.transport.respond(world.subject('a'), () => {
      calls += 1
      if (calls === 1) throw new Error('no such order')
      return bytes('fine')
    })
    await world.transport.flush()
    const error = await rejects(world.transport.request(world.subject('a'), bytes('')), 'REMOTE')
    assert.match(error.message, /no such order/)
    assert.equal(text(await world.transport.request(world.subject('a'), bytes(''))), 'fine')
  },
  'what a handler rejects with reaches the requester': async (world) => {
    world.transport.respond(world.subject('a'), async () => {
      throw new Error('line one\nline two')
    })
    await world.transport.flush()
    const error = await rejects(world.transport.request(world.subject('a'), bytes('')), 'REMOTE')
    assert.match(error.message, /line one line two/)
  },
  'the error of a handler is told to its owner': async (world) => {
    const told: unknown[] = []
    const failure = new Error('broken')
    world.transport.respond(
      world.subject('a'),
      () => {
        throw failure
      },
      { onError: (error) => told.push(error) },
    )
    await world.transport.flush()
    await rejects(world.transport.request(world.subject('a'), bytes('')), 'REMOTE')
    await world.until(() => told.length === 1, 'onError was called')
    assert.equal(told[0], failure)
  },
  'a handler that returns no bytes fails the request': async (world) => {
    const untyped: { respond(subject: string, handler: () => unknown): unknown } = world.transport
    untyped.respond(world.subject('a'), () => 'text')
    await world.transport.flush()
    await rejects(world.transport.request(world.subject('a'), bytes('')), 'REMOTE')
  },
  'an answer that is too large fails the request': async (world) => {
    const size = world.transport.supports.maxPayloadBytes + 1
    world.transport.respond(world.subject('a'), () => new Uint8Array(size))
    await world.transport.flush()
    await rejects(world.transport.request(world.subject('a'), bytes('')), 'REMOTE')
  },
  'a request that is too large is refused': async (world) => {
    const payload = new Uint8Array(world.transport.supports.maxPayloadBytes + 1)
    await rejects(world.transport.request(world.subject('a'), payload), 'PAYLOAD_TOO_LARGE')
  },
  'a request to an invalid subject is refused': async (world) => {
    await rejects(world.transport.request('a..b', bytes('')), 'SUBJECT_INVALID')
    await rejects(world.transport.request('a.*', bytes('')), 'SUBJECT_INVALID')
  },
  'of several answers the first counts': async (world) => {
    const slow = Promise.withResolvers<Uint8Array>()
    world.transport.respond(world.subject('a'), () => slow.promise)
    world.transport.respond(world.subject('a'), () => bytes('quick'))
    await world.transport.flush()
    const answer = await world.transport.request(world.subject('a'), bytes(''))
    slow.resolve(bytes('slow'))
    assert.equal(text(answer), 'quick')
  },
  'a handler on a wildcard sees the subject that was asked': async (world) => {
    world.transport.respond(world.subject('get.*'), ({ subject }) => bytes(subject))
    await world.transport.flush()
    const answer = await world.transport.request(world.subject('get.17'), bytes(''))
    assert.equal(text(answer), world.subject('get.17'))
  },
  'handlers of one queue group share the requests': async (world) => {
    const other = await world.connect()
    const counts = [0, 0]
    for (const [index, transport] of [world.transport, other].entries()) {
      const handler = (): Uint8Array => {
        counts[index] = (counts[index] ?? 0) + 1
        return bytes('ok')
      }
      transport.respond(world.subject('a'), handler, { queue: 'workers' })
      await transport.flush()
    }
    await Promise.all(
      range(1, 200).map(() => world.transport.request(world.subject('a'), bytes(''))),
    )
    assert.equal((counts[0] ?? 0) + (counts[1] ?? 0), 200)
    for (const count of counts) assert.ok(count > 20)
  },
  'a plain subscriber can answer by publishing to the reply subject': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    const answer = world.transport.request(world.subject('a'), bytes('ask'))
    const { reply } = await reader.next()
    assert.ok(reply)
    world.transport.publish(reply, bytes('by hand'))
    assert.equal(text(await soon(answer, 'the answer')), 'by hand')
  },
  'a publisher can name a reply subject of its own': async (world) => {
    world.transport.respond(world.subject('a'), () => bytes('answer'))
    const { reader } = await world.subscribe(world.subject('answers'))
    const reply = world.subject('answers')
    world.transport.publish(world.subject('a'), bytes('ask'), { reply })
    assert.equal(text(await reader.next()), 'answer')
  },
  'a handler also sees messages that want no answer': async (world) => {
    const seen: (string | undefined)[] = []
    world.transport.respond(world.subject('a'), (message) => {
      seen.push(text(message), message.reply)
      return bytes('ignored')
    })
    await world.transport.flush()
    world.transport.publish(world.subject('a'), bytes('note'))
    await world.until(() => seen.length === 2, 'the handler ran')
    assert.deepEqual(seen, ['note', undefined])
  },
  'a stopped responder is no responder': async (world) => {
    const responder = world.transport.respond(world.subject('a'), () => bytes('x'))
    await world.transport.flush()
    await world.transport.request(world.subject('a'), bytes(''))
    await responder.stop()
    await responder.stop()
    await world.transport.flush()
    await rejects(world.transport.request(world.subject('a'), bytes('')), 'NO_RESPONDERS')
  },
  'stopping a responder waits for the handlers that run': async (world) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let started = false
    const responder = world.transport.respond(world.subject('a'), async () => {
      started = true
      await promise
      return bytes('finished')
    })
    await world.transport.flush()
    const answer = world.transport.request(world.subject('a'), bytes(''))
    await world.until(() => started, 'the handler started')
    const stopped = responder.stop()
    assert.equal(await isSettled(stopped, () => world.elapse(20)), false)
    resolve()
    await soon(stopped, 'the end of the responder')
    assert.equal(text(await soon(answer, 'the answer')), 'finished')
  },
  'no more handlers run at a time than allowed': async (world) => {
    let running = 0
    let most = 0
    const gate = Promise.withResolvers<void>()
    const handler = async (): Promise<Uint8Array> => {
      running += 1
      most = Math.max(most, running)
      await gate.promise
      running -= 1
      return bytes('ok')
    }
    world.transport.respond(world.subject('a'), handler, { maxInFlight: 3 })
    await world.transport.flush()
    const answers = range(1, 12).map(() => world.transport.request(world.subject('a'), bytes('')))
    await world.until(() => running === 3, 'three handlers run')
    await world.elapse(20)
    gate.resolve()
    await soon(Promise.all(answers), 'all answers')
    assert.equal(most, 3)
  },
  'an overloaded responder says so at once': async (world) => {
    const gate = Promise.withResolvers<Uint8Array>()
    let started = 0
    const handler = (): Promise<Uint8Array> => {
      started += 1
      return gate.promise
    }
    const options = { maxInFlight: 1, maxPending: 1, onError: () => {} }
    world.transport.respond(world.subject('a'), handler, options)
    await world.transport.flush()
    const running = world.transport.request(world.subject('a'), bytes('1'))
    await world.until(() => started === 1, 'one handler runs')
    const waiting = world.transport.request(world.subject('a'), bytes('2'))
    await rejects(world.transport.request(world.subject('a'), bytes('3')), 'REMOTE')
    gate.resolve(bytes('done'))
    assert.deepEqual(texts(await soon(Promise.all([running, waiting]), 'answers')), [
      'done',
      'done',
    ])
  },
  'a wildcard subscription does not see answers to requests': async (world) => {
    const { reader } = await world.subscribe('>')
    world.transport.respond(world.subject('a'), () => bytes('answer'))
    await world.transport.flush()
    await world.transport.request(world.subject('a'), bytes('ask'))
    world.transport.publish(world.subject('z'), bytes('end'))
    const seen: string[] = []
    while (seen.at(-1) !== world.subject('z')) seen.push((await reader.next()).subject)
    assert.ok(seen.includes(world.subject('a')))
    assert.ok(!seen.some((subject) => subject.startsWith('_INBOX')))
  },
}
