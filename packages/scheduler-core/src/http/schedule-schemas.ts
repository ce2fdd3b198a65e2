import type { Schema } from '@ashlar/service-kit'
import { content, count, name, time, timeOrDate } from './schema.ts'

const timing: Readonly<Record<string, Schema>> = {
  cron: { type: 'string', description: 'Five fields, or six with seconds in front.' },
  rrule: { type: 'string', description: 'RFC 5545, without DTSTART: that is startAt.' },
  everyMs: { type: 'integer', minimum: 10 },
  // without a default here, which would be filled in beside everyMs
  timeZone: { type: 'string', description: 'Of the IANA database; absent: UTC' },
  startAt: timeOrDate('No time is before this.'),
  endAt: timeOrDate('No time is after this.'),
}

const misfire: Schema = {
  description: 'What happens to times that were missed. Default `once`.',
  anyOf: [
    { type: 'string', enum: ['once', 'all', 'skip'] },
    {
      type: 'object',
      additionalProperties: false,
      required: ['windowMs'],
      properties: { windowMs: { type: 'number', minimum: 0 } },
    },
  ],
}

const { traceparent: _, ...template } = content

export const scheduleSpec: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['handler'],
  description: 'What each task is, and one of cron, rrule and everyMs.',
  properties: { ...template, ...timing, misfire },
}

export const timingPreview: Schema = {
  type: 'object',
  additionalProperties: false,
  description: 'One of cron, rrule and everyMs.',
  properties: {
    ...timing,
    count: { type: 'integer', minimum: 1, maximum: 1_000, default: 10 },
    after: timeOrDate('Only times after this; absent: now.'),
  },
}

export const schedule: Schema = {
  type: 'object',
  required: ['id', 'kind', 'pattern', 'timeZone', 'misfire', 'paused', 'queue', 'handler'],
  properties: {
    id: name,
    kind: { type: 'string', enum: ['cron', 'rrule', 'every'] },
    pattern: { type: 'string', description: 'The expression, the rule, or the milliseconds.' },
    timeZone: name,
    startAt: time,
    endAt: time,
    misfire,
    paused: { type: 'boolean' },
    nextAt: { ...time, description: 'Absent when none is left; out of date while paused.' },
    lastAt: time,
    queue: name,
    handler: name,
    version: count,
    key: name,
    tenant: name,
    priority: count,
    payload: {},
    createdAt: time,
    changedAt: time,
  },
}
