import type { InProcessClient } from '@ashlar/resp-server'
import { Broker } from '../../network/broker.ts'
import { SERVER } from '../../network/names.ts'
import { Network } from '../../network/network.ts'
import { SimulatedDisk } from '../../node/simulated-disk.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { NODES, type NodeName, type ReplicasEvent, type ReplicasSettings } from './plan.ts'
import { KNOWN_REFUSAL, Replica } from './replica.ts'

const LOOK_MS = 13
/** What the end may take to have one primary, and everything everywhere. */
const CATCH_UP_MS = 120_000

export type ReplicasBreak = 'no-fencing'

/** Three servers that hold the same data, what they were told to write, and what was confirmed. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: ReplicasSettings
  readonly #broken: ReplicasBreak | undefined
  readonly #network: Network
  readonly #broker: Broker
  readonly #disks = new Map<NodeName, SimulatedDisk>()
  readonly #replicas = new Map<NodeName, Replica>()
  /** Epoch of the last write that was taken anywhere. */
  #epoch = 0
  #numbers = 0
  #pairs = 0
  /** Numbers that WAIT said are on both replicas. */
  readonly #confirmed = new Set<string>()
  #ended = false

  constructor(world: Simulation, settings: ReplicasSettings, broken: ReplicasBreak | undefined) {
    const { loss, duplicate, reorder } = settings
    this.#world = world
    this.#settings = settings
    this.#broken = broken
    this.#network = new Network(world, { loss, duplicate, reorder, maxMs: 10 })
    this.#broker = new Broker(world, this.#network)
    for (const name of NODES) this.#disks.set(name, new SimulatedDisk(world, name))
  }

  async start(): Promise<void> {
    for (const name of NODES) await this.#boot(name)
    await this.#untilReplicated(2)
    this.#look()
  }

  async take(event: ReplicasEvent): Promise<void> {
    if (event.do === 'cut' || event.do === 'heal') {
      const other = event.other === 'server' ? SERVER : event.other
      this.#network[event.do](event.node, other)
      this.#network[event.do](other, event.node)
      return
    }
    if (event.do === 'slow') {
      const other = event.other === 'server' ? SERVER : event.other
      this.#network.slow(event.node, other, event.times)
      return
    }
    const replica = this.#replicas.get(event.node)
    if (replica === undefined) return
    if (event.do === 'restart') await this.#restart(replica)
    else if (event.do === 'kill' || event.do === 'power-cut') {
      await this.#crash(replica, event.do, event.downMs)
    } else if (event.do === 'push') await this.#push(replica, event.replicas)
    else if (event.do === 'pair') await this.#pair(replica)
    else await this.#tolerating(replica, (client) => client.execute(['FAILOVER']))
  }

  async end(): Promise<void> {
    this.#network.healAll()
    while (this.#replicas.size < NODES.length) await this.#world.sleep(50)
    await this.#untilReplicated(2)
    this.#ended = true
    const dumps = await Promise.all(NODES.map((name) => dumpOf(this.#replica(name))))
    for (const [index, dump] of dumps.entries()) {
      if (dump === dumps[0]) continue
      throw new Violation('convergence', `a: ${dumps[0]}; ${NODES[index]}: ${dump}`)
    }
    const [numbers] = JSON.parse(dumps[0] ?? '') as [string[]]
    for (const number of this.#confirmed) {
      if (!numbers.includes(number)) {
        throw new Violation(
          'confirmed-writes',
          `${number} was on all nodes and is gone: ${numbers.join()}`,
        )
      }
    }
    for (const name of NODES) await this.#replica(name).close()
  }

  async #boot(name: NodeName): Promise<void> {
    const replica = await Replica.open({
      world: this.#world,
      broker: this.#broker,
      name,
      disk: this.#disks.get(name) as SimulatedDisk,
      settings: this.#settings,
      broken: this.#broken,
    })
    this.#replicas.set(name, replica)
  }

  async #crash(replica: Replica, kind: 'kill' | 'power-cut', downMs: number): Promise<void> {
    this.#replicas.delete(replica.name)
    replica.crash(kind)
    await this.#world.sleep(downMs)
    await this.#boot(replica.name)
  }

  async #restart(replica: Replica): Promise<void> {
    this.#replicas.delete(replica.name)
    await replica.close()
    await this.#boot(replica.name)
  }

  async #push(replica: Replica, replicas: number): Promise<void> {
    this.#numbers += 1
    const number = String(this.#numbers)
    await this.#tolerating(replica, async (client) => {
      await this.#write(client, replica, ['RPUSH', 'numbers', number])
      if (replicas === 0) return
      const count = await client.execute(['WAIT', replicas, 1000])
      this.#world.note(`${replica.name}: ${number} is on ${String(count)} replicas`)
      if (count === 2) this.#confirmed.add(number)
    })
  }

  async #pair(replica: Replica): Promise<void> {
    this.#pairs += 1
    const value = String(this.#pairs)
    await this.#tolerating(replica, (client) =>
      this.#write(client, replica, ['MSET', 'p', value, 'q', value]),
    )
  }

  /** Writes, and sees that nobody has written under a later lease. */
  async #write(client: InProcessClient, { name }: Replica, words: string[]): Promise<void> {
    // executed in this very moment: MULTI to EXEC come in one turn
    const latest = this.#epoch
    const replies = [['MULTI'], words, ['INFO', 'replication'], ['EXEC']].map((command) =>
      client.execute(command),
    )
    const results = await Promise.allSettled(replies)
    const [, , , executed] = results
    if (executed?.status !== 'fulfilled') throw executed?.reason
    const epoch = Number(/ashlar_epoch:(\d+)/.exec(String((executed.value as unknown[])[1]))?.[1])
    if (epoch < latest) {
      throw new Violation('fencing', `${name} wrote as of epoch ${epoch} after ${latest} had`)
    }
    this.#epoch = Math.max(this.#epoch, epoch)
  }

  async #tolerating(
    replica: Replica,
    work: (client: InProcessClient) => Promise<unknown>,
  ): Promise<void> {
    const client = replica.createClient()
    try {
      await work(client)
    } catch (error) {
      if (error instanceof Violation) throw error
      if (this.#replicas.get(replica.name) !== replica) return
      if (!KNOWN_REFUSAL.test(String(error)))
        throw new Violation('refusal', `${replica.name}: ${String(error)}`)
    } finally {
      client.close()
    }
  }

  /** Now and then: nobody shows half of what was written as one. */
  #look(): void {
    if (this.#ended) return
    for (const replica of this.#replicas.values()) {
      this.#tolerating(replica, async (client) => {
        const [p, q] = (await client.execute(['MGET', 'p', 'q'])) as unknown[]
        if (p !== q)
          throw new Violation('transaction', `${replica.name} has ${String(p)} and ${String(q)}`)
      }).catch((error: unknown) => this.#world.fail(error))
    }
    this.#world.clock.setTimer(() => this.#look(), LOOK_MS)
  }

  /** Resolves when there is a primary, and so many replicas have all of it. */
  async #untilReplicated(replicas: number): Promise<void> {
    const until = this.#world.clock.monotonic() + CATCH_UP_MS
    while (this.#world.clock.monotonic() < until) {
      for (const replica of this.#replicas.values()) {
        if ((await replica.countReplicas(replicas)) === replicas) return
      }
      await this.#world.sleep(50)
    }
    throw new Violation('liveness', `no primary with ${replicas} replicas in ${CATCH_UP_MS} ms`)
  }

  #replica(name: NodeName): Replica {
    return this.#replicas.get(name) as Replica
  }
}

async function dumpOf(replica: Replica): Promise<string> {
  const client = replica.createClient()
  const numbers = await client.execute(['LRANGE', 'numbers', 0, -1])
  const pair = await client.execute(['MGET', 'p', 'q'])
  const size = await client.execute(['DBSIZE'])
  client.close()
  return JSON.stringify([numbers, pair, size])
}
