/** Every way an operation of a transport can fail; stable across majors. */
export type TransportErrorCode =
  | 'NO_RESPONDERS'
  | 'TIMEOUT'
  | 'ABORTED'
  | 'CLOSED'
  | 'DRAINING'
  | 'DISCONNECTED'
  | 'SUBJECT_INVALID'
  | 'KEY_INVALID'
  | 'PAYLOAD_TOO_LARGE'
  | 'LOG_MISSING'
  | 'LOG_MISMATCH'
  | 'LOG_CONFLICT'
  | 'LOG_FULL'
  | 'KV_MISSING'
  | 'KV_MISMATCH'
  | 'KV_EXISTS'
  | 'KV_CONFLICT'
  | 'LEASE_LOST'
  | 'REMOTE'
  | 'STORAGE_FAILED'
  | 'UNSUPPORTED'
  | 'VERSION_UNSUPPORTED'
  | 'UNKNOWN_OUTCOME'

/** Facts that travel with a {@link TransportError}. */
export interface TransportErrorDetails {
  readonly cause?: unknown
  /** The sequence or revision found, for `LOG_CONFLICT`, `KV_CONFLICT` and `KV_EXISTS`. */
  readonly actual?: number | undefined
}

/**
 * The one error class of this package.
 *
 * `DISCONNECTED` means that the operation surely did not happen; `UNKNOWN_OUTCOME` that it may
 * have happened and its answer was lost: repeat it with the same `messageId` or read before
 * writing again.
 *
 * @example
 * ```ts
 * try {
 *   await transport.request('orders.price', bytes)
 * } catch (error) {
 *   if (!isTransportError(error, 'NO_RESPONDERS')) throw error
 * }
 * ```
 */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly code: TransportErrorCode
  readonly actual: number | undefined

  constructor(code: TransportErrorCode, message: string, details: TransportErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.actual = details.actual
  }
}

/** True for a {@link TransportError}, judged by name and code so that two copies of the package agree. */
export function isTransportError(
  error: unknown,
  code?: TransportErrorCode,
): error is TransportError {
  if (!(error instanceof Error) || error.name !== 'TransportError' || !('code' in error)) {
    return false
  }
  return code === undefined || error.code === code
}
