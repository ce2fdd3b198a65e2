import type { FastifyReply, FastifyRequest } from 'fastify'

/** An answer that says what went wrong. A service may add facts, which stand beside the code. */
export interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** Thrown by routes where the service itself throws nothing. */
export class RequestError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'RequestError'
    this.status = status
    this.code = code
  }
}

/** What a caller is told of an error of routes or of Fastify; undefined for any other. */
export function failureOfRequest(error: unknown): Failure | undefined {
  if (error instanceof RequestError) {
    return { status: error.status, code: error.code, message: error.message }
  }
  const { statusCode, message } = Object(error) as { statusCode?: unknown; message?: unknown }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: 'REQUEST_INVALID', message: String(message) }
  }
  return undefined
}

/** Answers with the failure; without one it logs the error, and says nothing of it. */
export function answerFailure(
  failure: Failure | undefined,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  challenge: string,
): FastifyReply {
  if (failure === undefined) {
    request.log.error(error)
    return reply.code(500).send({ error: { code: 'INTERNAL', message: 'something went wrong' } })
  }
  const { status, ...body } = failure
  if (status === 401) reply.header('www-authenticate', challenge)
  if (status === 503) reply.header('retry-after', '1')
  return reply.code(status).send({ error: body })
}
