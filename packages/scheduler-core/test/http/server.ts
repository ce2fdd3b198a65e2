// A scheduler on a virtual clock behind a real HTTP server.
import { type SchedulerHttpOptions, schedulerHttp } from '@ashlar/scheduler-core/http'
import { type FastifyInstance, fastify } from 'fastify'
import { onTestFinished } from 'vitest'
import { Rig } from '../rig.ts'

export const TOKEN = 'a-secret-of-tests'

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects of an answer is its own affair
  readonly body: any
  readonly headers: Headers
}

export class Server {
  readonly rig: Rig<typeof handlers>
  readonly app: FastifyInstance
  readonly url: string
  /** Requests that wait for the end of a task now. */
  waiting = 0

  static async start(options: Partial<SchedulerHttpOptions> = {}): Promise<Server> {
    const rig = await Rig.open({ handlers })
    const app = fastify()
    const auth = options.authorize === undefined ? { token: TOKEN } : {}
    const { scheduler } = rig
    await app.register(schedulerHttp, { prefix: '/api', scheduler, ...auth, ...options })
    const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/api`
    onTestFinished(() => app.close())
    return new Server(rig, app, url)
  }

  private constructor(rig: Rig<typeof handlers>, app: FastifyInstance, url: string) {
    this.rig = rig
    this.app = app
    this.url = url
    const { scheduler } = rig
    const waitFor = scheduler.waitFor.bind(scheduler)
    scheduler.waitFor = (...args) => {
      this.waiting += 1
      return waitFor(...args).finally(() => {
        this.waiting -= 1
      })
    }
  }

  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = { authorization: `Bearer ${TOKEN}` },
  ): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      headers: response.headers,
    }
  }
}

const handlers = {
  mail: { run: (to: string) => `to ${to}`, retainMs: 60_000 },
  bytes: { run: () => ({ big: 2n ** 64n, raw: Uint8Array.of(1, 2) }), retainMs: 60_000 },
  broken: {
    maxAttempts: 1,
    run: () => {
      throw new Error('on purpose')
    },
  },
}
