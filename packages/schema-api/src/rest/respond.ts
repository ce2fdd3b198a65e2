import { hash } from 'node:crypto'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError, isApiError } from '../errors.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** Sends JSON text with a weak ETag, or 304 when the client has it already. */
export function sendTagged(
  request: FastifyRequest,
  reply: FastifyReply,
  json: string,
): FastifyReply {
  const tag = `W/"${json.length.toString(36)}-${hash('sha1', json, 'base64url')}"`
  reply.header('etag', tag).header('cache-control', 'no-cache').header('vary', 'authorization')
  if (matchesTag(request.headers['if-none-match'], tag)) return reply.code(304).send()
  return sendJson(reply, json)
}

export function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header('content-type', JSON_TYPE).send(json)
}

function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const strong = tag.slice(2)
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === strong)
}

/** The error that a failure inside Fastify, a handler or the database is to the client. */
export function toApiError(error: unknown): ApiError {
  if (isApiError(error)) return error
  const { statusCode, code, message } = error as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ApiError('CONTENT_TOO_LARGE', 'The body of the request is too large.')
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new ApiError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json.')
  }
  if (code === 'FST_ERR_BAD_URL') {
    return new ApiError('ROUTE_NOT_FOUND', 'The path is not valid.')
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new ApiError('INVALID_PAYLOAD', `Invalid payload. ${message ?? ''}`)
  }
  const options = { cause: error }
  return new ApiError('INTERNAL_SERVER_ERROR', 'An unexpected error occurred.', {}, options)
}

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0] ?? ''
  return sendError(reply, new ApiError('ROUTE_NOT_FOUND', `Route ${path} doesn't exist.`, { path }))
}

/** Answers in Directus' shape. What went wrong inside stays inside. */
export function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  const { code, status, message, details } = error
  const isInternal = status === 500
  const shown = isInternal ? 'An unexpected error occurred.' : message
  const publicCode = isInternal
    ? 'INTERNAL_SERVER_ERROR'
    : code === 'CLOSED'
      ? 'SERVICE_UNAVAILABLE'
      : code
  const extensions = { code: publicCode, ...(isInternal ? {} : details) }
  const body = JSON.stringify({ errors: [{ message: shown, extensions }] })
  return sendJson(reply.code(status).header('cache-control', 'no-store'), body)
}
