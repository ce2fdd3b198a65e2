import { isRespServerError, ReplyError } from '../errors.ts'

/** An answer that says what went wrong. */
export interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** Thrown by routes where no command has failed. */
export class RequestError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'RequestError'
    this.status = status
    this.code = code
  }
}

/** First words of error replies that mean something to HTTP; others are 422. */
const STATUSES: Readonly<Record<string, number>> = {
  NOAUTH: 401,
  WRONGPASS: 401,
  NOPERM: 403,
  BUSYKEY: 409,
  WRONGTYPE: 409,
  OOM: 503,
  MISCONF: 503,
  BUSY: 503,
  LOADING: 503,
}

/** What a caller is told of an error; `undefined` for one that is ours. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof RequestError) {
    return { status: error.status, code: error.code, message: error.message }
  }
  if (error instanceof ReplyError) {
    const [code = 'ERR'] = error.message.split(' ', 1)
    return { status: STATUSES[code] ?? 422, code, message: error.message.slice(code.length + 1) }
  }
  if (isRespServerError(error)) {
    return { status: 503, code: error.code, message: error.message }
  }
  const { statusCode, message } = Object(error) as { statusCode?: unknown; message?: unknown }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, code: 'REQUEST_INVALID', message: String(message) }
  }
  return undefined
}
