/** Every way in which a replicator refuses or fails; stable across majors. */
export type ReplicatorErrorCode =
  | 'REPLICATOR_CLOSED'
  | 'TABLE_UNKNOWN'
  | 'SUBSCRIPTION_EXISTS'
  | 'SUBSCRIPTION_CLOSED'
  | 'TRANSACTION_CONFLICT'
  | 'TRANSACTION_TOO_LARGE'
  | 'MESSAGE_MALFORMED'
  | 'ROW_CORRUPT'
  | 'NOT_SUBSCRIBED'
  | 'PUBLISHER_BUSY'
  | 'REFUSED'
  | 'TIMEOUT'

/** Facts that travel with a {@link ReplicatorError}. */
export interface ReplicatorErrorDetails {
  readonly cause?: unknown
  /** The table concerned, where one is known. */
  readonly table?: string | undefined
  /** The other node concerned, where one is known. */
  readonly node?: string | undefined
}

/**
 * The one error class of this package. Tell cases apart by `code`, never by `message`.
 *
 * Mistakes of the programmer (a bad option, an id of the wrong type) are plain `TypeError` and
 * `RangeError`; what the store, the transport and the clock report keeps its own class and code.
 *
 * @example
 * ```ts
 * try {
 *   await subscription.catchUp({ timeoutMs: 1000 })
 * } catch (error) {
 *   if (!isReplicatorError(error, 'TIMEOUT')) throw error
 * }
 * ```
 */
export class ReplicatorError extends Error {
  override readonly name = 'ReplicatorError'
  readonly code: ReplicatorErrorCode
  readonly table: string | undefined
  readonly node: string | undefined

  constructor(code: ReplicatorErrorCode, message: string, details: ReplicatorErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.table = details.table
    this.node = details.node
  }
}

/**
 * True for a {@link ReplicatorError}, and with `code` for that one only. Judged by name and code,
 * so that two installed copies of the package recognise each other's errors.
 *
 * @example
 * ```ts
 * if (isReplicatorError(error, 'TRANSACTION_CONFLICT')) await tryLater()
 * ```
 */
export function isReplicatorError(
  error: unknown,
  code?: ReplicatorErrorCode,
): error is ReplicatorError {
  if (!(error instanceof Error) || error.name !== 'ReplicatorError' || !('code' in error)) {
    return false
  }
  return code === undefined || error.code === code
}
