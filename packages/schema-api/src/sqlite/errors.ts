import { ApiError, type ApiErrorCode, type ApiErrorDetails } from '../errors.ts'

/** Thrown by the guards inside a running statement. */
export class StatementStopped extends Error {
  readonly reason: 'time' | 'rows'
  readonly limit: number

  constructor(reason: 'time' | 'rows', limit: number) {
    super(`statement stopped: ${reason}`)
    this.reason = reason
    this.limit = limit
  }
}

/** Extended result codes, https://www.sqlite.org/rescode.html */
const CONSTRAINTS: Readonly<Record<number, readonly [code: ApiErrorCode, message: string]>> = {
  275: ['FAILED_VALIDATION', 'A value fails a CHECK constraint of the table'],
  787: ['INVALID_FOREIGN_KEY', 'A foreign key points to no row, or the row is still pointed to'],
  1299: ['NOT_NULL_VIOLATION', 'A value that must not be null is null'],
  1555: ['RECORD_NOT_UNIQUE', 'A row with this key exists'],
  1811: ['FAILED_VALIDATION', 'A trigger of the table refuses the change'],
  2067: ['RECORD_NOT_UNIQUE', 'A row with this value exists'],
  2579: ['RECORD_NOT_UNIQUE', 'A row with this key exists'],
  3091: ['INVALID_PAYLOAD', 'A value has a type that its column does not hold'],
}

const PRIMARY: Readonly<Record<number, readonly [code: ApiErrorCode, message: string]>> = {
  5: ['SERVICE_UNAVAILABLE', 'The database is locked by another writer'],
  6: ['SERVICE_UNAVAILABLE', 'A table is locked by another statement'],
  8: ['SERVICE_UNAVAILABLE', 'The database is read-only'],
  10: ['SERVICE_UNAVAILABLE', 'The database file cannot be read or written'],
  11: ['SERVICE_UNAVAILABLE', 'The database file is damaged'],
  13: ['SERVICE_UNAVAILABLE', 'The disk is full'],
  14: ['SERVICE_UNAVAILABLE', 'The database file cannot be opened'],
  18: ['VALUE_TOO_LONG', 'A value is longer than the database holds'],
}

/**
 * What an error of node:sqlite means. SQLite's own message may quote SQL text and values, so it
 * stays in `cause`; only the names of table and column are taken out of it.
 */
export function explainSqliteError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof StatementStopped) return stopped(error)
  if (error instanceof Error && 'errcode' in error && typeof error.errcode === 'number') {
    const constraint = CONSTRAINTS[error.errcode]
    if (constraint !== undefined) {
      return new ApiError(constraint[0], `${constraint[1]}.`, culprit(error.message), {
        cause: error,
      })
    }
    const primary = PRIMARY[error.errcode & 0xff]
    if (primary !== undefined) {
      return new ApiError(primary[0], `${primary[1]}.`, {}, { cause: error })
    }
    if (error.message.includes('integer overflow')) {
      const message = 'A sum is beyond what a 64-bit integer holds.'
      return new ApiError('VALUE_OUT_OF_RANGE', message, {}, { cause: error })
    }
  }
  const message = 'The database could not run the statement.'
  return new ApiError('INTERNAL_SERVER_ERROR', message, {}, { cause: error })
}

function stopped(error: StatementStopped): ApiError {
  if (error.reason === 'time') {
    const message = `The statement ran for more than ${error.limit} ms. Narrow the filter or index it.`
    return new ApiError('OUT_OF_TIME', message, { limit: error.limit }, { cause: error })
  }
  const message = `Invalid query. It gathers more than ${error.limit} nested rows; set "deep" limits.`
  return new ApiError('INVALID_QUERY', message, { limit: error.limit }, { cause: error })
}

/** `UNIQUE constraint failed: orders.code, orders.site` names table and columns. */
function culprit(message: string): ApiErrorDetails {
  const names = /^(?:UNIQUE|NOT NULL) constraint failed: ([^']+)$/.exec(message)?.[1]
  const columns = names?.split(', ').map((name) => name.split('.'))
  if (columns === undefined || columns.some((parts) => parts.length !== 2)) return {}
  return {
    collection: columns[0]?.[0] ?? '',
    field: columns.map((parts) => parts[1]).join(','),
  }
}
