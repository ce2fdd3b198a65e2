import { VirtualClock } from '@ashlar/codec'
import { createMemoryHub, isTransportError, memory } from '@ashlar/transport'
import { expect, test } from 'vitest'

const empty = new Uint8Array(0)

test('requests in flight share one timer, and none is left when all are answered', async () => {
  const clock = new VirtualClock()
  const hub = createMemoryHub()
  const transport = memory({ hub, clock })
  const gate = Promise.withResolvers<Uint8Array>()
  transport.respond('a', () => gate.promise)
  const answers = Array.from({ length: 100 }, () => transport.request('a', empty))
  expect(clock.pendingTimers).toBe(1)
  gate.resolve(empty)
  await Promise.all(answers)
  expect(clock.pendingTimers).toBe(0)
})

test('a request that arrives later times out later, by the same timer', async () => {
  const clock = new VirtualClock()
  const transport = memory({ clock })
  transport.subscribe('mute')
  const ended: string[] = []
  const ask = async (name: string): Promise<void> => {
    await transport.request('mute', empty, { timeoutMs: 100 }).catch((error: unknown) => {
      expect(isTransportError(error, 'TIMEOUT')).toBe(true)
      ended.push(`${name} at ${clock.monotonic()}`)
    })
  }
  const first = ask('first')
  await clock.advance(60)
  const second = ask('second')
  await clock.advance(200)
  await Promise.all([first, second])
  expect(ended).toEqual(['first at 100', 'second at 160'])
  expect(clock.pendingTimers).toBe(0)
})
