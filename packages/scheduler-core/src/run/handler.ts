import type { Batch } from '@ashlar/lsm-store'
import type { ChildOutcome } from '../flow/flow-table.ts'
import type { Backoff } from './backoff.ts'
import type { StandardSchema } from './standard-schema.ts'

/** What a handler is told about the task that it runs. */
export interface TaskInfo {
  readonly id: string
  readonly queue: string
  readonly key: string | undefined
  readonly tenant: string | undefined
  readonly uniqueKey: string | undefined
  /** The schedule that made it: `dueAt` is then the time of the occurrence. */
  readonly scheduleId: string | undefined
  readonly handler: string
  /** The version of the payload as it was stored; the payload handed over is upgraded. */
  readonly version: number
  readonly dueAt: number
  readonly createdAt: number
  /** W3C Trace Context stored with the task. */
  readonly traceparent: string | undefined
}

/** What a handler gets beside the payload: one per run. */
export interface RunContext {
  readonly task: TaskInfo
  /** 1 for the first run; runs cut off by the end of the process are not counted. */
  readonly attempt: number
  /**
   * Grows with every run of this scheduler, across restarts and crashes. Hand it to what the
   * handler writes to, and have that refuse a smaller one: so a run that was given up cannot
   * overwrite its successor's work.
   */
  readonly fence: number
  /** Aborted by the task's timeout, or when the scheduler closes and its drain time is over. */
  readonly signal: AbortSignal
  /** Starts the task's timeout anew, and shows `progress` (any value) in `get` and `list`. */
  heartbeat(progress?: unknown): void
  /** How the children of a task of a flow ended, by their names; empty for any other task. */
  children(): Readonly<Record<string, ChildOutcome>>
  /**
   * A batch on the scheduler's store that is written in one piece with the task's completion, or
   * not at all: effects on that store happen exactly once. The handler must not write it itself.
   */
  batch(): Batch
}

/** Code that runs tasks, registered under a name. */
export interface Handler<P = never, R = unknown> {
  /** May run more than once for a task: make it idempotent, or write through `context.batch()`. */
  readonly run: (payload: P, context: RunContext) => R
  /** Version of the payload that `run` takes. Default 1. */
  readonly version?: number
  /**
   * A validator of the payload, by the Standard Schema interface. A payload is checked when it is
   * scheduled, and again before it runs, after upgrades; `run` gets what the validator gives back.
   */
  readonly schema?: StandardSchema
  /** `upgrade[n]` turns a payload of version n into one of version n + 1. */
  readonly upgrade?: Readonly<Record<number, (payload: never) => unknown>>
  /** Failed attempts after which the task is dead. Default 10. */
  readonly maxAttempts?: number
  readonly backoff?: Backoff
  /** Time for one run, anew with each heartbeat. Default 300 000; `Infinity` for none. */
  readonly timeoutMs?: number
  /** How long the result of a task is kept. Default 0: not at all. */
  readonly retainMs?: number
}

/** All handlers of a scheduler, by name. */
export type HandlerMap = Readonly<Record<string, Handler>>

/** The payload that a handler takes; anything, where the handler is not known. */
export type PayloadOf<H> = H extends { readonly schema: StandardSchema<infer I, infer _> }
  ? I
  : PayloadOfRun<H>

type PayloadOfRun<H> = H extends {
  readonly run: (payload: infer P, ...rest: never[]) => unknown
}
  ? [P] extends [never]
    ? unknown
    : P
  : never
