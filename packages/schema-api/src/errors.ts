/** What can go wrong, as a closed list. The first block is Directus' own list, with its HTTP status. */
export type ApiErrorCode =
  | 'FORBIDDEN'
  | 'INVALID_CREDENTIALS'
  | 'INVALID_PAYLOAD'
  | 'INVALID_QUERY'
  | 'FAILED_VALIDATION'
  | 'NOT_NULL_VIOLATION'
  | 'RECORD_NOT_UNIQUE'
  | 'INVALID_FOREIGN_KEY'
  | 'VALUE_TOO_LONG'
  | 'VALUE_OUT_OF_RANGE'
  | 'LIMIT_EXCEEDED'
  | 'ROUTE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'CONTENT_TOO_LARGE'
  | 'OUT_OF_TIME'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  // Only at start and at the end of an instance's life; never sent over HTTP.
  | 'DATABASE_NOT_FOUND'
  | 'DATABASE_UNSUPPORTED'
  | 'DATABASE_UNREADABLE'
  | 'CLOSED'

const STATUS: Readonly<Record<ApiErrorCode, number>> = {
  FORBIDDEN: 403,
  INVALID_CREDENTIALS: 401,
  INVALID_PAYLOAD: 400,
  INVALID_QUERY: 400,
  FAILED_VALIDATION: 400,
  NOT_NULL_VIOLATION: 400,
  RECORD_NOT_UNIQUE: 400,
  INVALID_FOREIGN_KEY: 400,
  VALUE_TOO_LONG: 400,
  VALUE_OUT_OF_RANGE: 400,
  LIMIT_EXCEEDED: 403,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  UNSUPPORTED_MEDIA_TYPE: 415,
  CONTENT_TOO_LARGE: 413,
  OUT_OF_TIME: 408,
  SERVICE_UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
  DATABASE_NOT_FOUND: 500,
  DATABASE_UNSUPPORTED: 500,
  DATABASE_UNREADABLE: 500,
  CLOSED: 503,
}

/** Facts about a failure that a client may see: names of collections and fields, never SQL text. */
export interface ApiErrorDetails {
  readonly collection?: string
  readonly field?: string
  readonly reason?: string
  readonly [fact: string]: unknown
}

/**
 * Every expected failure of this package. `code` is stable across major versions, the message is
 * not; `details` names the collection and field where they are known.
 *
 * @example
 * ```ts
 * try {
 *   await api.items('orders').readOne(7)
 * } catch (error) {
 *   if (isApiError(error, 'FORBIDDEN')) console.log('no such order')
 * }
 * ```
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly details: ApiErrorDetails
  /** The HTTP status that the REST layer answers with. */
  readonly status: number

  constructor(
    code: ApiErrorCode,
    message: string,
    details: ApiErrorDetails = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message, options)
    this.code = code
    this.details = details
    this.status = STATUS[code]
  }
}

/** Whether a caught value is this package's error, and of the given code when one is given. */
export function isApiError(error: unknown, code?: ApiErrorCode): error is ApiError {
  if (!(error instanceof Error) || error.name !== 'ApiError') return false
  return code === undefined || (error as ApiError).code === code
}

/**
 * The one answer for what does not exist and for what may not be seen, so that nobody learns
 * which of the two it was.
 */
export function forbidden(collection?: string, field?: string): ApiError {
  const details = {
    ...(collection === undefined ? {} : { collection }),
    ...(field === undefined ? {} : { field }),
  }
  return new ApiError('FORBIDDEN', "You don't have permission to access this.", details)
}

export function invalidQuery(reason: string): ApiError {
  return new ApiError('INVALID_QUERY', `Invalid query. ${reason}.`, { reason })
}

export function invalidPayload(reason: string, details: ApiErrorDetails = {}): ApiError {
  return new ApiError('INVALID_PAYLOAD', `Invalid payload. ${reason}.`, { ...details, reason })
}
