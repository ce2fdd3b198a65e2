import type {
  BatchObservableResult,
  MeterProvider,
  Observable,
  ObservableCounter,
  ObservableGauge,
} from '@opentelemetry/api'
import { metrics as api } from '@opentelemetry/api'
import type { SchedulerMetrics } from '../observe/metrics.ts'
import type { StaleTasks } from '../observe/stale.ts'

/** How metrics are offered. */
export interface ObserveOptions {
  /** Default: the globally registered one. */
  readonly meterProvider?: MeterProvider
}

/** What is observed: a scheduler. */
interface Observed {
  metrics(): SchedulerMetrics
  stale(): StaleTasks
}

const COUNTERS = [
  'scheduled',
  'started',
  'completed',
  'failed',
  'retried',
  'died',
  'cancelled',
  'rescheduled',
  'edited',
  'interrupted',
  'timedOut',
  'abandoned',
] as const satisfies readonly (keyof SchedulerMetrics)[]
const STATES = ['scheduled', 'waiting', 'blocked', 'running', 'dead', 'completed'] as const

/**
 * Offers a scheduler's metrics to OpenTelemetry, read anew at each collection. Returns how to stop;
 * call it before the scheduler is closed.
 *
 * @example
 * ```ts
 * const stop = observeMetrics(scheduler)
 * ```
 */
export function observeMetrics(scheduler: Observed, options: ObserveOptions = {}): () => void {
  const meter = (options.meterProvider ?? api).getMeter('@ashlar/scheduler-core')
  const name = (what: string): string => `ashlar.scheduler.${what}`
  const counters = COUNTERS.map(
    (counter): readonly [(typeof COUNTERS)[number], ObservableCounter] => [
      counter,
      meter.createObservableCounter(name(counter.toLowerCase()), { unit: '{task}' }),
    ],
  )
  const gauge = (what: string, unit: string): ObservableGauge =>
    meter.createObservableGauge(name(what), { unit })
  const tasks = gauge('tasks', '{task}')
  const resident = gauge('resident_tasks', '{task}')
  const paused = gauge('paused', '1')
  const stale = gauge('stale_tasks', '{task}')
  const oldest = gauge('oldest_overdue', 's')
  const lag = gauge('lag', 's')
  const run = gauge('run', 's')
  const observe = (result: BatchObservableResult): void => {
    const metrics = scheduler.metrics()
    for (const [counter, instrument] of counters) result.observe(instrument, metrics[counter])
    for (const [queue, counts] of Object.entries(metrics.queues)) {
      for (const state of STATES) result.observe(tasks, counts[state], { queue, state })
      result.observe(resident, counts.resident, { queue })
      result.observe(paused, counts.paused ? 1 : 0, { queue })
    }
    for (const [instrument, histogram] of [
      [lag, metrics.lag] as const,
      [run, metrics.run] as const,
    ]) {
      result.observe(instrument, histogram.p50Ms / 1_000, { quantile: '0.5' })
      result.observe(instrument, histogram.p99Ms / 1_000, { quantile: '0.99' })
    }
    const overdue = scheduler.stale()
    result.observe(stale, overdue.count)
    result.observe(oldest, overdue.oldestMs / 1_000)
  }
  const all: Observable[] = [tasks, resident, paused, stale, oldest, lag, run]
  all.push(...counters.map(([, instrument]) => instrument))
  meter.addBatchObservableCallback(observe, all)
  return () => meter.removeBatchObservableCallback(observe, all)
}
