import { type Clock, systemClock } from '@ashlar/codec'
import type { MergePolicy, ReplicaSubscription } from '@ashlar/pubsub-replicator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cluster, dump, type TestNode } from './cluster.ts'

// Goal: whatever three nodes write, in whatever order the network lets it through and whatever
// their clocks show, they end with the same records, byte for byte, once the network is whole.
// Method: random writes, transactions, cuts, restarts and power cuts; then heal, catch up, compare.

const NAMES = ['a', 'b', 'c'] as const
type Name = (typeof NAMES)[number]
type Topology = 'mesh' | 'chain'

type Step =
  | { do: 'put' | 'patch'; node: Name; id: number; field: number; value: number }
  | { do: 'delete'; node: Name; id: number }
  | { do: 'transaction'; node: Name; ids: number[]; value: number }
  | { do: 'cut' | 'heal'; node: Name }
  | { do: 'restart' | 'powerCut' | 'collect'; node: Name }
  | { do: 'rest' }

const node = fc.constantFrom(...NAMES)
const id = fc.integer({ min: 0, max: 5 })
const value = fc.integer({ min: 0, max: 999 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('put', 'patch'),
      node,
      id,
      field: fc.nat(2),
      value,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), node, id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('transaction' as const),
      node,
      ids: fc.uniqueArray(id, { minLength: 2, maxLength: 4 }),
      value,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('cut', 'heal'), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('restart', 'powerCut', 'collect'), node }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'rest' as const }) },
)

class Trial {
  readonly cluster = new Cluster()
  readonly subscriptions = new Map<Name, ReplicaSubscription[]>()
  readonly cut = new Set<Name>()
  readonly #topology: Topology
  readonly #merge: MergePolicy
  readonly #skews: readonly number[]
  readonly #retention: number

  constructor(topology: Topology, merge: MergePolicy, skews: readonly number[], retention: number) {
    this.#topology = topology
    this.#merge = merge
    this.#skews = skews
    this.#retention = retention
  }

  async open(name: Name): Promise<TestNode> {
    const forward = this.#topology === 'chain' && name === 'b'
    const node = await this.cluster.open(name, {
      clock: skewed(this.#skews[NAMES.indexOf(name)] ?? 0),
      tables: ['t', 'u'].map((table) => ({
        name: table,
        publish: true,
        forward,
        merge: this.#merge,
      })),
      storeOptions: { changeRetentionBytes: this.#retention, memtableBytes: 4096 },
      // each power cut puts a clock up to 30 s ahead of time, and there may be many in a row
      maxDriftMs: 3_600_000,
      requestTimeoutMs: 150,
      tombstones: { minAgeMs: 0 },
    })
    const sources = NAMES.filter(
      (other) => other !== name && (this.#topology === 'mesh' || name === 'b' || other === 'b'),
    )
    this.subscriptions.set(
      name,
      sources.flatMap((from) =>
        ['t', 'u'].map((table) => node.replicator.subscribe({ table, from })),
      ),
    )
    return node
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'rest') {
      for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve))
      return
    }
    const { replicator, transport, disk } = this.#node(step.node)
    const table = replicator.table(`t`)
    switch (step.do) {
      case 'put':
        return await table.put(step.id, { [`f${step.field}`]: step.value, by: step.node })
      case 'patch':
        return await table.patch(step.id, { [`f${step.field}`]: step.value || undefined })
      case 'delete':
        return void (await table.delete(step.id))
      case 'transaction':
        return await replicator.transaction((tx) => {
          for (const id of step.ids) {
            tx.table('t').put(id, { pair: step.value, by: step.node })
            tx.table('u').patch(id, { pair: step.value })
          }
        })
      case 'cut':
        this.cut.add(step.node)
        return transport.disconnect()
      case 'heal':
        this.cut.delete(step.node)
        return transport.reconnect()
      case 'collect':
        return void (await replicator.collectTombstones())
      case 'powerCut':
        await transport.close()
        disk.powerCut()
        await replicator.close().catch(() => undefined) // its disk is gone
        await this.open(step.node)
        if (this.cut.has(step.node)) this.#node(step.node).transport.disconnect()
        return
      case 'restart':
        await this.cluster.close(step.node)
        await this.open(step.node)
        if (this.cut.has(step.node)) this.#node(step.node).transport.disconnect()
    }
  }

  async settle(): Promise<void> {
    for (const name of NAMES) this.#node(name).transport.reconnect()
    // twice, because what the hub forwards must reach the hub first
    for (let round = 0; round < 2; round += 1) {
      const all = [...this.subscriptions.values()].flat()
      await Promise.all(all.map((subscription) => subscription.catchUp({ timeoutMs: 10_000 })))
    }
  }

  async tables(): Promise<string[]> {
    const dumps = NAMES.map(async (name) => {
      const node = this.#node(name)
      return JSON.stringify([await dump(node, 't'), await dump(node, 'u')])
    })
    return await Promise.all(dumps)
  }

  #node(name: Name): TestNode {
    const node = this.cluster.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }
}

function skewed(skewMs: number): Clock {
  return {
    now: () => systemClock.now() + skewMs,
    monotonic: () => systemClock.monotonic(),
    setTimer: (callback, delayMs, options) => systemClock.setTimer(callback, delayMs, options),
  }
}

const RUNS = Number(process.env['ASHLAR_CONVERGENCE_RUNS'] ?? 6)
const skews = fc.tuple(
  fc.constant(0),
  fc.integer({ min: -20_000, max: 20_000 }),
  fc.integer({ min: -20_000, max: 20_000 }),
)
const steps = fc.array(step, { minLength: 10, maxLength: 60 })

for (const topology of ['mesh', 'chain'] as const) {
  for (const merge of ['record', 'field'] as const) {
    test(`three nodes in a ${topology} converge, byte for byte, merging by ${merge}`, {
      timeout: Number(process.env['ASHLAR_CONVERGENCE_MS'] ?? 60_000),
    }, async () => {
      await fc.assert(
        fc.asyncProperty(
          skews,
          steps,
          fc.constantFrom(0, 64 * 1024 * 1024),
          async (skews, steps, retention) => {
            const trial = new Trial(topology, merge, skews, retention)
            try {
              for (const name of NAMES) await trial.open(name)
              for (const step of steps) await trial.take(step)
              await trial.settle()
              const [first, ...others] = await trial.tables()
              for (const other of others) expect(other).toBe(first)
              for (const node of trial.cluster.nodes.values()) expect(node.errors).toEqual([])
            } finally {
              await trial.cluster[Symbol.asyncDispose]()
            }
          },
        ),
        {
          numRuns: RUNS,
          ...(process.env['ASHLAR_SEED'] && { seed: Number(process.env['ASHLAR_SEED']) }),
        },
      )
    })
  }
}
