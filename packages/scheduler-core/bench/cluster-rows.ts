import type { Row } from '@ashlar/bench-kit'
import type { Arena } from './arena.ts'
import { itself, killed, ORDERED, scenario, versus } from './rows.ts'
import type { Lags, Pending } from './scenarios.ts'

const R1 = 'ours: one worker on one nats-server, file storage, R1, acknowledged before fsync'

/** The cluster on JetStream against the peers that have a server too. */
export function clusterRows(arena: Arena, quick: boolean): Row[] {
  const rounds = quick ? 1 : 3
  const shared = { ours: 'jetstream', notes: R1 } as const
  return [
    versus({
      ...shared,
      name: 'JetStream: schedule, one awaited',
      unit: 'task/s',
      must: 4 / 4.8,
      aim: 4 / 4.8,
      rounds,
      peers: ['bullmq'],
      measure: scenario(arena, 'scheduleOne', [quick ? 500 : 2_000], itself),
    }),
    versus({
      ...shared,
      name: 'JetStream: schedule, bulk of 1000',
      unit: 'task/s',
      must: 18 / 21,
      aim: 18 / 21,
      rounds,
      peers: ['bullmq'],
      measure: scenario(arena, 'scheduleBulk', [quick ? 500 : 2_000], itself),
    }),
    versus({
      ...shared,
      name: 'JetStream: execute no-op, concurrency 50',
      unit: 'task/s',
      must: 1,
      aim: 1,
      rounds,
      peers: ['bullmq'],
      measure: scenario(arena, 'execute', [quick ? 5_000 : 20_000, 50], itself),
    }),
    versus({
      ...shared,
      name: 'JetStream: order over 200 keys, 100 slots',
      unit: 'task/s',
      must: 4 / 2.2,
      aim: 4 / 2.2,
      rounds,
      peers: ORDERED,
      measure: scenario(arena, 'order', [quick ? 1_000 : 5_000, 100], itself),
    }),
    ...clusterTimeRows(arena, quick),
  ]
}

function clusterTimeRows(arena: Arena, quick: boolean): Row[] {
  const shared = { ours: 'jetstream', notes: R1, less: true, warmUp: false, rounds: 1 } as const
  const pending = async (contestant: string): Promise<Pending> => {
    await arena.kill(contestant)
    return await arena.call<Pending>(contestant, 'pending', quick ? 50_000 : 1_000_000)
  }
  return [
    versus({
      ...shared,
      name: 'JetStream: 10k due at one instant, max lag',
      unit: 'ms',
      must: 880 / 500,
      aim: 880 / 500,
      peers: ['bullmq'],
      measure: scenario<Lags>(arena, 'lag', [quick ? 5_000 : 10_000, 0], ({ maxMs }) => maxMs),
    }),
    versus({
      ...shared,
      name: 'JetStream: 3,333 due a second, p99 lag',
      unit: 'ms',
      must: 96 / 50,
      aim: 96 / 50,
      peers: ['bullmq'],
      measure: scenario<Lags>(
        arena,
        'lag',
        quick ? [5_000, 1_500] : [100_000, 30_000],
        ({ p99Ms }) => Math.max(1, p99Ms),
      ),
    }),
    versus({
      ...shared,
      name: 'JetStream: 1M pending, memory of a worker',
      unit: 'MB',
      must: 799 / 250,
      aim: 799 / 250,
      peers: ['bullmq'],
      measure: async (contestant) => (await pending(contestant)).memoryBytes / 1e6,
    }),
    versus({
      ...shared,
      name: 'JetStream: kill -9, 50 runs begin again',
      unit: 'ms',
      must: 12 / 10,
      aim: 12 / 10,
      peers: ['pg-boss'],
      measure: async (contestant) => {
        const { startMs, againMs } = await killed(arena, contestant)
        return startMs + againMs
      },
    }),
  ]
}
