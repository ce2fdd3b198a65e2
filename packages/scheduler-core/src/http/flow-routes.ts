import type { FlowTaskSpec } from '../flow/flow-spec.ts'
import type { Route } from './route.ts'
import { traceOf, withTrace } from './spec-of-json.ts'

/** Tasks that wait for one another. */
export const FLOW_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/flows',
    id: 'scheduleFlow',
    summary: 'Stores tasks that wait for one another, all or none',
    body: 'FlowSpec',
    status: 201,
    answer: 'FlowIds',
    failures: [422],
    run: async (scheduler, request) => {
      const trace = traceOf(request.headers)
      const { tasks } = request.body as { readonly tasks: Readonly<Record<string, unknown>> }
      const specs = Object.entries(tasks).map(([name, task]): [string, FlowTaskSpec] => [
        name,
        withTrace(task, trace),
      ])
      return { ids: await scheduler.scheduleFlow(Object.fromEntries(specs)) }
    },
  },
]
