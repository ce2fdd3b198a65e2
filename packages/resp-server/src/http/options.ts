import type { ServerMetrics } from '../observe/metrics.ts'
import type { InProcessClient } from '../server/in-process.ts'

/** The part of a RespServer that HTTP uses. */
export interface HttpServer {
  createClient(): InProcessClient
  metrics(): ServerMetrics
}

/** How the HTTP surface is registered. */
export interface RespHttpOptions {
  readonly server: HttpServer
  /**
   * Who may come without a name and password, as the user `default` where that needs no password:
   * those who call this machine by `localhost` or a loopback address (`local`), nobody (`refuse`),
   * or anybody who reaches it (`allow`). Default `local`.
   */
  readonly anonymous?: 'local' | 'refuse' | 'allow'
  /** Streams of messages and of MONITOR open at one time. Default 100. */
  readonly maxStreams?: number
  /** Messages that wait for a slow reader of a stream; more are dropped and counted. Default 1000. */
  readonly maxQueued?: number
  /** Between signs of life on a stream. Default 15 000. */
  readonly heartbeatMs?: number
}

export type ResolvedHttpOptions = Required<RespHttpOptions>

export function resolveHttpOptions(options: RespHttpOptions): ResolvedHttpOptions {
  const { server, anonymous = 'local' } = options
  if (typeof server?.createClient !== 'function') throw new TypeError('server must be given')
  if (!['local', 'refuse', 'allow'].includes(anonymous)) {
    throw new RangeError("anonymous must be 'local', 'refuse' or 'allow'")
  }
  return {
    server,
    anonymous,
    maxStreams: integer('maxStreams', options.maxStreams ?? 100, 1, 100_000),
    maxQueued: integer('maxQueued', options.maxQueued ?? 1000, 1, 1_000_000),
    heartbeatMs: integer('heartbeatMs', options.heartbeatMs ?? 15_000, 10, 3_600_000),
  }
}

function integer(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new RangeError(`${name} must be a whole number between ${min} and ${max}, got ${value}`)
}
