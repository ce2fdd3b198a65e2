import { makeKeys, pick } from '../data.ts'
import { openEngine } from '../engines/open-engine.ts'
import { inLanes, type Work, type Workload } from '../stage.ts'

const BATCH = 1000

/** A fresh store filled with `count` keys: puts per second of the time that writing took. */
function freshFill(count: number, order: 'sorted' | 'random'): Work {
  return async (_, { name, value, quick, round }) => {
    // The first round only warms up.
    const total = round === 0 ? count / 20 : count / (quick ? 10 : 1)
    const engine = await openEngine(name)
    let elapsedMs = 0
    for (let i = 0; i < total; i += BATCH) {
      const keys = makeKeys(BATCH, order, i)
      const values = keys.map((_key, j) => value(i + j))
      const start = performance.now()
      await engine.write(keys, values)
      elapsedMs += performance.now() - start
    }
    await engine.close()
    return (total * 1000) / elapsedMs
  }
}

/** Goes on filling one store. */
const batches: Work = async (engine, { value, roundMs, round }) => {
  let elapsedMs = 0
  let written = 0
  while (elapsedMs < roundMs) {
    const first = round * 1_000_000 + written
    const keys = makeKeys(BATCH, 'random', first)
    const values = keys.map((_, i) => value(first + i))
    const start = performance.now()
    await engine.write(keys, values)
    elapsedMs += performance.now() - start
    written += BATCH
  }
  return (written * 1000) / elapsedMs
}

const LANES = 16

function puts(lanes: number, synced: boolean): Work {
  return (engine, { keys, value, roundMs: ms, round }) => {
    const put = synced ? engine.putSynced : engine.put
    if (put === undefined) throw new Error('this engine cannot do it')
    const first = round * 100_003
    return inLanes(
      lanes,
      { ms, first },
      (i) => pick(keys, i),
      (key, i) => put(key, value(i)),
    )
  }
}

const overwrites: Work = (engine, { keys, value, roundMs: ms, round }) => {
  const first = round * 100_003
  return inLanes(
    LANES,
    { ms, first },
    (i) => pick(keys, i),
    (key, i) => engine.put(key, value(i)),
  )
}

const removes: Work = (engine, { keys, roundMs: ms, round }) =>
  inLanes(LANES, { ms, first: round * 100_003 }, (i) => pick(keys, i), engine.remove)

const FILL = { unit: 'puts/s', keys: 10_000, rounds: 3 } as const

export const writes: readonly Workload[] = [
  {
    ...FILL,
    name: 'fill in order, batches of 1000',
    work: freshFill(1_000_000, 'sorted'),
    peers: [
      ['rocksdb-native', 0.9, 1.5],
      ['lmdb', 0.9, 1.5],
    ],
  },
  {
    ...FILL,
    name: 'fill at random, batches of 1000',
    work: freshFill(1_000_000, 'random'),
    peers: [
      ['rocksdb-native', 1.5, 2.5],
      ['classic-level', 1.5, 2.5],
    ],
  },
  {
    ...FILL,
    name: 'fill at random, 5M, batches of 1000',
    work: freshFill(5_000_000, 'random'),
    rounds: 1,
    peers: [['rocksdb-native', 1.5, 2.5]],
  },
  {
    name: 'put, 64 in flight',
    unit: 'puts/s',
    work: puts(64, false),
    peers: [
      ['classic-level', 2.5, 4],
      ['rocksdb-native', 2.5, 4],
    ],
  },
  {
    name: 'put, one awaited',
    unit: 'puts/s',
    work: puts(1, false),
    peers: [
      ['classic-level', 2, 2.5],
      ['rocksdb-native', 2, 2.5],
    ],
  },
  {
    name: 'put durable, 64 in flight',
    unit: 'puts/s',
    work: puts(64, true),
    peers: [
      ['lmdb', 2.5, 4],
      ['classic-level', 2.5, 4],
    ],
  },
  {
    name: 'put durable, one awaited',
    unit: 'puts/s',
    work: puts(1, true),
    peers: [
      ['lmdb', 1, 1.3],
      ['classic-level', 1, 1.3],
    ],
  },
  {
    name: 'overwrite, 16 in flight',
    unit: 'puts/s',
    work: overwrites,
    keys: 200_000,
    filled: 'own',
    peers: [['classic-level', 3, 5]],
  },
  {
    name: 'delete, 16 in flight',
    unit: 'deletes/s',
    work: removes,
    keys: 200_000,
    filled: 'own',
    peers: [['classic-level', 3, 5]],
  },
  {
    name: '1 KB values, batches of 1000',
    unit: 'puts/s',
    work: batches,
    valueBytes: 1000,
    keys: 10_000,
    rounds: 7,
    peers: [
      ['rocksdb-native', 1, 2],
      ['classic-level', 1, 2],
    ],
  },
]
