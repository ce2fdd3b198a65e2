import { type Failure, failureOfRequest } from '@ashlar/service-kit'
import { isRespServerError, ReplyError } from '../errors.ts'

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
  if (error instanceof ReplyError) {
    const [code = 'ERR'] = error.message.split(' ', 1)
    return { status: STATUSES[code] ?? 422, code, message: error.message.slice(code.length + 1) }
  }
  if (isRespServerError(error)) {
    return { status: 503, code: error.code, message: error.message }
  }
  return failureOfRequest(error)
}
