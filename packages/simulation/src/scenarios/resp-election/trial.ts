import { Broker } from '../../network/broker.ts'
import { SERVER } from '../../network/names.ts'
import { Network } from '../../network/network.ts'
import { SimulatedDisk } from '../../node/simulated-disk.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { NODES, type NodeName } from '../resp-replicas/plan.ts'
import { Replica, type ReplicaBreak } from '../resp-replicas/replica.ts'
import type { ElectionEvent, ElectionSettings } from './plan.ts'

/** What it may take to have a primary, and so many replicas. */
const PATIENCE_MS = 60_000

export type ElectionBreak = Extract<ReplicaBreak, 'any-successor'>

/** Three servers, one election after the other, and the numbers that were confirmed. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: ElectionSettings
  readonly #broken: ElectionBreak | undefined
  readonly #network: Network
  readonly #broker: Broker
  readonly #disks = new Map<NodeName, SimulatedDisk>()
  readonly #replicas = new Map<NodeName, Replica>()
  readonly #confirmed: string[] = []

  constructor(world: Simulation, settings: ElectionSettings, broken: ElectionBreak | undefined) {
    this.#world = world
    this.#settings = settings
    this.#broken = broken
    this.#network = new Network(world, { maxMs: 10 })
    this.#broker = new Broker(world, this.#network)
    for (const name of NODES) this.#disks.set(name, new SimulatedDisk(world, name))
  }

  async start(): Promise<void> {
    for (const name of NODES) await this.#boot(name)
    await this.#primaryWith(2)
  }

  /** A replica falls behind, the primary goes, another comes: all that was confirmed is there. */
  async elect(event: ElectionEvent): Promise<void> {
    const { behind, writes, slowness } = event
    const primary = await this.#primaryWith(2)
    const others = NODES.filter((name) => name !== primary.name)
    const late = others[behind] as NodeName
    this.#world.note(`> ${event.do} ${primary.name}, ${late} lacks ${writes} writes`)
    this.#cut(primary.name, late)
    for (let count = 0; count < writes; count++) await this.#push(primary)
    for (const [index, name] of others.entries()) {
      this.#network.slow(name, SERVER, slowness[index] ?? 1)
    }
    this.#replicas.delete(primary.name)
    if (event.do === 'restart') await primary.close()
    else primary.crash(event.do)
    const next = await this.#primaryWith(1)
    await this.#check(next)
    await this.#world.sleep(event.downMs)
    this.#network.healAll()
    await this.#boot(primary.name)
    await this.#check(await this.#primaryWith(2))
  }

  async end(): Promise<void> {
    for (const name of NODES) await this.#replicas.get(name)?.close()
  }

  #cut(a: NodeName, b: NodeName): void {
    this.#network.cut(a, b)
    this.#network.cut(b, a)
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

  /** Writes the next number; it counts as confirmed when a replica has it. */
  async #push(primary: Replica): Promise<void> {
    const number = String(this.#confirmed.length + 1)
    const client = primary.createClient()
    await client.execute(['RPUSH', 'numbers', number])
    client.close()
    const deadlineMs = this.#world.clock.monotonic() + PATIENCE_MS
    while ((await primary.countReplicas(1)) !== 1) this.#assertBefore(deadlineMs)
    this.#confirmed.push(number)
  }

  /** The node that takes writes, once so many replicas have all of it. */
  async #primaryWith(replicas: number): Promise<Replica> {
    const deadlineMs = this.#world.clock.monotonic() + PATIENCE_MS
    for (;;) {
      for (const replica of this.#replicas.values()) {
        if ((await replica.countReplicas(replicas)) === replicas) return replica
      }
      this.#assertBefore(deadlineMs)
      await this.#world.sleep(20)
    }
  }

  async #check(primary: Replica): Promise<void> {
    const client = primary.createClient()
    const numbers = (await client.execute(['LRANGE', 'numbers', 0, -1])) as string[]
    client.close()
    if (numbers.join() === this.#confirmed.join()) return
    const found = `${primary.name} has ${numbers.join()}, confirmed were ${this.#confirmed.join()}`
    throw new Violation('furthest', found)
  }

  #assertBefore(deadlineMs: number): void {
    if (this.#world.clock.monotonic() < deadlineMs) return
    throw new Violation('liveness', `nobody took over within ${PATIENCE_MS} ms`)
  }
}
