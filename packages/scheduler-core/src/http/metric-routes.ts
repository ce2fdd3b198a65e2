import { formatPrometheus } from '../observe/prometheus.ts'
import type { Route } from './route.ts'

/** How much there is, and how it goes. */
export const METRIC_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/counts',
    id: 'getCounts',
    summary: 'Tasks of all queues by state',
    status: 200,
    answer: 'Counts',
    run: (scheduler) => scheduler.counts(),
  },
  {
    method: 'GET',
    path: '/metrics',
    id: 'getPrometheus',
    summary: 'Metrics as Prometheus reads them',
    status: 200,
    answer: 'text/plain; version=0.0.4; charset=utf-8',
    run: async (scheduler) =>
      formatPrometheus(scheduler.metrics(), { stale: await scheduler.stale() }),
  },
  {
    method: 'GET',
    path: '/metrics.json',
    id: 'getMetrics',
    summary: 'Metrics, and what is stale',
    status: 200,
    answer: 'Metrics',
    run: async (scheduler) => ({
      state: scheduler.state,
      ...scheduler.metrics(),
      stale: await scheduler.stale(),
    }),
  },
]
