import { isStoreError, type StoreErrorCode } from '../errors.ts'

/** Codes of errors that come from the store itself; abstract-level adds its own. */
export type LevelErrorCode =
  | 'LEVEL_LOCKED'
  | 'LEVEL_CORRUPTION'
  | 'LEVEL_IO_ERROR'
  | 'LEVEL_READONLY'
  | 'LEVEL_DATABASE_NOT_OPEN'
  | 'LEVEL_SNAPSHOT_NOT_OPEN'
  | 'LEVEL_ITERATOR_NOT_OPEN'
  | 'LEVEL_INVALID_KEY'
  | 'LEVEL_INVALID_VALUE'
  | 'LEVEL_ABORTED'

/** A failure with a code as abstract-level's users know it; `cause` is the store's own error. */
export class LevelError extends Error {
  readonly code: LevelErrorCode

  constructor(code: LevelErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LevelError'
    this.code = code
  }
}

const CODES: Readonly<Partial<Record<StoreErrorCode, LevelErrorCode>>> = {
  STORE_LOCKED: 'LEVEL_LOCKED',
  STORE_CORRUPT: 'LEVEL_CORRUPTION',
  STORE_CLOSED: 'LEVEL_DATABASE_NOT_OPEN',
  SNAPSHOT_CLOSED: 'LEVEL_SNAPSHOT_NOT_OPEN',
  ITERATOR_CLOSED: 'LEVEL_ITERATOR_NOT_OPEN',
}

/** The store's error under the code that Level's users look for. Others pass as they are. */
export function levelError(error: unknown): unknown {
  if (!isStoreError(error)) return error
  return new LevelError(CODES[error.code] ?? 'LEVEL_IO_ERROR', error.message, error)
}
