/** What went wrong, for programs. Codes are stable across majors, messages are not. */
export type RespServerErrorCode =
  | 'AOF_INVALID'
  | 'CONFIG_INVALID'
  | 'LISTEN_FAILED'
  | 'RDB_INVALID'
  | 'REPLICATION_INVALID'
  | 'SERVER_CLOSED'
  | 'STORE_FAILED'
  | 'STORE_FORMAT'

/** Every expected failure of this package, told apart by {@link RespServerError.code}. */
export class RespServerError extends Error {
  override readonly name = 'RespServerError'
  readonly code: RespServerErrorCode

  constructor(code: RespServerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Tells by code, so that it holds across duplicate copies of the package. */
export function isRespServerError(
  error: unknown,
  code?: RespServerErrorCode,
): error is RespServerError {
  if (!(error instanceof Error) || error.name !== 'RespServerError') return false
  return code === undefined || (error as RespServerError).code === code
}

/**
 * An error reply: the message is the whole line as it goes over the wire, prefix included
 * (`WRONGTYPE Operation against ...`). Handlers throw it, `execute` rejects with it.
 */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

/** An error reply that the error statistics have already: a script passes on what a command said. */
export class CountedReplyError extends ReplyError {}
