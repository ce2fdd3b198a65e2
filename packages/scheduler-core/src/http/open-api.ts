import type { Route } from './route.ts'
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
  401: 'It is not authorized',
  404: 'There is no such task, queue or schedule',
  409: 'It came too late, or the unique key is taken',
  422: 'No handler takes it, or the payload cannot be stored',
  503: 'Busy, closing or failed; try again',
}

/** The OpenAPI document of the HTTP surface, for generators of clients in any language. */
export function openApiDocument(options: OpenApiOptions = {}): OpenApiDocument {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  paths['/events'] = { get: EVENTS }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ashlar scheduler',
      description: 'Durable tasks that run on time and in order.',
      version: '1',
    },
    servers: [{ url: options.serverUrl ?? '/' }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{ token: [] }, {}],
  }
}

const EVENTS = {
  operationId: 'streamEvents',
  summary: 'What happens, as server-sent events named after it, with its facts as JSON',
  parameters: [{ name: 'queue', in: 'query', required: false, schema: { type: 'string' } }],
  responses: {
    200: {
      description: 'A stream without end',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...failuresOf([]),
  },
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
    ...(body !== undefined && { requestBody: { required: true, content: json(body) } }),
    responses: {
      [status]: {
        description: summary,
        content: isName(answer) ? json(answer) : { 'text/plain': { schema: { type: 'string' } } },
      },
      ...failuresOf(failures),
    },
  }
}

function failuresOf(more: readonly number[]): Record<string, unknown> {
  const statuses = [400, 401, 503, ...more]
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      { description: FAILURES[status], content: json('Failure') },
    ]),
  )
}

function json(name: SchemaName): Record<string, unknown> {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } }
}

function isName(answer: string): answer is SchemaName {
  return Object.hasOwn(SCHEMAS, answer)
}
