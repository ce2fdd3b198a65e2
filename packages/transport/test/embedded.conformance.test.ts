import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@ashlar/codec'
import {
  type EmbeddedHub,
  type EmbeddedTransport,
  embedded,
  openEmbeddedHub,
} from '@ashlar/transport'
import { type ConformanceEnvironment, transportConformance } from '@ashlar/transport/testing'
import { describe, test } from 'vitest'

async function createEnvironment(): Promise<ConformanceEnvironment> {
  const clock = new VirtualClock({ startMs: Date.UTC(2026, 0, 1) })
  const path = await mkdtemp(join(tmpdir(), 'ashlar-embedded-'))
  let hub: EmbeddedHub = await openEmbeddedHub({ path, clock })
  const opened = new Map<unknown, EmbeddedTransport>()
  return {
    connect: async (options) => {
      const transport = await embedded({ hub, ...options })
      opened.set(transport, transport)
      return transport
    },
    elapse: (ms) => clock.advance(ms),
    disconnect: async (transport) => opened.get(transport)?.disconnect(),
    reconnect: async (transport) => opened.get(transport)?.reconnect(),
    restart: async () => {
      await hub.close()
      hub = await openEmbeddedHub({ path, clock })
    },
    close: async () => {
      await hub.close()
      await rm(path, { recursive: true })
    },
  }
}

describe('embedded', () => {
  transportConformance({
    suite: { describe, test },
    factory: createEnvironment,
    features: { disconnects: true, restarts: true },
  })
})
