import type { Clock, Random } from '@ashlar/codec'
import {
  createMemoryHub,
  type Log,
  type MemoryHub,
  type MemoryTransport,
  type Message,
  matchesSubject,
  memory,
} from '@ashlar/transport'
import type { Simulation } from '../world/simulation.ts'
import { INBOX } from './names.ts'
import type { Network } from './network.ts'
import { type Receiver, SimulatedTransport } from './simulated-transport.ts'

/** How a node connects. */
export interface ConnectOptions {
  readonly clock: Clock
  /** After this long an operation on the server has an unknown outcome. Default 1,000. */
  readonly timeoutMs?: number
}

/** What a broker may be told. */
export interface BrokerOptions {
  /** The server's clock. Default: the true one. */
  readonly clock?: Clock
  /** Puts something in front of the logs that nodes use: to prove that checks notice. */
  readonly wrapLog?: (log: Log) => Log
}

/**
 * What the transports of a simulated network share: who listens to what, and a server that keeps
 * logs and buckets (the memory driver's). Messages go from node to node, each over its own link;
 * operations on logs and buckets go to the server and back.
 */
export class Broker {
  readonly network: Network
  readonly wrapLog: (log: Log) => Log
  readonly #world: Simulation
  readonly #random: Random
  readonly #hub: MemoryHub
  readonly #clock: Clock
  readonly #endpoints = new Map<string, SimulatedTransport>()

  constructor(world: Simulation, network: Network, options: BrokerOptions = {}) {
    this.#world = world
    this.network = network
    this.wrapLog = options.wrapLog ?? ((log) => log)
    this.#random = world.random('broker')
    this.#clock = options.clock ?? world.clock
    this.#hub = createMemoryHub({ clock: this.#clock })
  }

  /** The transport of a node's new process, in the place of an earlier one. */
  connect(node: string, options: ConnectOptions): SimulatedTransport {
    const transport = new SimulatedTransport({
      node,
      broker: this,
      clock: options.clock,
      random: this.#world.random(`transport/${node}/${this.#world.clock.monotonic()}`),
      timeoutMs: options.timeoutMs ?? 1_000,
      session: this.session(),
    })
    this.#endpoints.set(node, transport)
    return transport
  }

  /** A connection beside the server, which no partition cuts off: for what the checks look at. */
  session(): MemoryTransport {
    return memory({ hub: this.#hub, clock: this.#clock, random: this.#random })
  }

  /** True while this is the transport of its node's running process. */
  isCurrent(transport: SimulatedTransport): boolean {
    return this.#endpoints.get(transport.node) === transport
  }

  forget(transport: SimulatedTransport): void {
    if (this.isCurrent(transport)) this.#endpoints.delete(transport.node)
  }

  /** Sends to all that listen now; tells how many these are. */
  send(from: SimulatedTransport, message: Message): number {
    const [first, node] = message.subject.split('.')
    if (first === INBOX) return this.#answer(from, this.#endpoints.get(node ?? ''), message)
    let count = 0
    for (const [endpoint, receivers] of this.#listeners(message.subject)) {
      count += receivers.length
      this.network.send(from.node, endpoint.node, message.subject, () => {
        if (!this.isCurrent(endpoint)) return
        for (const receiver of receivers) {
          if (endpoint.receivers.has(receiver)) receiver.receive(message)
        }
      })
    }
    return count
  }

  #answer(from: SimulatedTransport, to: SimulatedTransport | undefined, message: Message): number {
    if (to === undefined) return 0
    this.network.send(from.node, to.node, 'answer', () => {
      if (this.isCurrent(to)) to.receiveAnswer(message)
    })
    return 1
  }

  /** Every plain receiver, and one of each queue group over all nodes. */
  #listeners(subject: string): Map<SimulatedTransport, Receiver[]> {
    const chosen = new Map<SimulatedTransport, Receiver[]>()
    const groups = new Map<string, (readonly [SimulatedTransport, Receiver])[]>()
    const choose = (endpoint: SimulatedTransport, receiver: Receiver): void => {
      const list = chosen.get(endpoint)
      if (list === undefined) chosen.set(endpoint, [receiver])
      else list.push(receiver)
    }
    for (const endpoint of this.#endpoints.values()) {
      for (const receiver of endpoint.receivers) {
        if (!matchesSubject(receiver.pattern, subject)) continue
        if (receiver.queue === undefined) choose(endpoint, receiver)
        else {
          const members = groups.get(receiver.queue) ?? []
          groups.set(receiver.queue, [...members, [endpoint, receiver]])
        }
      }
    }
    for (const members of groups.values()) {
      const member = members[Math.floor(this.#random.next() * members.length)]
      if (member !== undefined) choose(...member)
    }
    return chosen
  }
}
