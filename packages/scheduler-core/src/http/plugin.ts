import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
} from 'fastify'
import { streamEvents } from './event-stream.ts'
import { failureOf, RequestError } from './failure.ts'
import { isAllowed } from './guard.ts'
import { toJson } from './json.ts'
import { openApiDocument } from './open-api.ts'
import {
  type ResolvedHttpOptions,
  resolveHttpOptions,
  type SchedulerHttpOptions,
} from './options.ts'
import { ROUTES, type Route } from './routes.ts'
import { SCHEMAS, type Schema } from './schemas.ts'

/**
 * A scheduler over HTTP, as a Fastify plugin: schedule, list, cancel, reschedule, redrive, pause,
 * metrics, a stream of events, and an OpenAPI document of it all at `openapi.json`.
 *
 * Answers of failures are `{ "error": { "code", "message", "taskId"? } }` with the codes of
 * `SchedulerError`, or `REQUEST_INVALID`, `UNAUTHORIZED`, `TASK_UNKNOWN`, `TASK_TOO_LATE`,
 * `QUEUE_UNKNOWN`, `TOO_MANY_STREAMS`, `INTERNAL`.
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
  app.setErrorHandler((error, request, reply) => fail(error, request, reply))
  app.setReplySerializer(toJson)
  app.addHook('onRequest', async (request) => {
    if (await isAllowed(request, options)) return
    throw new RequestError(401, 'UNAUTHORIZED', 'the request is not authorized')
  })
  for (const route of ROUTES) addRoute(app, route, options)
  addEvents(app, options)
  const document = openApiDocument({ serverUrl: app.prefix === '' ? '/' : app.prefix })
  app.get('/openapi.json', async () => document)
}

function addRoute(app: FastifyInstance, route: Route, { scheduler }: ResolvedHttpOptions): void {
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
      const result = await run(scheduler, request)
      reply.code(status)
      if (typeof result !== 'string') return result
      return reply.type(answer).serializer(String).send(result)
    },
  })
}

/** Fastify drops fields that a schema does not know: a misspelt one would go unnoticed. */
function refuseUnknown(value: unknown, schema: Schema, where: string): void {
  const { properties = {}, items } = schema
  if (Array.isArray(value)) {
    if (items === undefined || '$ref' in items) return
    for (const [index, item] of value.entries()) refuseUnknown(item, items, `${where}[${index}]`)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [field, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, field) ? properties[field] : undefined
    if (known === undefined) {
      throw new RequestError(400, 'REQUEST_INVALID', `${where} has an unknown field '${field}'`)
    }
    if (known.type === 'array') refuseUnknown(inner, known, `${where}.${field}`)
  }
}

function addEvents(app: FastifyInstance, options: ResolvedHttpOptions): void {
  const { scheduler, maxStreams, heartbeatMs } = options
  const closing = new AbortController()
  const streams = new Set<Promise<void>>()
  // Before the server waits for its connections to end.
  app.addHook('preClose', async () => {
    closing.abort()
    await Promise.allSettled(streams)
  })
  app.get('/events', async (request, reply) => {
    if (streams.size >= maxStreams) {
      throw new RequestError(503, 'TOO_MANY_STREAMS', `there are ${maxStreams} streams already`)
    }
    const { queue } = request.query as { readonly queue?: string }
    reply.hijack()
    const { signal } = closing
    const stream = streamEvents(reply.raw, { scheduler, queue, heartbeatMs, signal })
      .catch((error: unknown) => request.log.error(error))
      .finally(() => streams.delete(stream))
    streams.add(stream)
  })
}

function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = failureOf(error)
  if (failure === undefined) {
    request.log.error(error)
    return reply.code(500).send({ error: { code: 'INTERNAL', message: 'something went wrong' } })
  }
  const { status, ...body } = failure
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 503) reply.header('retry-after', '1')
  return reply.code(status).send({ error: body })
}
