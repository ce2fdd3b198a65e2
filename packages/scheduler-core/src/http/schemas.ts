/** A JSON Schema, as OpenAPI 3.1 and Fastify take it. */
export interface Schema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly items?: Schema | { readonly $ref: string }
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly default?: unknown
}

const name: Schema = { type: 'string', minLength: 1, maxLength: 1_024 }
const count: Schema = { type: 'integer', minimum: 0 }
const time: Schema = { type: 'integer', description: 'Milliseconds since the epoch.' }
const due: Readonly<Record<string, Schema>> = {
  dueAt: {
    description: 'Milliseconds since the epoch, or a date. A time gone by means now, in its turn.',
    anyOf: [{ type: 'integer' }, { type: 'string', format: 'date-time' }],
  },
  delayMs: { type: 'number', minimum: 0, description: 'From now, by the wall clock.' },
}

const taskSpec: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['handler'],
  properties: {
    handler: { ...name, description: 'The handler that runs it.' },
    payload: { description: 'Any JSON value.' },
    queue: { ...name, default: 'default' },
    key: { ...name, description: 'Tasks of one key run one at a time, in order.' },
    uniqueKey: { ...name, description: 'At most one live task of a queue has this.' },
    tenant: { ...name, description: 'The tenants of a queue take turns.' },
    priority: { type: 'integer', minimum: 0, maximum: 9, default: 0 },
    onConflict: { type: 'string', enum: ['ignore', 'replace', 'reschedule', 'reject'] },
    version: { type: 'integer', minimum: 1, maximum: 65_535 },
    maxAttempts: { type: 'integer', minimum: 1, maximum: 1_000_000 },
    timeoutMs: { type: 'number', minimum: 1 },
    retainMs: { type: 'number', minimum: 0 },
    traceparent: {
      type: 'string',
      description: 'W3C Trace Context; else the header of this name.',
    },
    ...due,
  },
}

const counts: Readonly<Record<string, Schema>> = {
  scheduled: count,
  waiting: count,
  blocked: count,
  running: count,
  dead: count,
  completed: count,
}

export type SchemaName =
  | 'TaskSpec'
  | 'TaskSpecs'
  | 'TaskChange'
  | 'ScheduleResult'
  | 'ScheduleResults'
  | 'Task'
  | 'TaskPage'
  | 'Counts'
  | 'Queue'
  | 'Queues'
  | 'Outcome'
  | 'Redriven'
  | 'Metrics'
  | 'Failure'

/** All schemas by name: what requests are checked against, and what the OpenAPI document shows. */
export const SCHEMAS: Readonly<Record<SchemaName, Schema>> = {
  TaskSpec: taskSpec,
  TaskSpecs: {
    type: 'object',
    additionalProperties: false,
    required: ['tasks'],
    properties: { tasks: { type: 'array', minItems: 1, maxItems: 10_000, items: taskSpec } },
  },
  TaskChange: {
    type: 'object',
    additionalProperties: false,
    description: 'Either a time, or payload and priority.',
    properties: {
      payload: { description: 'Any JSON value.' },
      priority: { type: 'integer', minimum: 0, maximum: 9 },
      ...due,
    },
  },
  ScheduleResult: {
    type: 'object',
    required: ['id', 'outcome'],
    properties: {
      id: name,
      outcome: { type: 'string', enum: ['created', 'existing', 'replaced', 'rescheduled'] },
    },
  },
  ScheduleResults: {
    type: 'object',
    required: ['results'],
    properties: {
      results: { type: 'array', items: { $ref: '#/components/schemas/ScheduleResult' } },
    },
  },
  Task: {
    type: 'object',
    required: ['id', 'queue', 'state', 'handler', 'version', 'dueAt', 'runAt', 'createdAt'],
    properties: {
      id: name,
      queue: name,
      state: {
        type: 'string',
        enum: ['scheduled', 'retrying', 'waiting', 'blocked', 'running', 'dead', 'completed'],
      },
      handler: name,
      version: count,
      key: name,
      tenant: name,
      priority: count,
      uniqueKey: name,
      scheduleId: name,
      dueAt: time,
      runAt: time,
      createdAt: time,
      attempts: count,
      interruptions: count,
      payload: {},
      failure: { type: 'object' },
      progress: {},
      result: {},
      finishedAt: time,
    },
  },
  TaskPage: {
    type: 'object',
    required: ['tasks'],
    properties: {
      tasks: { type: 'array', items: { $ref: '#/components/schemas/Task' } },
      cursor: { type: 'string', description: 'Pass it on for the next page; absent at the end.' },
    },
  },
  Counts: { type: 'object', required: Object.keys(counts), properties: counts },
  Queue: {
    type: 'object',
    required: ['name', 'paused', ...Object.keys(counts)],
    properties: { name, paused: { type: 'boolean' }, resident: count, ...counts },
  },
  Queues: {
    type: 'object',
    required: ['queues'],
    properties: { queues: { type: 'array', items: { $ref: '#/components/schemas/Queue' } } },
  },
  Outcome: {
    type: 'object',
    required: ['outcome'],
    properties: {
      outcome: {
        type: 'string',
        enum: ['cancelled', 'rescheduled', 'edited', 'discarded', 'paused', 'resumed'],
      },
    },
  },
  Redriven: { type: 'object', required: ['redriven'], properties: { redriven: count } },
  Metrics: { type: 'object' },
  Failure: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['code', 'message'],
        properties: { code: { type: 'string' }, message: { type: 'string' }, taskId: name },
      },
    },
  },
}
