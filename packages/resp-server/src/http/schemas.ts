import type { Schema } from '@ashlar/service-kit'

const bytes: Schema = {
  description: 'Text, or bytes that are no UTF-8 as base64.',
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      required: ['base64'],
      additionalProperties: false,
      properties: { base64: { type: 'string' } },
    },
  ],
}
const argument: Schema = { anyOf: [...(bytes.anyOf ?? []), { type: 'number' }] }
const many = (items: Schema): Schema => ({ type: 'array', minItems: 1, maxItems: 100_000, items })
const count: Schema = { type: 'integer', minimum: 0 }
const ttl: Schema = {
  type: ['integer', 'null'],
  minimum: 1,
  description: 'Milliseconds until the key goes; null: never.',
}
const pair = (name: string, first: Schema, second: string, other: Schema): Schema => ({
  type: 'object',
  required: [name, second],
  additionalProperties: false,
  properties: { [name]: first, [second]: other },
})
const cursor: Schema = { type: 'string', description: 'Pass it on for more; absent at the end.' }

export type SchemaName =
  | 'Command'
  | 'Reply'
  | 'KeyPage'
  | 'KeyView'
  | 'KeyValue'
  | 'KeyChange'
  | 'Outcome'
  | 'Info'
  | 'SlowLog'
  | 'Latency'
  | 'Clients'
  | 'Metrics'
  | 'Failure'

/** All schemas by name: what requests are checked against, and what the OpenAPI document shows. */
export const SCHEMAS: Readonly<Record<SchemaName, Schema>> = {
  Command: {
    type: 'object',
    required: ['command'],
    additionalProperties: false,
    properties: { command: { ...many(argument), description: 'Name and arguments.' } },
  },
  Reply: {
    type: 'object',
    required: ['reply'],
    properties: {
      reply: { description: 'Bulk strings as text or base64, maps as objects, null for none.' },
    },
  },
  KeyPage: {
    type: 'object',
    required: ['keys'],
    properties: {
      keys: {
        type: 'array',
        items: {
          type: 'object',
          required: ['key', 'type', 'ttlMs'],
          properties: { key: bytes, type: { type: 'string' }, ttlMs: ttl, memoryBytes: count },
        },
      },
      cursor,
    },
  },
  KeyView: {
    type: 'object',
    required: ['key', 'type', 'ttlMs'],
    description: 'One of value, fields, items, members, scored and entries, by type.',
    properties: {
      key: bytes,
      type: { type: 'string' },
      ttlMs: ttl,
      length: { ...count, description: 'Bytes or elements of the whole value.' },
      value: bytes,
      fields: { type: 'array', items: pair('field', bytes, 'value', bytes) },
      items: { type: 'array', items: bytes },
      members: { type: 'array', items: bytes },
      scored: { type: 'array', items: pair('member', bytes, 'score', { type: 'number' }) },
      entries: {
        type: 'array',
        items: pair('id', { type: 'string' }, 'fields', { type: 'array', items: bytes }),
      },
      cursor,
    },
  },
  KeyValue: {
    type: 'object',
    additionalProperties: false,
    description: 'Exactly one of value, fields, items, members, scored and entries.',
    properties: {
      ttlMs: ttl,
      mode: {
        type: 'string',
        enum: ['replace', 'add', 'create'],
        default: 'replace',
        description: 'replace what is there, add to it, or refuse when there is anything.',
      },
      value: bytes,
      fields: many(pair('field', argument, 'value', argument)),
      items: many(argument),
      members: many(argument),
      scored: many(pair('member', argument, 'score', { type: 'number' })),
      entries: many({
        type: 'object',
        required: ['fields'],
        additionalProperties: false,
        properties: { id: { type: 'string' }, fields: many(argument) },
      }),
    },
  },
  KeyChange: {
    type: 'object',
    additionalProperties: false,
    properties: { ttlMs: ttl, rename: bytes },
  },
  Outcome: { type: 'object', required: ['outcome'], properties: { outcome: { type: 'string' } } },
  Info: {
    type: 'object',
    additionalProperties: { type: 'object', additionalProperties: { type: 'string' } },
  },
  SlowLog: {
    type: 'object',
    required: ['entries'],
    properties: {
      entries: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            id: count,
            time: { ...count, description: 'Unix time in seconds.' },
            microseconds: count,
            command: { type: 'array', items: bytes },
            address: { type: 'string' },
            clientName: { type: 'string' },
          },
        },
      },
    },
  },
  Latency: { type: 'object', required: ['events'], properties: { events: { type: 'array' } } },
  Clients: {
    type: 'object',
    required: ['clients'],
    properties: {
      clients: {
        type: 'array',
        items: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
  },
  Metrics: { type: 'object' },
  Failure: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message'],
        properties: { code: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}
