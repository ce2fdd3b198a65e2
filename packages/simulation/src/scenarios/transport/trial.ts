import type { Random } from '@ashlar/codec'
import {
  isTransportError,
  type KeyValue,
  type KvEntry,
  type Log,
  type Transport,
} from '@ashlar/transport'
import { Broker } from '../../network/broker.ts'
import { SERVER } from '../../network/names.ts'
import { Network } from '../../network/network.ts'
import type { SimulatedTransport } from '../../network/simulated-transport.ts'
import { NodeClock } from '../../node/node-clock.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { LeaseChecks } from './lease-checks.ts'
import { LogChecks } from './log-checks.ts'
import {
  NODES,
  type NodeName,
  type TransportEvent,
  type TransportSettings,
  TTL_MS,
} from './plan.ts'

const LOG = 'work'
const SUBJECTS = ['work.>']
const BUCKET = 'counters'
const LEASES = 'leases'
const ACK_WAIT_MS = 800
const RETRY_MS = 150
/** What the end may take until everything was handled. */
const SETTLE_MS = 60_000
/** What operations may meet when the network is cut. */
const EXPECTED = ['UNKNOWN_OUTCOME', 'TIMEOUT', 'DISCONNECTED', 'CLOSED', 'LEASE_LOST'] as const

/** One run: the nodes, their processes, and what they were told. */
export class Trial {
  readonly #world: Simulation
  readonly #network: Network
  readonly #broker: Broker
  readonly #settings: TransportSettings
  readonly #transports = new Map<NodeName, SimulatedTransport>()
  readonly #clocks = new Map<NodeName, NodeClock>()
  readonly #leases: LeaseChecks
  readonly #appends = new LogChecks()
  #counted = 0
  #perhapsCounted = 0

  constructor(world: Simulation, settings: TransportSettings, forgets: boolean) {
    this.#world = world
    this.#settings = settings
    this.#network = new Network(world, { loss: settings.loss, maxMs: 20 })
    const random = world.random('forgetful')
    this.#broker = new Broker(
      world,
      this.#network,
      forgets ? { wrapLog: (log) => forgetful(log, random) } : {},
    )
    this.#leases = new LeaseChecks(world)
  }

  async start(): Promise<void> {
    const session = this.#broker.session()
    await session.log(LOG, { subjects: SUBJECTS, dedupWindowMs: 600_000 })
    await session.kv(BUCKET)
    for (const node of NODES) this.#boot(node)
  }

  take(event: TransportEvent): Promise<void> | void {
    const { node } = event
    const transport = this.#transports.get(node)
    switch (event.do) {
      case 'cut':
      case 'heal':
        if (event.direction !== 'from') this.#network[event.do](node, SERVER)
        if (event.direction !== 'to') this.#network[event.do](SERVER, node)
        return
      case 'slow':
        this.#network.slow(node, SERVER, event.times)
        this.#network.slow(SERVER, node, event.times)
        return
      case 'step':
        this.#clocks.get(node)?.step(event.ms)
        return
    }
    if (transport === undefined) return
    switch (event.do) {
      case 'crash':
        return this.#crash(node, transport, event.downMs)
      case 'lease':
        return this.#tolerating(node, () => this.#lease(node, transport, event))
      case 'append':
        return this.#append(node, transport, event.withId)
      case 'count':
        return this.#count(node, transport)
    }
  }

  async end(): Promise<void> {
    this.#network.healAll()
    const deadline = this.#world.clock.monotonic() + SETTLE_MS
    await this.#world.sleep(3_000)
    while (this.#appends.unhandled.length > 0 && this.#world.clock.monotonic() < deadline) {
      await this.#world.sleep(100)
    }
    this.#leases.end()
    const session = this.#broker.session()
    await this.#appends.checkEnd(await session.log(LOG))
    const entry = await (await session.kv(BUCKET)).get('n')
    const total = entry === undefined ? 0 : Number(Buffer.from(entry.value).toString())
    if (total < this.#counted || total > this.#counted + this.#perhapsCounted) {
      throw new Violation(
        'kv-counter',
        `${total} after ${this.#counted} acknowledged and ${this.#perhapsCounted} unknown`,
      )
    }
  }

  #boot(node: NodeName): void {
    const old = this.#clocks.get(node)
    const driftPpm = this.#settings.driftPpm[node]
    const clock = new NodeClock(this.#world.clock, { driftPpm, offsetMs: old?.offsetMs ?? 0 })
    const transport = this.#broker.connect(node, { clock, timeoutMs: 400 })
    this.#clocks.set(node, clock)
    this.#transports.set(node, transport)
    this.#consume(node, transport).catch((error: unknown) => this.#world.fail(error))
  }

  async #crash(node: NodeName, transport: SimulatedTransport, downMs: number): Promise<void> {
    this.#transports.delete(node)
    this.#clocks.get(node)?.stop()
    transport.kill()
    this.#leases.gone(node)
    await this.#world.sleep(downMs)
    this.#boot(node)
  }

  /** One of the members of a shared durable consumer, for as long as the process lives. */
  async #consume(node: NodeName, transport: SimulatedTransport): Promise<void> {
    while (this.#isUp(node, transport)) {
      await this.#tolerating(node, async () => {
        const log = await transport.log(LOG)
        const options = { durable: 'workers', ackWaitMs: ACK_WAIT_MS, maxInFlight: 8 }
        for await (const delivery of await log.consume(options)) {
          this.#world.note(`${node} handles ${delivery.sequence}`)
          this.#appends.handled(delivery)
          await this.#tolerating(node, () => delivery.ack())
        }
      })
      await this.#world.sleep(RETRY_MS)
    }
  }

  async #lease(
    node: NodeName,
    transport: Transport,
    { key, holdMs, waitMs, renew }: Extract<TransportEvent, { do: 'lease' }>,
  ): Promise<void> {
    const options = { owner: node, ttlMs: TTL_MS, waitMs, autoRenew: renew }
    const lease = await transport.lease(LEASES, key, options)
    if (lease === undefined || this.#transports.get(node) !== transport) return
    this.#leases.granted(node, key, lease)
    await this.#world.sleep(holdMs)
    await lease.release()
  }

  /** Repeats with the same id until it is known; without an id an unknown outcome stays so. */
  async #append(node: NodeName, transport: SimulatedTransport, withId: boolean): Promise<void> {
    const append = this.#appends.start(node, withId)
    const payload = Buffer.from(append.text)
    const messageId = withId ? { messageId: append.text } : {}
    for (let tries = 0; tries < 50 && this.#isUp(node, transport); tries++) {
      append.attempts += 1
      try {
        const log = await transport.log(LOG)
        const { sequence } = await log.append(`work.${node}`, payload, messageId)
        this.#world.note(`${append.text} is ${sequence}`)
        this.#appends.acknowledged(append, sequence)
        return
      } catch (error) {
        this.#expect(node, error)
        if (!withId && isTransportError(error, 'UNKNOWN_OUTCOME')) return
      }
      await this.#world.sleep(RETRY_MS)
    }
  }

  async #count(node: NodeName, transport: SimulatedTransport): Promise<void> {
    for (let tries = 0; tries < 20 && this.#isUp(node, transport); tries++) {
      try {
        const kv = await transport.kv(BUCKET)
        const entry = await kv.get('n')
        await this.#increase(kv, entry)
        return
      } catch (error) {
        if (isTransportError(error, 'UNKNOWN_OUTCOME')) return
        const beaten =
          isTransportError(error, 'KV_CONFLICT') || isTransportError(error, 'KV_EXISTS')
        if (!beaten) this.#expect(node, error)
      }
      await this.#world.sleep(RETRY_MS)
    }
  }

  /** Counts as perhaps done until it is known; the process may end in between. */
  async #increase(kv: KeyValue, entry: KvEntry | undefined): Promise<void> {
    const value = Buffer.from(String(Number(Buffer.from(entry?.value ?? '0')) + 1))
    this.#perhapsCounted += 1
    try {
      if (entry === undefined) await kv.create('n', value)
      else await kv.update('n', value, entry.revision)
      this.#counted += 1
    } catch (error) {
      if (isTransportError(error, 'UNKNOWN_OUTCOME')) throw error
      this.#perhapsCounted -= 1
      throw error
    }
    this.#perhapsCounted -= 1
  }

  #isUp(node: NodeName, transport: SimulatedTransport): boolean {
    return this.#transports.get(node) === transport
  }

  async #tolerating(node: NodeName, action: () => Promise<void>): Promise<void> {
    try {
      await action()
    } catch (error) {
      this.#expect(node, error)
    }
  }

  #expect(node: NodeName, error: unknown): void {
    if (!EXPECTED.some((code) => isTransportError(error, code))) throw error
    this.#world.note(`${node}: ${(error as Error).message}`)
  }
}

/** Acknowledges a tenth of the appends and stores nothing. */
function forgetful(log: Log, random: Random): Log {
  const append: Log['append'] = async (...args) => {
    if (random.next() >= 0.1) return await log.append(...args)
    return { sequence: (await log.info()).lastSequence + 1, duplicate: false }
  }
  return new Proxy(log, {
    get(target, name) {
      if (name === 'append') return append
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
