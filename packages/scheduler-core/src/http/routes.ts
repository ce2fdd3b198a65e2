import { FLOW_ROUTES } from './flow-routes.ts'
import { METRIC_ROUTES } from './metric-routes.ts'
import { QUEUE_ROUTES } from './queue-routes.ts'
import type { Route } from './route.ts'
import { SCHEDULE_ROUTES } from './schedule-routes.ts'
import { TASK_ROUTES } from './task-routes.ts'

export const ROUTES: readonly Route[] = [
  ...QUEUE_ROUTES,
  ...METRIC_ROUTES,
  ...TASK_ROUTES,
  ...FLOW_ROUTES,
  ...SCHEDULE_ROUTES,
]
