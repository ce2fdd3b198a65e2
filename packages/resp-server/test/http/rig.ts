import { createServer, type RespServer, type ServerOptions } from '@ashlar/resp-server'
import { type RespHttpOptions, respHttp } from '@ashlar/resp-server/http'
import { type FastifyInstance, fastify } from 'fastify'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** A server with its HTTP surface on a socket of its own. */
export class HttpRig implements AsyncDisposable {
  readonly server: RespServer
  readonly url: string
  readonly #app: FastifyInstance

  private constructor(server: RespServer, app: FastifyInstance, url: string) {
    this.server = server
    this.#app = app
    this.url = url
  }

  static async start(
    options: Omit<RespHttpOptions, 'server'> = {},
    serverOptions: ServerOptions = {},
  ): Promise<HttpRig> {
    const server = await createServer(serverOptions)
    const app = fastify()
    await app.register(respHttp, { ...options, server })
    return new HttpRig(server, app, await app.listen({ port: 0, host: '127.0.0.1' }))
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    }
  }

  async run(text: string): Promise<unknown> {
    return this.server.execute(text.split(' '))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close()
    await this.server.close()
  }
}

export const basic = (user: string, password: string): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
