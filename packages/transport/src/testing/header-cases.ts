import assert from 'node:assert/strict'
import type { Headers } from '../message/message.ts'
import { bytes, rejects, text, throws } from './checks.ts'
import type { Cases, World } from './world.ts'

async function roundTrip(world: World, headers: Headers | undefined): Promise<Headers> {
  const { reader } = await world.subscribe(world.subject('a'))
  world.transport.publish(world.subject('a'), bytes('x'), { headers })
  return (await reader.next()).headers
}

/** Headers on messages, requests and logs. */
export const headerCases: Cases = {
  'headers arrive with the message': async (world) => {
    const headers = await roundTrip(world, { traceparent: '00-ab-cd-01', 'content-type': 'x/y' })
    assert.equal(headers['traceparent'], '00-ab-cd-01')
    assert.equal(headers['content-type'], 'x/y')
    assert.equal(Object.keys(headers).length, 2)
  },
  'a message without headers has an empty record of them': async (world) => {
    assert.deepEqual(Object.keys(await roundTrip(world, undefined)), [])
    assert.deepEqual(Object.keys(await roundTrip(world, {})), [])
  },
  'header names keep their case': async (world) => {
    const headers = await roundTrip(world, { 'X-Mixed-Case': '1', lower: '2' })
    assert.deepEqual(Object.keys(headers).toSorted(), ['X-Mixed-Case', 'lower'])
  },
  'header values may be empty, hold colons and letters beyond ASCII': async (world) => {
    const headers = await roundTrip(world, { empty: '', colon: 'a: b:c', wide: 'größe 日本' })
    assert.deepEqual({ ...headers }, { empty: '', colon: 'a: b:c', wide: 'größe 日本' })
  },
  'a header may be called like a property of objects': async (world) => {
    const headers = await roundTrip(world, JSON.parse('{"__proto__":"a","constructor":"b"}'))
    assert.deepEqual(Object.keys(headers).toSorted(), ['__proto__', 'constructor'])
    assert.equal(headers['constructor'], 'b')
    assert.equal(headers['toString'], undefined)
  },
  'changing the headers after publishing does not change the message': async (world) => {
    const headers = { kind: 'before' }
    const { reader } = await world.subscribe(world.subject('a'))
    world.transport.publish(world.subject('a'), bytes('x'), { headers })
    headers.kind = 'after'
    assert.equal((await reader.next()).headers['kind'], 'before')
  },
  'a header value that cannot travel is a TypeError': async (world) => {
    for (const value of ['a\nb', 'a\r\nb', 'a\u0000', ' a', 'a ']) {
      assert.throws(
        () => world.transport.publish(world.subject('a'), bytes('x'), { headers: { h: value } }),
        TypeError,
      )
    }
  },
  'a header name that cannot travel is a TypeError': async (world) => {
    for (const name of ['', 'a b', 'a:b', 'a\n', 'ä']) {
      assert.throws(
        () => world.transport.publish(world.subject('a'), bytes('x'), { headers: { [name]: '1' } }),
        TypeError,
      )
    }
  },
  'header names of the driver are a TypeError': async (world) => {
    for (const name of ['Nats-Msg-Id', 'nats-expected-stream', 'KV-Operation']) {
      assert.throws(
        () => world.transport.publish(world.subject('a'), bytes('x'), { headers: { [name]: '1' } }),
        TypeError,
      )
    }
  },
  'more header bytes than supported are refused': async (world) => {
    const headers = { h: 'x'.repeat(world.transport.supports.maxHeaderBytes) }
    const options = { headers }
    throws(
      () => world.transport.publish(world.subject('a'), bytes('x'), options),
      'PAYLOAD_TOO_LARGE',
    )
    await rejects(
      world.transport.request(world.subject('a'), bytes('x'), options),
      'PAYLOAD_TOO_LARGE',
    )
  },
  'the largest headers and the largest payload travel together': async (world) => {
    const { maxHeaderBytes, maxPayloadBytes } = world.transport.supports
    const { reader } = await world.subscribe(world.subject('a'))
    const headers = { h: 'x'.repeat(maxHeaderBytes - 1) }
    world.transport.publish(world.subject('a'), new Uint8Array(maxPayloadBytes), { headers })
    const message = await reader.next()
    assert.equal(message.headers['h']?.length, maxHeaderBytes - 1)
    assert.equal(message.payload.byteLength, maxPayloadBytes)
  },
  'headers of a request reach its handler': async (world) => {
    world.transport.respond(world.subject('a'), (message) => bytes(message.headers['k'] ?? 'none'))
    await world.transport.flush()
    const options = { headers: { k: 'v' } }
    assert.equal(text(await world.transport.request(world.subject('a'), bytes(''), options)), 'v')
  },
  'headers are kept with the message of a log': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('x'), { headers: { k: 'v', 'Other-K': 'w' } })
    const [read] = await world.read(log.read()).all()
    assert.deepEqual({ ...read?.headers }, { k: 'v', 'Other-K': 'w' })
    const delivery = await world.read(await log.consume()).next()
    assert.deepEqual({ ...delivery.headers }, { k: 'v', 'Other-K': 'w' })
    assert.equal((await log.last(world.subject('a')))?.headers['k'], 'v')
  },
  'the message id is not shown among the headers': async (world) => {
    const log = await world.log()
    await log.append(world.subject('a'), bytes('x'), { messageId: 'm1', headers: { k: 'v' } })
    const [read] = await world.read(log.read()).all()
    assert.deepEqual(Object.keys(read?.headers ?? {}), ['k'])
  },
}
