import { isReplicatorError } from '@ashlar/pubsub-replicator'
import { Broker } from '../../network/broker.ts'
import { Network } from '../../network/network.ts'
import { SimulatedDisk } from '../../node/simulated-disk.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import {
  NODES,
  type NodeName,
  type ReplicatorEvent,
  type ReplicatorSettings,
  VIEWER,
  WRITERS,
} from './plan.ts'
import { Replica, type ReplicatorBreak, TABLES, VIEWED } from './replica.ts'

const PAIRS = ['p0', 'p1', 'p2']
const LOOK_MS = 11
/** What the end may take to bring everything everywhere. */
const CATCH_UP_MS = 120_000

/** One run: the nodes, what they were told to write, and what was acknowledged. */
export class Trial {
  readonly #world: Simulation
  readonly #settings: ReplicatorSettings
  readonly #broken: ReplicatorBreak | undefined
  readonly #network: Network
  readonly #broker: Broker
  readonly #disks = new Map<NodeName, SimulatedDisk>()
  readonly #replicas = new Map<NodeName, Replica>()
  readonly #offsets = new Map<NodeName, number>()
  /** A power cut has taken writes: whoever has them takes them over, and passes them on like a hub. */
  #adopting = false
  /** Nodes that may have half a transaction, as they, or the hub before them, took a snapshot over. */
  readonly #mixed = new Set<NodeName>(NODES)
  /** What each node has counted for itself, and what of that was acknowledged. */
  readonly #counted = new Map<NodeName, { issued: number; acknowledged: number }>()
  #pairs = 0
  #ended = false

  constructor(
    world: Simulation,
    settings: ReplicatorSettings,
    broken: ReplicatorBreak | undefined,
  ) {
    const { loss, duplicate, reorder } = settings
    this.#world = world
    this.#settings = settings
    this.#broken = broken
    this.#network = new Network(world, { loss, duplicate, reorder, maxMs: 15 })
    this.#broker = new Broker(world, this.#network)
    const lies = broken === 'lying-disk' ? /\.log$/ : undefined
    for (const name of NODES) {
      this.#disks.set(name, new SimulatedDisk(world, name, { lies }))
      this.#offsets.set(name, settings.offsetMs[name])
      this.#counted.set(name, { issued: 0, acknowledged: 0 })
    }
  }

  async start(): Promise<void> {
    for (const name of NODES) await this.#boot(name)
    this.#look()
  }

  async take(event: ReplicatorEvent): Promise<void> {
    if (event.do === 'cut') this.#network.cut(event.node, event.other)
    else if (event.do === 'heal') this.#network.heal(event.node, event.other)
    else if (event.do === 'slow') this.#network.slow(event.node, event.other, event.times)
    const replica = this.#replicas.get(event.node)
    if (replica === undefined) return
    if (event.do === 'step') replica.clock.step(event.ms)
    else if (event.do === 'kill' || event.do === 'power-cut') {
      await this.#crash(replica, event.do, event.downMs)
    } else if (event.do === 'restart') await this.#restart(replica)
    else await this.#tolerating(replica, () => this.#write(replica, event))
  }

  async end(): Promise<void> {
    this.#network.healAll()
    while (this.#replicas.size < NODES.length) await this.#world.sleep(50)
    // twice, because what the hub forwards must reach the hub first
    for (let round = 0; round < 2; round++) await this.#catchUp()
    this.#ended = true
    const dumps = await Promise.all(WRITERS.map((name) => this.#replica(name).dump()))
    for (const [index, dump] of dumps.entries()) {
      if (dump === dumps[0]) continue
      throw new Violation('convergence', `a: ${dumps[0]}; ${WRITERS[index]}: ${dump}`)
    }
    await this.#checkViewer()
    for (const name of WRITERS) this.#checkCounted(name)
    for (const name of NODES) this.#replica(name).checkPairs(PAIRS)
    for (const name of NODES) await this.#replica(name).close()
  }

  async #boot(name: NodeName): Promise<void> {
    const replica = await Replica.open({
      world: this.#world,
      broker: this.#broker,
      name,
      disk: this.#disks.get(name) as SimulatedDisk,
      settings: this.#settings,
      offsetMs: this.#offsets.get(name) ?? 0,
      broken: this.#broken,
      onSnapshot: () => this.#mixed.add(name),
    })
    this.#replicas.set(name, replica)
  }

  async #crash(replica: Replica, kind: 'kill' | 'power-cut', downMs: number): Promise<void> {
    this.#gone(replica)
    if (kind === 'power-cut') {
      this.#mixed.add(replica.name)
      this.#adopting = true
    }
    replica.crash(kind)
    await this.#world.sleep(downMs)
    await this.#boot(replica.name)
  }

  async #restart(replica: Replica): Promise<void> {
    this.#gone(replica)
    await replica.close()
    await this.#boot(replica.name)
  }

  #gone({ name, clock }: Replica): void {
    this.#replicas.delete(name)
    this.#offsets.set(name, clock.offsetMs)
  }

  async #write(replica: Replica, event: ReplicatorEvent): Promise<void> {
    const { replicator, name } = replica
    const table = replicator.table('t')
    if (event.do === 'put') {
      await table.put(`r${event.id}`, { [`f${event.field}`]: event.value, by: name })
    } else if (event.do === 'patch') {
      await table.patch(`r${event.id}`, { [`f${event.field}`]: event.value })
    } else if (event.do === 'delete') await table.delete(`r${event.id}`)
    else if (event.do === 'collect') await replicator.collectTombstones()
    else if (event.do === 'own') await this.#count(replica)
    else if (event.do === 'pair') {
      // a value that no other transaction writes
      const pair = event.value * 1_000_000 + ++this.#pairs
      await replicator.transaction((tx) => {
        for (const name of TABLES) tx.table(name).put(`p${event.id}`, { pair, by: replica.name })
      })
    }
  }

  /** A record that this node alone writes, and only ever counts up. */
  async #count(replica: Replica): Promise<void> {
    const counted = this.#counted.get(replica.name)
    if (counted === undefined) return
    const value = ++counted.issued
    await replica.replicator.table('u').put(`own-${replica.name}`, { value, by: replica.name })
    counted.acknowledged = Math.max(counted.acknowledged, value)
    this.#world.note(`${replica.name} has counted to ${value}`)
  }

  async #catchUp(): Promise<void> {
    const subscriptions = [...this.#replicas.values()].flatMap(({ subscriptions: all }) => all)
    try {
      await Promise.all(subscriptions.map((one) => one.catchUp({ timeoutMs: CATCH_UP_MS })))
    } catch (error) {
      const states = [...this.#replicas.values()].map(
        ({ name, states: of }) => `${name} ${of.join()}`,
      )
      throw new Violation('catch-up', `${String(error)}: ${states.join('; ')}`, error)
    }
  }

  async #checkViewer(): Promise<void> {
    // without forwarding b passes on what it wrote itself, and its records do not tell which that is
    if (this.#settings.topology !== 'chain') return
    const expected = await this.#replica('b').dump((record) => record[VIEWED.field] === VIEWED.eq)
    const found = await this.#replica(VIEWER).dump()
    if (found === expected) return
    throw new Violation('selection', `the viewer has ${found}, b selects ${expected}`)
  }

  /** With `always` nothing acknowledged is lost; with `interval` a power cut may take the last. */
  #checkCounted(name: NodeName): void {
    const { acknowledged, issued } = this.#counted.get(name) ?? { acknowledged: 0, issued: 0 }
    const found = Number(this.#replica(name).record('u', `own-${name}`)?.['value'] ?? 0)
    const least = this.#settings.sync === 'always' ? acknowledged : 0
    if (found >= least && found <= issued) return
    throw new Violation('durability', `${name} counted to ${acknowledged}, found ${found}`)
  }

  #replica(name: NodeName): Replica {
    const replica = this.#replicas.get(name)
    if (replica === undefined) throw new Error(`${name} is down`)
    return replica
  }

  /** Looks at the pairs of every node, again and again. */
  #look(): void {
    this.#world.clock.setTimer(() => {
      if (this.#ended) return
      try {
        for (const replica of this.#replicas.values()) this.#lookAt(replica)
      } catch (error) {
        this.#world.fail(error)
      }
      this.#look()
    }, LOOK_MS)
  }

  #lookAt(replica: Replica): void {
    const { name } = replica
    if (this.#isMixed(replica)) this.#mixed.add(name)
    else if (this.#hasAll(replica)) this.#mixed.delete(name)
    if (!this.#mixed.has(name)) replica.checkPairs(PAIRS)
  }

  /** It takes a snapshot over, or hears from a node that may itself have half a transaction. */
  #isMixed({ name, states, links, isKeeping }: Replica): boolean {
    if (states.includes('snapshot') || isKeeping) return true
    if (this.#settings.topology === 'chain') return name !== 'b' && this.#mixed.has('b')
    return this.#adopting && links.some(({ publisher }) => this.#isLoading(publisher as NodeName))
  }

  #isLoading(name: NodeName): boolean {
    return this.#replicas.get(name)?.states.includes('snapshot') === true
  }

  /** It has everything that those from which it receives have. */
  #hasAll({ links }: Replica): boolean {
    return links.every(({ state, publisher, cursor }) => {
      const source = this.#replicas.get(publisher as NodeName)
      return state === 'live' && source !== undefined && cursor >= source.replicator.status().head
    })
  }

  async #tolerating(replica: Replica, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      const gone = this.#replicas.get(replica.name) !== replica
      if (!gone && !isReplicatorError(error, 'TRANSACTION_CONFLICT')) throw error
      this.#world.note(`${replica.name}: ${(error as Error).message}`)
    }
  }
}
