/** What is different in each document. */
export interface OpenApiContent {
  readonly title: string
  readonly description: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly schemas: Readonly<Record<string, unknown>>
  /** How callers show who they are, if they must: `basic` or `bearer`. */
  readonly scheme: { readonly name: string; readonly is: 'basic' | 'bearer' }
}

/** @see openApiFrame */
export interface OpenApiFrame {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly servers: readonly { readonly url: string }[]
  readonly paths: OpenApiContent['paths']
  readonly components: Readonly<Record<string, unknown>>
  readonly security: readonly unknown[]
}

/** An OpenAPI 3.1 document of a surface that is served at `url`. */
export function openApiFrame(content: OpenApiContent, url: string): OpenApiFrame {
  const { title, description, paths, schemas, scheme } = content
  return {
    openapi: '3.1.0',
    info: { title, description, version: '1' },
    servers: [{ url }],
    paths,
    components: {
      schemas,
      securitySchemes: { [scheme.name]: { type: 'http', scheme: scheme.is } },
    },
    security: [{ [scheme.name]: [] }, {}],
  }
}

/** The content of a body that a schema of the document describes. */
export const jsonOf = (schema: string): Record<string, unknown> => ({
  'application/json': { schema: { $ref: `#/components/schemas/${schema}` } },
})

/** The content of an answer: by the name of a schema, or text of that type. */
export const contentOf = (
  answer: string,
  schemas: Readonly<Record<string, unknown>>,
): Record<string, unknown> =>
  Object.hasOwn(schemas, answer) ? jsonOf(answer) : { 'text/plain': { schema: { type: 'string' } } }

/** Failures by status, in the document's schema `Failure`. */
export const failuresOf = (
  descriptions: Readonly<Record<number, string>>,
  statuses: readonly number[],
): Record<string, unknown> =>
  Object.fromEntries(
    statuses.map((status) => [
      String(status),
      { description: descriptions[status], content: jsonOf('Failure') },
    ]),
  )

/** An operation that answers server-sent events. */
export const eventStreamOf = (
  operationId: string,
  summary: string,
  parameters: readonly unknown[],
  failures: Readonly<Record<string, unknown>>,
): Record<string, unknown> => ({
  operationId,
  summary,
  parameters,
  responses: {
    200: {
      description: 'A stream without end',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    },
    ...failures,
  },
})
