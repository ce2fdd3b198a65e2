import { DATABASE, type Route } from './route.ts'
import { ROUTES } from './routes.ts'
import { SCHEMAS, type SchemaName } from './schemas.ts'

/** What {@link openApiDocument} may be told. */
export interface OpenApiOptions {
  /** Where the plugin is registered. Default `/`. */
  readonly serverUrl?: string
}

/** An OpenAPI 3.1 document, ready for `JSON.stringify`. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: Readonly<Record<string, unknown>>
  readonly security: readonly unknown[]
}

const FAILURES: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'A user is needed, or the password is wrong',
  403: 'The user may not do this (NOPERM), or another site asked',
  404: 'There is no such key or element',
  409: 'The key holds another type, or is there already',
  422: 'The command answered an error',
  503: 'Out of memory, busy, closing, or the store has failed',
}

/** The OpenAPI document of the HTTP surface, for generators of clients in any language. */
export function openApiDocument(options: OpenApiOptions = {}): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ROUTES) {
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationOf(route),
    }
  }
  const list = { type: 'array', items: { type: 'string' } }
  paths['/messages'] = {
    get: streamOf('streamMessages', 'Messages of channels and patterns, as server-sent events', [
      { name: 'channel', in: 'query', schema: list },
      { name: 'pattern', in: 'query', schema: list },
    ]),
  }
  paths['/monitor'] = {
    get: streamOf('streamCommands', 'Every command that runs, as server-sent events', []),
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ashlar resp-server',
      description: 'Keys, commands and figures of a Redis-compatible server.',
      version: '1',
    },
    servers: [{ url: options.serverUrl ?? '/' }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: { user: { type: 'http', scheme: 'basic' } },
    },
    security: [{ user: [] }, {}],
  }
}

function operationOf({ id, summary, query = {}, requires = [], body, answer }: Route) {
  const parameters = Object.entries({ ...query, db: DATABASE }).map(([name, schema]) => ({
    name,
    in: 'query',
    required: requires.includes(name),
    schema,
  }))
  const content = isName(answer) ? json(answer) : { 'text/plain': { schema: { type: 'string' } } }
  return {
    operationId: id,
    summary,
    parameters,
    ...(body !== undefined && { requestBody: { required: true, content: json(body) } }),
    responses: { 200: { description: summary, content }, ...failures() },
  }
}

const streamOf = (operationId: string, summary: string, parameters: readonly unknown[]) => ({
  operationId,
  summary,
  parameters,
  responses: {
    200: {
      description: 'A stream without end',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...failures(),
  },
})

const failures = (): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(FAILURES).map(([status, description]) => [
      status,
      { description, content: json('Failure') },
    ]),
  )

const json = (name: SchemaName) => ({
  'application/json': { schema: { $ref: `#/components/schemas/${name}` } },
})

const isName = (answer: string): answer is SchemaName => Object.hasOwn(SCHEMAS, answer)
