import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { ResolvedHttpOptions } from './options.ts'

/** Whether a request may go on. */
export async function isAllowed(
  request: FastifyRequest,
  { token, authorize }: ResolvedHttpOptions,
): Promise<boolean> {
  if (token !== undefined) return hasToken(request.headers.authorization, token)
  if (authorize === 'same-origin') return !isForeign(request)
  return (await authorize(request)) === true
}

function hasToken(header: string | undefined, token: string): boolean {
  const [, given] = /^bearer +(\S+)$/i.exec(header ?? '') ?? []
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Whether a browser sent it for a page of another site. */
export function isForeign({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, host } = headers
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}
