/** Most bytes of a queue name, a key or a unique key. */
const MAX_NAME_BYTES = 1_024

/** Checks the name of a queue, a handler or a key. */
export function checkName(name: unknown, what: string): void {
  if (typeof name !== 'string' || name.length === 0) {
    throw new TypeError(`${what} must be a non-empty string`)
  }
  if (!name.isWellFormed()) throw new TypeError(`${what} must be well-formed Unicode`)
  if (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw new RangeError(`${what} must have at most ${MAX_NAME_BYTES} bytes`)
  }
}

/** Checks an option that is a whole number. */
export function integer(field: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`${field} must be an integer from ${least} to ${most}, got ${String(value)}`)
}

/** Checks an option in milliseconds, which need not be whole. */
export function duration(field: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new RangeError(`${field} must be ${least} to ${most} ms, got ${String(value)}`)
}
