import {
  answerFailure,
  RequestError,
  refuseUnknown,
  type Schema,
  StreamSet,
} from '@ashlar/service-kit'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { CommandArgument } from '../server/in-process.ts'
import { type StreamOptions, showCommand, showMessage, streamPushes } from './event-stream.ts'
import { failureOf } from './failure.ts'
import { openApiDocument } from './open-api.ts'
import { type ResolvedHttpOptions, type RespHttpOptions, resolveHttpOptions } from './options.ts'
import { DATABASE, type Route } from './route.ts'
import { ROUTES } from './routes.ts'
import { SCHEMAS } from './schemas.ts'
import { Session } from './session.ts'

const BODY_LIMIT_BYTES = 64 * 1024 * 1024
const CHALLENGE = 'Basic realm="resp-server", charset="UTF-8"'

/**
 * A server over HTTP, as a Fastify plugin: keys by type, commands, INFO, slow log, latency, clients,
 * messages and MONITOR as streams of events, metrics, and an OpenAPI document of it all at
 * `openapi.json`.
 *
 * A request acts as the ACL user of its Basic authorization, each in a session of its own; see
 * `anonymous` for requests without. Failures are `{ "error": { "code", "message" } }`: codes are the
 * first words of error replies (`NOPERM`, `WRONGTYPE`, `ERR`), or `REQUEST_INVALID`, `UNAUTHORIZED`,
 * `FOREIGN`, `KEY_UNKNOWN`, `ELEMENT_UNKNOWN`, `TOO_MANY_STREAMS`, `INTERNAL`.
 *
 * @example
 * ```ts
 * const app = fastify()
 * await app.register(respHttp, { prefix: '/redis', server })
 * await app.listen({ port: 8080 })
 * ```
 */
export const respHttp: FastifyPluginAsync<RespHttpOptions> = async (app, given) => {
  const options = resolveHttpOptions(given)
  app.setErrorHandler((error, request, reply) =>
    answerFailure(failureOf(error), error, request, reply, CHALLENGE),
  )
  for (const route of ROUTES) addRoute(app, route, options)
  addStreams(app, options)
  const document = openApiDocument({ serverUrl: app.prefix === '' ? '/' : app.prefix })
  app.get('/openapi.json', async () => document)
}

function addRoute(app: FastifyInstance, route: Route, options: ResolvedHttpOptions): void {
  const { method, path: url, query = {}, requires = [], body, answer, run } = route
  const querystring: Schema = {
    type: 'object',
    properties: { ...query, db: DATABASE },
    required: requires,
    additionalProperties: false,
  }
  app.route({
    method,
    url,
    schema: { querystring, ...(body !== undefined && { body: SCHEMAS[body] }) },
    bodyLimit: BODY_LIMIT_BYTES,
    // Fastify would take out what no schema knows, and go on
    preValidation: async (request) => {
      refuseUnknown(request.query, querystring, 'the query')
      if (body !== undefined) refuseUnknown(request.body, SCHEMAS[body], 'the body')
    },
    handler: async (request, reply) => {
      const session = await Session.open(request, options)
      try {
        const result = await run({ session, server: options.server, request })
        return typeof result === 'string' ? reply.type(answer).send(result) : result
      } finally {
        session.close()
      }
    },
  })
}

function addStreams(app: FastifyInstance, options: ResolvedHttpOptions): void {
  const { maxStreams, maxQueued, heartbeatMs } = options
  const streams = new StreamSet(app, maxStreams)
  const open = async (
    request: FastifyRequest,
    reply: FastifyReply,
    show: StreamOptions['show'],
    commands: readonly (readonly CommandArgument[])[],
  ): Promise<void> => {
    streams.checkRoom()
    const session = await Session.open(request, options)
    const { signal } = streams
    // whoever may not listen is told before the stream begins
    const begin = async (): Promise<void> => {
      for (const command of commands) await session.run(...command)
      reply.hijack()
    }
    const pushes = { session, maxQueued, heartbeatMs, signal, show, begin }
    await streams.run(streamPushes(reply.raw, pushes).finally(() => session.close()))
  }
  const names: Schema = { type: 'array', items: { type: 'string' }, maxItems: 1000 }
  const properties = { channel: names, pattern: names }
  app.get(
    '/messages',
    { schema: { querystring: { type: 'object', properties, additionalProperties: false } } },
    async (request, reply) => {
      const { channel = [], pattern = [] } = request.query as Record<string, string[]>
      if (channel.length + pattern.length === 0) {
        throw new RequestError(400, 'REQUEST_INVALID', 'name a channel or a pattern')
      }
      const commands = [
        ...(channel.length > 0 ? [['SUBSCRIBE', ...channel]] : []),
        ...(pattern.length > 0 ? [['PSUBSCRIBE', ...pattern]] : []),
      ]
      await open(request, reply, showMessage, commands)
    },
  )
  app.get('/monitor', async (request, reply) => open(request, reply, showCommand, [['MONITOR']]))
}
