import { createRecordCodec, type RecordCodec } from '@ashlar/codec'
import { SchedulerError, type SchedulerErrorCode } from '../errors.ts'
import type { OperationName } from './operations.ts'

/** What one member asks another. */
export interface Call {
  readonly operation: OperationName
  readonly args: readonly unknown[]
  /** What the caller takes for the partition's: that of another map is refused. Absent: the first. */
  readonly modulus: number | undefined
}

/**
 * What a call came to. `elsewhere`: nothing was done, ask the present owner. `unknown`: it stopped
 * being the owner in the middle, so it may be done or not.
 */
export type Answer =
  | { readonly is: 'value'; readonly value: unknown }
  | { readonly is: 'error'; readonly error: unknown }
  | { readonly is: 'elsewhere' }
  | { readonly is: 'unknown'; readonly cause: unknown }

interface WireError {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly taskId: string | undefined
}

type CallTuple = readonly [operation: OperationName, args: readonly unknown[], modulus?: number]
type AnswerTuple = readonly [is: Answer['is'], what: unknown]

/** Calls hold whole tasks, and pages of them. */
const MAX_BYTES = 64 * 1024 * 1024
const calls: RecordCodec<CallTuple> = createRecordCodec({
  version: 1,
  maxBytes: MAX_BYTES,
})
const answers: RecordCodec<AnswerTuple> = createRecordCodec({ version: 1, maxBytes: MAX_BYTES })

export function encodeCall({ operation, args, modulus }: Call): Uint8Array {
  return calls.encode(modulus === undefined ? [operation, args] : [operation, args, modulus])
}

export function decodeCall(bytes: Uint8Array): Call {
  const [operation, args, modulus] = calls.decode(bytes)
  return { operation, args, modulus }
}

export function encodeAnswer(answer: Answer): Uint8Array {
  if (answer.is === 'value') return answers.encode([answer.is, answer.value])
  if (answer.is === 'error') return answers.encode([answer.is, wireError(answer.error)])
  if (answer.is === 'unknown') return answers.encode([answer.is, wireError(answer.cause)])
  return answers.encode([answer.is, undefined])
}

export function decodeAnswer(bytes: Uint8Array): Answer {
  const [is, what] = answers.decode(bytes)
  if (is === 'value') return { is, value: what }
  if (is === 'error') return { is, error: errorOf(what as WireError) }
  if (is === 'unknown') return { is, cause: errorOf(what as WireError) }
  return { is: 'elsewhere' }
}

function wireError(error: unknown): WireError {
  const { name, message, code, taskId } = Object(error) as Partial<Record<string, unknown>>
  return {
    name: String(name ?? 'Error'),
    message: String(message ?? error),
    code: typeof code === 'string' ? code : undefined,
    taskId: typeof taskId === 'string' ? taskId : undefined,
  }
}

/** An error as it would have been thrown here. */
function errorOf({ name, message, code, taskId }: WireError): Error {
  if (name === 'TypeError') return new TypeError(message)
  if (name === 'RangeError') return new RangeError(message)
  if (name === 'SchedulerError' && code !== undefined) {
    const known = code as SchedulerErrorCode // of this version, or of a newer one
    return new SchedulerError(known, message, taskId === undefined ? {} : { taskId })
  }
  return new SchedulerError('SCHEDULER_FAILED', `the owner of the partition failed: ${message}`)
}
