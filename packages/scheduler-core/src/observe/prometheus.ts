import { MetricsPage } from '@ashlar/service-kit'
import type { HistogramSnapshot } from './histogram.ts'
import type { SchedulerMetrics } from './metrics.ts'
import type { StaleTasks } from './stale.ts'

/** What {@link formatPrometheus} may be told. */
export interface PrometheusOptions {
  /** Begins every metric's name. Default `ashlar_scheduler`. */
  readonly prefix?: string
  /** Labels of every line, such as the service's name. */
  readonly labels?: Readonly<Record<string, string>>
  /** What `scheduler.stale()` found. */
  readonly stale?: StaleTasks
}

const COUNTERS = [
  ['scheduled', 'Tasks stored.'],
  ['started', 'Runs begun.'],
  ['completed', 'Runs that ended well.'],
  ['failed', 'Runs that failed.'],
  ['retried', 'Failed runs whose task runs again.'],
  ['died', 'Tasks that became dead letters.'],
  ['cancelled', 'Tasks cancelled.'],
  ['rescheduled', 'Tasks given another time.'],
  ['edited', 'Tasks whose payload or priority was changed.'],
  ['interrupted', 'Runs found cut off at opening.'],
  ['timedOut', 'Runs aborted by their timeout.'],
  ['abandoned', 'Runs given up after their abort.'],
] as const satisfies readonly (readonly [keyof SchedulerMetrics, string])[]

const STATES = ['scheduled', 'waiting', 'blocked', 'running', 'dead', 'completed'] as const

/**
 * A scheduler's metrics in the text format of Prometheus (version 0.0.4), durations in seconds.
 *
 * @throws RangeError for a prefix or a label name that Prometheus does not take.
 *
 * @example
 * ```ts
 * const text = formatPrometheus(scheduler.metrics(), { stale: scheduler.stale() })
 * response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(text)
 * ```
 */
export function formatPrometheus(
  metrics: SchedulerMetrics,
  options: PrometheusOptions = {},
): string {
  const page = new MetricsPage(options.prefix ?? 'ashlar_scheduler', options.labels ?? {})
  for (const [counter, help] of COUNTERS) {
    const name = `${counter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`
    page.head(name, 'counter', help)
    page.line(name, metrics[counter])
  }
  page.head('running', 'gauge', 'Runs under way.')
  page.line('running', metrics.running)
  histogram(page, 'lag_seconds', "From a task's time to its start.", metrics.lag)
  histogram(page, 'run_seconds', 'From start to end of a run.', metrics.run)
  queues(page, metrics)
  if (options.stale !== undefined) stale(page, options.stale)
  return page.text
}

function histogram(
  page: MetricsPage,
  name: string,
  help: string,
  snapshot: HistogramSnapshot,
): void {
  page.head(name, 'histogram', help)
  for (const { leMs, count } of snapshot.buckets) {
    page.line(`${name}_bucket`, count, { le: String(leMs / 1_000) })
  }
  page.line(`${name}_bucket`, snapshot.count, { le: '+Inf' })
  page.line(`${name}_sum`, snapshot.sumMs / 1_000)
  page.line(`${name}_count`, snapshot.count)
}

function queues(page: MetricsPage, { queues: all }: SchedulerMetrics): void {
  page.head('tasks', 'gauge', 'Tasks of a queue by state.')
  for (const [queue, counts] of Object.entries(all)) {
    for (const state of STATES) page.line('tasks', counts[state], { queue, state })
  }
  page.head('resident_tasks', 'gauge', 'Tasks of a queue in memory.')
  for (const [queue, { resident }] of Object.entries(all)) {
    page.line('resident_tasks', resident, { queue })
  }
  page.head('paused', 'gauge', '1 when the queue is paused.')
  for (const [queue, { paused }] of Object.entries(all)) {
    page.line('paused', paused ? 1 : 0, { queue })
  }
}

function stale(page: MetricsPage, { count, oldestMs }: StaleTasks): void {
  page.head('stale_tasks', 'gauge', 'Tasks that are long overdue and do not run, of all queues.')
  page.line('stale_tasks', count)
  page.head('oldest_overdue_seconds', 'gauge', 'How long the most overdue task has waited.')
  page.line('oldest_overdue_seconds', oldestMs / 1_000)
}
