import { VirtualClock } from '@ashlar/codec'
import { createMemoryHub, memory } from '@ashlar/transport'
import { expect, test } from 'vitest'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('transports without a common hub do not hear each other', async () => {
  await using a = memory()
  await using b = memory()
  const subscription = b.subscribe('x')
  a.publish('x', bytes('1'))
  expect(subscription.pending).toBe(0)
})

test('the hub counts its open connections', async () => {
  const hub = createMemoryHub()
  const a = memory({ hub })
  const b = memory({ hub })
  expect(hub.connections).toBe(2)
  await a.close()
  expect(hub.connections).toBe(1)
  await b.drain()
  expect(hub.connections).toBe(0)
})

test('what a hub keeps outlives its connections', async () => {
  const hub = createMemoryHub()
  {
    await using first = memory({ hub })
    const log = await first.log('l', { subjects: ['a'] })
    await log.append('a', bytes('kept'))
  }
  await using second = memory({ hub })
  const last = await (await second.log('l')).last('a')
  expect(new TextDecoder().decode(last?.payload)).toBe('kept')
})

test('a hub from elsewhere is a TypeError', () => {
  expect(() => memory({ hub: { connections: 0 } })).toThrow(TypeError)
})

test('options that make no sense are refused by name', () => {
  expect(() => memory({ maxPayloadBytes: 0 })).toThrow(/maxPayloadBytes/)
  expect(() => memory({ maxHeaderBytes: -1 })).toThrow(/maxHeaderBytes/)
  expect(() => memory({ maxOfflineMessages: 1.5 })).toThrow(/maxOfflineMessages/)
})

test('payloads are handed over without a copy', async () => {
  await using transport = memory()
  const subscription = transport.subscribe('x')
  const payload = bytes('same')
  transport.publish('x', payload)
  expect(subscription.take()?.payload).toBe(payload)
})

test('timestamps are those of the hub, also when its wall clock steps back', async () => {
  const clock = new VirtualClock({ startMs: 1_000_000 })
  await using transport = memory({ hub: createMemoryHub({ clock }) })
  const log = await transport.log('l', { subjects: ['a'] })
  await log.append('a', bytes('1'))
  clock.step(-500_000)
  await log.append('a', bytes('2'))
  await clock.advance(600_000)
  await log.append('a', bytes('3'))
  const times: number[] = []
  for await (const { timestampMs } of log.read()) times.push(timestampMs)
  expect(times).toEqual([1_000_000, 1_000_000, 1_100_000])
})

test('messages past their age free their memory without anybody looking', async () => {
  const clock = new VirtualClock()
  await using transport = memory({ clock })
  const log = await transport.log('l', { subjects: ['a'], maxAgeMs: 1_000 })
  await log.append('a', bytes('1'))
  await clock.advance(400)
  await log.append('a', bytes('2'))
  expect(clock.pendingTimers).toBe(1)
  await clock.advance(2_000)
  expect(clock.pendingTimers).toBe(0)
})

test('an open consumer without unsettled messages leaves no timer behind', async () => {
  const clock = new VirtualClock()
  const transport = memory({ clock })
  const log = await transport.log('l', { subjects: ['a'] })
  await log.append('a', bytes('1'))
  for await (const delivery of await log.consume({ durable: 'd' })) {
    expect(delivery.deliveries).toBe(1)
    break
  }
  expect(clock.pendingTimers).toBe(0)
  await transport.close()
})

test('a subscriber that throws within a handler without a requester is heard of', async () => {
  const failures: unknown[] = []
  const listen = (error: unknown): void => void failures.push(error)
  process.once('uncaughtException', listen)
  try {
    await using transport = memory()
    const failure = new Error('nobody else knows')
    transport.respond('a', () => {
      throw failure
    })
    transport.publish('a', bytes(''))
    await new Promise((resolve) => setImmediate(resolve))
    expect(failures).toEqual([failure])
  } finally {
    process.off('uncaughtException', listen)
  }
})
