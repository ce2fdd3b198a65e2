import { VirtualClock } from '@ashlar/codec'
import { createMemoryHub, type Log, memory, type Transport } from '@ashlar/transport'
import { transportConformance } from '@ashlar/transport/testing'
import { expect, test } from 'vitest'

/** Makes a transport break one promise. */
type Fault = (transport: Transport) => Partial<Transport>

function withOverrides<T extends object>(target: T, overrides: Partial<T>): T {
  return new Proxy(target, {
    get(object, property) {
      const source = property in overrides ? overrides : object
      const value: unknown = Reflect.get(source, property, source)
      return typeof value === 'function' ? value.bind(source) : value
    },
  })
}

function casesFor(fault: Fault): Map<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>()
  let group = ''
  transportConformance({
    suite: {
      describe: (name, body) => {
        group = name
        body()
      },
      test: (name, body) => cases.set(`${group}: ${name}`, body),
    },
    features: { disconnects: false, restarts: false },
    factory: async () => {
      const clock = new VirtualClock()
      const hub = createMemoryHub({ clock })
      return {
        connect: async () => {
          const transport = memory({ hub, clock })
          return withOverrides<Transport>(transport, fault(transport))
        },
        elapse: (ms) => clock.advance(ms),
        close: async () => {},
      }
    },
  })
  return cases
}

const brokenLog =
  (change: (log: Log) => Partial<Log>): Fault =>
  (transport) => ({
    log: async (name, options) => {
      const log = await transport.log(name, options)
      return withOverrides(log, change(log))
    },
  })

const faults: readonly (readonly [name: string, fault: Fault, caught: string])[] = [
  [
    'delivers twice',
    (transport) => ({
      publish: (...args) => {
        transport.publish(...args)
        transport.publish(...args)
      },
    }),
    'queue groups and slow consumers: each message goes to exactly one member of a group',
  ],
  [
    'loses headers',
    (transport) => ({ publish: (subject, payload) => transport.publish(subject, payload) }),
    'headers: headers arrive with the message',
  ],
  [
    'forgets message ids',
    brokenLog((log) => ({ append: (subject, payload) => log.append(subject, payload) })),
    'logs: a known message id adds nothing and answers with the first sequence',
  ],
  [
    'reads past the limit',
    brokenLog((log) => ({ read: (options) => log.read({ ...options, limit: undefined }) })),
    'logs: reading can be limited',
  ],
  [
    'ignores the bound of messages in flight',
    brokenLog((log) => ({
      consume: (options) => log.consume({ ...options, maxInFlight: undefined }),
    })),
    'redelivery: no more than the allowed messages are in flight',
  ],
  [
    'overwrites without comparing',
    (transport) => ({
      kv: async (bucket, options) => {
        const kv = await transport.kv(bucket, options)
        return withOverrides(kv, { update: (key, value) => kv.put(key, value) })
      },
    }),
    'key-value: of concurrent updates of one revision exactly one wins',
  ],
  [
    'gives a held lease to everybody',
    (transport) => ({
      lease: (bucket, key, options) =>
        transport.lease(bucket, `${key}-${Math.random()}`.replace('0.', ''), options),
    }),
    'leases: a key that is held gives none',
  ],
  [
    'answers a void with silence',
    (transport) => ({
      request: (subject, payload, options) => {
        transport.subscribe(subject)
        return transport.request(subject, payload, { ...options, timeoutMs: 1e9 })
      },
    }),
    'request and respond: a request that nobody answers times out',
  ],
]

test.each(faults)('the suite notices a transport that %s', async (_, fault, caught) => {
  const broken = casesFor(fault).get(caught)
  expect(broken, 'the case is there').toBeDefined()
  await expect(broken?.()).rejects.toThrow()
  await expect(casesFor(() => ({})).get(caught)?.()).resolves.toBeUndefined()
})

test('the suite has at least 120 guarantees', () => {
  expect(casesFor(() => ({})).size).toBeGreaterThanOrEqual(120)
})

test.each([
  ['anew when the process stood still meanwhile', 100, 2],
  ['once when it did not', 0, 1],
])('what fails in real time is run %s', async (_, stallMs, expected) => {
  let runs = 0
  let firstCase: (() => Promise<void>) | undefined
  transportConformance({
    suite: {
      describe: (name, body) => {
        if (name === 'drain and close') body()
      },
      test: (_name, body) => {
        firstCase ??= body
      },
    },
    features: { disconnects: false, restarts: false },
    factory: async () => {
      runs += 1
      const broken = runs === 1
      const until = performance.now() + (broken ? stallMs : 0)
      while (performance.now() < until); // nothing else runs
      return {
        connect: async () =>
          withOverrides<Transport>(memory(), broken ? { supports: 0 as never } : {}),
        close: async () => {},
      }
    },
  })
  const outcome = await firstCase?.().then(
    () => 'held',
    () => 'failed',
  )
  expect([outcome, runs]).toEqual([expected === 2 ? 'held' : 'failed', expected])
})
