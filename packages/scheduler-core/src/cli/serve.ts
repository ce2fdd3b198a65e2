import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isForeign } from '../http/guard.ts'
import { closeOnSignal } from '../scheduler/close-on-signal.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import { loadHandlers, numberOf } from './load-handlers.ts'
import { printJson } from './output.ts'
import { TOKEN_VARIABLE } from './token.ts'

export interface ServeFlags {
  readonly store?: string
  readonly port: string
  readonly host: string
  readonly handlers?: string
  readonly drainMs: string
  readonly json?: boolean
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/

/** Serves the tasks of a folder, and with handlers runs them, until SIGINT or SIGTERM. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { store: path, host, json } = flags
  if (path === undefined) throw new RangeError('serve needs --store <dir>')
  const port = numberOf(flags.port, '--port', 65_535)
  const drainMs = numberOf(flags.drainMs, '--drain-ms', 86_400_000)
  const token = process.env[TOKEN_VARIABLE]
  if (!token && !LOOPBACK.test(host)) {
    throw new RangeError(`to listen on ${host}, set ${TOKEN_VARIABLE} to a secret first`)
  }
  const handlers = flags.handlers === undefined ? {} : await loadHandlers(flags.handlers)
  const run = flags.handlers !== undefined
  const app = await createApp()
  const { schedulerHttp } = await import('../http/plugin.ts')
  const scheduler = await Scheduler.open({ path, handlers, run, keepAlive: true })
  try {
    const access = token ? { token } : { authorize: isLocal }
    await app.register(schedulerHttp, { scheduler, ...access })
    const url = await app.listen({ port, host })
    const { closed } = closeOnSignal([app, () => scheduler.close({ drainMs })])
    if (json === true) printJson({ url, store: path, handlers: Object.keys(handlers) })
    else announce(url, path, Object.keys(handlers), Boolean(token))
    await closed
  } catch (error) {
    await app.close()
    await scheduler.close()
    throw error
  }
}

function announce(url: string, path: string, handlers: readonly string[], token: boolean): void {
  console.log(`Serving the tasks of ${path} at ${url} (${url}/openapi.json)`)
  console.log(
    handlers.length > 0 ? `Running: ${handlers.join(', ')}` : 'Running nothing: no --handlers',
  )
  if (!token) console.log(`No ${TOKEN_VARIABLE} is set: only this machine is served.`)
}

/** Nobody from elsewhere, nor a page that calls itself by another name. */
function isLocal(request: FastifyRequest): boolean {
  return LOOPBACK.test(request.hostname) && !isForeign(request)
}

async function createApp(): Promise<FastifyInstance> {
  try {
    const { fastify } = await import('fastify')
    return fastify()
  } catch (cause) {
    throw new Error('serve needs fastify beside this package: npm install fastify', { cause })
  }
}
