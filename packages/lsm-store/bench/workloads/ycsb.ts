import { makeKeys, mulberry } from '../data.ts'
import type { Engine } from '../engines/engine.ts'
import { inLanes, type Work, type Workload } from '../stage.ts'

const RECORDS = 300_000
const LANES = 16
const SKEW = 0.99
const LONGEST_SCAN = 100

/** Ranks from 0 on, low ones much more often: YCSB's Zipfian distribution (Gray et al., 1994). */
function zipfian(count: number, random: () => number): () => number {
  let zeta = 0
  for (let i = 1; i <= count; i++) zeta += 1 / i ** SKEW
  const alpha = 1 / (1 - SKEW)
  const zetaOfTwo = 1 + 0.5 ** SKEW
  const eta = (1 - (2 / count) ** (1 - SKEW)) / (1 - zetaOfTwo / zeta)
  return () => {
    const u = random()
    const uz = u * zeta
    if (uz < 1) return 0
    if (uz < zetaOfTwo) return 1
    return Math.floor(count * (eta * u - eta + 1) ** alpha)
  }
}

/** What a client of the benchmark knows: which records there are, and which it wants next. */
class Client {
  readonly random: () => number
  readonly #rank: () => number
  readonly #keys: readonly Buffer[]
  #inserted: Buffer[] = []

  constructor(keys: readonly Buffer[], seed: number) {
    this.#keys = keys
    this.random = mulberry(seed)
    this.#rank = zipfian(keys.length, this.random)
  }

  /** Popular records lie all over the key space. */
  popular(): Buffer {
    return Buffer.from(this.#keys[this.#rank()] as Buffer)
  }

  /** The newest records are the most popular. */
  latest(): Buffer {
    const rank = this.#rank()
    const { length } = this.#inserted
    if (rank < length) return this.#inserted[length - 1 - rank] as Buffer
    return this.#keys[this.#keys.length - 1 - (rank - length)] as Buffer
  }

  /** A key that no record has yet. */
  fresh(): Buffer {
    const [key] = makeKeys(1, 'random', this.#keys.length + this.#inserted.length)
    this.#inserted.push(key as Buffer)
    return key as Buffer
  }
}

/** What a client does next. It has chosen the key before the clock runs. */
type Action = (engine: Engine, value: Buffer) => unknown
type Choose = (client: Client) => Action

const read: Choose = (client) => {
  const key = client.popular()
  return (engine) => engine.get(key)
}
const readLatest: Choose = (client) => {
  const key = client.latest()
  return (engine) => engine.get(key)
}
const update: Choose = (client) => {
  const key = client.popular()
  return (engine, value) => engine.put(key, value)
}
const insert: Choose = (client) => {
  const key = client.fresh()
  return (engine, value) => engine.put(key, value)
}
const scan: Choose = (client) => {
  const from = client.popular()
  const count = 1 + Math.floor(client.random() * LONGEST_SCAN)
  return (engine) => engine.range({ from, count })
}
const readModifyWrite: Choose = (client) => {
  const key = client.popular()
  return async (engine, value) => {
    await engine.get(key)
    await engine.put(key, value)
  }
}

/** Mixes two calls. Each engine has a client of its own, so that both are asked the same. */
function mix(first: Choose, share: number, second: Choose): Work {
  const clients = new Map<Engine, Client>()
  return (engine, play) => {
    const client = clients.get(engine) ?? new Client(play.keys, 42)
    clients.set(engine, client)
    return inLanes(
      LANES,
      { ms: play.roundMs },
      () => (client.random() < share ? first : second)(client),
      (action, i) => action(engine, play.value(i)),
    )
  }
}

function workload(name: string, work: Work, peers: Workload['peers']): Workload {
  return {
    name: `YCSB ${name}`,
    unit: 'op/s',
    work,
    peers,
    valueBytes: 1000,
    keys: RECORDS,
    filled: 'shared',
    rounds: 11,
  }
}

export const ycsb: readonly Workload[] = [
  workload('A (half updates)', mix(read, 0.5, update), [
    ['classic-level', 3, 5],
    ['rocksdb-native', 3, 5],
  ]),
  workload('B (5 % updates)', mix(read, 0.95, update), [
    ['lmdb', 2, 3],
    ['classic-level', 2, 3],
  ]),
  workload('C (reads)', mix(read, 1, read), [['lmdb', 0.8, 1.2]]),
  workload('D (latest, 5 % inserts)', mix(readLatest, 0.95, insert), [['lmdb', 1.2, 2]]),
  workload('E (scans of 1 to 100)', mix(scan, 0.95, insert), [['lmdb', 2.5, 4]]),
  workload('F (half read-modify-write)', mix(read, 0.5, readModifyWrite), [
    ['classic-level', 3, 5],
    ['rocksdb-native', 3, 5],
  ]),
]
