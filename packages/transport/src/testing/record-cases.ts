import assert from 'node:assert/strict'
import { createRecordCodec } from '@ashlar/codec'
import { createRecordWire, type RecordWire } from '../record/record-wire.ts'
import { VERSION_HEADER } from '../record/wire-version.ts'
import { throws } from './checks.ts'
import type { Cases } from './world.ts'

interface Order {
  readonly cups: number
  readonly of: string
}

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const ORDER: Order = { cups: 2, of: 'tea' }

/** Version 1 had no kind; major and codec agree, as they should. */
function orders(version: string): RecordWire<Order> {
  const upgrade = { 1: (old: { readonly cups: number }) => ({ ...old, of: 'tea' }) }
  const codec =
    Number.parseInt(version, 10) === 1
      ? createRecordCodec<Order>({ version: 1 })
      : createRecordCodec<Order>({ version: 2, upgrade })
  return createRecordWire({ codec, version })
}

const sender = orders('2.1')

/** Records of a codec with headers for version and trace context, by every way of a transport. */
export const recordCases: Cases = {
  'a record travels in a message with its version and trace': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    const context = { traceparent: TRACE, tracestate: 'vendor=1', headers: { tenant: 'a' } }
    const { payload, headers } = sender.encode(ORDER, context)
    world.transport.publish(world.subject('a'), payload, { headers })
    const message = await reader.next()
    assert.equal(message.headers['tenant'], 'a')
    assert.deepEqual(orders('2').decode(message), {
      value: ORDER,
      version: { major: 2, minor: 1 },
      traceparent: TRACE,
      tracestate: 'vendor=1',
    })
  },
  'a record travels in a request, and another one in its answer': async (world) => {
    world.transport.respond(world.subject('double'), (message) => {
      const { value } = sender.decode(message)
      return sender.encode({ ...value, cups: value.cups * 2 }).payload
    })
    await world.transport.flush()
    const { payload, headers } = sender.encode(ORDER)
    const answer = await world.transport.request(world.subject('double'), payload, { headers })
    assert.deepEqual(sender.decode({ payload: answer.payload, headers }).value, {
      cups: 4,
      of: 'tea',
    })
  },
  'a record keeps version and trace in a log, for readers and consumers': async (world) => {
    const log = await world.log()
    const { payload, headers } = sender.encode(ORDER, { traceparent: TRACE })
    await log.append(world.subject('a'), payload, { headers })
    const [read, delivered] = [
      await world.read(log.read()).next(),
      await world.read(await log.consume()).next(),
    ]
    for (const message of [read, delivered]) {
      const { value, version, traceparent } = sender.decode(message)
      assert.deepEqual(
        { value, version, traceparent },
        {
          value: ORDER,
          version: { major: 2, minor: 1 },
          traceparent: TRACE,
        },
      )
    }
    await delivered.ack()
  },
  'a record of a newer major version is refused, one of a newer minor version is not': async (
    world,
  ) => {
    const { reader } = await world.subscribe(world.subject('a'))
    const { payload } = sender.encode(ORDER)
    for (const version of ['3', '3.0', '2.9', '2']) {
      world.transport.publish(world.subject('a'), payload, {
        headers: { [VERSION_HEADER]: version },
      })
    }
    for (let newer = 0; newer < 2; newer += 1) {
      const message = await reader.next()
      throws(() => sender.decode(message), 'VERSION_UNSUPPORTED')
    }
    for (let known = 0; known < 2; known += 1) {
      assert.deepEqual(sender.decode(await reader.next()).value, ORDER)
    }
  },
  'a record without a version is of version 1, and upgraded': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    const { payload } = orders('1').encode({ cups: 3 } as Order)
    world.transport.publish(world.subject('a'), payload)
    const { value, version, traceparent } = sender.decode(await reader.next())
    assert.deepEqual(value, { cups: 3, of: 'tea' })
    assert.deepEqual([version, traceparent], [{ major: 1, minor: 0 }, undefined])
  },
  'a version that is none is refused, a trace that is none is left out': async (world) => {
    const { reader } = await world.subscribe(world.subject('a'))
    const { payload } = sender.encode(ORDER)
    for (const version of ['', 'two', '0', '2.', '-1', '2.1.0']) {
      world.transport.publish(world.subject('a'), payload, {
        headers: { [VERSION_HEADER]: version },
      })
      const message = await reader.next()
      throws(() => sender.decode(message), 'VERSION_UNSUPPORTED')
    }
    const headers = { [VERSION_HEADER.toLowerCase()]: '2', traceparent: '00-zz', tracestate: 'a=b' }
    world.transport.publish(world.subject('a'), payload, { headers })
    const { version, traceparent, tracestate } = sender.decode(await reader.next())
    assert.deepEqual([version.major, traceparent, tracestate], [2, undefined, undefined])
  },
}
