import { contentOf, eventStreamOf, failuresOf, jsonOf, openApiFrame } from '@ashlar/service-kit'
import type { Route } from './route.ts'
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
  401: 'It is not authorized',
  404: 'There is no such task, queue or schedule',
  409: 'It came too late, or the unique key is taken',
  422: 'No handler takes it, or the payload cannot be stored',
  503: 'Busy, closing or failed; try again',
}

/** Statuses that each operation may answer. */
const COMMON = [400, 401, 503]

/** The OpenAPI document of the HTTP surface, for generators of clients in any language. */
export function openApiDocument(options: OpenApiOptions = {}): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  const events = eventStreamOf(
    'streamEvents',
    'What happens, as server-sent events named after it, with its facts as JSON',
    [{ name: 'queue', in: 'query', required: false, schema: { type: 'string' } }],
    failuresOf(FAILURES, COMMON),
  )
  return openApiFrame(
    {
      title: 'Ashlar scheduler',
      description: 'Durable tasks that run on time and in order.',
      paths: { ...paths, '/events': { get: events } },
      schemas: SCHEMAS,
      scheme: { name: 'token', is: 'bearer' },
    },
    options.serverUrl ?? '/',
  )
}

function operationOf(route: Route): Record<string, unknown> {
  const { id, summary, path, query = {}, body, status, answer, failures = [] } = route
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const inQuery = Object.entries(query).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema,
  }))
  return {
    operationId: id,
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body !== undefined && { requestBody: { required: true, content: jsonOf(body) } }),
    responses: {
      [status]: { description: summary, content: contentOf(answer, SCHEMAS) },
      ...failuresOf(FAILURES, [...COMMON, ...failures]),
    },
  }
}
