import type { Schema } from '@ashlar/service-kit'
import { schedule, scheduleSpec, timingPreview } from './schedule-schemas.ts'
import { content, count, due, name, time } from './schema.ts'

const taskSpec: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['handler'],
  properties: {
    ...content,
    uniqueKey: { ...name, description: 'At most one live task of a queue has this.' },
    onConflict: { type: 'string', enum: ['ignore', 'replace', 'reschedule', 'reject'] },
    ...due,
  },
}

const flowTask: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['handler'],
  properties: {
    ...content,
    ...due,
    children: { type: 'array', maxItems: 10_000, items: name },
    onChildFailed: { type: 'string', enum: ['fail', 'ignore', 'wait'], default: 'fail' },
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
  | 'TaskEnd'
  | 'TaskPage'
  | 'Counts'
  | 'Queue'
  | 'Queues'
  | 'Outcome'
  | 'Redriven'
  | 'FlowSpec'
  | 'FlowIds'
  | 'ScheduleSpec'
  | 'Schedule'
  | 'SchedulePage'
  | 'TimingPreview'
  | 'Times'
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
  TaskEnd: {
    type: 'object',
    required: ['state'],
    properties: {
      state: { type: 'string', enum: ['completed', 'dead', 'cancelled', 'pending'] },
      result: { description: 'Of a completed task.' },
      failure: { type: 'object', description: 'Of a dead one.' },
    },
  },
  FlowSpec: {
    type: 'object',
    additionalProperties: false,
    required: ['tasks'],
    properties: {
      tasks: {
        type: 'object',
        description: 'Tasks by names that `children` refer to.',
        minProperties: 1,
        maxProperties: 10_000,
        additionalProperties: flowTask,
      },
    },
  },
  FlowIds: {
    type: 'object',
    required: ['ids'],
    properties: { ids: { type: 'object', additionalProperties: name } },
  },
  ScheduleSpec: scheduleSpec,
  Schedule: schedule,
  SchedulePage: {
    type: 'object',
    required: ['schedules'],
    properties: {
      schedules: { type: 'array', items: { $ref: '#/components/schemas/Schedule' } },
      cursor: { type: 'string', description: 'Pass it on for the next page; absent at the end.' },
    },
  },
  TimingPreview: timingPreview,
  Times: {
    type: 'object',
    required: ['times'],
    properties: { times: { type: 'array', items: time } },
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
        enum: [
          'cancelled',
          'rescheduled',
          'edited',
          'discarded',
          'paused',
          'resumed',
          'created',
          'updated',
          'unchanged',
          'removed',
        ],
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
