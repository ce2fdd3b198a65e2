import type { Schema } from '@ashlar/service-kit'
import type { FastifyRequest } from 'fastify'
import type { HttpServer } from './options.ts'
import type { SchemaName } from './schemas.ts'
import type { Session } from './session.ts'

/** What a route works with. */
export interface Visit {
  readonly session: Session
  readonly server: HttpServer
  readonly request: FastifyRequest
}

/** A row of the HTTP surface: the handler, its checks and its part of the OpenAPI document. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  /** Names the operation for generated clients. */
  readonly id: string
  readonly summary: string
  /** Parameters of the query, besides `db`. */
  readonly query?: Readonly<Record<string, Schema>>
  readonly requires?: readonly string[]
  readonly body?: SchemaName
  /** A schema's name, or a media type for text. */
  readonly answer: SchemaName | 'text/plain; version=0.0.4; charset=utf-8'
  run(visit: Visit): Promise<unknown>
}

export const DATABASE: Schema = { type: 'integer', minimum: 0, default: 0 }
