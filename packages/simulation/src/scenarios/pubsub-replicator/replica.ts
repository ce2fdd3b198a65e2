import { Store } from '@ashlar/lsm-store'
import {
  type LinkStatus,
  type RecordData,
  type ReplicaSubscription,
  Replicator,
} from '@ashlar/pubsub-replicator'
import type { Broker } from '../../network/broker.ts'
import type { SimulatedTransport } from '../../network/simulated-transport.ts'
import { forgetKeys } from '../../node/forget-keys.ts'
import { NodeClock } from '../../node/node-clock.ts'
import type { SimulatedDisk } from '../../node/simulated-disk.ts'
import { splitBatches } from '../../node/split-batches.ts'
import type { Simulation } from '../../world/simulation.ts'
import { Violation } from '../../world/violation.ts'
import { type NodeName, type ReplicatorSettings, VIEWER, WRITERS } from './plan.ts'

export type ReplicatorBreak = 'split-batches' | 'unasked-rows' | 'lying-disk'

export const TABLES = ['t', 'u'] as const
/** What the viewer selects. */
export const VIEWED = { field: 'by', eq: 'a' } as const
/** A power cut puts a clock up to two seconds ahead of time, and there may be many in a row. */
const MAX_DRIFT_MS = 3_600_000

/** @see Replica */
export interface ReplicaOptions {
  readonly world: Simulation
  readonly broker: Broker
  readonly name: NodeName
  readonly disk: SimulatedDisk
  readonly settings: ReplicatorSettings
  /** How far its wall clock is ahead of the truth. */
  readonly offsetMs: number
  readonly broken: ReplicatorBreak | undefined
  /** A snapshot begins to be taken over. */
  readonly onSnapshot: () => void
}

/** The process of one node. */
export class Replica {
  readonly name: NodeName
  readonly clock: NodeClock
  readonly replicator: Replicator
  readonly subscriptions: readonly ReplicaSubscription[]
  readonly #transport: SimulatedTransport
  readonly #store: Store
  readonly #disk: SimulatedDisk

  private constructor(
    name: NodeName,
    clock: NodeClock,
    transport: SimulatedTransport,
    store: Store,
    disk: SimulatedDisk,
    replicator: Replicator,
    subscriptions: readonly ReplicaSubscription[],
  ) {
    this.name = name
    this.clock = clock
    this.#transport = transport
    this.#store = store
    this.#disk = disk
    this.replicator = replicator
    this.subscriptions = subscriptions
  }

  static async open(options: ReplicaOptions): Promise<Replica> {
    const { world, broker, name, disk, settings, offsetMs } = options
    const clock = new NodeClock(world.clock, { driftPpm: settings.driftPpm[name], offsetMs })
    const transport = broker.connect(name, { clock })
    const store = await Store.open('/data', {
      fileSystem: disk.mount(),
      clock,
      sync: settings.sync,
      syncIntervalMs: 200,
      memtableBytes: 8192,
      changeRetentionBytes: settings.changeRetentionBytes,
    })
    const forward = settings.topology === 'chain' && name === 'b'
    const replicator = await Replicator.open({
      node: name,
      store: brokenStore(store, world, options.broken),
      transport,
      clock,
      random: world.random(`replicator/${name}/${world.clock.monotonic()}`),
      tables: TABLES.map((table) => ({
        name: table,
        publish: true,
        forward,
        merge: settings.merge,
      })),
      heartbeatMs: 200,
      requestTimeoutMs: 500,
      retryMaxMs: 400,
      maxDriftMs: MAX_DRIFT_MS,
      tombstones: { minAgeMs: 0 },
      events: {
        onError: ({ error, during }) => world.note(`${name} error: ${during}: ${String(error)}`),
        onState: ({ table, publisher, state }) => {
          world.note(`${name} ${table} from ${publisher}: ${state}`)
          if (state === 'snapshot') options.onSnapshot()
        },
      },
    })
    const subscriptions = sourcesOf(name, settings).flatMap((from) =>
      TABLES.map((table) =>
        replicator.subscribe({ table, from, ...(name === VIEWER ? { where: VIEWED } : {}) }),
      ),
    )
    return new Replica(name, clock, transport, store, disk, replicator, subscriptions)
  }

  get links(): LinkStatus[] {
    return this.subscriptions.flatMap((subscription) => subscription.status())
  }

  /** It keeps rows that the hub before it has lost, and asks about them one by one. */
  get isKeeping(): boolean {
    return this.links.some(({ kept }) => kept > 0)
  }

  get states(): string[] {
    return this.links.map(({ state }) => state)
  }

  /** An orderly end. */
  async close(): Promise<void> {
    await this.replicator.close()
    await this.#transport.close()
    await this.#store.close()
    this.#stop('kill')
  }

  /** The process is gone, or the machine. */
  crash(kind: 'kill' | 'power-cut'): void {
    this.#transport.kill()
    this.#stop(kind)
  }

  #stop(kind: 'kill' | 'power-cut'): void {
    this.clock.stop()
    if (kind === 'kill') this.#disk.kill()
    else this.#disk.powerCut()
  }

  record(table: string, id: string): RecordData | undefined {
    return this.replicator.table(table).getSync(id)
  }

  /** All records of both tables, in order. */
  async dump(keep: (record: RecordData) => boolean = () => true): Promise<string> {
    const tables: unknown[] = []
    for (const table of TABLES) {
      const rows = await Array.fromAsync(this.replicator.table(table).scan())
      tables.push(rows.filter(([, record]) => keep(record)))
    }
    return JSON.stringify(tables)
  }

  /** A transaction wrote both or none: so each pair has one value, whoever wrote last. */
  checkPairs(ids: readonly string[]): void {
    for (const id of ids) {
      const [t, u] = TABLES.map((table) => this.record(table, id)?.['pair'])
      if (t === u) continue
      throw new Violation('transaction', `${this.name} has ${id} as ${String(t)} and ${String(u)}`)
    }
  }
}

function brokenStore(store: Store, world: Simulation, broken: ReplicatorBreak | undefined): Store {
  if (broken === 'split-batches') return splitBatches(store, world)
  // the list of rows that a publisher has lost
  return broken === 'unasked-rows' ? forgetKeys(store, 'rep:k') : store
}

function sourcesOf(name: NodeName, { topology }: ReplicatorSettings): NodeName[] {
  if (name === VIEWER) return ['b']
  return WRITERS.filter(
    (other) => other !== name && (topology === 'mesh' || name === 'b' || other === 'b'),
  )
}
