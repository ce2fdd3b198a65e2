import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import type { ResolvedOptions } from '../options.ts'
import { answerNotFound, sendError, toApiError } from './respond.ts'

/** Where and how to listen. */
export interface ListenOptions {
  /** Default: 0, any free port. */
  readonly port?: number
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** How long `close` waits for requests that are under way. Default: 10 000. */
  readonly drainTimeoutMs?: number
}

/** A server that listens. */
export interface Listening extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly host: string
  /** Stops accepting, finishes what is under way up to the deadline, then cuts. Idempotent. */
  close(): Promise<void>
}

/** Starts a Fastify server with the plugin at its root. */
export async function startServer(
  plugin: FastifyPluginAsync,
  options: ResolvedOptions,
  listen: ListenOptions,
): Promise<Listening> {
  const { port = 0, host = '127.0.0.1', drainTimeoutMs = 10_000 } = listen
  const app = Fastify({
    bodyLimit: options.maxBodyBytes,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 2048 },
    frameworkErrors: (error, _request, reply) => {
      sendError(reply, toApiError(error))
    },
  })
  app.setNotFoundHandler(answerNotFound)
  await app.register(plugin)
  await app.listen({ port, host })
  const address = app.server.address() as AddressInfo
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= drain(app, drainTimeoutMs)
    return closing
  }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    host,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function drain(app: FastifyInstance, drainTimeoutMs: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), drainTimeoutMs)
  cut.unref()
  await app.close()
  clearTimeout(cut)
}
