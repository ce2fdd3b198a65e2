import { contentOf, eventStreamOf, failuresOf, jsonOf, openApiFrame } from '@ashlar/service-kit'
import { DATABASE, type Route } from './route.ts'
import { ROUTES } from './routes.ts'
import { SCHEMAS } from './schemas.ts'

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
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) }
  }
  const list = { type: 'array', items: { type: 'string' } }
  const messages = eventStreamOf(
    'streamMessages',
    'Messages of channels and patterns, as server-sent events',
    [
      { name: 'channel', in: 'query', schema: list },
      { name: 'pattern', in: 'query', schema: list },
    ],
    failures(),
  )
  const summary = 'Every command that runs, as server-sent events'
  const monitor = eventStreamOf('streamCommands', summary, [], failures())
  return openApiFrame(
    {
      title: 'Ashlar resp-server',
      description: 'Keys, commands and figures of a Redis-compatible server.',
      paths: { ...paths, '/messages': { get: messages }, '/monitor': { get: monitor } },
      schemas: SCHEMAS,
      scheme: { name: 'user', is: 'basic' },
    },
    options.serverUrl ?? '/',
  )
}

function operationOf({ id, summary, query = {}, requires = [], body, answer }: Route) {
  const parameters = Object.entries({ ...query, db: DATABASE }).map(([name, schema]) => ({
    name,
    in: 'query',
    required: requires.includes(name),
    schema,
  }))
  return {
    operationId: id,
    summary,
    parameters,
    ...(body !== undefined && { requestBody: { required: true, content: jsonOf(body) } }),
    responses: {
      200: { description: summary, content: contentOf(answer, SCHEMAS) },
      ...failures(),
    },
  }
}

const failures = (): Record<string, unknown> =>
  failuresOf(FAILURES, Object.keys(FAILURES).map(Number))
