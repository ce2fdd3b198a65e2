import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Collection } from '../catalog/catalog.ts'
import { forbidden } from '../errors.ts'
import { collectionJson, fieldsJson, relationsJson } from './catalog-json.ts'
import { refuseOtherMethods } from './methods.ts'
import type { RestContext } from './plugin.ts'
import { sendTagged } from './respond.ts'

interface Names {
  readonly collection: string
  readonly field: string
}

/** `/collections`, `/fields` and `/relations`, for reading. */
export function catalogRoutes(app: FastifyInstance, { engine }: RestContext): void {
  const read = (path: string, find: (names: Names) => unknown): void => {
    app.get(path, (request: FastifyRequest, reply: FastifyReply) =>
      engine.attempt(async () => {
        const data = find(request.params as Names)
        return sendTagged(request, reply, JSON.stringify({ data }))
      }),
    )
    refuseOtherMethods(app, path, ['GET', 'HEAD'])
  }
  const collections = (): readonly Collection[] => [...engine.catalog.collections.values()]

  read('/collections', () => collections().map(collectionJson))
  read('/collections/:collection', ({ collection }) =>
    collectionJson(engine.collection(collection)),
  )
  read('/fields', () => collections().flatMap(fieldsJson))
  read('/fields/:collection', ({ collection }) => fieldsJson(engine.collection(collection)))
  read('/fields/:collection/:field', ({ collection, field }) => {
    const found = fieldsJson(engine.collection(collection)).find((one) => one.field === field)
    if (found === undefined) throw forbidden(collection, field)
    return found
  })
  read('/relations', () => collections().flatMap(relationsJson))
  read('/relations/:collection', ({ collection }) => relationsJson(engine.collection(collection)))
  read('/relations/:collection/:field', ({ collection, field }) => {
    const found = relationsJson(engine.collection(collection)).find((one) => one.field === field)
    if (found === undefined) throw forbidden(collection, field)
    return found
  })
}
