import type { Contest, Row } from '@ashlar/bench-kit'
import type { Log } from '@ashlar/transport'
import { nats } from '@ashlar/transport/nats'
import { NatsServer } from '@ashlar/transport/testing'
import { AckPolicy, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { pumped, rounds } from './rates.ts'

const payload = new Uint8Array(128).fill(7)
/** Publishes before the subscriber is asked whether it has them. */
const BURST = 1_000
const STORED = 20_000
const PEER = '@nats-io client'

/** A real server, and a connection of each to it. */
async function arena() {
  const server = await NatsServer.start()
  const ours = await nats({ servers: server.url })
  const theirs = await connect({ servers: server.url })
  return {
    ours,
    theirs,
    async close(): Promise<void> {
      await ours.close()
      await theirs.close()
      await server.close()
    },
  }
}

async function burst(
  source: AsyncIterable<unknown>,
  publish: () => void,
): Promise<() => Promise<void>> {
  const messages: AsyncIterator<unknown> = source[Symbol.asyncIterator]()
  return async () => {
    for (let n = 0; n < BURST; n += 1) publish()
    for (let n = 0; n < BURST; n += 1) await messages.next()
  }
}

async function publishing({ roundMs }: { readonly roundMs: number }): Promise<Contest> {
  const { ours, theirs, close } = await arena()
  const own = await burst(ours.subscribe('ours'), () => ours.publish('ours', payload))
  const other = await burst(theirs.subscribe('theirs'), () => theirs.publish('theirs', payload))
  return {
    ours: () => rounds(roundMs, BURST, own),
    theirs: () => rounds(roundMs, BURST, other),
    close,
  }
}

async function asking({ roundMs }: { readonly roundMs: number }): Promise<Contest> {
  const { ours, theirs, close } = await arena()
  ours.respond('ours', (message) => message.payload)
  theirs.subscribe('theirs', { callback: (_, message) => void message.respond(message.data) })
  await Promise.all([ours.flush(), theirs.flush()])
  return {
    ours: () => pumped(roundMs, 64, () => ours.request('ours', payload)),
    theirs: () => pumped(roundMs, 64, () => theirs.request('theirs', payload)),
    close,
  }
}

async function appending({ roundMs }: { readonly roundMs: number }): Promise<Contest> {
  const { ours, theirs, close } = await arena()
  const log = await ours.log('ours', { subjects: ['ours'] })
  const manager = await jetstreamManager(theirs)
  await manager.streams.add({ name: 'theirs', subjects: ['theirs'] })
  const stream = jetstream(theirs)
  return {
    ours: () => pumped(roundMs, 256, () => log.append('ours', payload)),
    theirs: () => pumped(roundMs, 256, () => stream.publish('theirs', payload)),
    close,
  }
}

async function consumeOurs(log: Log): Promise<number> {
  const start = performance.now()
  const consumer = await log.consume()
  const acknowledged: Promise<void>[] = []
  for await (const delivery of consumer) {
    acknowledged.push(delivery.ack())
    if (acknowledged.length === STORED) break
  }
  await Promise.all(acknowledged)
  return (STORED * 1_000) / (performance.now() - start)
}

function consuming(acknowledge: (message: JsMsg) => unknown): Row['open'] {
  return async (): Promise<Contest> => {
    const { ours, theirs, close } = await arena()
    const log = await ours.log('ours', { subjects: ['ours'] })
    await Promise.all(Array.from({ length: STORED }, () => log.append('ours', payload)))
    const manager = await jetstreamManager(theirs)
    return {
      ours: () => consumeOurs(log),
      async theirs() {
        const start = performance.now()
        const { name } = await manager.consumers.add('LOG_ours', {
          ack_policy: AckPolicy.Explicit,
          max_ack_pending: 256,
        })
        const consumer = await jetstream(theirs).consumers.get('LOG_ours', name)
        const acknowledged: unknown[] = []
        for await (const message of await consumer.consume({ max_messages: 256 })) {
          acknowledged.push(acknowledge(message))
          if (acknowledged.length === STORED) break
        }
        await Promise.all(acknowledged)
        await theirs.flush()
        return (STORED * 1_000) / (performance.now() - start)
      },
      close,
    }
  }
}

const common = { peer: PEER, must: 0.95, aim: 1 } as const

export const natsRows: readonly Row[] = [
  { name: 'nats: publish to one subscriber', unit: 'msg/s', ...common, open: publishing },
  { name: 'nats: request/reply, 64 in flight', unit: 'req/s', ...common, open: asking },
  { name: 'nats: append, 256 in flight', unit: 'op/s', ...common, open: appending },
  {
    name: 'nats: consume, acknowledgements confirmed',
    unit: 'msg/s',
    ...common,
    rounds: 7,
    open: consuming((message) => message.ackAck()),
  },
  {
    name: 'nats: consume, against unconfirmed',
    unit: 'msg/s',
    ...common,
    must: 0.95,
    aim: 1.2,
    rounds: 7,
    notes: 'ours are confirmed, those of the client are not',
    open: consuming((message) => message.ack()),
  },
]
