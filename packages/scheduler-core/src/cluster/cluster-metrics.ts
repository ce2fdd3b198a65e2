import type { QueueMetrics, SchedulerMetrics } from '../observe/metrics.ts'
import type { Member } from './member.ts'

/** Counters of one member since it was opened, and gauges of the partitions that it has now. */
export interface ClusterMetrics extends SchedulerMetrics {
  /** Partitions that this member works on. */
  readonly partitions: readonly number[]
  /** Workers that this member takes for alive. */
  readonly workers: number
}

export function clusterMetrics(member: Member): ClusterMetrics {
  const { host } = member
  const owned = member.owned.filter((one) => one.isOpen)
  const queues: Record<string, QueueMetrics> = {}
  let running = 0
  for (const { local } of owned) {
    const metrics = local?.metrics()
    running += metrics?.running ?? 0
    for (const [name, queue] of Object.entries(metrics?.queues ?? {})) {
      const known = queues[name]
      queues[name] = known === undefined ? queue : add(known, queue)
    }
  }
  const { lag, run, ...counters } = host.meters
  return Object.freeze({
    ...counters,
    running,
    lag: lag.snapshot(),
    run: run.snapshot(),
    queues: Object.freeze(queues),
    partitions: owned.map(({ number }) => number).sort((a, b) => a - b),
    workers: member.workers.length,
  })
}

function add(a: QueueMetrics, b: QueueMetrics): QueueMetrics {
  return Object.freeze({
    scheduled: a.scheduled + b.scheduled,
    waiting: a.waiting + b.waiting,
    blocked: a.blocked + b.blocked,
    running: a.running + b.running,
    dead: a.dead + b.dead,
    completed: a.completed + b.completed,
    paused: a.paused || b.paused,
    resident: a.resident + b.resident,
  })
}
