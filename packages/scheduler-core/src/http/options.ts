import type { FastifyRequest } from 'fastify'
import { integer } from '../checks.ts'
import type { HttpScheduler } from './surface.ts'

/** Whether a request may go on. */
export type Authorize = (request: FastifyRequest) => boolean | Promise<boolean>

/** How the HTTP surface is registered. Give exactly one of `token` and `authorize`. */
export interface SchedulerHttpOptions {
  readonly scheduler: HttpScheduler
  /** Asked of every request as `Authorization: Bearer <token>`. */
  readonly token?: string
  /**
   * Decides about each request; a refused one is answered 401. `'same-origin'`: anybody who reaches
   * the server, except pages of other sites; for servers that only this machine reaches.
   */
  readonly authorize?: Authorize | 'same-origin'
  /** Streams of events open at one time. Default 100. */
  readonly maxStreams?: number
  /** Requests for the end of a task that wait at one time; more are answered 503. Default 1 000. */
  readonly maxWaiters?: number
  /** Between signs of life on a stream of events. Default 15 000. */
  readonly heartbeatMs?: number
}

export interface ResolvedHttpOptions {
  readonly scheduler: HttpScheduler
  readonly token: string | undefined
  readonly authorize: Authorize | 'same-origin'
  readonly maxStreams: number
  readonly maxWaiters: number
  readonly heartbeatMs: number
}

/** A shorter secret can be guessed over the network. */
const MIN_TOKEN_LENGTH = 8

export function resolveHttpOptions(options: SchedulerHttpOptions): ResolvedHttpOptions {
  const { scheduler, token, authorize } = options
  if (typeof scheduler?.schedule !== 'function') throw new TypeError('scheduler must be given')
  if ((token === undefined) === (authorize === undefined)) {
    throw new TypeError(
      "give either token or authorize; 'same-origin' lets in who reaches the server",
    )
  }
  if (token !== undefined && (typeof token !== 'string' || token.length < MIN_TOKEN_LENGTH)) {
    throw new RangeError(`token must have at least ${MIN_TOKEN_LENGTH} characters`)
  }
  if (authorize !== undefined && authorize !== 'same-origin' && typeof authorize !== 'function') {
    throw new TypeError("authorize must be a function or 'same-origin'")
  }
  return {
    scheduler,
    token,
    authorize: authorize ?? (() => false),
    maxStreams: integer('maxStreams', options.maxStreams ?? 100, 1, 100_000),
    maxWaiters: integer('maxWaiters', options.maxWaiters ?? 1_000, 1, 100_000),
    heartbeatMs: integer('heartbeatMs', options.heartbeatMs ?? 15_000, 10, 3_600_000),
  }
}
