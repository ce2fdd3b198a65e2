import { checkName, integer } from '../checks.ts'
import { SchedulerError } from '../errors.ts'
import { checkTraceparent } from '../observe/tracing.ts'
import { type Backoff, checkBackoff } from '../run/backoff.ts'
import type { HandlerMap, PayloadOf } from '../run/handler.ts'
import {
  checkAttempts,
  checkRetention,
  checkTimeout,
  type HandlerRegistry,
} from '../run/handler-registry.ts'
import { MAX_TIME } from '../storage/layout.ts'
import { MAX_PRIORITY, type TaskDraft, type TaskOverrides } from './task.ts'

/** When a task is due: at a time, after a wait, or now. */
export interface DueSpec {
  /** Milliseconds since the epoch, or a date. A time gone by means now, in its turn. */
  readonly dueAt?: number | Date
  /** Milliseconds from now, by the wall clock. */
  readonly delayMs?: number
}

/** What to do when a live task has the same unique key. One that has started is never touched. */
export type ConflictPolicy = 'ignore' | 'replace' | 'reschedule' | 'reject'

/** A task to be scheduled. */
export interface TaskSpec<N extends string = string, P = unknown> extends DueSpec {
  /** Default `default`. */
  readonly queue?: string
  /** The handler that runs it. */
  readonly handler: N
  readonly payload: P
  /** The payload's version. Default: the registered handler's. */
  readonly version?: number
  /** Tasks of one key run one at a time, in the order of their time, then of scheduling. */
  readonly key?: string
  /** At most one live task of a queue has this. Free again when the task has ended. */
  readonly uniqueKey?: string
  /**
   * Whose task it is: the tenants of a queue take turns, however much any of them has scheduled.
   * Each has keys of its own: the same key of two tenants is two keys.
   */
  readonly tenant?: string
  /**
   * 0, the default and lowest, to 9: of what is due, tasks of a higher priority start first. Among
   * the tasks of one key the order stays; there the priority is that of the whole key, while it lasts.
   */
  readonly priority?: number
  /** Default `ignore`. */
  readonly onConflict?: ConflictPolicy
  /** Instead of the handler's. */
  readonly maxAttempts?: number
  readonly backoff?: Backoff
  readonly timeoutMs?: number
  readonly retainMs?: number
  /** W3C Trace Context to continue; instead of what the option `tracing` gives. */
  readonly traceparent?: string
}

/** A task for any of the handlers of a map, with the payload that it takes. */
export type TaskSpecOf<H extends HandlerMap> = {
  [N in keyof H & string]: TaskSpec<N, PayloadOf<H[N]>>
}[keyof H & string]

/** A checked spec. */
export interface CheckedSpec {
  readonly queue: string
  readonly tenant: string
  readonly at: number
  readonly onConflict: ConflictPolicy
  readonly draft: TaskDraft
}

const POLICIES: readonly unknown[] = ['ignore', 'replace', 'reschedule', 'reject']

/** Checks what a caller wants scheduled. Throws TypeError, RangeError or HANDLER_MISSING. */
export function checkSpec(
  spec: TaskSpec,
  registry: HandlerRegistry,
  run: boolean,
  now: number,
): CheckedSpec {
  const { queue = 'default', handler, key, uniqueKey, onConflict = 'ignore', traceparent } = spec
  checkName(queue, 'queue')
  checkName(handler, 'handler')
  if (key !== undefined) checkName(key, 'key')
  if (uniqueKey !== undefined) checkName(uniqueKey, 'uniqueKey')
  const { tenant, priority = 0 } = spec
  if (tenant !== undefined) checkName(tenant, 'tenant')
  integer('priority', priority, 0, MAX_PRIORITY)
  if (traceparent !== undefined) checkTraceparent(traceparent)
  if (!POLICIES.includes(onConflict)) {
    throw new RangeError("onConflict must be 'ignore', 'replace', 'reschedule' or 'reject'")
  }
  const version = versionOf(spec, registry, run)
  const { payload } = spec
  registry.checkPayload(handler, version, payload)
  const overrides = overridesOf(spec)
  const draft = {
    handler,
    version,
    payload,
    createdAt: now,
    key,
    uniqueKey,
    overrides,
    traceparent,
    scheduleId: undefined,
    priority,
  }
  return { queue, tenant: tenant ?? '', at: timeOf(spec, now), onConflict, draft }
}

/** The priority of the stream that a task belongs into: those with a key are in one, in order. */
export function streamPriority({ key, priority = 0 }: TaskDraft): number {
  return key === undefined ? priority : 0
}

/** The time that is asked for, in whole milliseconds. */
export function timeOf({ dueAt, delayMs }: DueSpec, now: number): number {
  if (dueAt === undefined) {
    if (delayMs === undefined) return wholeTime(now, 'the clock')
    if (typeof delayMs !== 'number' || !(delayMs >= 0)) {
      throw new RangeError('delayMs must be a number, 0 or more')
    }
    return wholeTime(now + delayMs, 'delayMs')
  }
  if (delayMs !== undefined) throw new TypeError('give either dueAt or delayMs')
  return wholeTime(dueAt instanceof Date ? dueAt.getTime() : dueAt, 'dueAt')
}

function wholeTime(time: number, field: string): number {
  const whole = Math.ceil(time) // never early
  if (typeof time === 'number' && whole >= 0 && whole <= MAX_TIME) return whole
  throw new RangeError(`${field} must come to a time from 1970 to 10889, got ${String(time)}`)
}

function versionOf(spec: TaskSpec, registry: HandlerRegistry, run: boolean): number {
  const version = spec.version ?? registry.find(spec.handler)?.version
  if (version === undefined) {
    if (!run) return 1
    throw new SchedulerError(
      'HANDLER_MISSING',
      `no handler is named '${spec.handler}': register it in handlers`,
    )
  }
  if (!Number.isInteger(version) || version < 1 || version > 65_535) {
    throw new RangeError('version must be an integer from 1 to 65535')
  }
  const refusal = run ? registry.refusal(spec.handler, version) : undefined
  if (refusal !== undefined) throw new SchedulerError('HANDLER_MISSING', refusal)
  return version
}

function overridesOf(spec: TaskSpec): TaskOverrides | undefined {
  const { maxAttempts, backoff, timeoutMs, retainMs } = spec
  if (maxAttempts !== undefined) checkAttempts(maxAttempts, 'maxAttempts')
  if (backoff !== undefined) checkBackoff(backoff, 'backoff')
  if (timeoutMs !== undefined) checkTimeout(timeoutMs, 'timeoutMs')
  if (retainMs !== undefined) checkRetention(retainMs, 'retainMs')
  if (maxAttempts === undefined && backoff === undefined) {
    if (timeoutMs === undefined && retainMs === undefined) return undefined
  }
  return {
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(backoff !== undefined && { backoff }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retainMs !== undefined && { retainMs }),
  }
}
