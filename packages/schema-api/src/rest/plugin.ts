import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify'
import { invalidPayload } from '../errors.ts'
import type { Engine } from '../items/engine.ts'
import type { ItemsService } from '../items/items-service.ts'
import type { ResolvedOptions } from '../options.ts'
import { parseJson } from '../query/parse-context.ts'
import { catalogRoutes } from './catalog-routes.ts'
import { createGuard } from './guard.ts'
import { itemsRoutes } from './items-routes.ts'
import { pageRoutes } from './page-routes.ts'
import { answerNotFound, sendError, toApiError } from './respond.ts'
import { serverRoutes } from './server-routes.ts'

/** What the routes work with. */
export interface RestContext {
  readonly engine: Engine
  readonly options: ResolvedOptions
  readonly service: (collection: string) => ItemsService
}

/** Every route of the API, with its own body parser, guard and error shape. */
export function restPlugin(context: RestContext): FastifyPluginAsync {
  const { options, engine } = context
  const guard = createGuard({
    token: options.auth?.token,
    allowedHosts: options.allowedHosts,
  })
  const answerError = (reply: FastifyReply, error: unknown): FastifyReply => {
    const known = toApiError(error)
    if (known.status >= 500) engine.events.onError?.(known.cause ?? known)
    return sendError(reply, known)
  }

  return async (app) => {
    acceptSearch(app)
    acceptJson(app, options.maxBodyBytes)
    app.setErrorHandler((error, _request, reply) => answerError(reply, error))
    // at the root of somebody's server, what is not found is theirs to answer
    if (app.prefix !== '') app.setNotFoundHandler(answerNotFound)
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('x-content-type-options', 'nosniff')
      done()
    })
    await app.register(async (open) => serverRoutes(open, context, guard))
    if (options.pages) await app.register(async (open) => pageRoutes(open, context))
    await app.register(async (guarded) => {
      guarded.addHook('onRequest', (request, _reply, done) => {
        guard(request)
        done()
      })
      itemsRoutes(guarded, context)
      catalogRoutes(guarded, context)
    })
  }
}

/** SEARCH is GET with a body, for filters that are longer than a URL. */
function acceptSearch(app: FastifyInstance): void {
  if (!app.supportedMethods.includes('SEARCH')) app.addHttpMethod('SEARCH', { hasBody: true })
}

/** JSON alone; integers beyond 2^53 keep their digits, and no body is no error. */
function acceptJson(app: FastifyInstance, bodyLimit: number): void {
  app.removeAllContentTypeParsers()
  const options = { parseAs: 'string', bodyLimit } as const
  app.addContentTypeParser('application/json', options, (_request, body: string, done) => {
    if (body === '') {
      done(null, undefined)
      return
    }
    try {
      done(null, parseJson(body))
    } catch {
      done(invalidPayload('The body is not valid JSON'))
    }
  })
}
