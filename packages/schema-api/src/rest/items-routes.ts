import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { invalidPayload, invalidQuery } from '../errors.ts'
import type { ItemsService } from '../items/items-service.ts'
import { nestQuery } from '../query/brackets.ts'
import { isRecord, parsedJson } from '../query/parse-context.ts'
import type { Meta, Query } from '../query/query.ts'
import { refuseOtherMethods } from './methods.ts'
import type { RestContext } from './plugin.ts'
import { sendJson, sendTagged } from './respond.ts'

interface ItemParams {
  readonly collection: string
  readonly key: string
}

const paramsOf = (request: FastifyRequest): ItemParams => request.params as ItemParams

/** `/items/:collection` and `/items/:collection/:key`. */
export function itemsRoutes(app: FastifyInstance, { service }: RestContext): void {
  const serviceOf = (request: FastifyRequest): ItemsService => service(paramsOf(request).collection)

  app.get('/items/:collection', async (request, reply) => {
    const { json, meta } = await serviceOf(request).list(urlQuery(request))
    return sendTagged(request, reply, listBody(json, meta))
  })
  app.route({
    method: 'SEARCH',
    url: '/items/:collection',
    handler: async (request, reply) => {
      const { json, meta } = await serviceOf(request).list(bodyQuery(request.body))
      return sendJson(reply, listBody(json, meta))
    },
  })
  app.post('/items/:collection', async (request, reply) => {
    const items = serviceOf(request)
    const query = urlQuery(request)
    const json = Array.isArray(request.body)
      ? await items.createMany(request.body, query)
      : await items.createOne(request.body, query)
    return sendJson(reply, `{"data":${json}}`)
  })
  app.patch('/items/:collection', async (request, reply) => {
    const json = await updateMany(serviceOf(request), request.body, urlQuery(request))
    return sendJson(reply, `{"data":${json}}`)
  })
  app.delete('/items/:collection', async (request, reply) => {
    await deleteMany(serviceOf(request), request.body)
    return sendNothing(reply)
  })
  refuseOtherMethods(app, '/items/:collection', [
    'GET',
    'HEAD',
    'SEARCH',
    'POST',
    'PATCH',
    'DELETE',
  ])

  app.get('/items/:collection/:key', async (request, reply) => {
    const { key } = paramsOf(request)
    const json = await serviceOf(request).one(key, urlQuery(request))
    return sendTagged(request, reply, `{"data":${json}}`)
  })
  app.patch('/items/:collection/:key', async (request, reply) => {
    const { key } = paramsOf(request)
    const json = await serviceOf(request).updateOne(key, request.body, urlQuery(request))
    return sendJson(reply, `{"data":${json}}`)
  })
  app.delete('/items/:collection/:key', async (request, reply) => {
    await serviceOf(request).deleteOne(paramsOf(request).key)
    return sendNothing(reply)
  })
  refuseOtherMethods(app, '/items/:collection/:key', ['GET', 'HEAD', 'PATCH', 'DELETE'])
}

function listBody(json: string, meta: Meta | undefined): string {
  return meta === undefined ? `{"data":${json}}` : `{"data":${json},"meta":${JSON.stringify(meta)}}`
}

const sendNothing = (reply: FastifyReply): FastifyReply => reply.code(204).send()

function updateMany(items: ItemsService, body: unknown, query: Query): Promise<string> {
  if (Array.isArray(body)) return items.updateBatch(body, query)
  if (!isRecord(body) || !('data' in body)) {
    throw invalidPayload('It needs "data" with "keys" or "query", or a list of items')
  }
  if (Array.isArray(body['keys'])) return items.updateMany(body['keys'], body['data'], query)
  return items.updateByQuery(bodyQuery(body), body['data'], query)
}

function deleteMany(items: ItemsService, body: unknown): Promise<void> {
  if (Array.isArray(body)) return items.deleteMany(body)
  if (isRecord(body) && Array.isArray(body['keys'])) return items.deleteMany(body['keys'])
  if (isRecord(body) && isRecord(body['query'])) return items.deleteByQuery(bodyQuery(body))
  throw invalidPayload('It needs a list of keys, or "keys", or "query"')
}

/** The query of a body: `{ "query": { ... } }`. */
function bodyQuery(body: unknown): Query {
  const query = isRecord(body) ? body['query'] : undefined
  if (!isRecord(query)) throw invalidPayload('It needs "query", an object')
  return pickQuery(query)
}

/** The query of a URL, with brackets nested and JSON text parsed. */
function urlQuery(request: FastifyRequest): Query {
  const { query } = request
  return isRecord(query) && Object.keys(query).length > 0 ? pickQuery(nestQuery(query)) : {}
}

const OBJECTS = ['filter', 'deep', 'alias', 'aggregate'] as const
const LISTS = ['fields', 'sort', 'groupBy', 'meta'] as const
const PLAIN = ['limit', 'offset', 'page', 'search'] as const

/** What belongs to a query; anything else, such as a token or a version, is not looked at. */
function pickQuery(given: Readonly<Record<string, unknown>>): Query {
  if (given['export'] !== undefined) throw invalidQuery('"export" is not supported')
  const query: Record<string, unknown> = {}
  for (const name of OBJECTS) {
    const value = given[name]
    if (value !== undefined && value !== '') query[name] = parsedJson(value, name)
  }
  for (const name of LISTS) {
    if (given[name] !== undefined) query[name] = jsonList(given[name], name)
  }
  for (const name of PLAIN) {
    if (given[name] !== undefined) query[name] = given[name]
  }
  return query as Query
}

/** A list may come as a JSON array, too. */
function jsonList(value: unknown, name: string): unknown {
  return typeof value === 'string' && value.startsWith('[') ? parsedJson(value, name) : value
}
