import { Store } from '@ashlar/lsm-store'
import { createServer, type InProcessClient, type RespServer } from '@ashlar/resp-server'
import { type Lease, type LeaseOptions, type Transport, TransportError } from '@ashlar/transport'
import type { Broker } from '../../network/broker.ts'
import type { SimulatedTransport } from '../../network/simulated-transport.ts'
import { NodeClock } from '../../node/node-clock.ts'
import type { SimulatedDisk } from '../../node/simulated-disk.ts'
import type { Simulation } from '../../world/simulation.ts'
import type { NodeName, ReplicasSettings } from './plan.ts'

/** What a node that is no primary, is cut off or goes down may answer. */
export const KNOWN_REFUSAL: RegExp =
  /READONLY|LOADING|UNBLOCKED|NOREPLICAS|EXECABORT|WAIT cannot be used|FAILOVER|No failover|closed/

/** `no-fencing`: it believes in its lease for ever. `any-successor`: it never asks who is further. */
export type ReplicaBreak = 'no-fencing' | 'any-successor'

/** @see Replica */
export interface ReplicaOptions {
  readonly world: Simulation
  readonly broker: Broker
  readonly name: NodeName
  readonly disk: SimulatedDisk
  readonly settings: Omit<ReplicasSettings, 'loss' | 'duplicate' | 'reorder'>
  readonly broken: ReplicaBreak | undefined
}

/** The process of one node. */
export class Replica {
  readonly name: NodeName
  readonly #clock: NodeClock
  readonly #transport: SimulatedTransport
  readonly #store: Store
  readonly #disk: SimulatedDisk
  readonly #server: RespServer

  private constructor(
    options: ReplicaOptions,
    clock: NodeClock,
    transport: SimulatedTransport,
    store: Store,
    server: RespServer,
  ) {
    this.name = options.name
    this.#disk = options.disk
    this.#clock = clock
    this.#transport = transport
    this.#store = store
    this.#server = server
  }

  static async open(options: ReplicaOptions): Promise<Replica> {
    const { world, broker, name, disk, settings } = options
    const clock = new NodeClock(world.clock, { driftPpm: settings.driftPpm[name] })
    const transport = broker.connect(name, { clock, timeoutMs: 400 })
    const store = await Store.open('/data', {
      fileSystem: disk.mount(),
      clock,
      memtableBytes: 8192,
      changeRetentionBytes: settings.changeRetentionBytes,
    })
    const server = await createServer({
      store,
      appendFsync: 'always',
      clock,
      random: world.random(`server/${name}/${world.clock.monotonic()}`),
      logger: {
        debug: () => {},
        info: (message, fields) => world.note(`${name}: ${message} ${JSON.stringify(fields)}`),
        warn: (message, fields) => world.note(`${name}: ${message} ${JSON.stringify(fields)}`),
        error: (message, fields) => world.note(`${name}: ${message} ${JSON.stringify(fields)}`),
      },
      replication: {
        transport: brokenTransport(transport, options.broken),
        node: name,
        leaseTtlMs: settings.leaseTtlMs,
      },
    })
    return new Replica(options, clock, transport, store, server)
  }

  createClient(): InProcessClient {
    return this.#server.createClient()
  }

  /** How many replicas have all that was written; undefined when it is no primary. */
  async countReplicas(wanted: number): Promise<number | undefined> {
    const client = this.createClient()
    try {
      return Number(await client.execute(['WAIT', wanted, 1000]))
    } catch (error) {
      if (!KNOWN_REFUSAL.test(String(error))) throw error
      return undefined
    } finally {
      client.close()
    }
  }

  /** An orderly end. */
  async close(): Promise<void> {
    await this.#server.close()
    await this.#transport.close()
    await this.#store.close()
    this.#clock.stop()
    this.#disk.kill()
  }

  /** The process is gone, or the machine. */
  crash(kind: 'kill' | 'power-cut'): void {
    this.#transport.kill()
    this.#clock.stop()
    if (kind === 'kill') this.#disk.kill()
    else this.#disk.powerCut()
  }
}

function brokenTransport(transport: Transport, broken: ReplicaBreak | undefined): Transport {
  if (broken === 'no-fencing') return withoutFencing(transport)
  return broken === 'any-successor' ? withoutStatus(transport) : transport
}

/** How far others are is never heard: broken on purpose, to prove that checks notice. */
function withoutStatus(transport: Transport): Transport {
  const request: Transport['request'] = async (subject, payload, options) => {
    if (Buffer.from(payload).includes('status')) {
      throw new TransportError('NO_RESPONDERS', 'nobody is asked')
    }
    return await transport.request(subject, payload, options)
  }
  return new Proxy(transport, {
    get(target, name) {
      if (name === 'request') return request
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Leases that are believed in for ever: broken on purpose, to prove that checks notice. */
function withoutFencing(transport: Transport): Transport {
  const lease = async (
    bucket: string,
    key: string,
    options: LeaseOptions,
  ): Promise<Lease | undefined> => {
    const granted = await transport.lease(bucket, key, { ...options, onLost: undefined })
    if (granted === undefined) return undefined
    return {
      owner: granted.owner,
      epoch: granted.epoch,
      held: true,
      renew: () => granted.renew(),
      release: () => granted.release(),
    }
  }
  return new Proxy(transport, {
    get(target, name) {
      if (name === 'lease') return lease
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
