// pnpm --filter @ashlar/pubsub-replicator bench [--quick] [--only <row>] [--json] [--markdown] [--gate]
import { type Contest, type Row, runBench } from '@ashlar/bench-kit'
import { openNaive } from './naive.ts'
import { openOurs } from './ours.ts'

/** Two nodes on disk, one that is written to and one that receives. */
export interface Pair {
  /** Writes one record and waits until it can be read at the other node: milliseconds. */
  lag(): Promise<number>
  /** Writes records in batches and waits until all are there: records per second. */
  stream(records: number): Promise<number>
  /** Writes records while the other node is cut off, then heals: records per second from then on. */
  catchUp(records: number): Promise<number>
  close(): Promise<void>
}

const PEER = 'bare copy'
const BARE = 'two bare stores and a message per batch: no stamps, selection, cursor or repair'

function contest(measure: (pair: Pair, quick: boolean) => Promise<number>): Row['open'] {
  return async ({ quick }): Promise<Contest> => {
    const [ours, theirs] = [await openOurs(), await openNaive()]
    return {
      ours: () => measure(ours, quick),
      theirs: () => measure(theirs, quick),
      async close() {
        await ours.close()
        await theirs.close()
      },
    }
  }
}

function lagAt(quantile: number): Row['open'] {
  return contest(async (pair, quick) => {
    const lags: number[] = []
    for (let i = 0; i < (quick ? 100 : 400); i += 1) lags.push(await pair.lag())
    lags.sort((a, b) => a - b)
    return lags[Math.floor(lags.length * quantile)] ?? Number.NaN
  })
}

const shared = { peer: PEER, notes: BARE }
await runBench('@ashlar/pubsub-replicator', [
  {
    ...shared,
    name: 'lag of one record, p50',
    unit: 'ms',
    less: true,
    must: 0.03,
    aim: 0.3,
    rounds: 9,
    open: lagAt(0.5),
  },
  {
    ...shared,
    name: 'lag of one record, p99',
    unit: 'ms',
    less: true,
    must: 0.03,
    aim: 0.3,
    rounds: 9,
    open: lagAt(0.99),
  },
  {
    ...shared,
    name: 'end to end, transactions of 100',
    unit: 'records/s',
    must: 0.05,
    aim: 0.2,
    rounds: 9,
    open: contest((pair, quick) => pair.stream(quick ? 5_000 : 20_000)),
  },
  {
    ...shared,
    name: 'catch-up of 100,000 records',
    unit: 'records/s',
    must: 0.05,
    aim: 0.2,
    rounds: 3,
    notes: '10,000 with --quick; the bare copy scans its store and sends all of it',
    open: contest((pair, quick) => pair.catchUp(quick ? 10_000 : 100_000)),
  },
])
