import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isApiError } from '../errors.ts'
import { refuseOtherMethods } from './methods.ts'
import { openApiDocument } from './openapi.ts'
import type { RestContext } from './plugin.ts'
import { sendJson, sendTagged } from './respond.ts'

/** `/server/*`: whether it lives, what it is, and how it is described. */
export function serverRoutes(
  app: FastifyInstance,
  { engine, options }: RestContext,
  guard: (request: FastifyRequest) => void,
): void {
  app.get('/server/ping', async (_request, reply) =>
    reply.header('content-type', 'text/plain; charset=utf-8').send('pong'),
  )
  app.get('/server/health', async (_request, reply) => {
    const status = await health(engine)
    reply.code(status === 'ok' ? 200 : 503)
    reply.header('content-type', 'application/health+json; charset=utf-8')
    return reply.send(JSON.stringify({ status }))
  })
  app.get('/server/info', async (request, reply) => {
    const project = {
      project_name: 'Ashlar',
      default_language: 'en-US',
      public_registration: false,
    }
    const limits = { default: options.defaultLimit, max: options.maxLimit }
    const details = { queryLimit: limits, rateLimit: false, websocket: false }
    const data = passes(guard, request) ? { project, ...details } : { project }
    return sendJson(reply, JSON.stringify({ data }))
  })
  app.get('/server/specs/oas', async (request, reply) => {
    guard(request)
    await engine.attempt(async () => undefined)
    return sendTagged(request, reply, JSON.stringify(openApiDocument(engine.catalog, options)))
  })
  for (const path of ['ping', 'health', 'info', 'specs/oas']) {
    refuseOtherMethods(app, `/server/${path}`, ['GET', 'HEAD'])
  }
}

async function health(engine: RestContext['engine']): Promise<'ok' | 'error'> {
  try {
    await engine.database.schemaVersion()
    return 'ok'
  } catch (error) {
    engine.events.onError?.(error)
    return 'error'
  }
}

/** Anybody may learn that there is an API; only who may use it learns more. */
function passes(guard: (request: FastifyRequest) => void, request: FastifyRequest): boolean {
  try {
    guard(request)
    return true
  } catch (error) {
    if (isApiError(error)) return false
    throw error
  }
}
