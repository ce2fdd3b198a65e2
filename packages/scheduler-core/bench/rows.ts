import type { Row } from '@ashlar/bench-kit'
import type { Arena } from './arena.ts'
import type { LongRuns } from './long-runs.ts'
import type { Scale } from './scale.ts'
import type { Lags } from './scenarios.ts'
import { itself, scenario, shown, versus } from './versus.ts'

/** The embedded scheduler: rows in which rounds are short. */
export function throughputRows(arena: Arena, scale: Scale): Row[] {
  const { rounds, roundMs, throughput: peers } = scale
  return [
    versus({
      name: 'schedule, one awaited',
      unit: 'task/s',
      must: 15 / 4.8,
      aim: 30 / 4.8,
      rounds,
      peers,
      measure: scenario(arena, 'scheduleOne', [roundMs], itself),
    }),
    versus({
      name: 'schedule, bulk of 1000',
      unit: 'task/s',
      must: 100 / 52,
      aim: 250 / 52,
      rounds,
      peers,
      measure: scenario(arena, 'scheduleBulk', [roundMs], itself),
    }),
    versus({
      name: 'execute no-op, concurrency 50',
      unit: 'task/s',
      must: 40 / 13,
      aim: 80 / 13,
      rounds,
      notes: 'order per key on, 1,000 keys; the peers promise no order here',
      peers,
      measure: scenario(arena, 'execute', [scale.executed, 50], itself),
    }),
    versus({
      name: 'order over 200 keys, 100 slots',
      unit: 'task/s',
      must: 5 / 2.2,
      aim: 10 / 2.2,
      rounds,
      notes: 'tasks of 0 to 20 ms, so that the slots allow 10,000 a second',
      peers: scale.ordering,
      measure: scenario(arena, 'order', [scale.ordered, 100], itself),
    }),
  ]
}

/** The rows about time: few rounds, of seconds each. */
export function timeRows(arena: Arena, runs: LongRuns, scale: Scale): Row[] {
  const shared = { less: true, warmUp: false, rounds: 1 } as const
  const starts: number[] = []
  return [
    versus({
      ...shared,
      name: '10k due at one instant, max lag',
      unit: 'ms',
      must: 880 / 250,
      aim: 880 / 120,
      rounds: scale.burstRounds,
      notes: scale.burstNote,
      peers: scale.waiting,
      measure: scenario<Lags>(arena, 'lag', [scale.burst, 0], maxLag),
    }),
    versus({
      ...shared,
      name: '100k due over 30 s, p99 lag',
      unit: 'ms',
      must: 96 / 20,
      aim: 96 / 8,
      notes: scale.spreadNote,
      peers: scale.waiting,
      measure: scenario<Lags>(arena, 'lag', [scale.spread, scale.spreadMs], p99Lag),
    }),
    ...pendingRows(runs, scale),
    versus({
      ...shared,
      name: 'kill -9, 50 runs begin again',
      unit: 'ms',
      must: 12,
      aim: 24,
      notes:
        'from the opening in a new process, when its code is loaded; pg-boss with its shortest heartbeat, 10 s (its default waits 15 min, graphile-worker 4 h, BullMQ 30 to 60 s)',
      peers: ['pg-boss'],
      also: () => `our process took ${shown(starts)} ms to start`,
      measure: async (contestant) => {
        const { startMs, againMs } = await runs.killed(contestant)
        if (contestant === 'ours') starts.push(startMs)
        return againMs
      },
    }),
  ]
}

export const maxLag = ({ maxMs }: Lags): number => Math.max(1, maxMs)
export const p99Lag = ({ p99Ms }: Lags): number => Math.max(1, p99Ms)

/** Three figures of one run per contestant. */
function pendingRows(runs: LongRuns, scale: Scale): Row[] {
  const shared = { rounds: 1, warmUp: false, less: true, peers: scale.holding } as const
  const { pendingNote } = scale
  return [
    versus({
      ...shared,
      name: '1M pending, memory',
      unit: 'MB',
      must: 799 / 150,
      aim: 799 / 150,
      notes: `${pendingNote}; a process that has opened them, or the Redis server`,
      peers: scale.memory,
      measure: async (contestant) => (await runs.pending(contestant)).memoryBytes / 1e6,
    }),
    versus({
      ...shared,
      name: '1M pending, disk',
      unit: 'B/task',
      must: 279 / 200,
      aim: 279 / 200,
      notes: pendingNote,
      measure: async (contestant) => (await runs.pending(contestant)).diskBytesPerTask,
    }),
    versus({
      ...shared,
      name: '1M pending, p99 lag of a due task',
      unit: 'ms',
      must: 96 / 20,
      aim: 96 / 8,
      notes: pendingNote,
      measure: async (contestant) => Math.max(1, (await runs.pending(contestant)).lagP99Ms),
    }),
  ]
}
