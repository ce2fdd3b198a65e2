// Real servers that are killed, paused and restarted under load. ASHLAR_NATS_ROUNDS sets how often
// (default 1): the long run of a release takes 50.
import assert from 'node:assert/strict'
import { isTransportError, type Transport } from '@ashlar/transport'
import { type NatsOptions, nats } from '@ashlar/transport/nats'
import { NatsCluster, NatsHubWithLeaf, NatsServer } from '@ashlar/transport/testing'
import { describe, expect, test } from 'vitest'
import { until } from './environment.ts'
import { assertComplete, Workers, Writers } from './ledger.ts'

const ROUNDS = Number(process.env['ASHLAR_NATS_ROUNDS'] ?? 1)
const TIMEOUT_MS = 60_000 + ROUNDS * 20_000
/** Appends between two faults. */
const BETWEEN = 100

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (payload: Uint8Array): string => new TextDecoder().decode(payload)

/** Quick to notice, so that the faults and not the waits take the time. */
function connect(options: NatsOptions): Promise<Transport> {
  return nats({
    reconnectMinMs: 10,
    reconnectMaxMs: 100,
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 2_000,
    pingIntervalMs: 500,
    ...options,
  })
}

/** Again where the answer was lost: to open twice is to open once. */
async function opened<T>(open: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (!isTransportError(error, 'UNKNOWN_OUTCOME') && !isTransportError(error, 'TIMEOUT')) {
        throw error
      }
    }
  }
}

/** Writers and workers on a log, and a fault per round; then everything is counted. */
async function underFaults(
  transport: Transport,
  fault: (round: number) => Promise<void>,
  { acknowledgementsSurvive = true } = {},
): Promise<{ readonly unknown: number; readonly refused: number }> {
  const log = await opened(() => transport.log('work', { subjects: ['work.>'] }))
  const writers = new Writers(log, 'work.a')
  const workers = new Workers(log, 'd')
  for (let round = 0; round < ROUNDS; round += 1) {
    await writers.progress(BETWEEN)
    await fault(round)
    await writers.progress(BETWEEN)
  }
  const ledger = await writers.stop()
  await workers.until(ledger.acknowledged.keys())
  await workers.stop()
  if (acknowledgementsSurvive) {
    assert.deepEqual(workers.again, [], 'came again although its acknowledgement was confirmed')
  }
  assert.equal(workers.seen.size, ledger.acknowledged.size)
  await assertComplete(transport, 'work', ledger)
  return ledger
}

describe('one server under load', () => {
  test('kill -9 loses no acknowledged append and repeats none', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using server = await NatsServer.start()
    await using transport = await connect({ servers: server.url })
    await underFaults(transport, () => server.restart('SIGKILL'), {
      // A single server writes the positions of consumers down with a delay.
      acknowledgementsSurvive: false,
    })
  })

  test('an orderly restart loses and repeats nothing', { timeout: TIMEOUT_MS }, async () => {
    await using server = await NatsServer.start()
    await using transport = await connect({ servers: server.url })
    await underFaults(transport, () => server.restart())
  })

  test('a pause leaves outcomes unknown, and repeating settles them', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using server = await NatsServer.start()
    await using transport = await connect({ servers: server.url, requestTimeoutMs: 1_000 })
    const ledger = await underFaults(transport, async () => {
      server.pause()
      await until(() => transport.state === 'disconnected')
      server.resume()
    })
    assert.ok(ledger.unknown > 0, 'no answer was lost')
  })

  test('an append that got no answer is unknown, never done', { timeout: TIMEOUT_MS }, async () => {
    await using server = await NatsServer.start()
    await using transport = await connect({
      servers: server.url,
      requestTimeoutMs: 300,
      pingIntervalMs: 60_000,
    })
    // only what is to get no answer is impatient
    await using patient = await nats({ servers: server.url })
    const kept = await patient.log('l', { subjects: ['l'] })
    const log = await opened(() => transport.log('l'))
    server.pause()
    const outcome = await log.append('l', bytes('x'), { messageId: 'm' }).catch((error) => error)
    assert.ok(isTransportError(outcome, 'UNKNOWN_OUTCOME'), String(outcome))
    server.resume()
    const again = await kept.append('l', bytes('x'), { messageId: 'm' })
    assert.equal(again.sequence, 1)
    assert.equal((await kept.info()).messages, 1)
  })

  test('subscriptions, watches and leases come back by themselves', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using server = await NatsServer.start()
    const events: string[] = []
    await using transport = await connect({
      servers: server.url,
      // a server that is merely slow for a moment is not to count as gone here
      pingIntervalMs: 60_000,
      events: {
        onDisconnected: () => events.push('disconnected'),
        onReconnected: () => events.push('reconnected'),
      },
    })
    const kv = await transport.kv('b')
    const seen: string[] = []
    const watch = kv.watch()[Symbol.asyncIterator]()
    transport.respond('echo', (message) => message.payload)
    const lease = await transport.lease('leases', 'job', { owner: 'a', ttlMs: 20_000 })
    await kv.put('k', bytes('1'))
    seen.push(text((await watch.next()).value.value))
    await server.restart('SIGKILL')
    await until(() => events.includes('reconnected'))
    expect(events).toEqual(['disconnected', 'reconnected'])
    await kv.put('k', bytes('2'))
    seen.push(text((await watch.next()).value.value))
    expect(seen).toEqual(['1', '2'])
    await transport.flush()
    expect(text((await transport.request('echo', bytes('again'))).payload)).toBe('again')
    await lease?.renew()
    expect(lease?.held).toBe(true)
  })
})

describe('a cluster of three under load', () => {
  test('the leader killed: nothing acknowledged is lost or repeated', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using cluster = await NatsCluster.start()
    await using transport = await connect({ servers: cluster.urls, streams: { replicas: 3 } })
    await underFaults(transport, async () => {
      const leader = await cluster.leaderOf('LOG_work')
      await leader.kill()
      await cluster.ready()
      await cluster.leaderOf('LOG_work')
      await leader.start()
    })
  })
})

describe('a leaf node', () => {
  test('goes on alone while cut off, and what was missed is there afterwards', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using net = await NatsHubWithLeaf.start()
    await using atLeaf = await connect({ servers: net.leaf.url })
    await using leafFromHub = await connect({ servers: net.hub.url, domain: 'leaf' })
    await using hubFromLeaf = await connect({ servers: net.leaf.url, domain: 'hub' })
    const own = await atLeaf.log('readings', { subjects: ['readings.>'] })
    const far = await hubFromLeaf.log('readings', { subjects: ['readings.>'] })
    await own.append('readings.a', bytes('leaf 1'))
    await far.append('readings.a', bytes('hub 1'))
    const reader = (await leafFromHub.log('readings')).read({ live: true })[Symbol.asyncIterator]()
    assert.equal(text((await reader.next()).value.payload), 'leaf 1')

    await net.cut()
    const alone = await own.append('readings.a', bytes('leaf 2'))
    assert.equal(alone.sequence, 2)
    const refused = await far.append('readings.a', bytes('never')).catch((error) => error)
    assert.ok(isTransportError(refused, 'DISCONNECTED'), String(refused))

    await net.heal()
    assert.equal(text((await reader.next()).value.payload), 'leaf 2')
    await until(async () =>
      far.append('readings.a', bytes('hub 2'), { messageId: 'h2' }).then(
        () => true,
        (error) => {
          assert.ok(isTransportError(error), String(error))
          return false
        },
      ),
    )
    // Two logs of one name in two domains stay apart, whatever crossed the link.
    const texts = async (log: typeof own): Promise<string[]> => {
      const found: string[] = []
      for await (const { payload } of log.read()) found.push(text(payload))
      return found
    }
    assert.deepEqual(await texts(own), ['leaf 1', 'leaf 2'])
    assert.deepEqual(await texts(far), ['hub 1', 'hub 2'])
  })

  test('messages and buckets cross the link', { timeout: TIMEOUT_MS }, async () => {
    await using net = await NatsHubWithLeaf.start()
    await using atLeaf = await connect({ servers: net.leaf.url })
    await using atHub = await connect({ servers: net.hub.url })
    await using leafFromHub = await connect({ servers: net.hub.url, domain: 'leaf' })
    atLeaf.respond('greet', (message) => bytes(`leaf says ${text(message.payload)}`))
    await atLeaf.flush()
    const ask = async (): Promise<string> =>
      text((await atHub.request('greet', bytes('hello'))).payload)
    await until(() =>
      ask().then(
        () => true,
        (error) => !isTransportError(error, 'NO_RESPONDERS'),
      ),
    )
    assert.equal(await ask(), 'leaf says hello')
    const near = await atLeaf.kv('state')
    const far = await leafFromHub.kv('state')
    const revision = await near.put('k', bytes('near'))
    assert.equal(await far.update('k', bytes('far'), revision), 2)
    assert.equal(text((await near.get('k'))?.value ?? bytes('')), 'far')
    const elsewhere = await atHub.kv('state')
    assert.equal(await elsewhere.get('k'), undefined)
  })
})
