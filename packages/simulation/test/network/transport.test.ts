import { Broker, Network, type NetworkOptions, NodeClock, Simulation } from '@ashlar/simulation'
import type { Message, Subscription, Transport } from '@ashlar/transport'
import { expect, test } from 'vitest'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = ({ payload }: Message): string => Buffer.from(payload).toString()

interface World {
  readonly world: Simulation
  readonly network: Network
  readonly connect: (node: string) => Transport
}

/** Runs a test within a simulation; what it throws, fails it. */
async function simulate(
  options: NetworkOptions,
  run: (world: World) => Promise<void>,
): Promise<void> {
  const { violation } = await Simulation.run(1, async (world) => {
    const network = new Network(world, options)
    const broker = new Broker(world, network)
    const connect = (node: string): Transport =>
      broker.connect(node, { clock: new NodeClock(world.clock), timeoutMs: 200 })
    await run({ world, network, connect })
  })
  if (violation !== undefined) throw violation.cause ?? violation
}

function collect(subscription: Subscription): string[] {
  const seen: string[] = []
  void (async () => {
    for await (const message of subscription) seen.push(text(message))
  })()
  return seen
}

test('messages of one node arrive in order, unless the network reorders', async () => {
  const numbers = Array.from({ length: 50 }, (_, n) => String(n))
  const arrived = async (options: NetworkOptions): Promise<string[]> => {
    let seen: string[] = []
    await simulate({ maxMs: 20, ...options }, async ({ world, connect }) => {
      const [a, b] = [connect('a'), connect('b')]
      seen = collect(b.subscribe('n'))
      for (const n of numbers) a.publish('n', bytes(n))
      await world.sleep(100)
    })
    return seen
  }
  expect(await arrived({})).toEqual(numbers)
  const mixed = await arrived({ reorder: 0.5 })
  expect(mixed).not.toEqual(numbers)
  expect([...mixed].sort()).toEqual([...numbers].sort())
  expect((await arrived({ duplicate: 0.5 })).length).toBeGreaterThan(50)
  expect((await arrived({ loss: 0.5 })).length).toBeLessThan(50)
})

test('a cut goes in one direction, and takes what is on the way', async () => {
  await simulate({ minMs: 5, maxMs: 5 }, async ({ world, network, connect }) => {
    const [a, b] = [connect('a'), connect('b')]
    const [atA, atB] = [collect(a.subscribe('to.a')), collect(b.subscribe('to.b'))]
    a.publish('to.b', bytes('on the way'))
    await world.sleep(1)
    network.cut('a', 'b')
    b.publish('to.a', bytes('the other way'))
    await world.sleep(20)
    network.heal('a', 'b')
    a.publish('to.b', bytes('healed'))
    await world.sleep(20)
    expect([atA, atB]).toEqual([['the other way'], ['healed']])
  })
})

test('requests are answered over the network; each queue group gets a message once', async () => {
  await simulate({}, async ({ world, connect }) => {
    const [a, b, c] = [connect('a'), connect('b'), connect('c')]
    let served = 0
    for (const node of [b, c]) {
      const answer = (message: Message): Uint8Array => {
        served += 1
        return bytes(`${text(message)}!`)
      }
      node.respond('ask', answer, { queue: 'q' })
    }
    expect(text(await a.request('ask', bytes('well')))).toBe('well!')
    await world.sleep(100)
    expect(served).toBe(1)
    await expect(a.request('nobody', bytes('?'))).rejects.toMatchObject({ code: 'NO_RESPONDERS' })
  })
})

test('a write whose answer is lost has an unknown outcome, and has happened', async () => {
  await simulate({}, async ({ network, connect }) => {
    const a = connect('a')
    const kv = await a.kv('bucket')
    network.cut('server', 'a')
    await expect(kv.put('k', bytes('v'))).rejects.toMatchObject({ code: 'UNKNOWN_OUTCOME' })
    await expect(kv.get('k')).rejects.toMatchObject({ code: 'TIMEOUT' })
    network.heal('server', 'a')
    const entry = await kv.get('k')
    expect(Buffer.from(entry?.value ?? []).toString()).toBe('v')
  })
})

test('a watch and a consumer go on after a cut, with what came meanwhile', async () => {
  await simulate({}, async ({ world, network, connect }) => {
    const [a, b] = [connect('a'), connect('b')]
    const [atA, atB] = [await a.kv('bucket'), await b.kv('bucket')]
    const seen: string[] = []
    void (async () => {
      for await (const entry of atA.watch()) seen.push(`${entry.key}@${entry.revision}`)
    })()
    await atB.put('k', bytes('1'))
    await world.sleep(50)
    network.cut('server', 'a')
    await atB.put('k', bytes('2'))
    await world.sleep(500)
    network.heal('server', 'a')
    await world.sleep(500)
    expect(seen).toEqual(['k@1', 'k@2'])
  })
})
