import type { Row } from '@ashlar/bench-kit'
import type { Arena } from './arena.ts'
import type { LongRuns } from './long-runs.ts'
import { maxLag, p99Lag } from './rows.ts'
import type { Scale } from './scale.ts'
import type { Lags } from './scenarios.ts'
import { itself, scenario, shown, versus } from './versus.ts'

/** One worker on JetStream R1, against the peers that have a server too. */
export function clusterRows(arena: Arena, runs: LongRuns, scale: Scale): Row[] {
  const { roundMs } = scale
  const one = scenario(arena, 'scheduleOne', [2 * roundMs], itself)
  const bare: number[] = []
  const shared = { ours: 'jetstream', rounds: scale.clusterRounds } as const
  return [
    versus({
      ...shared,
      name: 'JetStream: schedule, one awaited',
      unit: 'task/s',
      must: 4 / 4.8,
      aim: 4 / 4.8,
      peers: ['bullmq'],
      also: () => `bare appends to a log, one awaited ${shown(bare)}`,
      async measure(contestant) {
        if (contestant === 'jetstream') bare.push(await one('bare-append'))
        return await one(contestant)
      },
    }),
    versus({
      ...shared,
      name: 'JetStream: schedule, bulk of 1000',
      unit: 'task/s',
      must: 18 / 21,
      aim: 18 / 21,
      peers: ['bullmq'],
      measure: scenario(arena, 'scheduleBulk', [2 * roundMs], itself),
    }),
    versus({
      ...shared,
      name: 'JetStream: execute no-op, concurrency 50',
      unit: 'task/s',
      must: 1,
      aim: 1,
      peers: ['bullmq'],
      measure: scenario(arena, 'execute', [scale.executed, 50], itself),
    }),
    versus({
      ...shared,
      name: 'JetStream: order over 200 keys, 100 slots',
      unit: 'task/s',
      must: 4 / 2.2,
      aim: 4 / 2.2,
      peers: scale.ordering,
      measure: scenario(arena, 'order', [scale.ordered, 100], itself),
    }),
    ...clusterTimeRows(arena, runs, scale),
  ]
}

function clusterTimeRows(arena: Arena, runs: LongRuns, scale: Scale): Row[] {
  const shared = { ours: 'jetstream', less: true, warmUp: false, rounds: 1 } as const
  return [
    versus({
      ...shared,
      name: 'JetStream: 10k due at one instant, max lag',
      unit: 'ms',
      must: 880 / 500,
      aim: 880 / 500,
      notes: scale.burstNote,
      peers: ['bullmq'],
      measure: scenario<Lags>(arena, 'lag', [scale.burst, 0], maxLag),
    }),
    versus({
      ...shared,
      name: 'JetStream: 100k due over 30 s, p99 lag',
      unit: 'ms',
      must: 96 / 50,
      aim: 96 / 50,
      notes: scale.spreadNote,
      peers: ['bullmq'],
      measure: scenario<Lags>(arena, 'lag', [scale.spread, scale.spreadMs], p99Lag),
    }),
    ...clusterPendingRows(runs, scale),
    versus({
      ...shared,
      name: 'JetStream: kill -9, 50 runs begin again',
      unit: 'ms',
      must: 12 / 10,
      aim: 12 / 10,
      notes: 'on a member that starts after the kill; leases of 5 s',
      peers: ['pg-boss'],
      measure: async (contestant) => {
        const { startMs, againMs } = await runs.killed(contestant)
        return startMs + againMs
      },
    }),
  ]
}

function clusterPendingRows(runs: LongRuns, scale: Scale): Row[] {
  const shared = { ours: 'jetstream', less: true, warmUp: false, rounds: 1 } as const
  return [
    versus({
      ...shared,
      name: 'JetStream: 1M pending, memory of a worker',
      unit: 'MB',
      must: 799 / 250,
      aim: 799 / 250,
      notes: `${scale.pendingNote}; a process that has all partitions, or the Redis server`,
      peers: ['bullmq'],
      measure: async (contestant) => (await runs.pending(contestant)).memoryBytes / 1e6,
    }),
    versus({
      ...shared,
      name: 'JetStream: 1M pending, p99 lag of a due task',
      unit: 'ms',
      must: 96 / 50,
      aim: 96 / 50,
      notes: scale.pendingNote,
      peers: ['bullmq'],
      measure: async (contestant) => Math.max(1, (await runs.pending(contestant)).lagP99Ms),
    }),
  ]
}
