/** What can go wrong, as a closed set. Codes are stable across majors; messages are not. */
export type StoreErrorCode =
  | 'STORE_LOCKED'
  | 'STORE_CLOSED'
  | 'STORE_POISONED'
  | 'STORE_CORRUPT'
  | 'STORE_IO'
  | 'STORE_MISSING'
  | 'STORE_EXISTS'
  | 'STORE_FULL'
  | 'STORE_BUSY'
  | 'STORE_VERSION'
  | 'STORE_READ_ONLY'
  | 'KEYSPACE_DROPPED'
  | 'TRANSACTION_CONFLICT'
  | 'TRANSACTION_CLOSED'
  | 'CHANGES_TRUNCATED'
  | 'SNAPSHOT_CLOSED'
  | 'ITERATOR_CLOSED'

/** Facts that accompany a {@link StoreError}. */
export interface StoreErrorDetails {
  readonly cause?: unknown
  /** File or directory concerned. */
  readonly path?: string
  /** Byte offset in that file. */
  readonly offset?: number
}

/**
 * Every expected failure of a store. Programmer mistakes are `TypeError` and `RangeError` instead.
 *
 * @example
 * ```ts
 * import { isStoreError, Store } from '@ashlar/lsm-store'
 * try {
 *   await Store.open('/var/data/orders')
 * } catch (error) {
 *   if (isStoreError(error, 'STORE_LOCKED')) console.error(error.message)
 *   else throw error
 * }
 * ```
 */
export class StoreError extends Error {
  readonly code: StoreErrorCode
  readonly path?: string
  readonly offset?: number

  constructor(code: StoreErrorCode, message: string, details: StoreErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = 'StoreError'
    this.code = code
    if (details.path !== undefined) this.path = details.path
    if (details.offset !== undefined) this.offset = details.offset
  }
}

/**
 * True for a {@link StoreError}, also one of another copy of this package; with `code`, only for
 * that code.
 *
 * @example
 * ```ts
 * if (isStoreError(error, 'CHANGES_TRUNCATED')) await rebuildFromScan()
 * ```
 */
export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  if (!(error instanceof Error) || error.name !== 'StoreError') return false
  const found = (error as Partial<StoreError>).code
  return found !== undefined && (code === undefined || found === code)
}

/** The error of damaged bytes: names the file, the place, what was expected and what was found. */
export function corruption(path: string, offset: number, what: string): StoreError {
  return new StoreError(
    'STORE_CORRUPT',
    `${path} is damaged at byte ${offset}: ${what}. Restore the file from a backup.`,
    { path, offset },
  )
}

/** Wraps what the file system threw; coded errors pass through. */
export function ioError(cause: unknown, action: string, path: string): StoreError {
  if (isStoreError(cause)) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  const systemCode = (cause as { code?: unknown } | undefined)?.code
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    return new StoreError(
      'STORE_FULL',
      `No space left to ${action} ${path}: free some, and writes go on (${reason}).`,
      { cause, path },
    )
  }
  return new StoreError('STORE_IO', `Could not ${action} ${path}: ${reason}.`, { cause, path })
}

/** What a read threw, coded when it came from the file system. */
export function readError(error: unknown, path: string): unknown {
  if (isStoreError(error)) return error
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? ioError(error, 'read', path) : error
}
