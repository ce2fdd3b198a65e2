import type { Transport } from '@ashlar/transport'
import { type NatsOptions, nats } from '@ashlar/transport/nats'
import { type ConformanceEnvironment, type NatsServer, TcpLink } from '@ashlar/transport/testing'
import { describe, test } from 'vitest'

/** What an environment is made of. */
export interface NatsEnvironmentOptions {
  /** The server that the connections of one environment go to. */
  readonly server: () => NatsServer
  readonly nats?: NatsOptions
  readonly restart?: () => Promise<void>
  readonly leaseTtlMs?: number
}

/** An environment of real connections, each over a link of its own that can be cut. */
export function natsEnvironment(options: NatsEnvironmentOptions): ConformanceEnvironment {
  const opened = new Map<Transport, TcpLink>()
  const server = options.server()
  const closeAll = async (): Promise<void> => {
    await Promise.all([...opened.keys()].map((transport) => transport.close()))
    await Promise.all([...opened.values()].map((link) => link.close()))
    opened.clear()
  }
  return {
    ...(options.leaseTtlMs === undefined ? {} : { leaseTtlMs: options.leaseTtlMs }),
    connect: async (connectOptions) => {
      const link = await TcpLink.open(server.port)
      const transport = await nats({
        servers: link.url,
        // Only over the link, which can be cut.
        discoverServers: false,
        reconnectMinMs: 5,
        reconnectMaxMs: 20,
        ...options.nats,
        ...connectOptions,
      })
      opened.set(transport, link)
      return transport
    },
    disconnect: async (transport) => {
      await opened.get(transport)?.cut()
      await until(() => transport.state === 'disconnected')
    },
    reconnect: async (transport) => {
      opened.get(transport)?.heal()
      await until(() => transport.state === 'connected')
    },
    restart: async () => {
      await closeAll()
      await options.restart?.()
    },
    close: closeAll,
  }
}

/** Waits for a condition; the test's timeout is the end of all patience. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Cases of a group, or the first and each so-manieth, run side by side, except those that restart the server. */
export function sideBySide(stride = 1): {
  describe(name: string, body: () => void): unknown
  test(name: string, body: () => Promise<void>): unknown
} {
  let group = ''
  let cases = 0
  return {
    describe: (name, body) =>
      describe(name, () => {
        group = name
        cases = 0
        body()
      }),
    test: (name, body) => {
      cases += 1
      if ((cases - 1) % stride !== 0) return
      if (group === 'a restart') test(name, body)
      else test.concurrent(name, body)
    },
  }
}
