import { EventEmitter, on, once } from 'node:events'
import type { Contest, Row } from '@ashlar/bench-kit'
import { createMemoryHub, matchesSubject, memory } from '@ashlar/transport'
import { pumped, rounds } from './rates.ts'

const payload = new Uint8Array(64)
/** Publishes between two turns of the event loop, as a socket would bring them. */
const BURST = 1_000
const IN_FLIGHT = 64
/** A round of 20 ms is over before the collector has come by once. */
const MIN_REQUESTS_MS = 400

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function drainBurst(source: AsyncIterator<unknown>, publish: () => void): Promise<void> {
  for (let n = 0; n < BURST; n += 1) publish()
  for (let n = 0; n < BURST; n += 1) await source.next()
  await nextTurn()
}

function deliveries({ roundMs }: { readonly roundMs: number }): Contest {
  const hub = createMemoryHub()
  const publisher = memory({ hub })
  const subscriber = memory({ hub }).subscribe('orders.*.created')[Symbol.asyncIterator]()
  const emitter = new EventEmitter()
  const events = on(emitter, 'orders.17.created')
  const publish = (): void => publisher.publish('orders.17.created', payload)
  const emit = (): void => void emitter.emit('orders.17.created', payload)
  return {
    ours: () => rounds(roundMs, BURST, () => drainBurst(subscriber, publish)),
    theirs: () => rounds(roundMs, BURST, () => drainBurst(events, emit)),
  }
}

/** Request and reply over an emitter: an answer comes as an event named after the request. */
function emitterRequests(): () => Promise<unknown> {
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  emitter.on('echo', (bytes: Uint8Array, reply: string) => {
    queueMicrotask(() => emitter.emit(reply, bytes))
  })
  let last = 0
  return () => {
    last += 1
    const reply = `reply.${last}`
    const answer = once(emitter, reply)
    emitter.emit('echo', payload, reply)
    return answer
  }
}

function requests(options: { readonly roundMs: number }): Contest {
  const roundMs = Math.max(options.roundMs, MIN_REQUESTS_MS)
  const hub = createMemoryHub()
  const client = memory({ hub })
  memory({ hub }).respond('echo', (message) => message.payload)
  const theirs = emitterRequests()
  return {
    ours: () => pumped(roundMs, IN_FLIGHT, () => client.request('echo', payload)),
    theirs: () => pumped(roundMs, IN_FLIGHT, theirs),
  }
}

function routing({ roundMs }: { readonly roundMs: number }): Contest {
  const transport = memory()
  const patterns = Array.from({ length: 1_000 }, (_, n) => `site.${n}.*.temperature`)
  const subscriptions = patterns.map((pattern) => transport.subscribe(pattern, { maxPending: 1 }))
  const subjects = Array.from({ length: 100 }, (_, n) => `site.${n}.roof.temperature`)
  const heard: unknown[] = []
  const ours = async (): Promise<void> => {
    for (const subject of subjects) transport.publish(subject, payload)
    for (const subscription of subscriptions.slice(0, 100)) heard[0] = subscription.take()
  }
  const theirs = async (): Promise<void> => {
    for (const subject of subjects) {
      for (const pattern of patterns) heard[0] = matchesSubject(pattern, subject)
    }
  }
  return {
    ours: () => rounds(roundMs, subjects.length, ours),
    theirs: () => rounds(roundMs, subjects.length, theirs),
  }
}

export const memoryRows: readonly Row[] = [
  {
    name: 'memory: deliveries to one subscriber',
    unit: 'msg/s',
    peer: 'node:events on()',
    must: 0.5,
    aim: 1,
    notes: 'the emitter matches no patterns and has no bound',
    open: deliveries,
  },
  {
    name: `memory: request/reply, ${IN_FLIGHT} in flight`,
    unit: 'req/s',
    peer: 'node:events once()',
    must: 1,
    aim: 2,
    open: requests,
  },
  {
    name: 'memory: publish past 1,000 wildcards',
    unit: 'msg/s',
    peer: 'matching each pattern',
    must: 10,
    aim: 100,
    open: routing,
  },
]
