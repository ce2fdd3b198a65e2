import type { Schema } from '@ashlar/service-kit'
import type { FastifyRequest } from 'fastify'
import type { LongPolls } from './long-polls.ts'
import type { SchemaName } from './schemas.ts'
import type { HttpScheduler } from './surface.ts'

/** One route: what it takes, does and answers. The plugin and the OpenAPI document are made of these. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Parameters as `:name`. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly query?: Readonly<Record<string, Schema>>
  readonly body?: SchemaName
  readonly status: 200 | 201
  /** A schema's name, or a media type. */
  readonly answer: SchemaName | 'text/plain; version=0.0.4; charset=utf-8'
  /** Statuses of failures beside 400, 401 and 503. */
  readonly failures?: readonly number[]
  readonly run: (scheduler: HttpScheduler, request: FastifyRequest, polls: LongPolls) => unknown
}

export function param(request: FastifyRequest, name: string): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? ''
}
