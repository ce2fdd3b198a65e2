import { pick } from '../data.ts'
import { inLanes, inSequence, type Work, type Workload } from '../stage.ts'

const LANES = 16

/** Far enough apart that rounds do not repeat each other. */
const firstOf = (round: number): number => round * 1_000_003

const gets: Work = (engine, { keys, roundMs: ms, round }) =>
  inLanes(LANES, { ms, first: firstOf(round) }, (i) => pick(keys, i), engine.get)

const getsSync: Work = (engine, { keys, roundMs: ms, round }) =>
  inSequence(
    { ms, first: firstOf(round) },
    (i) => pick(keys, i),
    (key) => {
      if (engine.getSync?.(key) === undefined) throw new Error('a key is missing')
    },
  )

const hot: Work = (engine, { keys, roundMs: ms, round }) => {
  const some = keys.slice(0, keys.length / 100)
  return inLanes(LANES, { ms, first: firstOf(round) }, (i) => pick(some, i), engine.get)
}

const missing: Work = (engine, { keys, roundMs: ms, round }) => {
  // Between keys that are there, all over the key space.
  const absent = (i: number): Buffer => Buffer.concat([pick(keys, i), Buffer.from('x')])
  return inLanes(LANES, { ms, first: firstOf(round) }, absent, engine.get)
}

const many: Work = async (engine, { keys, roundMs: ms, round }) => {
  const hundred = (i: number): Buffer[] =>
    Array.from({ length: 100 }, (_, j) => pick(keys, i * 100 + j))
  return 100 * (await inLanes(LANES, { ms, first: firstOf(round) }, hundred, engine.getMany))
}

const seeks: Work = (engine, { keys, roundMs: ms, round }) =>
  inLanes(
    LANES,
    { ms, first: firstOf(round) },
    (i) => pick(keys, i),
    (from) => engine.range({ from, count: 50 }),
  )

function scan(reverse: boolean): Work {
  return async (engine, { keys }) => {
    const start = performance.now()
    const count = await engine.range({ reverse, count: keys.length })
    if (count < keys.length * 0.9) throw new Error(`a scan saw ${count} entries`)
    return (count * 1000) / (performance.now() - start)
  }
}

const WRITERS = 4

/** Sixteen readers, four writers, all as fast as they can: reads, or writes, per second. */
function readsWhileWriting(count: 'reads' | 'writes'): Work {
  return async (engine, { keys, value, roundMs, round }) => {
    let reading = true
    let writes = 0
    const writer = async (lane: number): Promise<void> => {
      while (reading) {
        const i = firstOf(round) + lane + WRITERS * writes
        await engine.put(pick(keys, i), value(i))
        writes += 1
      }
    }
    const start = performance.now()
    const writers = Array.from({ length: WRITERS }, (_, lane) => writer(lane))
    const rate = await inLanes(
      LANES,
      { ms: roundMs, first: firstOf(round) },
      (i) => pick(keys, i),
      engine.get,
    )
    const elapsedMs = performance.now() - start
    reading = false
    const written = writes
    await Promise.all(writers)
    return count === 'reads' ? rate : (written * 1000) / elapsedMs
  }
}

const filled = 'shared'

export const reads: readonly Workload[] = [
  {
    name: 'get random, 16 in flight',
    unit: 'gets/s',
    work: gets,
    filled,
    peers: [
      ['lmdb', 1, 1.5],
      ['classic-level', 3, 3],
    ],
  },
  {
    name: 'getSync random',
    unit: 'gets/s',
    work: getsSync,
    filled,
    peers: [
      ['lmdb', 1.3, 2],
      ['classic-level', 3, 3],
    ],
  },
  {
    name: 'get of the hot 1 %, 16 in flight',
    unit: 'gets/s',
    work: hot,
    filled,
    peers: [['lmdb', 1, 1.5]],
  },
  {
    name: 'get missing, 16 in flight',
    unit: 'gets/s',
    work: missing,
    filled,
    peers: [['lmdb', 1.5, 3]],
  },
  {
    name: 'getMany of 100, 16 in flight',
    unit: 'keys/s',
    work: many,
    filled,
    peers: [
      ['classic-level', 2, 4],
      ['lmdb', 2, 4],
    ],
  },
  {
    name: 'seek and 50 entries, 16 in flight',
    unit: 'seeks/s',
    work: seeks,
    filled,
    peers: [
      ['lmdb', 3, 5],
      ['classic-level', 3, 5],
    ],
  },
  {
    name: 'scan',
    unit: 'entries/s',
    work: scan(false),
    filled,
    rounds: 5,
    peers: [
      ['lmdb', 1.5, 3],
      ['classic-level', 1.5, 3],
    ],
  },
  {
    name: 'scan in reverse',
    unit: 'entries/s',
    work: scan(true),
    filled,
    rounds: 5,
    peers: [
      ['lmdb', 1.5, 3],
      ['classic-level', 1.5, 3],
    ],
  },
  {
    name: 'get while four write, 16 in flight',
    unit: 'gets/s',
    work: readsWhileWriting('reads'),
    filled,
    peers: [
      ['lmdb', 0.8, 1.2],
      ['classic-level', 3, 5],
    ],
  },
  {
    name: 'put of four while 16 read',
    unit: 'puts/s',
    work: readsWhileWriting('writes'),
    filled,
    peers: [
      ['lmdb', 10, 100],
      ['classic-level', 3, 5],
    ],
  },
]
