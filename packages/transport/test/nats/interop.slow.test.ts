import type { Transport } from '@ashlar/transport'
import { nats } from '@ashlar/transport/nats'
import { NatsServer } from '@ashlar/transport/testing'
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (payload: Uint8Array | undefined): string => new TextDecoder().decode(payload)

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

describe("beside NATS's own clients", () => {
  let server: NatsServer
  let theirs: NatsConnection
  let ours: Transport
  beforeAll(async () => {
    server = await NatsServer.start()
    theirs = await connect({ servers: server.url })
    ours = await nats({ servers: server.url })
  })
  afterAll(async () => {
    await ours.close()
    await theirs.close()
    await server.close()
  })

  test('a bucket made here is read and written there, with history and deletes', async () => {
    const kv = await ours.kv('made-here', { history: 5 })
    const other = await new Kvm(theirs).open('made-here')
    const first = await kv.put('a.b', bytes('1'))
    expect((await other.get('a.b'))?.string()).toBe('1')
    const second = await other.update('a.b', '2', first)
    expect(text((await kv.get('a.b'))?.value)).toBe('2')
    await kv.delete('a.b', { revision: second })
    expect((await other.get('a.b'))?.operation).toBe('DEL')
    await other.create('a.b', '3')
    const lines = (await collect(kv.history('a.b'))).map((entry) => entry.operation)
    expect(lines).toEqual(['put', 'put', 'delete', 'put'])
  })

  test('a bucket made there opens here, and a purge there is a delete here', async () => {
    const other = await new Kvm(theirs).create('made-there', { history: 3 })
    await other.put('k', 'v')
    const kv = await ours.kv('made-there', { history: 3 })
    expect(text((await kv.get('k'))?.value)).toBe('v')
    await other.purge('k')
    expect(await kv.get('k')).toBeUndefined()
    expect(await collect(kv.keys())).toEqual([])
    expect(await kv.create('k', bytes('again'))).toBe(3)
  })

  test('a log is a stream that others can consume, headers and message id included', async () => {
    const log = await ours.log('orders', { subjects: ['orders.>'], maxMessages: 100 })
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
    await log.append('orders.tea', bytes('2 cups'), { headers, messageId: 'm1' })
    const manager = await jetstreamManager(theirs)
    await manager.consumers.add('LOG_orders', {
      durable_name: 'others',
      ack_policy: AckPolicy.Explicit,
    })
    const consumer = await jetstream(theirs).consumers.get('LOG_orders', 'others')
    const message = await consumer.next()
    expect(message?.subject).toBe('$LOG._.orders.orders.tea')
    expect(message?.string()).toBe('2 cups')
    expect(message?.headers?.get('traceparent')).toBe(headers.traceparent)
    expect(message?.headers?.get('Nats-Msg-Id')).toBe('m1')
  })

  test('a stream of that name that is no log of ours is refused', async () => {
    const manager = await jetstreamManager(theirs)
    await manager.streams.add({ name: 'LOG_foreign', subjects: ['foreign.>'] })
    await expect(ours.log('foreign')).rejects.toMatchObject({ code: 'LOG_MISMATCH' })
  })

  test('messages and requests pass both ways', async () => {
    theirs.subscribe('theirs.echo', {
      callback: (error, message) => {
        if (error === null) message.respond(message.data)
      },
    })
    await theirs.flush()
    expect(text((await ours.request('theirs.echo', bytes('hello'))).payload)).toBe('hello')
    ours.respond('ours.echo', (message) => message.payload)
    await ours.flush()
    expect((await theirs.request('ours.echo', 'hello')).string()).toBe('hello')
  })
})
