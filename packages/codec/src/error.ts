/** Every way in which this package refuses bytes, values or clocks. Codes are stable across majors. */
export type CodecErrorCode =
  | 'RECORD_CORRUPT'
  | 'RECORD_INVALID'
  | 'RECORD_TOO_LARGE'
  | 'RECORD_TOO_DEEP'
  | 'RECORD_VERSION'
  | 'KEY_INVALID'
  | 'KEY_CORRUPT'
  | 'CLOCK_DRIFT'
  | 'CLOCK_EXHAUSTED'

/** Where and why a {@link CodecError} happened. */
export interface CodecErrorOptions {
  readonly cause?: unknown
  /** Byte offset in the input, where one is known. */
  readonly offset?: number
}

/**
 * The one error class of this package. Tell cases apart by `code`, never by `message`.
 *
 * Mistakes of the programmer (a bad option, an argument of the wrong type) are plain
 * `TypeError` and `RangeError` instead.
 *
 * @example
 * ```ts
 * try {
 *   decodeKey(bytes)
 * } catch (error) {
 *   if (!isCodecError(error, 'KEY_CORRUPT')) throw error
 * }
 * ```
 */
export class CodecError extends Error {
  readonly code: CodecErrorCode
  /** Byte offset in the input at which it was found out, where one is known. */
  readonly offset: number | undefined

  constructor(code: CodecErrorCode, message: string, options: CodecErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CodecError'
    this.code = code
    this.offset = options.offset
  }
}

/**
 * Tells whether `error` is a {@link CodecError}, and with `code` whether it is that one. Judged by
 * name and code, not by `instanceof`, so two installed copies of the package recognise each other.
 *
 * @example
 * ```ts
 * if (isCodecError(error, 'CLOCK_DRIFT')) quarantine(peer)
 * ```
 */
export function isCodecError(error: unknown, code?: CodecErrorCode): error is CodecError {
  if (!(error instanceof Error) || error.name !== 'CodecError' || !('code' in error)) return false
  return code === undefined || error.code === code
}
