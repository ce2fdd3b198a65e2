import type { Contest, Row } from '@ashlar/bench-kit'
import type { Arena } from './arena.ts'
import type { Lags, Pending, Resumed } from './scenarios.ts'

/** The peers by the name of their process, with their sync mode. */
const PEERS = {
  bullmq: 'BullMQ everysec',
  graphile: 'graphile-worker async commit',
  'graphile-order': 'graphile-worker queueName async commit',
  'pg-boss': 'pg-boss async commit',
  'pg-boss-order': 'pg-boss key_strict_fifo async commit',
  pglite: 'pg-boss on PGlite',
  'pglite-order': 'pg-boss on PGlite key_strict_fifo',
} as const

type Peer = keyof typeof PEERS

const ALL: readonly Peer[] = ['bullmq', 'graphile', 'pg-boss', 'pglite']
export const ORDERED: readonly Peer[] = ['graphile-order', 'pg-boss-order', 'pglite-order']

/** Measures one contestant: what the row compares. */
type Measure = (contestant: string) => Promise<number>

interface RowOptions extends Omit<Row, 'peer' | 'open'> {
  /** Which of ours. Default the embedded scheduler. */
  readonly ours?: 'ours' | 'jetstream'
  readonly peers: readonly Peer[]
  readonly measure: Measure
  /** Told after the runs. */
  readonly also?: () => string
}

/**
 * A row against the best of several peers. In each round all of them run, one after the other; the
 * best figure of the round counts, and the medians of all stand in the notes.
 */
export function versus({ ours = 'ours', peers, measure, also, ...row }: RowOptions): Row {
  return {
    ...row,
    peer: peers.length > 1 ? 'best peer' : peerName(peers[0]),
    open(): Contest {
      const run = measure
      const figures = new Map<Peer, number[]>(peers.map((peer) => [peer, []]))
      return {
        ours: () => run(ours),
        async theirs() {
          const round: number[] = []
          for (const peer of peers) {
            const figure = await run(peer)
            round.push(figure)
            figures.get(peer)?.push(figure)
          }
          return row.less === true ? Math.min(...round) : Math.max(...round)
        },
        notes: () => {
          const medians = peers.map((peer) => `${PEERS[peer]} ${shown(figures.get(peer) ?? [])}`)
          const more = also === undefined ? [] : [also()]
          return [...(row.notes === undefined ? [] : [row.notes]), ...more, ...medians].join('; ')
        },
      }
    },
  }
}

function peerName(peer: Peer | undefined): string {
  return peer === undefined ? '' : PEERS[peer]
}

function shown(figures: readonly number[]): string {
  const median = figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN
  const digits = Number(median.toPrecision(3))
  return median >= 1_000 ? Math.round(digits).toLocaleString('en-US') : String(digits)
}

/** One round of a scenario, and an empty queue after it. */
export function scenario<T>(
  arena: Arena,
  name: 'scheduleOne' | 'scheduleBulk' | 'execute' | 'order' | 'lag',
  args: readonly number[],
  figure: (result: T) => number,
): Measure {
  return async (contestant) => {
    const result = figure(await arena.call<T>(contestant, name, ...args))
    await arena.call(contestant, 'clear')
    return result
  }
}

export const itself = (figure: number): number => figure
const INTERVAL = 'ours: interval sync'

/** The rows in which rounds are short. */
export function throughputRows(arena: Arena, quick: boolean): Row[] {
  const rounds = quick ? 1 : 5
  return [
    versus({
      name: 'schedule, one awaited',
      unit: 'task/s',
      must: 15 / 4.8,
      aim: 30 / 4.8,
      rounds,
      notes: INTERVAL,
      peers: ALL,
      measure: scenario(arena, 'scheduleOne', [quick ? 200 : 1_000], itself),
    }),
    versus({
      name: 'schedule, bulk of 1000',
      unit: 'task/s',
      must: 100 / 52,
      aim: 250 / 52,
      rounds,
      notes: INTERVAL,
      peers: ALL,
      measure: scenario(arena, 'scheduleBulk', [quick ? 200 : 1_000], itself),
    }),
    versus({
      name: 'execute no-op, concurrency 50',
      unit: 'task/s',
      must: 40 / 13,
      aim: 80 / 13,
      rounds,
      notes: `${INTERVAL}, order per key on, 1,000 keys; the peers promise no order here`,
      peers: ALL,
      measure: scenario(arena, 'execute', [quick ? 5_000 : 20_000, 50], itself),
    }),
    versus({
      name: 'order over 200 keys, 100 slots',
      unit: 'task/s',
      must: 5 / 2.2,
      aim: 10 / 2.2,
      rounds,
      notes: `${INTERVAL}; tasks of 0 to 20 ms, so that the slots allow 10,000 a second`,
      peers: ORDERED,
      measure: scenario(arena, 'order', [quick ? 1_000 : 5_000, 100], itself),
    }),
  ]
}

/** The rows about time: few rounds, of seconds each. */
export function timeRows(arena: Arena, quick: boolean): Row[] {
  return [
    versus({
      name: '10k due at one instant, max lag',
      unit: 'ms',
      less: true,
      warmUp: false,
      must: 880 / 250,
      aim: 880 / 120,
      rounds: quick ? 1 : 3,
      notes: INTERVAL,
      peers: ALL,
      measure: scenario<Lags>(arena, 'lag', [quick ? 5_000 : 10_000, 0], ({ maxMs }) => maxMs),
    }),
    versus({
      name: '3,333 due a second, p99 lag',
      unit: 'ms',
      less: true,
      warmUp: false,
      must: 96 / 20,
      aim: 96 / 8,
      rounds: 1,
      notes: `${INTERVAL}; 100,000 over 30 s, in --quick 5,000 over 1.5 s`,
      peers: ALL,
      measure: scenario<Lags>(
        arena,
        'lag',
        quick ? [5_000, 1_500] : [100_000, 30_000],
        ({ p99Ms }) => Math.max(1, p99Ms),
      ),
    }),
    ...pendingRows(arena, quick),
    killRow(arena),
  ]
}

function killRow(arena: Arena): Row {
  const starts: number[] = []
  return versus({
    name: 'kill -9, 50 runs begin again',
    unit: 'ms',
    less: true,
    warmUp: false,
    must: 12,
    aim: 24,
    rounds: 1,
    notes: `${INTERVAL}; from the opening in a new process, when its code is loaded; pg-boss with its shortest heartbeat, 10 s (its default waits 15 min, graphile-worker 4 h, BullMQ 30 to 60 s)`,
    peers: ['pg-boss'],
    also: () => `our process took ${shown(starts)} ms to start`,
    measure: async (contestant) => {
      const { startMs, againMs } = await killed(arena, contestant)
      if (contestant === 'ours') starts.push(startMs)
      return againMs
    },
  })
}

export async function killed(arena: Arena, contestant: string): Promise<Resumed> {
  const tasks = 50
  await arena.call(contestant, 'interrupt', tasks)
  await arena.kill(contestant)
  return arena.call<Resumed>(contestant, 'resume', tasks)
}

/** Three figures of one run per contestant. */
function pendingRows(arena: Arena, quick: boolean): Row[] {
  const runs = new Map<string, Promise<Pending>>()
  const figureOf = async (contestant: string, tasks: number): Promise<Pending> => {
    const known = runs.get(contestant)
    if (known !== undefined) return known
    // in a process that has done nothing else
    await arena.kill(contestant)
    const run = arena.call<Pending>(contestant, 'pending', tasks)
    runs.set(contestant, run)
    return run
  }
  const measure =
    (figure: (pending: Pending) => number): Measure =>
    async (contestant) =>
      figure(await figureOf(contestant, quick ? 50_000 : 1_000_000))
  const shared = { rounds: 1, warmUp: false, less: true, peers: ALL } as const
  const notes = 'due in a year; 1M tasks, in --quick 50,000'
  return [
    versus({
      ...shared,
      name: '1M pending, memory',
      unit: 'MB',
      must: 799 / 150,
      aim: 799 / 150,
      notes: `${notes}; a process that has opened them, or the Redis server`,
      // of few tasks, most of any process is its code
      peers: quick ? ['pglite'] : ['bullmq', 'pglite'],
      measure: measure(({ memoryBytes }) => memoryBytes / 1e6),
    }),
    versus({
      ...shared,
      name: '1M pending, disk',
      unit: 'B/task',
      must: 279 / 200,
      aim: 279 / 200,
      notes,
      measure: measure(({ diskBytesPerTask }) => diskBytesPerTask),
    }),
    versus({
      ...shared,
      name: '1M pending, p99 lag of a due task',
      unit: 'ms',
      must: 96 / 20,
      aim: 96 / 8,
      notes,
      measure: measure(({ lagP99Ms }) => Math.max(1, lagP99Ms)),
    }),
  ]
}
