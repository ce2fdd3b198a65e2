import {
  answerFailure,
  RequestError,
  refuseUnknown,
  type Schema,
  StreamSet,
} from '@ashlar/service-kit'
import type { FastifyInstance, FastifyPluginAsync, FastifySchema } from 'fastify'
import { toJson } from '../observe/json.ts'
import { streamEvents } from './event-stream.ts'
import { failureOf } from './failure.ts'
import { isAllowed } from './guard.ts'
import { LongPolls } from './long-polls.ts'
import { openApiDocument } from './open-api.ts'
import {
  type ResolvedHttpOptions,
  resolveHttpOptions,
  type SchedulerHttpOptions,
} from './options.ts'
import type { Route } from './route.ts'
import { ROUTES } from './routes.ts'
import { SCHEMAS } from './schemas.ts'

/**
 * A scheduler over HTTP, as a Fastify plugin: tasks, flows, schedules, queues, metrics, a stream of
 * events, and an OpenAPI document of it all at `openapi.json`.
 *
 * Answers of failures are `{ "error": { "code", "message", "taskId"? } }` with the codes of
 * `SchedulerError`, or `REQUEST_INVALID`, `UNAUTHORIZED`, `TASK_UNKNOWN`, `TASK_TOO_LATE`,
 * `QUEUE_UNKNOWN`, `SCHEDULE_UNKNOWN`, `TOO_MANY_STREAMS`, `TOO_MANY_WAITERS`, `INTERNAL`.
 *
 * @example
 * ```ts
 * const app = fastify()
 * await app.register(schedulerHttp, { prefix: '/scheduler', scheduler, token: process.env.TOKEN })
 * await app.listen({ port: 8080 })
 * ```
 */
export const schedulerHttp: FastifyPluginAsync<SchedulerHttpOptions> = async (app, given) => {
  const options = resolveHttpOptions(given)
  app.setErrorHandler((error, request, reply) =>
    answerFailure(failureOf(error), error, request, reply, 'Bearer'),
  )
  app.setReplySerializer(toJson)
  app.addHook('onRequest', async (request) => {
    if (await isAllowed(request, options)) return
    throw new RequestError(401, 'UNAUTHORIZED', 'the request is not authorized')
  })
  const polls = new LongPolls(options.maxWaiters)
  app.addHook('preClose', async () => polls.close())
  for (const route of ROUTES) addRoute(app, route, options, polls)
  addEvents(app, options)
  const document = openApiDocument({ serverUrl: app.prefix === '' ? '/' : app.prefix })
  app.get('/openapi.json', async () => document)
}

function addRoute(
  app: FastifyInstance,
  route: Route,
  { scheduler }: ResolvedHttpOptions,
  polls: LongPolls,
): void {
  const { method, path: url, query, body, status, answer, run } = route
  const querystring: Schema = { type: 'object', properties: query ?? {} }
  const schema: FastifySchema = { querystring, ...(body !== undefined && { body: SCHEMAS[body] }) }
  app.route({
    method,
    url,
    schema,
    bodyLimit: 16 * 1024 * 1024,
    preValidation: async (request) => {
      refuseUnknown(request.query, querystring, 'the query')
      if (body !== undefined) refuseUnknown(request.body, SCHEMAS[body], 'the body')
    },
    handler: async (request, reply) => {
      const result = await run(scheduler, request, polls)
      reply.code(status)
      if (typeof result !== 'string') return result
      return reply.type(answer).serializer(String).send(result)
    },
  })
}

function addEvents(app: FastifyInstance, options: ResolvedHttpOptions): void {
  const { scheduler, maxStreams, heartbeatMs } = options
  const streams = new StreamSet(app, maxStreams)
  app.get('/events', async (request, reply) => {
    streams.checkRoom()
    const { queue } = request.query as { readonly queue?: string }
    reply.hijack()
    const { signal } = streams
    const stream = streamEvents(reply.raw, { scheduler, queue, heartbeatMs, signal })
    streams.run(stream).catch((error: unknown) => request.log.error(error))
  })
}
