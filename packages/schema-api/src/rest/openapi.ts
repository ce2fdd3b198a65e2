import type { Catalog, Collection, Field, FieldType } from '../catalog/catalog.ts'
import type { ResolvedOptions } from '../options.ts'

type Json = Readonly<Record<string, unknown>>

/** Describes every collection and the whole of `/items` as OpenAPI 3.1. */
export function openApiDocument(catalog: Catalog, options: ResolvedOptions): Json {
  const collections = [...catalog.collections.values()]
  const ids = schemaIds(collections)
  const paths = collections.flatMap((collection) => itemPaths(collection, ids))
  return {
    openapi: '3.1.0',
    info: { title: 'Ashlar', version: '1.0.0', description: 'Tables and views over REST.' },
    servers: [{ url: '.', description: 'Where this document is served from' }],
    ...(options.auth === undefined ? {} : { security: [{ token: [] }, { query: [] }] }),
    tags: collections.map(({ name, kind }) => ({ name, description: `The ${kind} ${name}` })),
    paths: { ...Object.fromEntries(paths), ...serverPaths() },
    components: {
      schemas: {
        ...Object.fromEntries(collections.map((one) => [ids.get(one.name), itemSchema(one)])),
        Errors: ERRORS,
      },
      parameters: parameters(options),
      responses: { Error: { description: 'What went wrong', content: json(ref('Errors')) } },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        query: { type: 'apiKey', in: 'query', name: 'access_token' },
      },
    },
  }
}

type SchemaIds = ReadonlyMap<string, string>

/** Component names allow few characters; two collections never share one. */
function schemaIds(collections: readonly Collection[]): SchemaIds {
  const taken = new Set<string>(['Errors'])
  const ids = new Map<string, string>()
  for (const { name } of collections) {
    const plain = `Items_${name.replaceAll(/[^\w.-]/g, '_')}`
    let id = plain
    for (let count = 2; taken.has(id); count += 1) id = `${plain}_${count}`
    taken.add(id)
    ids.set(name, id)
  }
  return ids
}

const ref = (id: string): Json => ({ $ref: `#/components/schemas/${id}` })
const parameter = (id: string): Json => ({ $ref: `#/components/parameters/${id}` })
const json = (schema: Json): Json => ({ 'application/json': { schema } })
const listOf = (items: Json): Json => ({ type: 'array', items })
const data = (schema: Json): Json => ({
  type: 'object',
  required: ['data'],
  properties: { data: schema },
})

const FAILED: Json = { $ref: '#/components/responses/Error' }
const found = (schema: Json): Json => ({
  200: { description: 'Found', content: json(data(schema)) },
  default: FAILED,
})
const done: Json = { 204: { description: 'Done' }, default: FAILED }

const LIST = ['fields', 'filter', 'sort', 'limit', 'offset', 'page', 'search', 'deep', 'alias']
const FIGURES = ['aggregate', 'groupBy', 'meta']

function itemPaths(collection: Collection, ids: SchemaIds): [string, Json][] {
  const { name, key, readOnly } = collection
  const item = ref(ids.get(name) ?? '')
  const isWritable = !readOnly && key !== undefined
  const id = (verb: string): string => `${verb}_${ids.get(name)}`
  const about = (verb: string): Json => ({ operationId: id(verb), tags: [name] })
  const body = (schema: Json): Json => ({ required: true, content: json(schema) })
  const query = { type: 'object', additionalProperties: true }
  const keys = listOf({ type: ['string', 'integer'] })
  const many = { anyOf: [item, listOf(item)] }
  const path = `/items/${encodeURIComponent(name)}`
  const list: Json = {
    get: {
      ...about('list'),
      summary: `Read rows of ${name}`,
      parameters: [...LIST, ...FIGURES].map(parameter),
      responses: found(listOf(item)),
    },
    ...(isWritable && {
      post: { ...about('create'), requestBody: body(many), responses: found(many) },
      patch: {
        ...about('update_many'),
        requestBody: body({
          anyOf: [
            listOf(item),
            { type: 'object', required: ['data'], properties: { keys, query, data: item } },
          ],
        }),
        responses: found(listOf(item)),
      },
      delete: {
        ...about('delete_many'),
        requestBody: body({ anyOf: [keys, { type: 'object', properties: { keys, query } }] }),
        responses: done,
      },
    }),
  }
  if (key === undefined) return [[path, list]]
  const one: Json = {
    parameters: [keyParameter(key.fields)],
    get: {
      ...about('read'),
      parameters: ['fields', 'deep', 'alias'].map(parameter),
      responses: found(item),
    },
    ...(isWritable && {
      patch: { ...about('update'), requestBody: body(item), responses: found(item) },
      delete: { ...about('delete'), responses: done },
    }),
  }
  return [
    [path, list],
    [`${path}/{key}`, one],
  ]
}

function keyParameter(fields: readonly string[]): Json {
  const description =
    fields.length === 1
      ? `The row's ${fields[0]}`
      : `${fields.join(', ')}: each part URI-encoded, joined by commas`
  return { name: 'key', in: 'path', required: true, description, schema: { type: 'string' } }
}

function serverPaths(): Record<string, Json> {
  const open = { security: [], tags: ['server'] }
  const text = { 200: { description: 'pong', content: { 'text/plain': {} } } }
  const read = (operationId: string): Json => ({
    get: { operationId, tags: ['server'], responses: found({}) },
  })
  return {
    '/server/ping': { get: { operationId: 'ping', ...open, responses: text } },
    '/server/info': read('info'),
    '/collections': read('collections'),
    '/fields': read('fields'),
    '/relations': read('relations'),
  }
}

function itemSchema(collection: Collection): Json {
  const columns = [...collection.fields.values()].map((field) => [field.name, fieldSchema(field)])
  return { type: 'object', properties: Object.fromEntries(columns) }
}

const TYPES: Readonly<Record<FieldType, Json>> = {
  integer: { type: 'integer' },
  bigInteger: { type: 'string', pattern: '^-?[0-9]+$' },
  float: { type: 'number' },
  decimal: { type: 'string' },
  boolean: { type: 'boolean' },
  string: { type: 'string' },
  text: { type: 'string' },
  uuid: { type: 'string' },
  date: { type: 'string' },
  dateTime: { type: 'string' },
  time: { type: 'string' },
  timestamp: { type: 'string' },
  json: {},
  binary: { type: 'string', contentEncoding: 'base64' },
  unknown: {},
}

function fieldSchema(field: Field): Json {
  const base = TYPES[field.type]
  const type = base['type']
  const isReadOnly = field.generated !== undefined || field.rowId
  return {
    ...base,
    ...(field.nullable && typeof type === 'string' ? { type: [type, 'null'] } : {}),
    ...(field.choices === undefined
      ? {}
      : { enum: field.nullable ? [...field.choices, null] : field.choices }),
    ...(field.maxLength === undefined ? {} : { maxLength: field.maxLength }),
    ...(isReadOnly ? { readOnly: true } : {}),
  }
}

function parameters(options: ResolvedOptions): Record<string, Json> {
  const text = { type: 'string' }
  const count = (minimum: number): Json => ({ type: 'integer', minimum })
  const inQuery = (name: string, schema: Json, description: string): [string, Json] => [
    name,
    { name, in: 'query', description, schema },
  ]
  const object = (name: string, description: string): [string, Json] => [
    name,
    { name, in: 'query', description, content: json({ type: 'object' }) },
  ]
  return Object.fromEntries([
    inQuery('fields', text, 'Columns, and with dots what lies behind relations; commas between'),
    object('filter', 'Rules as JSON, for example {"status":{"_eq":"paid"}}'),
    inQuery('sort', text, 'Fields, each with a minus for descending; commas between'),
    inQuery(
      'limit',
      { ...count(-1), maximum: options.maxLimit, default: options.defaultLimit },
      'Rows per page; -1 is as many as allowed',
    ),
    inQuery('offset', count(0), 'Rows to leave out'),
    inQuery('page', count(1), 'Page, instead of an offset'),
    inQuery('search', text, 'Text to look for in every column'),
    object('deep', 'Rules for nested relations'),
    object('alias', 'Other names for fields'),
    object('aggregate', 'Functions with the fields they are of'),
    inQuery('groupBy', text, 'Fields to group by; commas between'),
    inQuery('meta', text, 'total_count, filter_count or *'),
  ])
}

const ERRORS: Json = {
  type: 'object',
  required: ['errors'],
  properties: {
    errors: listOf({
      type: 'object',
      required: ['message', 'extensions'],
      properties: {
        message: { type: 'string' },
        extensions: {
          type: 'object',
          required: ['code'],
          properties: { code: { type: 'string' } },
        },
      },
    }),
  },
}
