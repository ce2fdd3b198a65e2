import type { FastifyInstance } from 'fastify'
import type { RespServer } from './server/resp-server.ts'

/** The HTTP surface of a server that runs by itself; answers where it listens, and what closes it. */
export async function serveHttp(
  server: RespServer,
  port: number,
  host: string,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const app = await createApp()
  try {
    const { respHttp } = await import('./http/plugin.ts')
    await app.register(respHttp, { server })
    const url = await app.listen({ port, host })
    return { url, close: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

async function createApp(): Promise<FastifyInstance> {
  try {
    const { fastify } = await import('fastify')
    return fastify({ forceCloseConnections: 'idle' })
  } catch (cause) {
    throw new Error('--http-port needs fastify beside this package: npm install fastify', { cause })
  }
}
