import { DatabaseSync } from 'node:sqlite'
import { type Api, type ApiOptions, createApi } from '@ashlar/schema-api'
import Fastify, { type FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The parsed body, loosely typed: the test says what it expects. */
  readonly body: Body
}

interface Body {
  readonly data?: unknown
  readonly meta?: unknown
  readonly errors?: readonly {
    readonly message: string
    readonly extensions: Readonly<Record<string, unknown>>
  }[]
}

export interface Fixture {
  readonly api: Api
  readonly database: DatabaseSync
  readonly app: FastifyInstance
  /** SQL of every statement so far. */
  readonly statements: string[]
  /** Errors that the instance reported on the side. */
  readonly reported: unknown[]
  readonly request: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** The `data` of a GET, which must succeed. */
  readonly data: (path: string) => Promise<unknown>
  /** The code of the first error of a GET, or `undefined`. */
  readonly code: (path: string) => Promise<unknown>
}

/** An API over a database in memory that is made by `schema`, served without a socket. */
export async function fixture(schema: string, options: Partial<ApiOptions> = {}): Promise<Fixture> {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  const statements: string[] = []
  const reported: unknown[] = []
  const api = await createApi({
    database,
    schemaCheckIntervalMs: 3_600_000,
    events: {
      onStatement: ({ sql }) => statements.push(sql),
      onError: (error) => reported.push(error),
    },
    ...options,
  })
  const app = Fastify({ routerOptions: { maxParamLength: 2048 } })
  await app.register(api.plugin)
  onTestFinished(async () => {
    await app.close()
    await api.close()
    if (database.isOpen) database.close()
  })
  const request = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await app.inject({
      method: method as 'GET',
      url: path,
      ...(body === undefined
        ? {}
        : { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const isJson = String(response.headers['content-type']).includes('json')
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      body: isJson && response.body !== '' ? (JSON.parse(response.body) as Body) : {},
    }
  }
  return {
    api,
    database,
    app,
    statements,
    reported,
    request,
    async data(path) {
      const { status, body, text } = await request('GET', path)
      if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`)
      return body.data
    },
    async code(path) {
      const { body } = await request('GET', path)
      return body.errors?.[0]?.extensions['code']
    },
  }
}

/** A query string with a filter as JSON. */
export function filtered(collection: string, filter: unknown, rest = ''): string {
  return `/items/${collection}?filter=${encodeURIComponent(JSON.stringify(filter))}${rest}`
}
