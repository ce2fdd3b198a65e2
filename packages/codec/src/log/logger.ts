/** Where a package tells what it does. Four levels, one sentence, plain fields. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

const ignore = (): void => {}

/**
 * The default logger: says nothing.
 *
 * @example
 * ```ts
 * const logger: Logger = { ...silentLogger, error: (message, fields) => report(message, fields) }
 * ```
 */
export const silentLogger: Logger = Object.freeze({
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
})
