import { isStoreError, StoreError, type StoreErrorCode } from '../errors.ts'
import type { Job, JobResult } from './job.ts'

/** To the worker. */
export type WorkerRequest =
  | { readonly type: 'run'; readonly id: number; readonly job: Job }
  | { readonly type: 'cancel'; readonly id: number }
  /** There is nothing more to do: the thread ends by itself. */
  | { readonly type: 'stop' }

/** From the worker. */
export type WorkerReply =
  | { readonly type: 'done'; readonly id: number; readonly result: JobResult }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure }
  | { readonly type: 'cancelled'; readonly id: number }

/** An error as plain data: threads keep neither class nor code of one. */
export interface Failure {
  readonly message: string
  readonly store: boolean
  readonly code: string | undefined
  readonly path: string | undefined
  readonly offset: number | undefined
  readonly stack: string | undefined
}

export function toFailure(error: unknown): Failure {
  const from = error instanceof Error ? error : new Error(String(error))
  const { code, path, offset } = from as Error & Partial<Record<keyof Failure, unknown>>
  return {
    message: from.message,
    store: isStoreError(from),
    code: typeof code === 'string' ? code : undefined,
    path: typeof path === 'string' ? path : undefined,
    offset: typeof offset === 'number' ? offset : undefined,
    stack: from.stack,
  }
}

export function fromFailure({ message, store, code, path, offset, stack }: Failure): Error {
  const details = {
    ...(path === undefined ? {} : { path }),
    ...(offset === undefined ? {} : { offset }),
  }
  const error = store
    ? new StoreError(code as StoreErrorCode, message, details)
    : Object.assign(new Error(message), code === undefined ? {} : { code })
  if (stack !== undefined) error.stack = stack
  return error
}
