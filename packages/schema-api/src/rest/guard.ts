import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { ApiError, forbidden } from '../errors.ts'

export interface GuardOptions {
  readonly token: string | undefined
  readonly allowedHosts: readonly string[]
}

/**
 * Decides whether a request may pass. With a token, whoever knows it may. Without one, only what
 * was sent to a loopback name by no foreign web page: a page whose own name was rebound to
 * 127.0.0.1 still says its own name in `Host`, and is refused.
 */
export function createGuard(options: GuardOptions): (request: FastifyRequest) => void {
  const { token } = options
  if (token !== undefined) {
    const expected = digest(token)
    return (request) => checkToken(request, expected)
  }
  const hosts = new Set(options.allowedHosts)
  return (request) => {
    const host = request.headers.host ?? ''
    if (!isLoopback(host) && !hosts.has(hostName(host))) {
      const message = 'Without a token only requests to a loopback host name are served.'
      throw new ApiError('FORBIDDEN', message)
    }
    checkOrigin(request, host)
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function checkToken(request: FastifyRequest, expected: Buffer): void {
  const given = tokenOf(request)
  if (given === undefined) throw forbidden()
  if (!timingSafeEqual(digest(given), expected)) {
    throw new ApiError('INVALID_CREDENTIALS', 'Invalid user credentials.')
  }
}

function tokenOf(request: FastifyRequest): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (bearer !== undefined) return bearer
  const query = request.query as Readonly<Record<string, unknown>>
  const token = query['access_token']
  return typeof token === 'string' ? token : undefined
}

/** `localhost:8055` without its port, in lower case. */
export const hostName = (host: string): string => host.toLowerCase().replace(/:\d*$/, '')

export function isLoopback(host: string): boolean {
  const name = hostName(host)
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A web page of another origin may follow a link here, and may not change anything. */
function checkOrigin(request: FastifyRequest, host: string): void {
  if (READS.has(request.method)) return
  const site = request.headers['sec-fetch-site']
  const { origin } = request.headers
  const isForeignSite = site !== undefined && site !== 'same-origin' && site !== 'none'
  const isForeignOrigin = origin !== undefined && !/^https?:\/\//.test(origin)
  const originHost = origin?.replace(/^https?:\/\//, '').toLowerCase()
  if (
    isForeignSite ||
    isForeignOrigin ||
    (origin !== undefined && originHost !== host.toLowerCase())
  ) {
    throw new ApiError('FORBIDDEN', 'Another site may not write here without a token.')
  }
}
