import type { QueueCounts, QueueMetrics, SchedulerMetrics } from '../observe/metrics.ts'
import { countStale, type StaleTasks } from '../observe/stale.ts'
import type { Queue } from '../storage/queue.ts'
import type { Kernel } from './kernel.ts'

/** How much of what there is: counts, and metrics. */
export class Gauges {
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  counts(name?: string): QueueCounts {
    const { directory } = this.#kernel
    return this.#sum(name === undefined ? directory.all() : (directory.group(name)?.streams ?? []))
  }

  metrics(): SchedulerMetrics {
    const { meters, runner, directory } = this.#kernel
    const queues: Record<string, QueueMetrics> = {}
    for (const { name, streams, paused } of directory.groups()) {
      let resident = 0
      for (const stream of streams) resident += this.#kernel.partitionOf(stream).residents
      queues[name] = Object.freeze({ ...this.#sum(streams), paused, resident })
    }
    const { lag, run, ...counters } = meters
    return Object.freeze({
      ...counters,
      running: runner.running,
      lag: lag.snapshot(),
      run: run.snapshot(),
      queues: Object.freeze(queues),
    })
  }

  stale(olderThanMs?: number): StaleTasks {
    const { store, layout, journal, directory, runner, options } = this.#kernel
    journal.barrier()
    const runs = new Set([...runner.runs()].map(({ task }) => task.seq))
    const now = options.clock.now()
    const running = (seq: number): boolean => runs.has(seq)
    return countStale({ store, layout, queues: directory.all(), running, now }, olderThanMs)
  }

  #sum(streams: Iterable<Queue>): QueueCounts {
    const total = { scheduled: 0, waiting: 0, blocked: 0, running: 0, dead: 0, completed: 0 }
    for (const stream of streams) {
      const { running } = this.#kernel.partitionOf(stream)
      const { due, waiting, blocked, dead, results } = stream.counts
      const runningWaiting = this.#kernel.runner.waitingOf(stream)
      total.scheduled += due - (running - runningWaiting)
      total.waiting += waiting - runningWaiting
      total.blocked += blocked
      total.running += running
      total.dead += dead
      total.completed += results
    }
    return total
  }
}
