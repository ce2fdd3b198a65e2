import type { Contest, Row } from '@ashlar/bench-kit'
import { type Engine, type EngineName, openEngine } from './engines.ts'

/** One round of work; returns what it counted per second. */
type Work = (engine: Engine, data: Data, round: number) => Promise<number>

interface Data {
  readonly keys: readonly Buffer[]
  readonly value: Buffer
  readonly roundMs: number
}

const VALUE_BYTES = 100

/** Distinct 16-byte keys in an order that is as good as random, the same in each run. */
function randomKeys(count: number): Buffer[] {
  const keys: Buffer[] = []
  let state = 0x2545f491
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    keys.push(Buffer.from(String(state).padStart(10, '0') + String(i).padStart(6, '0')))
  }
  return keys
}

/** Half of it repeats, half does not: what engines that compress count on. */
function halfCompressible(): Buffer {
  const value = Buffer.alloc(VALUE_BYTES, 'a')
  let state = 7
  for (let i = 0; i < VALUE_BYTES / 2; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    value[i] = state >>> 24
  }
  return value
}

async function fill(engine: Engine, { keys, value }: Data): Promise<void> {
  for (let i = 0; i < keys.length; i += 1000) await engine.write(keys.slice(i, i + 1000), value)
}

/** `lanes` loops, each waiting for its own calls, until the time is up: calls per second. */
async function inLanes(
  lanes: number,
  ms: number,
  count: number,
  call: (i: number) => unknown,
): Promise<number> {
  let next = 0
  const start = performance.now()
  const lane = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      for (let i = 0; i < 16; i++) await call(next++ % count)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return (next * 1000) / (performance.now() - start)
}

/** Plays both engines on stores of their own. `filled`: they start with all keys. */
function contest(peer: EngineName, work: Work, filled: boolean): Row['open'] {
  return async ({ quick, roundMs }): Promise<Contest> => {
    const data = {
      keys: randomKeys(quick ? 100_000 : 1_000_000),
      value: halfCompressible(),
      roundMs: roundMs * 3,
    }
    const engines = { ours: await openEngine('ours'), theirs: await openEngine(peer) }
    if (filled) {
      await fill(engines.ours, data)
      await fill(engines.theirs, data)
    }
    const rounds = { ours: 0, theirs: 0 }
    return {
      ours: () => work(engines.ours, data, rounds.ours++),
      theirs: () => work(engines.theirs, data, rounds.theirs++),
      async close() {
        await engines.ours.close()
        await engines.theirs.close()
      },
    }
  }
}

const batches: Work = async (engine, { keys, value, roundMs }, round) => {
  const start = performance.now()
  let written = 0
  for (let at = round * 7919; performance.now() - start < roundMs; at += 1000) {
    const from = (at * 1000) % (keys.length - 1000)
    await engine.write(keys.slice(from, from + 1000), value)
    written += 1000
  }
  return (written * 1000) / (performance.now() - start)
}

const puts =
  (lanes: number, synced: boolean): Work =>
  (engine, { keys, value, roundMs }) => {
    const put = synced ? engine.putSynced : engine.put
    return inLanes(lanes, roundMs, keys.length, (i) => put?.(keys[i] as Buffer, value))
  }

/** Steps through the keys in another order than they were written. */
const pick = (keys: readonly Buffer[], i: number): Buffer =>
  keys[(i * 7919) % keys.length] as Buffer

const gets: Work = (engine, { keys, roundMs }) =>
  inLanes(16, roundMs, keys.length, (i) => engine.get(pick(keys, i)))

const getsSync: Work = async (engine, { keys, roundMs }, round) => {
  const start = performance.now()
  let i = round * 1_000_003
  const first = i
  while (performance.now() - start < roundMs) {
    for (let j = 0; j < 100; j++) {
      if (engine.getSync(pick(keys, i++)) === undefined) throw new Error('a key is missing')
    }
  }
  return ((i - first) * 1000) / (performance.now() - start)
}

const missing: Work = (engine, { keys, roundMs }) => {
  const absent = keys.slice(0, 1000).map((key) => Buffer.concat([key, Buffer.from('x')]))
  return inLanes(16, roundMs, absent.length, (i) => engine.get(absent[i] as Buffer))
}

const seeks: Work = (engine, { keys, roundMs }) =>
  inLanes(16, roundMs, keys.length, (i) => engine.range(pick(keys, i), 50))

const scan: Work = async (engine, { keys }) => {
  const start = performance.now()
  const count = await engine.range(undefined, keys.length)
  return (count * 1000) / (performance.now() - start)
}

interface Definition {
  readonly name: string
  readonly unit: string
  readonly work: Work
  readonly filled: boolean
  readonly peers: readonly (readonly [peer: EngineName, must: number, aim: number])[]
}

const DEFINITIONS: readonly Definition[] = [
  {
    name: 'batches of 1000, random keys',
    unit: 'puts/s',
    work: batches,
    filled: false,
    peers: [
      ['classic-level', 1.5, 2.5],
      ['lmdb', 1.5, 2.5],
    ],
  },
  {
    name: 'put, 64 in flight',
    unit: 'puts/s',
    work: puts(64, false),
    filled: false,
    peers: [
      ['classic-level', 2.5, 4],
      ['lmdb', 2.5, 4],
    ],
  },
  {
    name: 'put, one awaited',
    unit: 'puts/s',
    work: puts(1, false),
    filled: false,
    peers: [['classic-level', 2, 4]],
  },
  {
    name: 'put durable, 64 in flight',
    unit: 'puts/s',
    work: puts(64, true),
    filled: false,
    peers: [
      ['classic-level', 2.5, 4],
      ['lmdb', 2.5, 4],
    ],
  },
  {
    name: 'get random, 16 in flight',
    unit: 'gets/s',
    work: gets,
    filled: true,
    peers: [
      ['classic-level', 3, 3],
      ['lmdb', 1, 1.5],
    ],
  },
  {
    name: 'getSync random',
    unit: 'gets/s',
    work: getsSync,
    filled: true,
    peers: [
      ['classic-level', 3, 3],
      ['lmdb', 1.3, 2],
    ],
  },
  {
    name: 'get missing, 16 in flight',
    unit: 'gets/s',
    work: missing,
    filled: true,
    peers: [['lmdb', 1.5, 3]],
  },
  {
    name: 'seek and 50 entries, 16 in flight',
    unit: 'seeks/s',
    work: seeks,
    filled: true,
    peers: [
      ['classic-level', 3, 5],
      ['lmdb', 3, 5],
    ],
  },
  {
    name: 'scan',
    unit: 'entries/s',
    work: scan,
    filled: true,
    peers: [
      ['classic-level', 1.5, 3],
      ['lmdb', 1.5, 3],
    ],
  },
]

/** The rows: each workload against each peer that is worth comparing. */
export const rows: readonly Row[] = DEFINITIONS.flatMap(({ name, unit, work, filled, peers }) =>
  peers.map(([peer, must, aim]): Row => {
    const open = contest(peer, work, filled)
    return { name: `${name} (${peer})`, unit, peer, must, aim, rounds: 7, open }
  }),
)
