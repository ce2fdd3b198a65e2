import { SchedulerError } from '../errors.ts'
import type { Task } from '../task/task.ts'
import { type Backoff, checkBackoff } from './backoff.ts'
import type { Handler, HandlerMap, RunContext } from './handler.ts'
import { type SchemaIssue, type StandardSchema, validate } from './standard-schema.ts'

const DEFAULT_MAX_ATTEMPTS = 10
const DEFAULT_TIMEOUT_MS = 300_000
const MAX_VERSION = 65_535

/** A handler with its defaults filled in and its payload type forgotten. */
export interface ResolvedHandler {
  readonly name: string
  readonly version: number
  readonly run: (payload: unknown, context: RunContext) => unknown
  readonly upgrade: Readonly<Record<number, (payload: unknown) => unknown>>
  readonly maxAttempts: number
  readonly timeoutMs: number
  readonly retainMs: number
  readonly backoff: Backoff | undefined
  readonly schema: StandardSchema | undefined
}

/** The handlers of a scheduler, and whether they can run what is stored. */
export class HandlerRegistry {
  readonly #handlers = new Map<string, ResolvedHandler>()

  constructor(handlers: HandlerMap) {
    for (const [name, handler] of Object.entries(handlers)) {
      this.#handlers.set(name, resolveHandler(name, handler))
    }
  }

  find(name: string): ResolvedHandler | undefined {
    return this.#handlers.get(name)
  }

  /** Why a task of this handler and version cannot run; `undefined` when it can. */
  refusal(name: string, version: number): string | undefined {
    const handler = this.#handlers.get(name)
    if (handler === undefined) return `no handler is named '${name}'`
    if (version > handler.version) {
      return `handler '${name}' is version ${handler.version}, the task is version ${version}`
    }
    for (let from = version; from < handler.version; from++) {
      if (handler.upgrade[from] === undefined) {
        return `handler '${name}' has no upgrade from version ${from} to ${from + 1}`
      }
    }
    return undefined
  }

  /** The task's payload in the version that the handler takes. Throws what an upgrade throws. */
  payloadFor(handler: ResolvedHandler, task: Task): unknown {
    const payload = this.#upgraded(handler, task)
    if (handler.schema === undefined) return payload
    const verdict = validate(handler.schema, payload)
    if ('value' in verdict) return verdict.value
    throw Object.assign(invalid(handler.name, verdict), { retry: false })
  }

  /** Throws PAYLOAD_INVALID when the handler's schema refuses a payload of its version. */
  checkPayload(name: string, version: number, payload: unknown): void {
    const handler = this.#handlers.get(name)
    if (handler?.schema === undefined || handler.version !== version) return
    const verdict = validate(handler.schema, payload)
    if ('wrong' in verdict) throw invalid(name, verdict)
  }

  #upgraded(handler: ResolvedHandler, task: Task): unknown {
    if (task.version === handler.version) return task.payload
    const refusal = this.refusal(task.handler, task.version)
    if (refusal !== undefined) throw new SchedulerError('HANDLER_MISSING', refusal)
    let payload = structuredClone(task.payload)
    for (let from = task.version; from < handler.version; from++) {
      payload = handler.upgrade[from]?.(payload)
    }
    return payload
  }
}

function invalid(
  handler: string,
  { wrong, issues }: { readonly wrong: string; readonly issues: readonly SchemaIssue[] },
): SchedulerError {
  const message = `the schema of handler '${handler}' refuses the payload: ${wrong}`
  return new SchedulerError('PAYLOAD_INVALID', message, { cause: issues })
}

function resolveHandler(name: string, handler: Handler): ResolvedHandler {
  const field = `handlers['${name}']`
  if (name.length === 0 || name.length > 256) {
    throw new RangeError('a handler name must have 1 to 256 characters')
  }
  if (typeof handler?.run !== 'function') throw new TypeError(`${field}.run must be a function`)
  const version = handler.version ?? 1
  if (!Number.isInteger(version) || version < 1 || version > MAX_VERSION) {
    throw new RangeError(`${field}.version must be an integer from 1 to ${MAX_VERSION}`)
  }
  const maxAttempts = handler.maxAttempts ?? DEFAULT_MAX_ATTEMPTS
  const timeoutMs = handler.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const retainMs = handler.retainMs ?? 0
  checkAttempts(maxAttempts, `${field}.maxAttempts`)
  checkTimeout(timeoutMs, `${field}.timeoutMs`)
  checkRetention(retainMs, `${field}.retainMs`)
  const { backoff, schema } = handler
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function') {
    throw new TypeError(`${field}.schema must be a Standard Schema`)
  }
  if (backoff !== undefined) checkBackoff(backoff, `${field}.backoff`)
  return {
    name,
    version,
    // The map's type ties payloads to handlers for callers; in here a payload is just a value.
    run: handler.run as ResolvedHandler['run'],
    upgrade: (handler.upgrade ?? {}) as ResolvedHandler['upgrade'],
    maxAttempts,
    timeoutMs,
    retainMs,
    backoff,
    schema,
  }
}

export function checkAttempts(value: number, field: string): void {
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000) {
    throw new RangeError(`${field} must be an integer from 1 to 1 000 000`)
  }
}

export function checkTimeout(value: number, field: string): void {
  if (!(value > 0)) throw new RangeError(`${field} must be above 0; Infinity for no timeout`)
}

export function checkRetention(value: number, field: string): void {
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new RangeError(`${field} must be a finite number of milliseconds, 0 or more`)
  }
}
