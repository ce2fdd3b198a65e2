import { VirtualClock } from '@ashlar/codec'
import { createMemoryHub, type MemoryTransport, memory } from '@ashlar/transport'
import { type ConformanceEnvironment, transportConformance } from '@ashlar/transport/testing'
import { describe, test } from 'vitest'

async function createEnvironment(): Promise<ConformanceEnvironment> {
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 0, 1) })
  const hub = createMemoryHub({ clock })
  const opened = new Map<unknown, MemoryTransport>()
  return {
    connect: async (options) => {
      const transport = memory({ hub, clock, ...options })
      opened.set(transport, transport)
      return transport
    },
    elapse: (ms) => clock.advance(ms),
    disconnect: async (transport) => opened.get(transport)?.disconnect(),
    reconnect: async (transport) => opened.get(transport)?.reconnect(),
    close: async () => {},
  }
}

describe('memory', () => {
  transportConformance({
    suite: { describe, test },
    factory: createEnvironment,
    features: { disconnects: true, restarts: false },
  })
})
