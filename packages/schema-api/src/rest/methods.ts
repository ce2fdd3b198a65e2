import type { FastifyInstance } from 'fastify'
import { ApiError } from '../errors.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'SEARCH', 'OPTIONS'] as const

/** Answers every other method on a path with 405 and the list of those that it has. */
export function refuseOtherMethods(
  app: FastifyInstance,
  url: string,
  allowed: readonly (typeof METHODS)[number][],
): void {
  app.route({
    method: METHODS.filter((method) => !allowed.includes(method)),
    url,
    handler: async (request, reply) => {
      reply.header('allow', allowed.join(', '))
      const message = `${request.method} is not allowed here; use ${allowed.join(', ')}.`
      throw new ApiError('METHOD_NOT_ALLOWED', message, { allowed, current: request.method })
    },
  })
}
