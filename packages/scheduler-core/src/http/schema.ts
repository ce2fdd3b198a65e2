import type { Schema } from '@ashlar/service-kit'

export const name: Schema = { type: 'string', minLength: 1, maxLength: 1_024 }
export const count: Schema = { type: 'integer', minimum: 0 }
export const time: Schema = { type: 'integer', description: 'Milliseconds since the epoch.' }
/** Milliseconds or text. */
export function timeOrDate(description: string): Schema {
  return { description, anyOf: [{ type: 'integer' }, { type: 'string', format: 'date-time' }] }
}

export const due: Readonly<Record<string, Schema>> = {
  dueAt: timeOrDate(
    'Milliseconds since the epoch, or a date. A time gone by means now, in its turn.',
  ),
  delayMs: { type: 'number', minimum: 0, description: 'From now, by the wall clock.' },
}

/** What a task is, whenever it is due. */
export const content: Readonly<Record<string, Schema>> = {
  handler: { ...name, description: 'The handler that runs it.' },
  payload: { description: 'Any JSON value.' },
  queue: { ...name, default: 'default' },
  key: { ...name, description: 'Tasks of one key run one at a time, in order.' },
  tenant: { ...name, description: 'The tenants of a queue take turns.' },
  priority: { type: 'integer', minimum: 0, maximum: 9, default: 0 },
  version: { type: 'integer', minimum: 1, maximum: 65_535 },
  maxAttempts: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  backoff: {
    type: 'object',
    additionalProperties: false,
    properties: {
      baseMs: { type: 'number', minimum: 0 },
      factor: { type: 'number', minimum: 1 },
      maxMs: { type: 'number', minimum: 0 },
      jitter: { type: 'string', enum: ['none', 'half', 'full'] },
    },
  },
  timeoutMs: { type: 'number', minimum: 1 },
  retainMs: { type: 'number', minimum: 0 },
  traceparent: {
    type: 'string',
    description: 'W3C Trace Context; else the header of this name.',
  },
}
